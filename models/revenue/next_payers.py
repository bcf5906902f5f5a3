"""Claims whose next payer is still to be billed: the first has answered, nobody has sent it on."""

import datetime as dt
from decimal import Decimal

import msgspec

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.history import ClaimHistory, Submission
from models.revenue.second_claims import next_claim, next_payer

_FORWARDED = frozenset(("19", "20", "21"))
"""CLP02: the payer has passed the claim on by itself."""


class NextPayerClaim(msgspec.Struct, frozen=True):
    """A claim to the next payer with the first one's decision; ``left`` is what that left open."""

    submission: int
    claim: Claim
    payer_name: str
    answered: dt.date
    left: Decimal


def next_payer_claims(history: ClaimHistory, *, today: dt.date) -> list[NextPayerClaim]:
    """Claims to send on, the largest first.

    Left out: what the payer forwarded itself (CLP02 19 to 21), what was sent to the next payer
    already, voids, claims that were sent again, and those of which nothing is left.
    """
    last = {s.chain: i for i, s in enumerate(history.submissions)}
    billed = {_key(s, s.claim.responsibility) for s in history.submissions}
    found = []
    for i in last.values():
        s = history.submissions[i]
        other = next_payer(s.claim)
        if other is None or other.payer is None or s.last is None or s.claim.frequency == "8":
            continue
        if s.forwarded or any(r.status in _FORWARDED or r.crossover_payer for _, r in s.answers):
            continue
        if _key(s, other.responsibility) in billed:
            continue
        left = sum((x.patient_share for x in s.last.lines), ZERO)
        if left > 0:
            claim = next_claim(s, s.last, today=today)
            found.append(NextPayerClaim(i, claim, other.payer.name, s.last.answered, left))
    return sorted(found, key=lambda x: (-x.left, x.claim.claim_id))


def _key(s: Submission, responsibility: str) -> tuple[str, str, dt.date | None, str]:
    return (s.practice, s.claim.claim_id, s.claim.service_date, responsibility)
