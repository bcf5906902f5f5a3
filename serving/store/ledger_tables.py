"""The ledger's tables: entries are only ever added; balances beside them follow from the entries.

Owners are payer keys, or of clearing and suspense the key of a payment or remittance.
"""

import datetime as dt
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.columns import RowId
from serving.store.tables import Base


class LedgerStateRow(Base):
    """How far a practice is posted: the practice's count of changes at begin and end."""

    __tablename__ = "ledger_states"
    practice: Mapped[str] = mapped_column(primary_key=True)
    begun: Mapped[int] = mapped_column(BigInteger)
    done: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[dt.datetime | None]


class LedgerEntryRow(Base):
    """One amount from the credit to the debit account; ``reverses`` is the entry it undoes.

    ``origin``: posting (follows from the files) or person (``actor``, with ``words``).
    """

    __tablename__ = "ledger_entries"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[bytes]
    practice: Mapped[str]
    encounter: Mapped[str]
    line: Mapped[int]
    date: Mapped[dt.date]
    kind: Mapped[str]
    debit: Mapped[str]
    debit_owner: Mapped[str]
    credit: Mapped[str]
    credit_owner: Mapped[str]
    amount: Mapped[Decimal]
    payer: Mapped[str]
    responsibility: Mapped[str]
    submission: Mapped[str]
    payment: Mapped[str]
    control: Mapped[str]
    reason: Mapped[str]
    file: Mapped[str]
    segment_number: Mapped[int]
    origin: Mapped[str]
    actor: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    reverses: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"))
    created: Mapped[dt.datetime]
    __table_args__ = (
        Index(None, "practice", "encounter"),
        # Each entry is written once and few are looked up so: the others are left out.
        Index(
            None, "practice", "payment", sqlite_where=text("encounter = ''"),
            postgresql_where=text("encounter = ''"),
        ),
        Index(
            None, "reverses", sqlite_where=text("reverses IS NOT NULL"),
            postgresql_where=text("reverses IS NOT NULL"),
        ),
    )  # fmt: skip


class LedgerGroupRow(Base):
    """An encounter or payment and the digest of the entries that its files give it."""

    __tablename__ = "ledger_groups"
    practice: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # encounter or payment
    claim_id: Mapped[str]
    digest: Mapped[bytes]
    __table_args__ = (Index(None, "practice", "claim_id"),)


class LedgerServiceRow(Base):
    """Balances of one service, from all its entries."""

    __tablename__ = "ledger_services"
    practice: Mapped[str] = mapped_column(primary_key=True)
    encounter: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    claim_id: Mapped[str]
    code: Mapped[str]
    modifiers: Mapped[str]
    place_of_service: Mapped[str]
    service_date: Mapped[dt.date | None]
    control_number: Mapped[str]
    provider: Mapped[str]
    payer: Mapped[str]
    charge: Mapped[Decimal]
    contractual: Mapped[Decimal]
    prior_payer: Mapped[Decimal]
    written_off: Mapped[Decimal]
    denial_written_off: Mapped[Decimal]
    paid_primary: Mapped[Decimal]
    paid_later: Mapped[Decimal]
    patient_paid: Mapped[Decimal]
    insurance: Mapped[Decimal]
    denied: Mapped[Decimal]
    patient: Mapped[Decimal]
    taken_back: Mapped[Decimal]


class LedgerOpenRow(Base):
    """An open part of a service: with whom, how much, since when; negative: a credit."""

    __tablename__ = "ledger_open"
    practice: Mapped[str] = mapped_column(primary_key=True)
    encounter: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    claim_id: Mapped[str]
    amount: Mapped[Decimal]
    since: Mapped[dt.date]
    service_date: Mapped[dt.date | None]


class DepositRow(Base):
    """One check or transfer, and whether it reconciles."""

    __tablename__ = "deposits"
    practice: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    trace: Mapped[str]
    payer: Mapped[str]
    payer_name: Mapped[str]
    date: Mapped[dt.date]
    answered: Mapped[dt.date]
    amount: Mapped[Decimal]
    claims: Mapped[Decimal]
    adjustments: Mapped[Decimal]
    difference: Mapped[Decimal]
    suspended: Mapped[Decimal]
    status: Mapped[str]  # posted, part_held, held, released
    file: Mapped[str]
    segment_number: Mapped[int]
    __table_args__ = (Index(None, "practice", "trace"),)


class SuspenseRow(Base):
    """What is, or was, held from posting, and what a person decided about it.

    ``status``: held, released (by a person), settled (what it lacked has come).
    """

    __tablename__ = "suspense"
    practice: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    deposit: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    releasable: Mapped[bool]
    amount: Mapped[Decimal]
    date: Mapped[dt.date]
    payer: Mapped[str]
    payer_name: Mapped[str]
    trace: Mapped[str]
    claim_id: Mapped[str]
    control: Mapped[str]
    file: Mapped[str]
    segment_number: Mapped[int]
    decided_by: Mapped[str]
    decided: Mapped[dt.datetime | None]
    decision: Mapped[str] = mapped_column(Text)
    created: Mapped[dt.datetime]
    __table_args__ = (Index(None, "practice", "status"),)


class KpiStateRow(Base):
    """Whose KPIs were worked out from which state.

    ``detail``: reasons and names as JSON; ``cube``: the sums as `models.revenue.cube` packs them.
    """

    __tablename__ = "kpi_states"
    practice: Mapped[str] = mapped_column(primary_key=True)
    done: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[str]
    time: Mapped[dt.datetime]
    detail: Mapped[bytes]
    cube: Mapped[bytes]
