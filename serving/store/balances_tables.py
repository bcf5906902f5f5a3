"""Tables of patients' accounts: what may be billed, stops, letters, plans; unanswered claims.

Letters are patient data, like claims; rows of letters and stops are only added or closed.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.columns import RowId
from serving.store.tables import Base


class BalanceStateRow(Base):
    """Which state of a practice's files its accounts were worked out from."""

    __tablename__ = "balance_states"
    practice: Mapped[str] = mapped_column(primary_key=True)
    done: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[dt.date | None]
    time: Mapped[dt.datetime]


class PatientAccountRow(Base):
    """A patient who owes, or owed, something; ``token`` names it in addresses and says nothing.

    The amounts follow from the ledger, and ``step`` and ``due`` from everything kept about the
    account; they are renewed with each change.
    """

    __tablename__ = "patient_accounts"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    practice: Mapped[str]
    patient: Mapped[bytes]
    initials: Mapped[str]
    body: Mapped[bytes] = mapped_column(ForeignKey("claims.body"))  # the latest claim
    claim_id: Mapped[str]  # of that claim
    died: Mapped[dt.date | None]
    owed: Mapped[Decimal]
    billable: Mapped[Decimal]
    credit: Mapped[Decimal]
    services: Mapped[int]
    oldest: Mapped[dt.date | None]
    step: Mapped[str]
    due: Mapped[dt.date | None]
    why: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        UniqueConstraint("practice", "patient"),
        Index(None, "practice", "step", "owed"),
        Index(None, "step", "owed"),
    )


class PatientServiceRow(Base):
    """A service of an account, and what the files say about billing it (`PatientShare`)."""

    __tablename__ = "patient_services"
    practice: Mapped[str] = mapped_column(primary_key=True)
    encounter: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[int] = mapped_column(ForeignKey("patient_accounts.id"), index=True)
    holds: Mapped[list[str]]
    paid_at_visit: Mapped[Decimal]


class StopRow(Base):
    """A stop that a person set, and how it was lifted."""

    __tablename__ = "collection_stops"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("patient_accounts.id"), index=True)
    kind: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str]
    created: Mapped[dt.datetime]
    lifted: Mapped[dt.datetime | None]
    lifted_by: Mapped[str]
    lift_reason: Mapped[str] = mapped_column(Text)


class PatientLetterRow(Base):
    """One version of a letter; never changed but for the day on which a person sent it."""

    __tablename__ = "patient_letters"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("patient_accounts.id"))
    number: Mapped[int]  # of the letter within the account
    version: Mapped[int]
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    services: Mapped[list[Any]] = mapped_column(JSON)  # [encounter, line, dollars] of each
    written_by: Mapped[str]
    created: Mapped[dt.datetime]
    sent: Mapped[dt.date | None]
    sent_by: Mapped[str]
    way: Mapped[str]
    __table_args__ = (UniqueConstraint("account", "number", "version"),)


class PaymentPlanRow(Base):
    """A payment plan; ``instalments`` are [due, dollars], ``services`` [encounter, line].

    Paid of it is what patients' payments to these services grew by since ``paid_before``.
    """

    __tablename__ = "payment_plans"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("patient_accounts.id"), index=True)
    total: Mapped[Decimal]
    instalments: Mapped[list[Any]] = mapped_column(JSON)
    services: Mapped[list[Any]] = mapped_column(JSON)
    paid_before: Mapped[Decimal]
    begun: Mapped[dt.date]
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str]
    created: Mapped[dt.datetime]
    ended: Mapped[dt.date | None]
    ended_by: Mapped[str]
    end_reason: Mapped[str] = mapped_column(Text)


class AccountNoteRow(Base):
    """What was said with a patient, and when to look at the account again."""

    __tablename__ = "account_notes"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("patient_accounts.id"), index=True)
    words: Mapped[str] = mapped_column(Text)
    again: Mapped[dt.date | None]
    actor: Mapped[str]
    created: Mapped[dt.datetime]


class FollowUpNoteRow(Base):
    """What somebody heard about a claim without an answer, and when to ask again."""

    __tablename__ = "follow_up_notes"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    submission: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    words: Mapped[str] = mapped_column(Text)
    again: Mapped[dt.date | None]
    actor: Mapped[str]
    created: Mapped[dt.datetime]


class UnansweredClaimRow(Base):
    """A submission without an answer, as of the practice's last remittance."""

    __tablename__ = "unanswered_claims"
    submission: Mapped[int] = mapped_column(
        ForeignKey("submissions.id"), primary_key=True, autoincrement=False
    )
    practice: Mapped[str]
    claim_id: Mapped[str]
    payer: Mapped[str]
    payer_name: Mapped[str]
    stage: Mapped[str]
    charge: Mapped[Decimal]
    submitted: Mapped[dt.date]
    age: Mapped[int]
    usual_days: Mapped[int]
    overdue: Mapped[int]
    syntax_accepted: Mapped[dt.date | None]
    accepted: Mapped[dt.date | None]
    control: Mapped[str]
    notes: Mapped[list[str]]
    __table_args__ = (Index(None, "practice", "stage", "charge"),)
