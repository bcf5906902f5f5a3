"""Postings as rows, and what of them is new, gone, or countered by a person."""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from models.claims.common import Source
from models.revenue.entries import Account, Entry, Kind
from serving.store.identity import column_dollars, column_text
from serving.store.ledger_tables import LedgerEntryRow

# A ledger holds few different amounts, and says the same names again and again.
cached_dollars = lru_cache(maxsize=1 << 16)(column_dollars)
cached_text = lru_cache(maxsize=1 << 16)(column_text)

POSTING, PERSON = "posting", "person"

ENTRY_COLUMNS = (
    "key", "practice", "encounter", "line", "date", "kind", "debit", "debit_owner", "credit",
    "credit_owner", "amount", "payer", "responsibility", "submission", "payment", "control",
    "reason", "file", "segment_number", "origin", "actor", "words", "reverses", "created",
)  # fmt: skip


class KeptEntry(msgspec.Struct, frozen=True):
    """An entry as stored. ``counters``: row that it undoes; ``countered``: it is itself undone."""

    id: int
    key: bytes
    entry: Entry
    origin: str
    actor: str
    words: str
    counters: int | None
    created: dt.datetime
    countered: bool = False


def entry_values(
    x: Entry,
    key: bytes,
    practice: str,
    created: dt.datetime,
    origin: str = POSTING,
    actor: str = "",
    words: str = "",
    reverses: int | None = None,
) -> tuple[Any, ...]:
    """Values in the order of `ENTRY_COLUMNS`."""
    text, source = cached_text, x.source
    return (
        key, practice, x.encounter, x.line, x.date, str(x.kind), str(x.debit),
        text(x.debit_owner), str(x.credit), text(x.credit_owner),
        cached_dollars(x.amount), text(x.payer), text(x.responsibility),
        text(x.submission), x.payment, text(x.control), text(x.reason),
        text(source.file), source.segment_number, origin, actor, words, reverses,
        created,
    )  # fmt: skip


def read_entries(
    connection: Connection, practice: str, *, encounters: Sequence[str] = (), payment: str = ""
) -> list[KeptEntry]:
    """Entries of encounters, or those of a payment that belong to no encounter; oldest first."""
    query = select(LedgerEntryRow).where(LedgerEntryRow.practice == practice)
    if payment:
        query = query.where(LedgerEntryRow.payment == payment, LedgerEntryRow.encounter == "")
    else:
        query = query.where(LedgerEntryRow.encounter.in_(encounters))
    rows = connection.execute(query.order_by(LedgerEntryRow.id)).all()
    return marked([kept_entry(row) for row in rows])


def kept_entry(row: Row[Any]) -> KeptEntry:
    """One row of `LedgerEntryRow`."""
    found = Entry(
        row.date,
        Kind(row.kind),
        Account(row.debit),
        Account(row.credit),
        row.amount,
        row.debit_owner,
        row.credit_owner,
        row.encounter,
        row.line,
        row.payer,
        row.responsibility,
        row.submission,
        row.payment,
        row.control,
        row.reason,
        Source(row.file, row.segment_number),
    )
    return KeptEntry(
        row.id, row.key, found, row.origin, row.actor, row.words, row.reverses, row.created
    )


def marked(entries: Sequence[KeptEntry]) -> list[KeptEntry]:
    """The entries with ``countered`` set where a counter-entry stands against them."""
    against: dict[int, list[KeptEntry]] = {}
    for x in entries:
        if x.counters is not None:
            against.setdefault(x.counters, []).append(x)
    standing: dict[int, bool] = {}
    for x in reversed(entries):  # what counters an entry was written after it
        standing[x.id] = not any(standing[y.id] for y in against.get(x.id, ()))
    return [x if standing[x.id] else msgspec.structs.replace(x, countered=True) for x in entries]


class Change(msgspec.Struct):
    """What a transaction must add: entries, and counter-entries of rows that fell away."""

    new: list[tuple[bytes, Entry]] = []
    gone: list[KeptEntry] = []

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


def difference(wanted: Sequence[tuple[bytes, Entry]], kept: Sequence[KeptEntry]) -> Change:
    """From what is kept to what the files say now.

    What a person undid stays undone while the files still say it.
    """
    posted = [x for x in kept if x.origin == POSTING and x.counters is None]
    by_posting = {x.counters for x in kept if x.origin == POSTING and x.counters is not None}
    known = {x.key for x in posted if x.id not in by_posting}
    keys = {key for key, _ in wanted}
    change = Change([(key, x) for key, x in wanted if key not in known])
    change.gone = [
        x for x in posted if x.id not in by_posting and not x.countered and x.key not in keys
    ]
    return change


def effective(kept: Iterable[KeptEntry]) -> list[Entry]:
    """Entries that stand, without counter-entries and what they undo, in the order of posting."""
    found = [x for x in kept if not x.countered and x.counters is None]
    return [x.entry for x in sorted(found, key=lambda x: (x.entry.date, x.id))]


def digest_of(keys: Iterable[bytes], more: Iterable[str] = ()) -> bytes:
    """Digest of a group's entries and of whatever else its rows show."""
    found = blake2b(digest_size=16)
    for key in keys:
        found.update(key)
    for text in more:
        found.update(text.encode("utf-8", "surrogatepass"))
        found.update(b"\x1f")
    return found.digest()


class Details(msgspec.Struct, frozen=True):
    """What a service row says beside its amounts, in the order of its columns."""

    claim_id: str
    code: str
    modifiers: str
    place_of_service: str
    service_date: dt.date | None
    control_number: str
    provider: str
    payer: str
