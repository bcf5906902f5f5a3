"""Which submission a 277CA speaks of, and whether that was rejected before adjudication.

A submission that no 277CA speaks of counts as accepted: many practices keep none.
"""

from collections.abc import Iterable, Sequence

from models.claims.acknowledgement import Acknowledgement
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
