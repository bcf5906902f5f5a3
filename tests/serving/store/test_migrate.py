import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import serving.store.balances_tables
import serving.store.ledger_tables
import serving.store.migrate as migration
import serving.store.work_tables  # noqa: F401 - declares its tables
from serving.store.database import Database
from serving.store.errors import StoreError, StoreUnavailableError
from serving.store.migrate import SCHEMA, migrate
from serving.store.tables import Base


def test_a_new_database_gets_its_tables_once(database_url):
    database = Database(database_url)
    assert migrate(database)
    assert not migrate(database)


def test_the_revisions_give_the_tables_that_the_code_declares(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_the_schema_number_is_the_newest_revision():
    config = Config()
    folder = Path(migration.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def _start(url: str, results: "multiprocessing.Queue[bool]") -> None:
    results.put(migrate(Database(url)))


def test_many_processes_that_start_at_once_migrate_once(database_url):
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    workers = [spawn.Process(target=_start, args=(database_url, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert sorted(found) == [False, False, False, True]


def test_a_database_of_a_newer_version_is_refused(database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="schema 9999, newer than this version"):
        migrate(database)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    database = Database(f"sqlite:///{tmp_path}/file/firstpass.db")
    with pytest.raises(StoreUnavailableError, match="cannot be created"):
        migrate(database)


def test_the_sqlite_file_is_closed_to_others_and_in_wal_mode(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new/firstpass.db")
    migrate(database)
    assert (tmp_path / "new/firstpass.db").stat().st_mode & 0o077 == 0
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
