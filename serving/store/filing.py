"""Records as rows: one transaction's worth of claims, payments or acknowledgements."""

import datetime as dt
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment, Remittance
from models.claims.set_acknowledgement import SetAcknowledgement
from models.errors import Place, Problem
from models.history.acknowledging import control_number
from models.history.payers import plain_id, plain_name
from serving.store.database import insert_new
from serving.store.identity import (
    acknowledgement_key,
    body_key,
    column_dollars,
    column_text,
    encode,
    patient_fingerprint,
    payment_key,
    remittance_keys,
    set_acknowledgement_key,
    without_remittances,
)
from serving.store.practices import Practices, plain_number
from serving.store.settling import settle
from serving.store.tables import (
    AcknowledgementRow,
    ClaimRow,
    PaymentRow,
    RemittanceRow,
    SetAcknowledgementRow,
    SubmissionRow,
)

Row = dict[str, Any]
Record = Claim | Payment | Acknowledgement | SetAcknowledgement


class Filing(msgspec.Struct):
    """One transaction: where records go, whose they may be, and what was new or refused."""

    connection: Connection
    practices: Practices
    transmission: int
    created: dt.datetime
    fingerprint_key: bytes
    allowed: frozenset[str] | None = None
    touched: set[str] = msgspec.field(default_factory=set)
    problems: list[Problem] = msgspec.field(default_factory=list)

    def store_claims(self, claims: Sequence[Claim]) -> int:
        """Stores submissions; how many were new."""
        claims = [x for x in claims if self._may(column_text(x.practice), x)]
        self.practices.note(claims)
        contents: list[Row] = []
        rows: list[Row] = []
        for claim in claims:
            body = body_key(claim)
            contents.append(claim_row(claim, body))
            rows.append(
                {
                    **claim_columns(claim),
                    **self._origin(claim),
                    "body": body,
                    "submitted": claim.submitted,
                    "payer_name": column_text(claim.payer.name),
                    "filing_indicator": column_text(claim.filing_indicator),
                    "patient": patient_fingerprint(claim, self.fingerprint_key),
                    "interchange": column_text(claim.source.interchange),
                    "group_number": control_number(claim.source.group),
                    "transaction_number": control_number(claim.source.transaction),
                }
            )
        settle(self.connection, claims)
        # One order for every writer, so that two loads of one file cannot block each other.
        insert_new(self.connection, ClaimRow, sorted(contents, key=_body))
        return insert_new(self.connection, SubmissionRow, rows)

    def store_payments(self, payments: Sequence[Payment]) -> tuple[int, int]:
        """Stores payments with their remittances; how many of each were new."""
        headers: list[Row] = []
        rows: list[Row] = []
        for payment in payments:
            practice = self.practices.of_payment(payment)
            if not self._may(practice, payment):
                continue
            key = payment_key(payment)
            headers.append(
                {
                    **self._origin(payment),
                    "key": key,
                    "practice": practice,
                    "payee_npi": column_text(plain_number(payment.payee_npi)),
                    "payee_tax_id": column_text(plain_number(payment.payee_tax_id)),
                    "trace": column_text(payment.trace),
                    "originator": column_text(payment.originator),
                    "payer_id": column_text(payment.payer_id),
                    "payer_name": column_text(payment.payer_name),
                    "amount": column_dollars(payment.amount),
                    "date": payment.date,
                    "answered": payment.answered,
                    "payload": encode(without_remittances(payment)),
                }
            )
            keys = remittance_keys(payment, key)
            rows += [
                {
                    **self._origin(remittance),
                    "key": own,
                    "payment": key,
                    "claim_id": column_text(remittance.claim_id),
                    "payer_control_number": column_text(remittance.payer_control_number),
                    "status": column_text(remittance.status),
                    "charge": column_dollars(remittance.charge),
                    "paid": column_dollars(remittance.paid),
                    "payload": encode(remittance),
                }
                for own, remittance in zip(keys, payment.remittances, strict=True)
            ]
        new = insert_new(self.connection, PaymentRow, sorted(headers, key=_key))
        return new, insert_new(self.connection, RemittanceRow, rows)

    def store_acknowledgements(self, answers: Sequence[Acknowledgement]) -> int:
        """Stores acknowledgements; how many were new."""
        owners = self.practices.of_acknowledgements(answers)
        rows: list[Row] = [
            {
                **self._origin(answer),
                "key": acknowledgement_key(answer),
                "practice": practice,
                "claim_id": column_text(answer.claim_id),
                "accepted": answer.accepted,
                "date": answer.date,
                "payload": encode(answer),
            }
            for practice, answer in zip(owners, answers, strict=True)
            if self._may(practice, answer)
        ]
        return insert_new(self.connection, AcknowledgementRow, rows)

    def store_set_acknowledgements(self, answers: Sequence[SetAcknowledgement]) -> int:
        """Stores 999s; how many were new. Those of several practices' sets are everybody's."""
        rows: list[Row] = []
        for answer in answers:
            owners = self.practices.of_set(answer)
            if self.allowed is not None and not (owners and owners <= self.allowed):
                self._refuse(answer)
                continue
            self.touched |= owners
            rows.append(
                {
                    **self._origin(answer),
                    "key": set_acknowledgement_key(answer),
                    "practice": next(iter(owners)) if len(owners) == 1 else "",
                    "group_number": control_number(answer.group),
                    "transaction_number": control_number(answer.transaction),
                    "accepted": answer.accepted,
                    "date": answer.date,
                    "payload": encode(answer),
                }
            )
        return insert_new(self.connection, SetAcknowledgementRow, rows)

    def _origin(self, record: Record | Remittance) -> Row:
        return {
            "transmission": self.transmission,
            "segment_number": record.source.segment_number,
            "created": self.created,
        }

    def _may(self, practice: str, record: Record) -> bool:
        if self.allowed is None or practice in self.allowed:
            self.touched.add(practice)
            return True
        self._refuse(record)
        return False

    def _refuse(self, record: Record) -> None:
        self.problems.append(
            Problem(
                Place(record.source.file, record.source.segment_number or None),
                "store.other_practice",
                "belongs to a practice that this key or user may not write to",
                "the record was not stored",
            )
        )


def claim_row(claim: Claim, body: bytes) -> Row:
    """Row of `ClaimRow`."""
    return {"body": body, "practice": column_text(claim.practice), "payload": encode(claim)}


def claim_columns(claim: Claim, payer: str = "") -> Row:
    """Columns that submissions and scores share; ``payer``: a key that is known better."""
    return {
        "practice": column_text(claim.practice),
        "claim_id": column_text(claim.claim_id),
        "payer": column_text(payer or plain_id(claim.payer.id) or plain_name(claim.payer.name)),
        "responsibility": column_text(claim.responsibility),
        "frequency": column_text(claim.frequency),
        "charge": column_dollars(claim.charge),
        "service_date": claim.service_date,
    }


_body = itemgetter("body")
_key = itemgetter("key")
