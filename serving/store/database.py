"""One database, SQLite or PostgreSQL: connections, transactions, and what counts as "away"."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import URL, Connection, Engine, LargeBinary, Table, create_engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import QueuePool

from models.errors import InputError
from serving.store.errors import StoreUnavailableError

T = TypeVar("T")

# A writer waits this long for another's transaction; ours last milliseconds.
_BUSY_S = 30.0
_CONNECT_S = 3
# While the database is away, one call in this many seconds finds out whether it is back.
_RETRY_S = 1.0
_ATTEMPTS = 6
_POOL = 5

_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# SQLSTATE classes: connection, resources (53100 is a full disk), operator intervention; and
# 25006, a write sent to a standby.
_POSTGRES_AWAY = ("08", "53", "57P", "58", "25006", "55P03")
_POSTGRES_AGAIN = ("40001", "40P01")


class Database:
    """Short transactions on one database.

    ``read()`` and ``write()`` are context managers that give a connection inside a transaction:
    committed at the end, rolled back on an exception. ``transact(work)`` is ``write()`` that runs
    ``work`` again after a deadlock; ``work`` must therefore change nothing but the database.

    Raises:
        StoreUnavailableError: from all three, where the database cannot be reached or written.
        InputError: from the constructor, where the URL names no supported database.
    """

    def __init__(self, url: str | URL) -> None:
        self.path: Path | None = None
        self.held = ""  # why nothing but migration may use it yet
        self.engine = self._create(url)
        self._away_until = 0.0
        self._away_reason = ""

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, else PostgreSQL."""
        return self.path is not None

    def __repr__(self) -> str:
        where = self.path or self.engine.url.render_as_string(hide_password=True)
        return f"Database({where})"

    def _create(self, given: str | URL) -> Engine:
        try:
            url = make_url(given)
        except exc.ArgumentError:
            # The text of the URL may hold a password.
            raise InputError(
                "FIRSTPASS_DATABASE_URL is not a database URL; allowed: "
                "postgresql://user:password@host/name and sqlite:////path/to/file.db"
            ) from None
        if url.get_backend_name() in ("postgresql", "postgres"):
            return _postgres_engine(url)
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            self.path = Path(str(url.database)).absolute()
            return _sqlite_engine(self.path)
        raise InputError(
            f"FIRSTPASS_DATABASE_URL names {url.get_backend_name()!r}"
            + (" in memory" if url.get_backend_name() == "sqlite" else "")
            + "; allowed: postgresql and sqlite with a file"
        )

    @contextmanager
    def read(self, *, snapshot: bool = False, migrating: bool = False) -> Iterator[Connection]:
        """A connection for reading; with ``snapshot`` all its queries see one state.

        SQLite always gives a snapshot; on PostgreSQL each query would see what is new.
        """
        with self._guard(migrating), self.engine.connect() as connection:
            if snapshot and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self, *, migrating: bool = False) -> Iterator[Connection]:
        """A connection whose changes are kept together or not at all."""
        with self._guard(migrating), self.engine.connect() as connection:
            writer = connection.execution_options(firstpass_write=True)
            with writer.begin():
                yield writer

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Result of ``work``, run in a transaction of its own."""
        for attempt in range(_ATTEMPTS):
            try:
                with self.write() as connection:
                    return work(connection)
            except exc.DBAPIError as error:
                if sqlstate(error) not in _POSTGRES_AGAIN or attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    @contextmanager
    def _guard(self, migrating: bool) -> Iterator[None]:
        """Says "away" in one kind of error, and at once while it is known to be so."""
        if self.held and not migrating:
            raise StoreUnavailableError(self.held)
        if time.monotonic() < self._away_until:
            raise StoreUnavailableError(self._away_reason)
        try:
            yield
        except (exc.DBAPIError, exc.TimeoutError) as error:
            reason = away_reason(error)
            if reason is None:
                raise
            if _is_gone(error):
                self._away_until = time.monotonic() + _RETRY_S
                self._away_reason = reason
            raise StoreUnavailableError(reason) from error
        else:
            self._away_until = 0.0

    def close(self) -> None:
        """Closes the pooled connections."""
        self.engine.dispose()


def insert_new(
    connection: Connection, kind: type[DeclarativeBase], rows: Sequence[dict[str, Any]]
) -> int:
    """Inserts the rows that break no unique key, passes over the others; how many were new."""
    if not rows:
        return 0
    table = cast(Table, kind.__table__)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing()
    return connection.execute(
        statement, rows, execution_options={"preserve_rowcount": True}
    ).rowcount


def insert_many(
    connection: Connection,
    kind: type[DeclarativeBase],
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Inserts many rows that break no key, values in the order of ``names``, as fast as can be.

    COPY on PostgreSQL, one prepared statement on SQLite; column types convert as elsewhere.
    """
    if not rows:
        return
    table = cast(Table, kind.__table__)
    dialect = connection.dialect
    types = [table.c[name].type.dialect_impl(dialect) for name in names]
    # Both drivers take bytes as they are. Days, moments and amounts repeat: converted once each.
    converters = [None if isinstance(x, LargeBinary) else x.bind_processor(dialect) for x in types]
    # A column at a time: most need no conversion, and are not looked at.
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for i, convert in enumerate(converters):
        if convert is not None:
            known = {value: convert(value) for value in set(by_column[i])}
            by_column[i] = [known[value] for value in by_column[i]]
    values = list(zip(*by_column, strict=True))
    columns = ", ".join(f'"{name}"' for name in names)
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'
        connection.exec_driver_sql(statement, values)
        return
    driver = cast(psycopg.Connection[Any], connection.connection.driver_connection)
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy,
    ):
        for cells_ in values:
            copy.write_row(cells_)


def upsert(
    connection: Connection, kind: type[DeclarativeBase], rows: Sequence[dict[str, Any]]
) -> None:
    """Inserts rows, or replaces those that have the same primary key."""
    if not rows:
        return
    table = cast(Table, kind.__table__)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    renewed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=renewed), rows)


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character code of an error, or ``""``."""
    original = getattr(error, "orig", None)
    return (original.sqlstate or "") if isinstance(original, psycopg.Error) else ""


def away_reason(error: exc.DBAPIError | exc.TimeoutError) -> str | None:
    """Why the store cannot be used now, or ``None`` where the error is of another kind.

    The text names no statement, parameter or address: those can hold patient data or secrets.
    """
    if isinstance(error, exc.TimeoutError):
        return "the store is busy: no connection became free in time"
    original = error.orig
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return "the store's disk is full (SQLite: database or disk is full); free some space"
        if code in _SQLITE_AWAY:
            return f"the store cannot be used now (SQLite: {original})"
        return None
    if isinstance(original, psycopg.Error):
        state = original.sqlstate or ""
        if state == "53100":
            return "the store's disk is full (PostgreSQL 53100); free some space"
        if state.startswith(_POSTGRES_AWAY):
            return f"the store cannot be used now (PostgreSQL {state})"
        if isinstance(original, psycopg.OperationalError | psycopg.InterfaceError) and not state:
            return "the store cannot be reached (PostgreSQL does not answer)"
    if error.connection_invalidated:
        return "the store's connection broke"
    return None


def _is_gone(error: exc.DBAPIError | exc.TimeoutError) -> bool:
    """Whether nothing can be asked of the database; a full disk, for one, can still be read."""
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)
    state = sqlstate(error)
    return isinstance(original, psycopg.Error) and (not state or state.startswith(("08", "57P")))


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=_BUSY_S,
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_S,
            "application_name": "firstpass",
            "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=10min",
            # A server that vanished without a word is noticed in seconds, not in two hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
        },
    )


def _sqlite_engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a file that went away must not come back empty. Migration alone creates it.
        return sqlite3.connect(
            f"{path.as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, check_same_thread=False
        )

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=_BUSY_S,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, record: Any) -> None:
        # We say BEGIN ourselves: sqlite3's own rules would put reads outside of transactions.
        connection.isolation_level = None
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: Any, proxy: Any) -> None:
        # A deleted or replaced file would go on taking writes that nobody ever sees again.
        if record.info.get("file") != _identity(path):
            raise exc.DisconnectionError("the database file is not the one that was opened")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("firstpass_write", False)
        # A write that began as a read fails when another writer came between: say so at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - once a transaction: pathlib costs twice as much
    except OSError:
        return None
    return found.st_dev, found.st_ino
