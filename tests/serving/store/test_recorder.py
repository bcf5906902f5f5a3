import time

import msgspec
import pytest
from sqlalchemy import func, select

from serving.audit import AuditEntry
from serving.store.errors import SpoolFullError, StoreUnavailableError
from serving.store.recorder import SPOOLED, STORED
from serving.store.records import IntakeRecord
from serving.store.spool import SpoolRecord
from serving.store.store import open_store
from serving.store.tables import AuditRow, ScoreRow, SubmissionRow
from tests.serving.store.disks import small_disk
from tests.serving.store.records import score
from tests.serving.store.samples import claim


def entry(number=0):
    return AuditEntry(actor="key:a", action="score", detail={"n": number})


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path)
    found.recorder.start()
    yield found
    found.close()


def count(store, kind):
    with store.database.read() as connection:
        return connection.execute(select(func.count()).select_from(kind)).scalar()


def until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_records_are_stored_together_and_soon(store):
    futures = [store.recorder.record(score(claim(i)), entry(i)) for i in range(300)]
    assert {f.result(10) for f in futures} == {STORED}
    assert (count(store, ScoreRow), count(store, AuditRow)) == (300, 300)
    assert store.audit.verify().broken is None


def test_while_the_store_is_away_records_are_spooled_then_replayed(store, tmp_path):
    assert store.recorder.record(entry(0)).result(10) == STORED
    path = tmp_path / "firstpass.db"
    path.rename(tmp_path / "away.db")
    futures = [store.recorder.record(score(claim(i)), entry(i)) for i in range(1, 50)]
    assert {f.result(10) for f in futures} == {SPOOLED}
    assert store.recorder.away
    with pytest.raises(StoreUnavailableError):
        store.audit.append(entry())
    (tmp_path / "away.db").rename(path)
    until(lambda: not store.recorder.away)
    assert store.recorder.record(entry(50)).result(10) == STORED
    assert (count(store, ScoreRow), count(store, AuditRow)) == (49, 51)
    numbers = [x.entry.detail["n"] for x in reversed(store.audit.entries())]
    assert numbers == list(range(51))
    assert not store.spool.waiting()


def test_a_postgres_server_that_goes_and_comes_back(postgres, tmp_path):
    store = open_store(tmp_path, postgres.new_database())
    reasons: list[str] = []
    store.recorder._on_away = reasons.append
    store.recorder.start()
    found = [store.recorder.record(entry(0)).result(10)]
    postgres.stop()
    try:
        found.append(store.recorder.record(score(claim(1)), entry(1)).result(20))
    finally:
        postgres.start()
    until(lambda: not store.recorder.away)
    assert found == [STORED, SPOOLED]
    assert (count(store, ScoreRow), count(store, AuditRow)) == (1, 2)
    assert "PostgreSQL" in reasons[0]
    store.close()


def test_a_service_that_starts_while_the_store_is_away(postgres, tmp_path):
    url = postgres.new_database()
    postgres.stop()
    try:
        with pytest.raises(StoreUnavailableError):
            open_store(tmp_path, url)
        store = open_store(tmp_path, url, required=False)
        store.recorder.start()
        with pytest.raises(StoreUnavailableError):
            store.ready()
        assert store.recorder.record(entry()).result(20) == SPOOLED
    finally:
        postgres.start()
    until(lambda: not store.recorder.away)
    store.ready()
    assert count(store, AuditRow) == 1
    store.close()


def test_what_an_earlier_process_spooled_is_stored_at_start(tmp_path):
    spooled = open_store(tmp_path / "here").spool
    intake = IntakeRecord(name="n", sha256=b"1" * 32, size=1, origin="api", claims=(claim(1),))
    records = [score(claim(1)), entry(1), intake]
    spooled.append(records)
    spooled.close()
    store = open_store(tmp_path / "here")
    store.recorder.start()
    until(lambda: not store.spool.waiting())
    kinds = (ScoreRow, AuditRow, SubmissionRow)
    until(lambda: [count(store, x) for x in kinds] == [1, 1, 1])
    store.spool.append(records)
    assert store.recorder.replay() == 3
    assert [count(store, x) for x in kinds] == [1, 1, 1]
    store.close()


def test_neither_store_nor_spool_is_said_to_each_caller(store, tmp_path):
    (tmp_path / "firstpass.db").rename(tmp_path / "away.db")
    (tmp_path / "spool").write_text("in the way")
    futures = [store.recorder.record(entry(i)) for i in range(3)]
    for future in futures:
        with pytest.raises(SpoolFullError, match="cannot be written"):
            future.result(10)


def test_closing_waits_for_what_was_handed_over(tmp_path):
    store = open_store(tmp_path)
    store.recorder.start()
    futures = [store.recorder.record(entry(i)) for i in range(500)]
    store.recorder.close()
    assert all(f.result(0) == STORED for f in futures)
    with pytest.raises(RuntimeError, match="not running"):
        store.recorder.record(entry())
    store.close()


def test_a_record_that_cannot_be_stored_fails_alone(store):
    broken = msgspec.structs.replace(score(claim(1)), uid="not bytes")
    futures = [store.recorder.record(entry(1)), store.recorder.record(broken)]
    futures.append(store.recorder.record(entry(2)))
    assert futures[0].result(10) == STORED
    assert futures[2].result(10) == STORED
    assert futures[1].exception(10) is not None
    assert count(store, AuditRow) == 2


def test_a_full_disk_is_said_and_what_was_promised_is_kept(tmp_path):
    with small_disk(tmp_path, "3m") as disk:
        store = open_store(disk)
        store.recorder.start()
        promised = 0
        with pytest.raises(SpoolFullError, match="No space left on device.*free some space"):
            while True:
                store.recorder.record(*(score(claim(promised + i)) for i in range(20))).result(20)
                promised += 20
        with pytest.raises(StoreUnavailableError, match="disk is full"):
            store.scores.add([score(claim(i)) for i in range(10_000, 10_500)])
        store.recorder.close()
        kept: list[SpoolRecord] = []
        store.spool.replay(kept.extend)
        assert promised == count(store, ScoreRow) + len(kept)
        store.close()
