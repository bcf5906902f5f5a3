"""The audit chain in the database: appended under one lock, never changed."""

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from models.errors import InputError
from serving.audit import AuditEntry, SealedEntry, Verdict, seal, verify_chain
from serving.store.database import Database
from serving.store.identity import column_text
from serving.store.tables import AuditHeadRow, AuditRow

_PAGE = 5000
_MANY = 500


class AuditLog:
    """One chain for the whole database, whoever writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, *entries: AuditEntry) -> None:
        """Adds entries in this order; an entry whose ``uid`` is there already is passed over.

        Raises:
            StoreUnavailableError: nothing was added (see `serving.store.recorder` for a spool).
        """
        self._database.transact(lambda connection: self.write(connection, entries))

    def write(self, connection: Connection, entries: Sequence[AuditEntry]) -> None:
        """As `append`, within the caller's transaction."""
        if not entries:
            return
        # On PostgreSQL the row lock makes one chain of many writers; SQLite has one writer.
        head = connection.execute(
            select(AuditHeadRow.sequence, AuditHeadRow.hash).with_for_update()
        ).one()
        sequence, previous = head.sequence, head.hash
        known = _known(connection, [x.uid for x in entries])
        rows = []
        for entry in entries:
            if entry.uid in known:
                continue
            known.add(entry.uid)
            sequence += 1
            row = _row(sequence, previous, _clean(entry))
            previous = row["hash"]
            rows.append(row)
        if rows:
            # Not `insert_new`: an entry in the way must be an outcry, not a lost entry.
            connection.execute(insert(AuditRow), rows)
            connection.execute(update(AuditHeadRow).values(sequence=sequence, hash=previous))

    def entries(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        record: str | None = None,
        practice: str | None = None,
        request_id: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> list[SealedEntry]:
        """Newest first; ``action`` ending in ``.`` takes every action that begins so.

        ``before`` is a sequence number: the page of older entries.
        """
        query = select(AuditRow).order_by(AuditRow.sequence.desc()).limit(limit)
        for column, wanted in (
            (AuditRow.actor, actor),
            (AuditRow.record, record),
            (AuditRow.practice, practice),
            (AuditRow.request_id, request_id),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if action is not None:
            query = query.where(
                AuditRow.action.startswith(action, autoescape=True)
                if action.endswith(".")
                else AuditRow.action == action
            )
        if since is not None:
            query = query.where(AuditRow.time >= since)
        if until is not None:
            query = query.where(AuditRow.time < until)
        if before is not None:
            query = query.where(AuditRow.sequence < before)
        with self._database.read() as connection:
            return [_sealed(row) for row in connection.execute(query)]

    def verify(self, expected: str | None = None) -> Verdict:
        """Checks the whole chain; ``expected`` is a head hash (hexadecimal) noted earlier.

        Raises:
            InputError: ``expected`` is no hash.
        """
        if expected is not None and not _is_hash(expected):
            raise InputError("the expected head must be 64 hexadecimal digits")
        with self._database.read(snapshot=True) as connection:
            head = connection.execute(select(AuditHeadRow.sequence, AuditHeadRow.hash)).one()
            return verify_chain(
                _pages(connection),
                head=(head.sequence, head.hash),
                expected=expected.lower() if expected else None,
            )


def _known(connection: Connection, uids: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for begin in range(0, len(uids), _MANY):
        query = select(AuditRow.uid).where(AuditRow.uid.in_(uids[begin : begin + _MANY]))
        found.update(connection.execute(query).scalars())
    return found


def _pages(connection: Connection) -> Iterator[SealedEntry]:
    """Every entry by rising number."""
    done = -(2**62)
    while True:
        query = (
            select(AuditRow).where(AuditRow.sequence > done).order_by(AuditRow.sequence)
        ).limit(_PAGE)
        rows = connection.execute(query).all()
        yield from map(_sealed, rows)
        if len(rows) < _PAGE:
            return
        done = rows[-1].sequence


def _clean(entry: AuditEntry) -> AuditEntry:
    """The entry as columns can hold it, so that what is sealed is what is read again."""
    texts = {
        name: column_text(getattr(entry, name))
        for name in ("actor", "action", "record", "practice", "outcome", "request_id")
    }
    return msgspec.structs.replace(entry, time=entry.time.astimezone(dt.UTC), **texts)


def _row(sequence: int, previous: bytes, entry: AuditEntry) -> dict[str, object]:
    row = {
        name: getattr(entry, name)
        for name in ("uid", "time", "actor", "action", "record", "practice", "outcome")
    }
    return {
        **row,
        "request_id": entry.request_id,
        "detail": msgspec.json.encode(entry.detail, order="sorted").decode(),
        "sequence": sequence,
        "previous": previous,
        "hash": seal(sequence, previous, entry),
    }


def _sealed(row: object) -> SealedEntry:
    get = row.__getattribute__
    entry = AuditEntry(
        actor=get("actor"),
        action=get("action"),
        record=get("record"),
        practice=get("practice"),
        outcome=get("outcome"),
        request_id=get("request_id"),
        detail=msgspec.json.decode(get("detail")),
        time=get("time"),
        uid=get("uid"),
    )
    return SealedEntry(get("sequence"), entry, get("previous"), get("hash"))


def _is_hash(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except ValueError:
        return False
