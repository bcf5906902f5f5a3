"""Which submission a 999 or 277CA speaks of, and whether that was rejected before adjudication.

A submission of which neither speaks counts as accepted: many practices keep none.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from models.claims.acknowledgement import Acknowledgement
from models.claims.set_acknowledgement import SetAcknowledgement
from models.history.keys import plain_account
from models.history.outcomes import Submission


def acknowledge(
    submissions: Sequence[Submission], acknowledgements: Iterable[Acknowledgement]
) -> int:
    """Attaches acknowledgements, in the order of their days; the number left unmatched.

    A claim refiled on the day of its rejection makes the match ambiguous: the latest submission
    before the acknowledgement's day that has none yet comes first, then one of the same day,
    then the latest that already has one (a clearinghouse and a payer both answer).
    """
    exact: dict[str, list[Submission]] = {}
    plain: dict[str, list[Submission]] = {}
    for s in submissions:
        exact.setdefault(s.claim.claim_id, []).append(s)
        plain.setdefault(plain_account(s.claim.claim_id), []).append(s)
    unmatched = 0
    for a in acknowledgements:
        candidates = exact.get(a.claim_id) or plain.get(plain_account(a.claim_id), [])
        fitting = [s for s in candidates if s.claim.submitted <= a.date and _fits(s, a)]
        if not fitting:
            unmatched += 1
            continue
        chosen = max(fitting, key=lambda s: _rank(s, a))
        chosen.acknowledgements += (a,)
        chosen.accepted = chosen.accepted and a.accepted
    return unmatched


def _fits(submission: Submission, a: Acknowledgement) -> bool:
    claim = submission.claim
    other_charge = a.charge is not None and a.charge != claim.charge
    other_day = a.service_date is not None and a.service_date != claim.service_date
    return not (other_charge and other_day)


def _rank(s: Submission, a: Acknowledgement) -> tuple[bool, bool, int]:
    return (not s.acknowledgements, s.claim.submitted < a.date, s.claim.submitted.toordinal())


SET_DAYS = 7
"""A 999 comes within minutes, at most days: control numbers are used again, often every week."""


def acknowledge_sets(
    submissions: Sequence[Submission], responses: Iterable[SetAcknowledgement]
) -> int:
    """Attaches 999s to the claims of the sets that they speak of; the number left unmatched.

    A set is known by its control numbers (GS06, ST02). They are used again, so that the latest
    set of these numbers sent in the week before the response is meant; among several of one day
    the one that holds the claims that the response names, or whose submitter and receiver the
    response names. What still fits several sets is left unmatched: nothing is guessed.

    A claim of which every set was rejected was never adjudicated, unless a 277CA or a remittance
    shows that it arrived after all (sent again on the same day, say).
    """
    batches: dict[tuple[str, str, str, dt.date], list[Submission]] = {}
    for s in submissions:
        source = s.claim.source
        if source.group or source.transaction:
            key = (source.interchange, source.group, source.transaction, s.claim.submitted)
            batches.setdefault(key, []).append(s)
    by_group: dict[str, list[_Batch]] = {}
    for (interchange, group, transaction, day), members in batches.items():
        batch = _Batch(interchange, control_number(transaction), day, members)
        by_group.setdefault(control_number(group), []).append(batch)
    unmatched = 0
    for x in responses:
        if x.functional not in ("", "HC"):
            continue
        meant = _sets_of(x, by_group.get(control_number(x.group), ()))
        unmatched += not meant
        for found in meant:
            for s in found.submissions:
                s.set_acknowledgements += (x,)
    for s in submissions:
        if s.set_acknowledgements and not any(x.accepted for x in s.set_acknowledgements):
            arrived = any(a.accepted for a in s.acknowledgements) or bool(s.adjudications)
            s.accepted = s.accepted and arrived
    return unmatched


class _Batch(NamedTuple):
    """The claims of one transaction set."""

    interchange: str
    transaction: str
    day: dt.date
    submissions: list[Submission]


def _sets_of(x: SetAcknowledgement, batches: Iterable[_Batch]) -> list[_Batch]:
    """The set that a response speaks of; the sets, where it speaks of a group."""
    wanted = control_number(x.transaction)
    first = x.date - dt.timedelta(days=SET_DAYS)
    near = [b for b in batches if first <= b.day <= x.date and wanted in ("", b.transaction)]
    latest = max((b.day for b in near), default=None)
    last = [b for b in near if b.day == latest]
    if len({b.interchange for b in last}) > 1:
        last = _told_apart(x, last)
    if len({b.interchange for b in last}) != 1:
        return []
    # A group's sets may have been made on several days.
    return last if wanted else [b for b in near if b.interchange == last[0].interchange]


def _told_apart(x: SetAcknowledgement, near: list[_Batch]) -> list[_Batch]:
    named = {e.claim_id for e in x.errors if e.claim_id}
    if named:
        holding = [b for b in near if named <= {s.claim.claim_id for s in b.submissions}]
        if holding:
            return holding
    parties = [
        b
        for b in near
        if (x.receiver_id and b.submissions[0].claim.submitter_id == x.receiver_id)
        or (x.sender_id and b.submissions[0].claim.receiver_id == x.sender_id)
    ]
    return parties or near


def control_number(number: str) -> str:
    """Control numbers agree with and without the zeros before them."""
    return number.strip().lstrip("0") or ("0" if number.strip() else "")
