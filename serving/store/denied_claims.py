"""The claims behind a reason of initial denials."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import select

from models.claims.common import ZERO
from serving.store.database import Database
from serving.store.ledger_reading import struct_of
from serving.store.tables import OutcomeRow, SubmissionRow


class DeniedFor(msgspec.Struct, frozen=True):
    """A claim that was denied at first, for one reason."""

    id: int
    claim_id: str
    payer: str
    payer_name: str
    answered: dt.date
    charge: Decimal
    denied_charge: Decimal
    paid: Decimal
    overturned: bool


class DeniedClaims:
    """First denials by reason; ``practices`` is whose claims may be seen (``None``: all)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def denied_for(
        self,
        practices: Sequence[str] | None,
        carc: str,
        category: str,
        *,
        payer: str | None = None,
        since: str = "",
        until: str = "",
        limit: int = 200,
    ) -> list[DeniedFor]:
        """Claims of which a line was denied for it at first, the costliest first.

        ``since`` and ``until``: months of the answer, both included.
        """
        own, sent = OutcomeRow, SubmissionRow
        query = (
            select(
                own.submission.label("id"), sent.claim_id, own.payer, sent.payer_name, own.answered,
                own.charge, own.denied_charge, own.paid, own.overturned, own.carcs,
            )
            .join(sent, sent.id == own.submission)
            .where(own.denied_charge > ZERO, own.category == category)
            .order_by(own.denied_charge.desc(), own.submission)
        )  # fmt: skip
        if practices is not None:
            query = query.where(own.practice.in_(practices))
        if payer is not None:
            query = query.where(own.payer == payer)
        if since:
            query = query.where(own.answered >= dt.date.fromisoformat(f"{since}-01"))
        if until:
            query = query.where(own.answered < _next_month(until))
        found: list[DeniedFor] = []
        with self._database.read() as connection:
            for row in connection.execute(query, execution_options={"yield_per": 1000}):
                if carc in row.carcs:
                    found.append(struct_of(DeniedFor, row))
                    if len(found) >= limit:
                        break
        return found


def _next_month(month: str) -> dt.date:
    year, number = int(month[:4]), int(month[5:])
    return dt.date(year + number // 12, number % 12 + 1, 1)
