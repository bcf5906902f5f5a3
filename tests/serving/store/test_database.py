import threading
import time

import pytest
from sqlalchemy import exc, insert, select, update

from models.errors import InputError
from serving.store.database import Database, insert_new, upsert
from serving.store.errors import StoreUnavailableError
from serving.store.migrate import migrate
from serving.store.tables import AuditHeadRow, InstallationRow


def names(database):
    with database.read() as connection:
        return sorted(connection.execute(select(InstallationRow.name)).scalars())


def test_a_failed_transaction_leaves_nothing(database):
    with pytest.raises(RuntimeError), database.write() as connection:
        insert_new(connection, InstallationRow, [{"name": "half", "value": b""}])
        raise RuntimeError
    assert names(database) == ["fingerprint_key"]


def test_insert_new_counts_only_what_was_not_there(database):
    rows = [{"name": str(i), "value": b""} for i in range(5)]
    assert database.transact(lambda c: insert_new(c, InstallationRow, rows[:3])) == 3
    assert database.transact(lambda c: insert_new(c, InstallationRow, rows)) == 2
    assert database.transact(lambda c: insert_new(c, InstallationRow, [])) == 0


def test_upsert_replaces(database):
    database.transact(lambda c: upsert(c, InstallationRow, [{"name": "a", "value": b"1"}]))
    database.transact(lambda c: upsert(c, InstallationRow, [{"name": "a", "value": b"2"}]))
    with database.read() as connection:
        query = select(InstallationRow.value).where(InstallationRow.name == "a")
        assert connection.execute(query).scalar() == b"2"


def test_writers_wait_for_each_other(database):
    def add(_: int) -> None:
        for _ in range(20):
            database.transact(
                lambda c: c.execute(update(AuditHeadRow).values(sequence=AuditHeadRow.sequence + 1))
            )

    threads = [threading.Thread(target=add, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.execute(select(AuditHeadRow.sequence)).scalar() == 80


def test_a_deadlock_is_tried_again(postgres):
    database = Database(postgres.new_database())
    migrate(database)
    rows = [{"name": x, "value": b""} for x in ("a", "b")]
    database.transact(lambda c: insert_new(c, InstallationRow, rows))
    meet = threading.Barrier(2)
    runs = []

    def swap(first: str, second: str) -> None:
        def work(connection):
            runs.append(first)
            for name in (first, second):
                condition = InstallationRow.name == name
                connection.execute(update(InstallationRow).where(condition).values(value=b"x"))
                if name == first and len(runs) <= 2:
                    meet.wait(10)

        database.transact(work)

    threads = [threading.Thread(target=swap, args=x) for x in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(runs) == 3
    database.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "is not a database URL"),
        ("mysql://user:secret@host/name", "names 'mysql'; allowed: postgresql and sqlite"),
        ("sqlite://", "in memory"),
    ],
)
def test_urls_that_name_no_supported_database(url, words):
    with pytest.raises(InputError, match=words) as error:
        Database(url)
    assert "secret" not in str(error.value)


def test_the_password_is_not_shown():
    assert "secret" not in repr(Database("postgresql://user:secret@127.0.0.1/name"))


def test_a_server_that_is_not_there_is_away_and_said_quickly():
    database = Database("postgresql://user:secret@127.0.0.1:1/name")
    with pytest.raises(StoreUnavailableError, match="does not answer") as error:
        migrate(database)
    assert "secret" not in str(error.value)
    begun = time.monotonic()
    with pytest.raises(StoreUnavailableError), database.read():
        pass
    assert time.monotonic() - begun < 1  # no second round of attempts


def test_a_server_that_comes_back_is_used_again(postgres):
    database = Database(postgres.new_database())
    migrate(database)
    postgres.stop()
    try:
        with pytest.raises(StoreUnavailableError):
            names(database)
    finally:
        postgres.start()
    time.sleep(1.1)
    assert names(database) == ["fingerprint_key"]
    database.close()


def test_a_file_that_was_moved_away_is_away_and_not_made_anew(tmp_path):
    path = tmp_path / "firstpass.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    path.rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailableError), database.write() as connection:
        insert_new(connection, InstallationRow, [{"name": "lost", "value": b""}])
    assert not path.exists()
    (tmp_path / "elsewhere.db").rename(path)
    time.sleep(1.1)
    assert names(database) == ["fingerprint_key"]


def test_other_database_errors_stay_what_they_are(database):
    with pytest.raises(exc.DBAPIError), database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such_table")


def test_errors_show_no_parameters(database):
    row = {"name": "fingerprint_key", "value": b"PATIENT"}
    with pytest.raises(exc.IntegrityError) as error, database.write() as connection:
        connection.execute(insert(InstallationRow), row)
    assert "PATIENT" not in str(error.value)
