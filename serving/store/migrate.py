"""Brings a database to the schema of this version: at every start, under a lock."""

import os
import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, inspect, text

from serving.store.database import Database
from serving.store.errors import StoreError, StoreUnavailableError

SCHEMA = "0013"
"""Newest revision in ``migrations/versions``."""

_LOCK_S = 300.0
# Any number that nothing else in the same PostgreSQL database uses for an advisory lock.
_ADVISORY_LOCK = 4_150_837_277


def migrate(database: Database) -> bool:
    """Creates or upgrades the tables; whether there was anything to do.

    Safe when many processes start at once: one works, the others wait for it.

    Raises:
        StoreError: the database is of a newer version than this program.
        StoreUnavailableError: it cannot be reached, or another process holds the lock too long.
    """
    if database.path is not None:
        changed = _migrate_sqlite(database, database.path)
    elif _is_current(database):
        changed = False
    else:
        with database.write(migrating=True) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            changed = _upgrade(connection)
    database.held = ""
    return changed


def _migrate_sqlite(database: Database, path: Path) -> bool:
    if path.exists() and _is_current(database):
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=_LOCK_S):
            _create_file(path)
            with database.write(migrating=True) as connection:
                return _upgrade(connection)
    except Timeout as error:
        raise StoreUnavailableError(
            f"another process has been migrating {path} for {_LOCK_S:.0f} s"
        ) from error
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: the store cannot be created ({error.strerror})"
        ) from error
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"{path}: the store cannot be created ({error})") from error


def _create_file(path: Path) -> None:
    """An empty database in WAL mode, readable by its owner only."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=30.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def revision(connection: Connection) -> str:
    """The schema that the database has, ``""`` where it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _is_current(database: Database) -> bool:
    with database.read(migrating=True) as connection:
        return revision(connection) == SCHEMA


def _upgrade(connection: Connection) -> bool:
    found = revision(connection)
    if found == SCHEMA:
        return False
    # Imported where it is needed: a start on a current schema must not pay for it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    known = {x.revision for x in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in known:
        raise StoreError(
            f"the database has schema {found}, newer than this version's {SCHEMA}: "
            "install the version that wrote it"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True
