"""Tables of denials as work: items that follow from the files, what persons did, packets kept."""

import datetime as dt
from decimal import Decimal

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.columns import RowId
from serving.store.tables import Base


class WorkStateRow(Base):
    """From which state of a practice its work items were made, and by which model."""

    __tablename__ = "work_states"
    practice: Mapped[str] = mapped_column(primary_key=True)
    done: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[dt.date | None]
    model: Mapped[str]
    time: Mapped[dt.datetime]


class WorkItemRow(Base):
    """One denied or cut line; ``payload`` is the item as the rules make it, with ``digest``.

    ``state``: open, in_work, done. ``closed_by``: who closed it, ``files`` where a load did.
    ``encounter`` and ``service`` name it in the ledger. ``draft`` is the claim as a person is
    correcting it.
    """

    __tablename__ = "work_items"
    practice: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    claim_id: Mapped[str]
    line: Mapped[int]
    submission: Mapped[int] = mapped_column(BigInteger)
    encounter: Mapped[str]
    service: Mapped[int]
    kind: Mapped[str]
    payer: Mapped[str]
    payer_name: Mapped[str]
    code: Mapped[str]
    category: Mapped[str]
    gap: Mapped[str]
    carc: Mapped[str]
    warned: Mapped[bool | None]
    denied_on: Mapped[dt.date]
    action: Mapped[str]
    route: Mapped[str]
    deadline: Mapped[dt.date | None]
    charge: Mapped[Decimal]
    at_stake: Mapped[Decimal]
    probability: Mapped[float]
    hours: Mapped[float]
    worth: Mapped[float]
    rate: Mapped[float]  # dollars an hour, by which the worklist is ordered
    payload: Mapped[bytes]
    digest: Mapped[bytes]
    state: Mapped[str]
    outcome: Mapped[str]
    closed_by: Mapped[str]
    settled: Mapped[dt.date | None]
    recovered: Mapped[Decimal]
    assigned_to: Mapped[str]
    draft: Mapped[bytes | None]
    revision: Mapped[int]
    created: Mapped[dt.datetime]
    updated: Mapped[dt.datetime]
    __table_args__ = (Index(None, "practice", "claim_id"), Index(None, "state", "rate"))


class WorkNoteRow(Base):
    """What was done or said about an item; nothing is changed or removed."""

    __tablename__ = "work_notes"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    practice: Mapped[str]
    item: Mapped[str]
    kind: Mapped[str]  # note, state, assigned, claim, packet, files
    words: Mapped[str] = mapped_column(Text)
    actor: Mapped[str]
    who: Mapped[str]
    created: Mapped[dt.datetime]
    __table_args__ = (Index(None, "practice", "item"),)


class PacketRow(Base):
    """A version of a claim's packet; ``payload`` is what was decided."""

    __tablename__ = "packets"
    practice: Mapped[str] = mapped_column(primary_key=True)
    claim_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[str]
    digest: Mapped[bytes]
    payload: Mapped[bytes]
    actor: Mapped[str]
    who: Mapped[str]
    created: Mapped[dt.datetime]


class PacketFileRow(Base):
    """One file of a version."""

    __tablename__ = "packet_files"
    practice: Mapped[str] = mapped_column(primary_key=True)
    claim_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]
