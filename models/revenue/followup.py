"""Before the payer answers: where each submission stands, and which are silent for too long."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from models.history import ClaimHistory, Submission

USUAL = 0.9
"""An answer is late after the days within which this share of the payer's answers comes."""
ACKNOWLEDGED_DAYS = 5
"""A claim that nobody acknowledged within so many days is looked after, where the practice
gets acknowledgements at all."""
_ENOUGH = 30


class Stage(StrEnum):
    """Where a submission stands before its answer."""

    ANSWERED = "answered"
    REJECTED = "rejected"  # by the clearinghouse or the payer's front end: never adjudicated
    ACCEPTED = "accepted"  # the payer has it
    PENDING = "pending"  # sent; nobody has said anything, and it is early days
    UNACKNOWLEDGED = "unacknowledged"  # others were acknowledged by now: it may be lost
    SILENT = "silent"  # past the payer's usual answer time
    VOID = "void"


class FollowUp(msgspec.Struct, frozen=True):
    """A submission to ask after: days since it was sent, and since its answer was due."""

    submission: int
    claim_id: str
    payer: str
    stage: Stage
    charge: Decimal
    submitted: dt.date
    age: int
    usual_days: int
    overdue: int
    accepted_on: dt.date | None
    payer_control_number: str  # of the 277CA: proof that it arrived


def usual_days(history: ClaimHistory, share: float = USUAL) -> dict[str, int]:
    """Days by payer within which it answers usually; ``""``: all payers pooled."""
    lags: dict[str, list[int]] = {}
    for s in history.submissions:
        if s.first is not None:
            days = (s.first.began - s.claim.submitted).days
            lags.setdefault(s.payer, []).append(days)
            lags.setdefault("", []).append(days)
    return {
        payer: sorted(found)[min(int(share * len(found)), len(found) - 1)]
        for payer, found in lags.items()
        if payer == "" or len(found) >= _ENOUGH
    }


def stage_of(s: Submission, as_of: dt.date, usual: Mapping[str, int], acknowledged: bool) -> Stage:
    """Where a submission stands; ``acknowledged``: whether this practice gets 277CA at all."""
    if s.claim.frequency == "8":
        return Stage.VOID
    if s.first is not None:
        return Stage.ANSWERED
    if not s.accepted:
        return Stage.REJECTED
    age = (as_of - s.claim.submitted).days
    if age > _usual(s, usual):
        return Stage.SILENT
    if s.acknowledgements:
        return Stage.ACCEPTED
    if acknowledged and age > ACKNOWLEDGED_DAYS:
        return Stage.UNACKNOWLEDGED
    return Stage.PENDING


def follow_up(history: ClaimHistory, usual: Mapping[str, int] | None = None) -> list[FollowUp]:
    """Submissions that somebody must ask after, the largest charges first.

    Of a chain only the last submission counts: what was sent again is followed there.
    """
    as_of = history.as_of
    if as_of is None:
        return []
    usual = usual if usual is not None else usual_days(history)
    acknowledged = any(s.acknowledgements for s in history.submissions)
    last = {s.chain: i for i, s in enumerate(history.submissions)}
    asked = (Stage.REJECTED, Stage.SILENT, Stage.UNACKNOWLEDGED)
    found = []
    for i in last.values():
        s = history.submissions[i]
        stage = stage_of(s, as_of, usual, acknowledged)
        if stage not in asked:
            continue
        age = (as_of - s.claim.submitted).days
        accepted = [a for a in s.acknowledgements if a.accepted]
        found.append(
            FollowUp(
                i, s.claim.claim_id, s.payer, stage, s.claim.charge, s.claim.submitted, age,
                _usual(s, usual), max(age - _usual(s, usual), 0),
                accepted[-1].date if accepted else None,
                accepted[-1].payer_control_number if accepted else "",
            )
        )  # fmt: skip
    return sorted(found, key=lambda x: (-x.charge, x.claim_id))


def _usual(s: Submission, usual: Mapping[str, int]) -> int:
    return usual.get(s.payer, usual.get("", 30))
