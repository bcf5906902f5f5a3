"""Claims that were filed are drafts no more."""

from collections.abc import Sequence

from sqlalchemy import Connection, update

from models.claims.claim import Claim
from serving.store.identity import column_text
from serving.store.tables import DraftRow

SUBMITTED = "submitted"
_MANY = 500


def settle(connection: Connection, claims: Sequence[Claim]) -> None:
    """Claims that were filed are drafts no more, within the caller's transaction."""
    numbers: dict[str, set[str]] = {}
    for claim in claims:
        numbers.setdefault(column_text(claim.practice), set()).add(column_text(claim.claim_id))
    for practice, wanted in sorted(numbers.items()):
        ordered = sorted(wanted)
        for begin in range(0, len(ordered), _MANY):
            connection.execute(
                update(DraftRow)
                .where(
                    DraftRow.practice == practice,
                    DraftRow.claim_id.in_(ordered[begin : begin + _MANY]),
                    DraftRow.state != SUBMITTED,
                )
                .values(state=SUBMITTED)
            )
