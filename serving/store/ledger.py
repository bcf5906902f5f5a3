"""Postings kept: what the files say now against what was posted, in short transactions.

Entries are only ever added. What the files no longer say (an older payment came in between, a
claim found its match) is undone by counter-entries, so any order of loading ends with the same
balances. Each transaction leaves whole encounters with their balances; one that was killed is
simply done again.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from models.history import HistoryOptions
from models.revenue.entries import Entry, Kind, entry_keys
from models.revenue.ledger import (
    Ledger,
    PostedDeposit,
    PostedEncounter,
    PostingOptions,
    post_history,
)
from serving.store.columns import now
from serving.store.database import Database, insert_many, upsert
from serving.store.identity import column_text
from serving.store.ledger_balances import keep_balances, renew_balances
from serving.store.ledger_deposits import RELEASED, keep_deposits, settle
from serving.store.ledger_rows import (
    ENTRY_COLUMNS,
    Change,
    Details,
    KeptEntry,
    difference,
    digest_of,
    entry_values,
    kept_entry,
    marked,
)
from serving.store.ledger_tables import (
    DepositRow,
    LedgerEntryRow,
    LedgerGroupRow,
    LedgerOpenRow,
    LedgerServiceRow,
    LedgerStateRow,
    SuspenseRow,
)
from serving.store.snapshot import HistorySnapshot, read_snapshot, uncollected
from serving.store.tables import PracticeRow

ENCOUNTER, PAYMENT = "encounter", "payment"
# Encounters or payments in one transaction: some 200 ms of the one writer that SQLite has.
_CHUNK = 1000
_GROUP_COLUMNS = ("practice", "subject", "kind", "claim_id", "digest")


class Posted(msgspec.Struct):
    """What posting did: entries added, of these counter-entries, and items now held."""

    practice: str
    encounters: int = 0
    deposits: int = 0
    entries: int = 0
    countered: int = 0
    held: int = 0


class _SupersededError(Exception):
    """A newer state of the practice is being posted by somebody else."""


class _Group(msgspec.Struct):
    """An encounter or a payment as it should stand."""

    subject: str
    kind: str
    claim_id: str
    keyed: list[tuple[bytes, Entry]]
    digest: bytes
    details: dict[tuple[str, int], Details] = {}
    deposit: PostedDeposit | None = None


class Ledgers:
    """Keeps the ledger of each practice; see `serving.store.ledger_reading` for looking at it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stale(self, practice: str) -> bool:
        """Whether something was loaded, or decided, that is not posted yet."""
        with self._database.read() as connection:
            row = connection.execute(
                select(PracticeRow.changes, LedgerStateRow.done)
                .outerjoin(LedgerStateRow, LedgerStateRow.practice == PracticeRow.practice)
                .where(PracticeRow.practice == practice)
            ).one_or_none()
        return row is not None and row.changes != row.done

    def post(
        self,
        practice: str,
        options: HistoryOptions | None = None,
        *,
        force: bool = False,
        snapshot: HistorySnapshot | None = None,
        ledger: Ledger | None = None,
    ) -> Posted | None:
        """Posts what is not posted yet; ``None`` where everything is.

        ``snapshot`` and ``ledger``: the practice's history and what `compute` made of it, where
        that has been done already. Safe at any time and from several processes at once: a newer
        state of the practice wins.

        Raises:
            StoreUnavailableError: the store went away; what was posted until then stays.
        """
        if not force and not self.stale(practice):
            return None
        snapshot = snapshot or read_snapshot(self._database, practice, options)
        if snapshot is None:
            return None
        ledger = ledger or self.compute(snapshot, options)
        done = Posted(practice, len(ledger.encounters), len(ledger.deposits))
        done.held = sum(not h.released for h in ledger.held)
        try:
            with uncollected():
                self._keep(practice, snapshot, ledger, done)
        except _SupersededError:
            return None  # whoever has the newer state posts it
        return done

    def compute(self, snapshot: HistorySnapshot, options: HistoryOptions | None = None) -> Ledger:
        """The ledger that the files give, with what persons released."""
        with self._database.read() as connection:
            released = self._released(connection, snapshot.practice)
        classes = options.classes if options else None
        with uncollected():
            return post_history(snapshot.history, PostingOptions(classes, released))

    def _keep(self, practice: str, snapshot: HistorySnapshot, ledger: Ledger, done: Posted) -> None:
        changes = snapshot.changes
        self._database.transact(lambda c: _begin(c, practice, changes))
        with self._database.read() as connection:
            query = select(LedgerGroupRow.subject, LedgerGroupRow.digest)
            rows = connection.execute(query.where(LedgerGroupRow.practice == practice))
            kept: dict[str, bytes] = {row.subject: row.digest for row in rows}
        wanted = _groups(snapshot, ledger)
        for chunk in _portions(x for x in wanted if kept.pop(x.subject, None) != x.digest):
            self._add(done, self._database.transact(
                lambda c, chunk=chunk: _write(c, practice, changes, chunk)  # type: ignore[misc]
            ))  # fmt: skip
        for gone in _portions(kept):
            self._add(done, self._database.transact(
                lambda c, gone=gone: _remove(c, practice, changes, gone)  # type: ignore[misc]
            ))  # fmt: skip
        self._database.transact(lambda c: _finish(c, practice, changes))

    @staticmethod
    def _add(done: Posted, counts: tuple[int, int]) -> None:
        done.entries += counts[0]
        done.countered += counts[1]

    @staticmethod
    def _released(connection: Connection, practice: str) -> frozenset[str]:
        query = select(SuspenseRow.key).where(
            SuspenseRow.practice == practice, SuspenseRow.status == RELEASED
        )
        return frozenset(connection.execute(query).scalars())


def _begin(connection: Connection, practice: str, changes: int) -> None:
    row = lock_ledger(connection, practice)
    if row is None:
        values = {"practice": practice, "begun": changes, "done": -1, "time": None}
        connection.execute(insert(LedgerStateRow).values(values))
    elif row > changes:
        raise _SupersededError
    elif row < changes:
        _set(connection, practice, begun=changes)


def lock_ledger(connection: Connection, practice: str) -> int | None:
    """The state that is being posted; its row stays locked until the transaction's end."""
    query = select(LedgerStateRow.begun).where(LedgerStateRow.practice == practice)
    found = connection.execute(query.with_for_update()).scalar()
    if found is None:
        # Two first postings: the practice's own row is there already.
        lock = select(PracticeRow.practice).where(PracticeRow.practice == practice)
        connection.execute(lock.with_for_update())
        found = connection.execute(query).scalar()
    return found


def _set(connection: Connection, practice: str, **values: Any) -> None:
    own = update(LedgerStateRow).where(LedgerStateRow.practice == practice)
    connection.execute(own.values(**values))


def _check(connection: Connection, practice: str, changes: int) -> None:
    if lock_ledger(connection, practice) != changes:
        raise _SupersededError


def _groups(snapshot: HistorySnapshot, ledger: Ledger) -> Iterable[_Group]:
    for posted in ledger.encounters:
        yield _encounter_group(snapshot, posted)
    for deposit in ledger.deposits:
        keys = entry_keys(deposit.entries)
        d = deposit.deposit
        words = [
            d.trace, d.payer, d.payer_name, d.date.isoformat(), d.answered.isoformat(),
            str(d.claims), str(d.adjustments), *(f"{h.key}{h.released}" for h in deposit.held),
        ]  # fmt: skip
        keyed = list(zip(keys, deposit.entries, strict=True))
        yield _Group(d.key, PAYMENT, "", keyed, digest_of(keys, words), deposit=deposit)


def _encounter_group(snapshot: HistorySnapshot, posted: PostedEncounter) -> _Group:
    encounter = posted.encounter
    last = snapshot.history.submissions[encounter.submissions[-1]]
    primary = next(
        (
            s
            for i in reversed(encounter.submissions)
            if (s := snapshot.history.submissions[i]).claim.responsibility == "P"
        ),
        last,
    )
    claim = primary.claim
    provider = claim.rendering.npi if claim.rendering else claim.billing.npi
    details = {
        (encounter.key, x.number): Details(
            column_text(encounter.claim_id),
            column_text(x.code),
            column_text(" ".join(x.modifiers)),
            column_text(x.place_of_service),
            x.service_date,
            column_text(x.control_number),
            column_text(provider),
            column_text(primary.payer),
        )
        for x in encounter.lines
    }
    keys = entry_keys(posted.entries)
    words = [str(msgspec.structs.astuple(x)) for x in details.values()]
    keyed = list(zip(keys, posted.entries, strict=True))
    return _Group(
        encounter.key, ENCOUNTER, column_text(encounter.claim_id), keyed, digest_of(keys, words),
        details,
    )  # fmt: skip


def _write(
    connection: Connection, practice: str, changes: int, groups: Sequence[_Group]
) -> tuple[int, int]:
    _check(connection, practice, changes)
    created = now()
    kept = _kept(connection, practice, groups)
    rows: list[tuple[Any, ...]] = []
    countered = 0
    for group in groups:
        before = kept.get(group.subject, [])
        change = difference(group.keyed, before)
        rows += _change_rows(change, practice, created)
        countered += len(change.gone)
    altered = [group for group in groups if group.kind == ENCOUNTER]
    insert_many(connection, LedgerEntryRow, ENTRY_COLUMNS, rows)
    details = {key: x for group in altered for key, x in group.details.items()}
    new = [x for group in altered if group.subject not in kept for _, x in group.keyed]
    keep_balances(connection, practice, new, details)
    renew_balances(connection, practice, [g.subject for g in altered if g.subject in kept], details)
    deposits = [g.deposit for g in groups if g.deposit is not None]
    keep_deposits(connection, practice, deposits, created)
    fresh = [
        (practice, g.subject, g.kind, g.claim_id, g.digest) for g in groups if g.subject not in kept
    ]
    known = [g for g in groups if g.subject in kept]
    insert_many(connection, LedgerGroupRow, _GROUP_COLUMNS, fresh)
    upsert(
        connection,
        LedgerGroupRow,
        [
            {
                "practice": practice,
                "subject": g.subject,
                "kind": g.kind,
                "claim_id": g.claim_id,
                "digest": g.digest,
            }
            for g in known
        ],
    )
    return len(rows), countered


def _kept(
    connection: Connection, practice: str, groups: Sequence[_Group]
) -> dict[str, list[KeptEntry]]:
    """What is kept of each group that is known; one without entries has none."""
    subjects = [g.subject for g in groups]
    known = connection.execute(
        select(LedgerGroupRow.subject).where(
            LedgerGroupRow.practice == practice, LedgerGroupRow.subject.in_(subjects)
        )
    )
    names = list(known.scalars())
    found: dict[str, list[KeptEntry]] = {name: [] for name in names}
    if not names:
        return found
    table = LedgerEntryRow
    query = select(table).where(
        table.practice == practice,
        table.encounter.in_(names) | ((table.encounter == "") & table.payment.in_(names)),
    )
    for row in connection.execute(query.order_by(table.id)):
        found.setdefault(row.encounter or row.payment, []).append(kept_entry(row))
    return {subject: marked(entries) for subject, entries in found.items()}


def _change_rows(change: Change, practice: str, created: dt.datetime) -> list[tuple[Any, ...]]:
    rows = [
        entry_values(
            x.entry.countered(Kind.COUNTER), x.key, practice, created,
            words="the files no longer say so", reverses=x.id,
        )
        for x in change.gone
    ]  # fmt: skip
    return rows + [entry_values(x, key, practice, created) for key, x in change.new]


def _remove(
    connection: Connection, practice: str, changes: int, subjects: Sequence[str]
) -> tuple[int, int]:
    """Counters everything of groups that the files no longer form; persons' entries stay."""
    _check(connection, practice, changes)
    created = now()
    empty = [_Group(x, PAYMENT, "", [], b"") for x in subjects]
    kept = _kept(connection, practice, empty)
    rows: list[tuple[Any, ...]] = []
    for group in empty:
        rows += _change_rows(difference((), kept.get(group.subject, ())), practice, created)
    insert_many(connection, LedgerEntryRow, ENTRY_COLUMNS, rows)
    for table, column in (
        (LedgerServiceRow, LedgerServiceRow.encounter),
        (LedgerOpenRow, LedgerOpenRow.encounter),
        (DepositRow, DepositRow.key),
        (LedgerGroupRow, LedgerGroupRow.subject),
    ):
        connection.execute(delete(table).where(table.practice == practice, column.in_(subjects)))
    settle(connection, practice, SuspenseRow.deposit.in_(subjects))
    return len(rows), len(rows)


def _finish(connection: Connection, practice: str, changes: int) -> None:
    _check(connection, practice, changes)
    _set(connection, practice, done=changes, time=now())


def _portions(groups: Iterable[Any]) -> Iterable[list[Any]]:
    portion: list[Any] = []
    for x in groups:
        portion.append(x)
        if len(portion) >= _CHUNK:
            yield portion
            portion = []
    if portion:
        yield portion
