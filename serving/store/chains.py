"""One claim through time, and claims like it that were denied; for the pages."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Remittance
from models.history.acknowledging import SET_DAYS
from serving.store.database import Database
from serving.store.errors import NotFoundError
from serving.store.identity import column_text
from serving.store.tables import (
    AcknowledgementRow,
    ClaimRow,
    OutcomeRow,
    PaymentRow,
    RemittanceRow,
    SetAcknowledgementRow,
    SubmissionRow,
)

#: Denied claims that are compared with one at hand.
_COMPARED = 300


class ChainEvent(msgspec.Struct, frozen=True):
    """What happened to a claim on a day.

    ``kind`` is submitted, accepted, rejected, denied, paid or reversed.
    """

    date: dt.date
    kind: str
    words: str
    amount: Decimal | None = None


class DeniedClaim(msgspec.Struct, frozen=True):
    """A denied claim that is like another: ``shared`` says in what."""

    id: int
    submitted: dt.date
    answered: dt.date | None
    category: str
    carcs: tuple[str, ...]
    charge: Decimal
    shared: tuple[str, ...]
    overturned: bool


class FiledClaim(msgspec.Struct, frozen=True):
    """A submission with what became of it."""

    id: int
    practice: str
    claim: Claim
    state: str
    denied: bool | None
    category: str
    carcs: tuple[str, ...]
    paid: Decimal


class Chains:
    """Claims through time, by practice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(self, practice: str, claim_id: str) -> list[ChainEvent]:
        """Everything that the store knows of a claim number, by day."""
        number = column_text(claim_id)
        found: list[ChainEvent] = []
        with self._database.read(snapshot=True) as connection:
            own = connection.execute(
                select(
                    SubmissionRow.submitted,
                    SubmissionRow.frequency,
                    SubmissionRow.charge,
                    SubmissionRow.payer_name,
                    SubmissionRow.responsibility,
                    SubmissionRow.group_number,
                    SubmissionRow.transaction_number,
                ).where(SubmissionRow.practice == practice, SubmissionRow.claim_id == number)
            ).all()
            found += _syntax(connection, practice, own)
            answers = connection.execute(
                select(AcknowledgementRow.payload).where(
                    AcknowledgementRow.claim_id == number,
                    AcknowledgementRow.practice.in_((practice, "")),
                )
            ).scalars()
            for payload in answers:
                answer = msgspec.json.decode(payload, type=Acknowledgement)
                kind = "accepted" if answer.accepted else "rejected"
                sender = answer.sender_name or "the clearinghouse"
                found.append(ChainEvent(answer.date, kind, f"{kind} by {sender}"))
            payments = connection.execute(
                select(RemittanceRow.payload, PaymentRow.answered, PaymentRow.payer_name)
                .join(PaymentRow, PaymentRow.key == RemittanceRow.payment)
                .where(RemittanceRow.claim_id == number, PaymentRow.practice == practice)
            ).all()
        for row in own:
            again = {"7": "corrected and sent again", "8": "voided"}.get(row.frequency, "submitted")
            which = "" if row.responsibility == "P" else " as secondary"
            words = f"{again}{which} to {row.payer_name}"
            found.append(ChainEvent(row.submitted, "submitted", words, row.charge))
        for paid in payments:
            remittance = msgspec.json.decode(paid.payload, type=Remittance)
            found.append(_answer(remittance, paid.answered, paid.payer_name or "the payer"))
        order = {"submitted": 0, "accepted": 1, "rejected": 1}
        return sorted(found, key=lambda x: (x.date, order.get(x.kind, 2)))

    def denied_like(
        self, practice: str, claim: Claim, payer: str, category: str, limit: int = 5
    ) -> list[DeniedClaim]:
        """Denied claims of the same payer that share most with this one, newest first among equals.

        Those of the predicted category come before others; a claim that shares neither a
        procedure nor a diagnosis is not like it.
        """
        query = (
            select(
                SubmissionRow.id,
                SubmissionRow.submitted,
                SubmissionRow.charge,
                OutcomeRow.answered,
                OutcomeRow.category,
                OutcomeRow.carcs,
                OutcomeRow.overturned,
                ClaimRow.payload,
            )
            .join(SubmissionRow, SubmissionRow.id == OutcomeRow.submission)
            .join(ClaimRow, ClaimRow.body == SubmissionRow.body)
            .where(
                OutcomeRow.practice == practice,
                OutcomeRow.payer == payer,
                OutcomeRow.denied.is_(True),
            )
            .order_by(OutcomeRow.submission.desc())
            .limit(_COMPARED)
        )
        codes = {x.code for x in claim.lines}
        reasons = {x.code for x in claim.diagnoses}
        found: list[tuple[tuple[int, int], DeniedClaim]] = []
        with self._database.read() as connection:
            for row in connection.execute(query):
                other = msgspec.json.decode(row.payload, type=Claim)
                if other.claim_id == claim.claim_id:
                    continue
                same_codes = sorted(codes & {x.code for x in other.lines})
                same_reasons = sorted(reasons & {x.code for x in other.diagnoses})
                if not same_codes and not same_reasons:
                    continue
                weight = (
                    4 * (row.category == category) + 2 * bool(same_codes) + bool(same_reasons),
                    row.id,
                )
                denied = DeniedClaim(
                    row.id,
                    row.submitted,
                    row.answered,
                    row.category,
                    tuple(row.carcs),
                    row.charge,
                    (*same_codes, *same_reasons),
                    row.overturned,
                )
                found.append((weight, denied))
        return [x for _, x in sorted(found, key=lambda pair: pair[0], reverse=True)[:limit]]

    def filed(self, submission: int, practices: Sequence[str] | None) -> FiledClaim:
        """One submission.

        Raises:
            NotFoundError: there is none, or not of these practices.
        """
        query = (
            select(SubmissionRow, ClaimRow.payload, OutcomeRow)
            .join(ClaimRow, ClaimRow.body == SubmissionRow.body)
            .outerjoin(OutcomeRow, OutcomeRow.submission == SubmissionRow.id)
            .where(SubmissionRow.id == submission)
            .with_only_columns(
                SubmissionRow.id,
                SubmissionRow.practice,
                SubmissionRow.submitted,
                ClaimRow.payload,
                OutcomeRow.state,
                OutcomeRow.denied,
                OutcomeRow.category,
                OutcomeRow.carcs,
                OutcomeRow.paid,
            )
        )
        if practices is not None:
            query = query.where(SubmissionRow.practice.in_(practices))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("there is no such claim")
        claim = msgspec.json.decode(row.payload, type=Claim)
        return FiledClaim(
            row.id,
            row.practice,
            msgspec.structs.replace(claim, submitted=row.submitted),
            row.state or "",
            row.denied,
            row.category or "",
            tuple(row.carcs or ()),
            row.paid or Decimal(0),
        )


def _syntax(connection: Connection, practice: str, own: Sequence[Any]) -> list[ChainEvent]:
    """What the first 999 after it said of the set that each submission was sent in."""
    table = SetAcknowledgementRow
    found: list[ChainEvent] = []
    for x in own:
        query = select(table.date, table.accepted).where(
            table.practice.in_((practice, "")),
            table.group_number == x.group_number,
            table.transaction_number.in_(("", x.transaction_number)),
            table.date.between(x.submitted, x.submitted + dt.timedelta(days=SET_DAYS)),
        )
        first = connection.execute(query.order_by(table.date, table.id)).first()
        if x.group_number and first is not None:
            kind = "accepted" if first.accepted else "rejected"
            found.append(ChainEvent(first.date, kind, f"the file was {kind} (999)"))
    return found


def _answer(remittance: Remittance, answered: dt.date, payer: str) -> ChainEvent:
    if remittance.status == "22":
        return ChainEvent(answered, "reversed", f"reversed by {payer}", remittance.paid)
    adjustments = [
        *remittance.adjustments,
        *(a for line in remittance.lines for a in line.adjustments),
    ]
    carcs = sorted({f"{a.group} {a.carc}" for a in adjustments})
    said = f" ({', '.join(carcs[:6])})" if carcs else ""
    if remittance.paid > 0:
        return ChainEvent(answered, "paid", f"paid by {payer}{said}", remittance.paid)
    return ChainEvent(answered, "denied", f"answered by {payer} with no payment{said}", Decimal(0))
