import datetime as dt
import threading

import pytest
from sqlalchemy import exc, text

from models.errors import InputError
from serving.audit import AuditEntry
from serving.store.audit_log import AuditLog
from serving.store.database import Database
from serving.store.migrate import migrate


def entry(number=0, **fields):
    given = {"actor": "key:a", "action": "claims.scored", "detail": {"claims": number}, **fields}
    return AuditEntry(**given)


@pytest.fixture
def log(database):
    found = AuditLog(database)
    found.append(*(entry(i, record=f"claim:{i}") for i in range(10)))
    return found


def tamper(database, statement):
    """What somebody with the rights of the database's owner could do."""
    with database.write() as connection:
        if database.is_sqlite:
            for trigger in ("audit_no_update", "audit_no_delete"):
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text(statement))


def test_entries_come_back_as_they_were_newest_first(log):
    found = log.entries()
    assert [x.sequence for x in found] == list(range(10, 0, -1))
    assert found[0].entry.detail == {"claims": 9}
    assert found[0].entry.time.tzinfo is dt.UTC


def test_a_chain_that_nobody_touched_holds(log):
    verdict = log.verify()
    assert (verdict.entries, verdict.broken, verdict.reason) == (10, None, "")
    assert verdict.head == log.entries(limit=1)[0].hash.hex()


def test_an_empty_chain_holds(database):
    verdict = AuditLog(database).verify()
    assert (verdict.entries, verdict.broken) == (0, None)
    assert AuditLog(database).verify(expected=verdict.head).broken is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'key:b' WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 3",
        "DELETE FROM audit_head",
    ],
)
def test_the_database_refuses_to_change_or_delete(log, database, statement):
    with pytest.raises(exc.DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text(statement))
    assert log.verify().broken is None


def test_postgresql_refuses_to_empty_the_table(postgres):
    database = Database(postgres.new_database())
    migrate(database)
    with pytest.raises(exc.DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text("TRUNCATE audit"))


@pytest.mark.parametrize(
    ("statement", "broken", "reason"),
    [
        ("UPDATE audit SET actor = 'key:b' WHERE sequence = 4", 4, "entry 4 was changed"),
        ("UPDATE audit SET detail = '{}' WHERE sequence = 5", 5, "entry 5 was changed"),
        ("UPDATE audit SET practice = '1:2' WHERE sequence = 5", 5, "entry 5 was changed"),
        ("DELETE FROM audit WHERE sequence = 4", 4, "entry 4 is missing"),
        ("DELETE FROM audit WHERE sequence = 1", 1, "entry 1 is missing"),
        ("DELETE FROM audit WHERE sequence > 7", 8, "entries at the end are missing"),
        ("DELETE FROM audit", 1, "entries at the end are missing"),
        ("UPDATE audit SET sequence = 99 WHERE sequence = 10", 10, "entry 10 is missing"),
        (
            "UPDATE audit SET previous = hash WHERE sequence = 6",
            6,
            "entry 6 is not chained to the one before it",
        ),
        ("UPDATE audit_head SET sequence = 9", 10, "the chain's end was rewritten"),
    ],
)
def test_the_first_broken_entry_is_named(log, database, statement, broken, reason):
    tamper(database, statement)
    verdict = log.verify()
    assert (verdict.broken, verdict.reason) == (broken, reason)


def test_a_rewritten_chain_is_known_by_a_head_that_was_noted(log, database):
    noted = log.verify().head
    log.append(entry(10))
    assert log.verify(expected=noted.upper()).broken is None
    tamper(database, "DELETE FROM audit WHERE sequence >= 10")
    with database.write() as connection:
        statement = (
            "UPDATE audit_head SET sequence = 9, hash = (SELECT hash FROM audit WHERE sequence = 9)"
        )
        connection.execute(text(statement))
    assert log.verify().broken is None
    verdict = log.verify(expected=noted)
    assert verdict.reason == "the expected head is not in the chain: it was rewritten or cut off"
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        log.verify(expected="abc")


def test_many_writers_make_one_chain(database_url, database):
    def write(name):
        own = Database(database_url)
        for i in range(15):
            AuditLog(own).append(entry(i, actor=f"key:{name}"), entry(i, actor=f"key:{name}"))
        own.close()

    threads = [threading.Thread(target=write, args=(x,)) for x in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = AuditLog(database)
    assert log.verify().entries == 120
    assert log.verify().broken is None
    assert len(log.entries(actor="key:2", limit=1000)) == 30


def test_an_entry_is_added_once(log):
    one = entry(1)
    log.append(one, one)
    log.append(one)
    assert log.verify().entries == 11


def test_a_forged_entry_in_the_way_is_an_outcry(log, database):
    tamper(
        database,
        "INSERT INTO audit SELECT 11, hash, time, actor, action, record, practice, outcome, "
        "request_id, detail, previous, hash FROM audit WHERE sequence = 10",
    )
    with pytest.raises(exc.IntegrityError):
        log.append(entry())
    assert log.verify().reason == "entry 11 is not chained to the one before it"


def test_entries_are_found_by_what_is_asked(log):
    log.append(
        entry(action="key.create", actor="user:ann", practice="1:2", request_id="r9"),
        entry(action="key.revoke", actor="user:ann", outcome="refused"),
    )
    assert len(log.entries(action="key.")) == 2
    assert len(log.entries(action="key.create")) == 1
    assert len(log.entries(actor="user:ann", action="claims.scored")) == 0
    assert [x.sequence for x in log.entries(record="claim:4")] == [5]
    assert len(log.entries(practice="1:2")) == len(log.entries(request_id="r9")) == 1
    moment = log.entries(limit=1)[0].entry.time
    assert len(log.entries(since=moment)) == 1
    assert len(log.entries(until=moment)) == 11
    assert [x.sequence for x in log.entries(before=4)] == [3, 2, 1]


def test_odd_texts_are_sealed_as_they_are_kept(database):
    log = AuditLog(database)
    odd = entry(actor="key:\0\ud800", record="é", detail={"a b": "ü", "x": 0.1, "n": None})
    log.append(odd)
    assert log.verify().broken is None
