"""What the practice tried after denials, and what came of it, in the order of the attempts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from models.codes.tables import check_value, read_rules
from models.errors import InputError
from models.history.history import ClaimHistory
from models.revenue.denials import Attempt, DeniedLine, denied_lines
from models.revenue.recovery import RecoveryFacts, facts_of

#: An appeal that brought no answer for so long has failed.
SILENT_DAYS = 120
ACTIONS = ("appeal", "send_records")


class Tried(msgspec.Struct, frozen=True):
    """One attempt with a known result; ``day`` is when the line had been denied."""

    day: dt.date
    facts: RecoveryFacts
    recovered: bool
    dollars: float


def tried(
    history: ClaimHistory,
    appeals: Path | None = None,
    lines: Sequence[DeniedLine] | None = None,
) -> list[Tried]:
    """Attempts that were answered, oldest denial first; ``lines``: as `denied_lines` gave them.

    Files show claims that were sent again, but no appeal that was lost: so appeals count only
    where ``appeals`` lists what was appealed (CSV: ``claim_id``, ``date``, ``action``). A listed
    appeal without an answer for `SILENT_DAYS` counts as lost.

    Raises:
        InputError: ``appeals`` cannot be read; the line is named.
    """
    listed = read_appeals(appeals)
    found = []
    for item in denied_lines(history) if lines is None else lines:
        attempt, known = _attempt(history, item, listed)
        if not known or not item.outcome.denied:
            continue
        found.append(
            Tried(
                item.answered,
                facts_of(history, item, attempt),
                item.recovered > 0,
                float(item.recovered),
            )
        )
    found.sort(key=lambda t: t.day)
    return found


def _attempt(
    history: ClaimHistory, item: DeniedLine, listed: dict[str, list[dt.date]]
) -> tuple[Attempt, bool]:
    """The attempt, and whether its result is known."""
    if item.attempt in (Attempt.RESUBMITTED, Attempt.OTHER_PAYER):
        return item.attempt, item.settled is not None
    claim_id = history.submissions[item.submission].claim.claim_id
    end = item.settled or dt.date.max
    days = [d for d in listed.get(claim_id, ()) if item.answered <= d <= end]
    if not days:
        return item.attempt, False
    silent = history.as_of is not None and (history.as_of - days[0]).days >= SILENT_DAYS
    return Attempt.APPEALED, item.settled is not None or silent


def read_appeals(path: Path | None) -> dict[str, list[dt.date]]:
    """Days of appeals by claim number.

    Raises:
        InputError: unknown column or action, or a date that is none.
    """
    found: dict[str, list[dt.date]] = defaultdict(list)
    if path is None:
        return found
    columns = ("claim_id", "action", "date")
    for line, cells in read_rules(path, columns, ("claim_id", "date")):
        if cells["action"] != "*":
            check_value(str(path), line, "action", cells["action"], ACTIONS)
        try:
            found[cells["claim_id"]].append(dt.date.fromisoformat(cells["date"]))
        except ValueError:
            raise InputError(f"{path}, line {line}: date is written YYYY-MM-DD") from None
    return found
