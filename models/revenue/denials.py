"""Denied and cut lines through time: what was answered, what was done, what came of it.

A `DeniedLine` is one service at one adjudication that paid it zero for a denial reason, or cut
it. What followed is read from the later claims and answers of the same encounter, whichever
account number, payer or responsibility they went by.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from models.claims.common import ZERO, Adjustment
from models.history.history import ClaimHistory
from models.history.lines import match_lines
from models.history.outcomes import Adjudication, LineOutcome, Submission
from models.revenue.encounters import Encounter, group_encounters


class Attempt(StrEnum):
    """What the practice did after a denial, as far as the files show it."""

    NONE = "none"
    RESUBMITTED = "resubmitted"  # a corrected or new claim to the same payer
    OTHER_PAYER = "other_payer"  # a claim to another payer
    APPEALED = "appealed"  # answered anew without a new claim, or listed as an appeal


class DeniedLine(msgspec.Struct):
    """One service at one adjudication.

    ``submission`` is an index into the history, ``line`` one into its claim's lines;
    ``attempts_before`` counts earlier denials of the same service. ``attempted`` is the day of
    the first attempt after the answer; ``settled`` that of the next answer to the service, by
    which ``recovered`` dollars were paid more than before. ``open``: no later answer, and
    no claim under way.
    """

    encounter: str
    submission: int
    line: int
    adjudication: Adjudication
    outcome: LineOutcome
    attempts_before: int = 0
    attempt: Attempt = Attempt.NONE
    attempted: dt.date | None = None
    settled: dt.date | None = None
    recovered: Decimal = ZERO
    open: bool = True

    @property
    def answered(self) -> dt.date:
        """Day of the answer."""
        return self.adjudication.answered


class _Event(msgspec.Struct):
    answered: dt.date
    submission: int
    line: int
    adjudication: Adjudication
    outcome: LineOutcome


def denied_lines(history: ClaimHistory) -> list[DeniedLine]:
    """Every denied or cut line of a history, open or not, in the order of encounters and days."""
    found: list[DeniedLine] = []
    for encounter in group_encounters(history.submissions):
        events: list[list[_Event]] = [[] for _ in encounter.lines]
        for i, positions in zip(encounter.submissions, encounter.positions, strict=True):
            for adjudication in history.submissions[i].adjudications:
                for line, position in enumerate(positions):
                    outcome = adjudication.lines[line]
                    if outcome.answered:
                        events[position].append(
                            _Event(adjudication.answered, i, line, adjudication, outcome)
                        )
        for position, own in enumerate(events):
            own.sort(key=lambda e: (e.answered, e.submission))
            found += _follow(encounter, position, own, history.submissions)
    return found


def _follow(
    encounter: Encounter,
    position: int,
    events: Sequence[_Event],
    submissions: Sequence[Submission],
) -> list[DeniedLine]:
    found: list[DeniedLine] = []
    sent = [
        (i, submissions[i])
        for i, own in zip(encounter.submissions, encounter.positions, strict=True)
        if position in own and submissions[i].claim.frequency != "8"
    ]
    for n, event in enumerate(events):
        outcome = event.outcome
        if not (outcome.denied or outcome.reduced) or _repeats_paid(events[:n], event):
            continue
        later = events[n + 1] if n + 1 < len(events) else None
        item = DeniedLine(
            encounter.key, event.submission, event.line, event.adjudication, outcome,
            attempts_before=len(found),
        )  # fmt: skip
        _note_attempt(item, later, sent, submissions[event.submission])
        if later is not None:
            item.open = False
            item.settled = later.answered
            item.recovered = max(ZERO, later.outcome.paid - outcome.paid)
        found.append(item)
    return found


def _repeats_paid(earlier: Sequence[_Event], event: _Event) -> bool:
    """Whether a payment to this service stands, so that a denial beside it takes nothing."""
    return event.outcome.denied and any(
        e.outcome.paid > 0
        and e.adjudication is not event.adjudication
        and (e.adjudication.cancelled is None or e.adjudication.cancelled > event.answered)
        and e.submission != event.submission
        for e in earlier
    )


def _note_attempt(
    item: DeniedLine,
    later: _Event | None,
    sent: Sequence[tuple[int, Submission]],
    denied: Submission,
) -> None:
    for _, s in sent:
        day = s.claim.submitted
        if day < item.answered or s is denied or (later is not None and day > later.answered):
            continue
        same = s.payer == denied.payer and s.claim.responsibility == denied.claim.responsibility
        item.attempt = Attempt.RESUBMITTED if same else Attempt.OTHER_PAYER
        item.attempted = day
        item.open = not s.accepted
        if s.accepted:
            return
    if later is not None and item.attempt is Attempt.NONE:
        item.attempt = Attempt.APPEALED


def adjustments_of(submission: Submission, item: DeniedLine) -> tuple[Adjustment, ...]:
    """The 835's adjustments of the line, and those of the whole claim."""
    found: list[Adjustment] = []
    for r in item.adjudication.remittances:
        found += r.adjustments
        for line, i in zip(r.lines, match_lines(submission.claim, r.lines), strict=True):
            if i == item.line:
                found += line.adjustments
    return tuple(found)
