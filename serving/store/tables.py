"""The store's tables. Payloads are JSON of the types in `models`; columns are what is searched.

Whatever belongs to a practice carries its key (`Claim.practice`). Payloads, claim numbers and
fingerprints are patient data: see docs/store.md for what that asks of the disk.
"""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from serving.store.columns import Dollars, RowId, UtcTime


class Base(DeclarativeBase):
    """Root of the tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: String(),
        bytes: LargeBinary(),
        bool: Boolean(),
        int: Integer(),
        float: Float(),
        dt.datetime: UtcTime(),
        dt.date: Date(),
        Decimal: Dollars(),
        list[str]: JSON(),
        dict[str, Any]: JSON(),
    }


class InstallationRow(Base):
    """Facts of this database as a whole, such as the key of patient fingerprints."""

    __tablename__ = "installation"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes]


class PracticeRow(Base):
    """A practice: billing NPI and tax number, and how far its outcomes have been worked out."""

    __tablename__ = "practices"
    practice: Mapped[str] = mapped_column(primary_key=True)
    npi: Mapped[str] = mapped_column(index=True)
    tax_id: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    created: Mapped[dt.datetime]
    changes: Mapped[int] = mapped_column(BigInteger, default=0)  # grows with what is stored
    outcomes_at: Mapped[int] = mapped_column(BigInteger, default=-1)  # changes when last worked out
    outcomes_time: Mapped[dt.datetime | None]
    rules_at: Mapped[int] = mapped_column(BigInteger, default=-1)  # changes when last learnt from
    rules_time: Mapped[dt.datetime | None]


class TransmissionRow(Base):
    """One file or body that was loaded; ``finished`` is empty while (or if) it broke off."""

    __tablename__ = "transmissions"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str]
    started: Mapped[dt.datetime]
    finished: Mapped[dt.datetime | None]
    practices: Mapped[list[str]]
    counts: Mapped[dict[str, Any]]
    problem_count: Mapped[int]
    problems: Mapped[bytes]


class ClaimRow(Base):
    """The content of a claim, once, however often it was scored or submitted."""

    __tablename__ = "claims"
    body: Mapped[bytes] = mapped_column(primary_key=True)
    practice: Mapped[str]
    payload: Mapped[bytes]


class SubmissionRow(Base):
    """One claim as filed on one day."""

    __tablename__ = "submissions"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    practice: Mapped[str]
    claim_id: Mapped[str]
    body: Mapped[bytes] = mapped_column(ForeignKey("claims.body"))
    submitted: Mapped[dt.date]
    payer: Mapped[str]
    payer_name: Mapped[str]
    responsibility: Mapped[str]
    filing_indicator: Mapped[str]
    frequency: Mapped[str]
    charge: Mapped[Decimal]
    service_date: Mapped[dt.date | None]
    patient: Mapped[bytes]
    transmission: Mapped[int] = mapped_column(ForeignKey("transmissions.id"))
    segment_number: Mapped[int]
    created: Mapped[dt.datetime]
    # Control numbers (ISA13, GS06, ST02) by which a 999 knows the set that it was sent in.
    interchange: Mapped[str] = mapped_column(server_default="")
    group_number: Mapped[str] = mapped_column(server_default="")
    transaction_number: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        UniqueConstraint("body", "submitted"),
        Index(None, "submitted", "group_number"),
        Index(None, "practice", "claim_id"),
        Index(None, "practice", "submitted"),
        Index(None, "practice", "patient"),
    )


class PaymentRow(Base):
    """One check or transfer without its remittances."""

    __tablename__ = "payments"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    practice: Mapped[str] = mapped_column(index=True)
    payee_npi: Mapped[str]
    payee_tax_id: Mapped[str]
    trace: Mapped[str] = mapped_column(index=True)
    originator: Mapped[str]
    payer_id: Mapped[str]
    payer_name: Mapped[str]
    amount: Mapped[Decimal]
    date: Mapped[dt.date]
    answered: Mapped[dt.date]
    transmission: Mapped[int] = mapped_column(ForeignKey("transmissions.id"))
    segment_number: Mapped[int]
    created: Mapped[dt.datetime]
    payload: Mapped[bytes]


class RemittanceRow(Base):
    """One claim of one payment."""

    __tablename__ = "remittances"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[bytes] = mapped_column(unique=True)
    payment: Mapped[bytes] = mapped_column(ForeignKey("payments.key"), index=True)
    claim_id: Mapped[str] = mapped_column(index=True)
    payer_control_number: Mapped[str] = mapped_column(index=True)
    status: Mapped[str]
    charge: Mapped[Decimal]
    paid: Mapped[Decimal]
    transmission: Mapped[int] = mapped_column(ForeignKey("transmissions.id"))
    segment_number: Mapped[int]
    created: Mapped[dt.datetime]
    payload: Mapped[bytes]


class AcknowledgementRow(Base):
    """What a clearinghouse or payer said about the arrival of one claim."""

    __tablename__ = "acknowledgements"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[bytes] = mapped_column(unique=True)
    practice: Mapped[str] = mapped_column(index=True)  # "" where the file names no provider
    claim_id: Mapped[str] = mapped_column(index=True)
    accepted: Mapped[bool]
    date: Mapped[dt.date]
    transmission: Mapped[int] = mapped_column(ForeignKey("transmissions.id"))
    segment_number: Mapped[int]
    created: Mapped[dt.datetime]
    payload: Mapped[bytes]


class SetAcknowledgementRow(Base):
    """What a receiver said about the syntax of one transaction set or group (999)."""

    __tablename__ = "set_acknowledgements"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[bytes] = mapped_column(unique=True)
    practice: Mapped[str] = mapped_column(index=True)  # "" where it is several practices'
    group_number: Mapped[str]
    transaction_number: Mapped[str]
    accepted: Mapped[bool]
    date: Mapped[dt.date]
    transmission: Mapped[int] = mapped_column(ForeignKey("transmissions.id"))
    segment_number: Mapped[int]
    created: Mapped[dt.datetime]
    payload: Mapped[bytes]


class ScoreRow(Base):
    """One answer of the denial model: the claim as scored and what was said about it."""

    __tablename__ = "scores"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(unique=True)
    request_id: Mapped[str] = mapped_column(index=True)
    practice: Mapped[str]
    claim_id: Mapped[str]
    body: Mapped[bytes] = mapped_column(ForeignKey("claims.body"))
    payer: Mapped[str]
    responsibility: Mapped[str]
    frequency: Mapped[str]
    service_date: Mapped[dt.date | None]
    charge: Mapped[Decimal]
    probability: Mapped[float]
    category: Mapped[str]
    expected_loss: Mapped[float]
    threshold: Mapped[float]
    risky: Mapped[bool]
    shadow: Mapped[bool]
    model_version: Mapped[str]
    history_version: Mapped[str]
    actor: Mapped[str]
    created: Mapped[dt.datetime]
    payload: Mapped[bytes]
    __table_args__ = (Index(None, "practice", "claim_id"), Index(None, "practice", "created"))


class FoundEditRow(Base):
    """One edit that a scored claim broke."""

    __tablename__ = "found_edits"
    score: Mapped[bytes] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    edit: Mapped[str] = mapped_column(index=True)
    severity: Mapped[str]
    line: Mapped[int | None]
    field: Mapped[str]
    source: Mapped[str]


class OutcomeRow(Base):
    """What became of a submission at its first adjudication; worked out anew from the history."""

    __tablename__ = "outcomes"
    submission: Mapped[int] = mapped_column(
        ForeignKey("submissions.id"), primary_key=True, autoincrement=False
    )
    practice: Mapped[str] = mapped_column(index=True)
    payer: Mapped[str]
    state: Mapped[str]
    mature: Mapped[bool]
    denied: Mapped[bool | None]
    category: Mapped[str]
    carcs: Mapped[list[str]]
    answered: Mapped[dt.date | None]
    received: Mapped[dt.datetime | None]
    charge: Mapped[Decimal]
    denied_charge: Mapped[Decimal]
    paid: Mapped[Decimal]
    allowed: Mapped[Decimal]
    overturned: Mapped[bool]
    duplicate: Mapped[bool]


class ScoredOutcomeRow(Base):
    """One submission beside what one model version had said of it before the payer answered.

    ``state``: ``as_scored`` (the claim went out as this score saw it), ``heeded`` (it was
    changed after this score warned) or ``changed`` (it was changed though nothing warned).
    """

    __tablename__ = "scored_outcomes"
    submission: Mapped[int] = mapped_column(
        ForeignKey("submissions.id"), primary_key=True, autoincrement=False
    )
    score: Mapped[bytes] = mapped_column(primary_key=True)
    practice: Mapped[str]
    model_version: Mapped[str]
    shadow: Mapped[bool]
    state: Mapped[str]
    probability: Mapped[float]
    risky: Mapped[bool]
    category: Mapped[str]
    expected_loss: Mapped[float]
    created: Mapped[dt.datetime]
    __table_args__ = (Index(None, "practice", "model_version"),)


class PayerRuleRow(Base):
    """A payer rule learnt from remittances, and what a person decided about it."""

    __tablename__ = "payer_rules"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    practice: Mapped[str]
    key: Mapped[str]
    payer: Mapped[str]
    status: Mapped[str]
    learnt: Mapped[bytes]
    edited: Mapped[bytes | None]
    evidence: Mapped[bytes | None]
    decided_by: Mapped[str]
    decided: Mapped[dt.datetime | None]
    reason: Mapped[str] = mapped_column(Text)
    created: Mapped[dt.datetime]
    updated: Mapped[dt.datetime]
    revision: Mapped[int]
    __table_args__ = (UniqueConstraint("practice", "key"),)


class BatchRow(Base):
    """Work too long to wait for: one input, one result, one run at a time."""

    __tablename__ = "batches"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    idempotency_key: Mapped[str]
    fingerprint: Mapped[bytes]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    options: Mapped[dict[str, Any]]
    input: Mapped[str]
    result: Mapped[str]
    claims_done: Mapped[int]
    problems: Mapped[int]
    checkpoint: Mapped[dict[str, Any]]
    attempts: Mapped[int]
    error: Mapped[str] = mapped_column(Text)
    worker: Mapped[str]
    lease_until: Mapped[dt.datetime | None]
    created: Mapped[dt.datetime]
    started: Mapped[dt.datetime | None]
    finished: Mapped[dt.datetime | None]
    __table_args__ = (UniqueConstraint("owner", "idempotency_key"),)


class ApiKeyRow(Base):
    """A key's public part and the hash of its secret."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes]
    name: Mapped[str]
    role: Mapped[str]
    scopes: Mapped[list[str]]
    practices: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    requests_per_minute: Mapped[int | None]
    max_body_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created: Mapped[dt.datetime]
    created_by: Mapped[str]
    expires: Mapped[dt.datetime | None]
    revoked: Mapped[dt.datetime | None]
    last_used: Mapped[dt.datetime | None]


class AuditRow(Base):
    """One link of the audit chain; triggers refuse to change or delete it."""

    __tablename__ = "audit"
    sequence: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    uid: Mapped[bytes] = mapped_column(unique=True)
    time: Mapped[dt.datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    record: Mapped[str] = mapped_column(index=True)
    practice: Mapped[str]
    outcome: Mapped[str]
    request_id: Mapped[str]
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[bytes]
    hash: Mapped[bytes]


class AuditHeadRow(Base):
    """Where the chain ends: the row that writers lock, so that there is one chain."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]


class UserRow(Base):
    """A person who signs in to the pages; ``name`` in lower case, ``password`` an argon2 hash."""

    __tablename__ = "users"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    role: Mapped[str]
    practices: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    password: Mapped[str]  # empty: signs in through OpenID Connect only
    subject: Mapped[str] = mapped_column(index=True)  # issuer and subject, once known
    created: Mapped[dt.datetime]
    created_by: Mapped[str]
    disabled: Mapped[dt.datetime | None]
    last_seen: Mapped[dt.datetime | None]
    failures: Mapped[int]
    locked_until: Mapped[dt.datetime | None]


class SessionRow(Base):
    """A browser that is signed in: the hash of its cookie."""

    __tablename__ = "sessions"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    method: Mapped[str]
    created: Mapped[dt.datetime]
    seen: Mapped[dt.datetime]


class DraftRow(Base):
    """A claim that was not submitted yet, as a person left it, and what was said about it."""

    __tablename__ = "drafts"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)  # names it in addresses, and says nothing
    practice: Mapped[str]
    claim_id: Mapped[str]
    state: Mapped[str]
    payload: Mapped[bytes]
    loaded: Mapped[bytes]  # the claim as it came
    payer: Mapped[str]
    payer_name: Mapped[str]
    provider: Mapped[str]
    provider_name: Mapped[str]
    initials: Mapped[str]
    patient: Mapped[bytes]
    service_date: Mapped[dt.date | None]
    charge: Mapped[Decimal]
    created: Mapped[dt.datetime]
    updated: Mapped[dt.datetime]
    updated_by: Mapped[str]
    revision: Mapped[int]
    scored_revision: Mapped[int]  # -1: not yet
    scored_by: Mapped[str]  # model and history version
    probability: Mapped[float]
    expected_loss: Mapped[float]
    preventable: Mapped[float]
    category: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    fix: Mapped[str] = mapped_column(Text)
    protects: Mapped[float]
    deadline: Mapped[dt.date | None]
    errors: Mapped[int]
    warnings: Mapped[int]
    assessment: Mapped[bytes | None]
    __table_args__ = (
        UniqueConstraint("practice", "claim_id"),
        Index(None, "practice", "state", "preventable"),
        Index(None, "state", "scored_by"),
        Index(None, "state", "preventable"),
        # Holds all that sums and filters ask, so that no claim's content is read for them.
        Index(
            "ix_drafts_sums",
            "state",
            "practice",
            "payer",
            "category",
            "provider",
            "service_date",
            "preventable",
            "expected_loss",
            "scored_revision",
            "payer_name",
            "provider_name",
        ),
    )


class DraftChangeRow(Base):
    """One change of a draft: who, when, what, and what it did to the probability."""

    __tablename__ = "draft_changes"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    draft: Mapped[int] = mapped_column(ForeignKey("drafts.id"), index=True)
    actor: Mapped[str]
    who: Mapped[str]
    kind: Mapped[str]
    field: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    before: Mapped[bytes]  # the claim as it was
    probability_before: Mapped[float | None]
    probability_after: Mapped[float | None]
    scored_by: Mapped[str]
    created: Mapped[dt.datetime]


class NoteRow(Base):
    """A clinical note and how far its review has come."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)  # names it in addresses, and says nothing
    practice: Mapped[str]
    note_id: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    date: Mapped[dt.date | None]
    specialty: Mapped[str]
    patient_id: Mapped[str]
    claim_id: Mapped[str]
    codes: Mapped[bytes]  # labels that came with the note, as JSON
    state: Mapped[str]
    created: Mapped[dt.datetime]
    revision: Mapped[int]
    model_version: Mapped[str]
    suggestions: Mapped[bytes | None]
    certainty: Mapped[float]  # of the least certain suggestion; 2 where there is none yet
    submitted: Mapped[dt.datetime | None]
    submitted_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("practice", "note_id"),
        Index(None, "practice", "state", "certainty"),
        Index(None, "practice", "claim_id"),
        Index(None, "state", "model_version"),
        Index(None, "state", "certainty"),
        # Holds all that counts and filters ask, so that no text is read for them.
        Index("ix_notes_queue", "state", "practice", "specialty", "date", "certainty"),
        Index(None, "state", "specialty", "certainty"),
    )


class DecisionRow(Base):
    """One decision of a reviewer, as it was made; never changed, taken back by another."""

    __tablename__ = "decisions"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    note: Mapped[int] = mapped_column(ForeignKey("notes.id"), index=True)
    kind: Mapped[str]
    system: Mapped[str]
    code: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    begin: Mapped[int | None]
    end: Mapped[int | None]
    replaces: Mapped[str]  # "system code" of the suggestion that this code stands for
    reason: Mapped[str] = mapped_column(Text)
    suggestion: Mapped[bytes | None]  # as it was shown
    model_version: Mapped[str]
    undoes: Mapped[int | None] = mapped_column(RowId)
    actor: Mapped[str]
    who: Mapped[str]
    created: Mapped[dt.datetime] = mapped_column(index=True)


class NoteReaderRow(Base):
    """Who has a note open, and when that was last seen."""

    __tablename__ = "note_readers"
    note: Mapped[int] = mapped_column(ForeignKey("notes.id"), primary_key=True, autoincrement=False)
    reader: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    seen: Mapped[dt.datetime]
