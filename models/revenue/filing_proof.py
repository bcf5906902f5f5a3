"""Proof of timely filing: when a claim was accepted, by whom, under which number.

The proof is the acceptance on a 277CA with the payer's number; a 999 proves syntax only.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from models.claims.claim import Claim
from models.edits.scope import Scopes
from models.history.outcomes import Submission
from models.revenue.letters import day_words, render, service_dates


class Filing(msgspec.Struct, frozen=True):
    """One acknowledgement of one submission; ``days`` from the first service."""

    sent: str
    day: str
    by: str
    days: int | None
    payer_number: str
    house_number: str
    status: str
    file: str
    segment: int


class FilingProof(msgspec.Struct, frozen=True):
    """``proven``: an acceptance names the payer's own number."""

    claim_id: str
    payer: str
    service_dates: str
    limit: str
    accepted: list[Filing]
    rejected: list[Filing]
    proven: bool

    def text(self) -> str:
        """As a page."""
        return render("filing_proof.txt.j2", self)


def filing_proof(submissions: Sequence[Submission]) -> FilingProof:
    """The proof for the submissions of one chain, first to last."""
    claim = submissions[0].claim
    accepted: list[Filing] = []
    rejected: list[Filing] = []
    for s in submissions:
        for a in sorted(s.acknowledgements, key=lambda a: a.date):
            served = s.claim.service_date
            filing = Filing(
                sent=day_words(s.claim.submitted),
                day=day_words(a.date),
                by=a.sender_name or ("the payer" if a.sender_entity == "PR" else "clearinghouse"),
                days=_days(served, a.date),
                payer_number=a.payer_control_number,
                house_number=a.clearinghouse_number,
                status=", ".join(f"{x.category}:{x.status}" for x in a.statuses) or "not stated",
                file=a.source.file,
                segment=a.source.segment_number,
            )
            (accepted if a.accepted else rejected).append(filing)
    return FilingProof(
        claim_id=claim.claim_id,
        payer=claim.payer.name or claim.payer.id,
        service_dates=service_dates(claim),
        limit=_limit(claim),
        accepted=accepted,
        rejected=rejected,
        proven=any(x.payer_number for x in accepted),
    )


def _days(served: dt.date | None, day: dt.date) -> int | None:
    return (day - served).days if served else None


def _limit(claim: Claim) -> str:
    scope = Scopes().of(claim)
    if scope.filing_limit is None:
        return "the payer's contract or manual decides"
    return f"{scope.filing_limit} days after the service ({scope.filing_source})"
