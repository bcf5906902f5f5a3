"""Before the payer answers: where each submission stands, and which are silent for too long."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from models.claims.set_acknowledgement import error_words
from models.history import ClaimHistory, Submission

USUAL = 0.9
"""An answer is late after the days within which this share of the payer's answers comes."""
ACKNOWLEDGED_DAYS = 5
"""A claim that nobody acknowledged within so many days is looked after, where the practice
gets acknowledgements at all."""
_ENOUGH = 30
_MOST_NOTES = 20


class Stage(StrEnum):
    """Where a submission stands before its answer."""

    ANSWERED = "answered"
    REJECTED_999 = "rejected_999"  # its transaction set was: nobody has read the claim
    REJECTED_277CA = "rejected_277ca"  # by the clearinghouse or the payer's front end
    ACCEPTED = "accepted"  # by a 277CA
    PENDING = "pending"  # sent, perhaps its syntax accepted (999); no 277CA yet, and it is early
    UNACKNOWLEDGED = "unacknowledged"  # others were acknowledged by now: it may be lost
    SILENT = "silent"  # past the payer's usual answer time
    VOID = "void"


ASKED_AFTER = (Stage.REJECTED_999, Stage.REJECTED_277CA, Stage.SILENT, Stage.UNACKNOWLEDGED)
"""Stages in which somebody must do something."""

WORDS = {
    Stage.ANSWERED: "answered",
    Stage.REJECTED_999: "file rejected (999)",
    Stage.REJECTED_277CA: "claim rejected (277CA)",
    Stage.ACCEPTED: "accepted, not answered yet",
    Stage.PENDING: "sent, nothing heard yet",
    Stage.UNACKNOWLEDGED: "never acknowledged",
    Stage.SILENT: "silent for too long",
    Stage.VOID: "voided",
}


class FollowUp(msgspec.Struct, frozen=True):
    """A submission before its answer: days since it was sent, and since its answer was due."""

    submission: int
    claim_id: str
    payer: str
    payer_name: str
    stage: Stage
    charge: Decimal
    submitted: dt.date
    age: int
    usual_days: int
    overdue: int
    syntax_accepted_on: dt.date | None  # of the 999: proves syntax only
    accepted_on: dt.date | None  # of the 277CA
    payer_control_number: str  # of the 277CA: proof that it arrived
    notes: tuple[str, ...]  # why it was rejected, by the 999's notes or the 277CA's codes


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
        by_claim = any(not a.accepted for a in s.acknowledgements)
        return Stage.REJECTED_277CA if by_claim else Stage.REJECTED_999
    age = (as_of - s.claim.submitted).days
    if age > _usual(s, usual):
        return Stage.SILENT
    if s.acknowledgements:
        return Stage.ACCEPTED
    if acknowledged and age > ACKNOWLEDGED_DAYS:
        return Stage.UNACKNOWLEDGED
    return Stage.PENDING


def unanswered(history: ClaimHistory, usual: Mapping[str, int] | None = None) -> list[FollowUp]:
    """Submissions without an answer, voids apart, the largest charges first.

    Of a chain only the last submission counts: what was sent again is followed there.
    """
    as_of = history.as_of
    if as_of is None:
        return []
    usual = usual if usual is not None else usual_days(history)
    acknowledged = any(s.acknowledgements for s in history.submissions)
    last = {s.chain: i for i, s in enumerate(history.submissions)}
    found = []
    for i in last.values():
        s = history.submissions[i]
        stage = stage_of(s, as_of, usual, acknowledged)
        if stage not in (Stage.ANSWERED, Stage.VOID):
            found.append(_follow_up(i, s, stage, as_of, _usual(s, usual)))
    return sorted(found, key=lambda x: (-x.charge, x.claim_id))


def follow_up(history: ClaimHistory, usual: Mapping[str, int] | None = None) -> list[FollowUp]:
    """Those of `unanswered` that somebody must ask after (`ASKED_AFTER`)."""
    return [x for x in unanswered(history, usual) if x.stage in ASKED_AFTER]


def _follow_up(i: int, s: Submission, stage: Stage, as_of: dt.date, usual: int) -> FollowUp:
    age = (as_of - s.claim.submitted).days
    accepted = [a for a in s.acknowledgements if a.accepted]
    syntax = [x.date for x in s.set_acknowledgements if x.accepted]
    return FollowUp(
        i, s.claim.claim_id, s.payer, s.claim.payer.name, stage, s.claim.charge,
        s.claim.submitted, age, usual, max(age - usual, 0), syntax[-1] if syntax else None,
        accepted[-1].date if accepted else None,
        accepted[-1].payer_control_number if accepted else "", _notes(s, stage),
    )  # fmt: skip


def _notes(s: Submission, stage: Stage) -> tuple[str, ...]:
    """Faults that concern this claim or the whole of its set; codes and places, no content."""
    if stage is Stage.REJECTED_999:
        refused = [x for x in s.set_acknowledgements if not x.accepted]
        own = [
            error_words(e)
            for x in refused
            for e in x.errors
            if e.claim_id in ("", s.claim.claim_id)
        ]
        codes = [f"set rejected with code {x.code}" for x in refused]
        return tuple(dict.fromkeys(own or codes))[:_MOST_NOTES]
    if stage is Stage.REJECTED_277CA:
        codes = [
            f"status {x.category}:{x.status}"
            for a in s.acknowledgements
            if not a.accepted
            for x in (*a.statuses, *(y for line in a.lines for y in line.statuses))
            if x.rejected
        ]
        return tuple(dict.fromkeys(codes))[:_MOST_NOTES]
    return ()


def _usual(s: Submission, usual: Mapping[str, int]) -> int:
    return usual.get(s.payer, usual.get("", 30))
