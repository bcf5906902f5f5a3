import threading
import time

import pytest

from serving.store.batches import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Batches
from serving.store.errors import ConflictError, NotFoundError


@pytest.fixture
def batches(database):
    return Batches(database)


def create(batches, number="1", owner="key:a", key=None, fingerprint=b"f"):
    return batches.create(
        f"b{number}", owner, key or f"k{number}", fingerprint, kind="score.x12", input=f"in{number}"
    )


def test_the_same_key_gives_the_same_batch(batches):
    first, new = create(batches)
    again, repeated = batches.create("b2", "key:a", "k1", b"f", kind="score.x12", input="in2")
    assert (new, repeated) == (True, False)
    assert again == first
    assert batches.find("key:a", "k1") == first
    assert batches.find("key:b", "k1") is None
    assert create(batches, "3", owner="key:b", key="k1")[1]


def test_the_same_key_for_something_else_is_refused(batches):
    create(batches)
    with pytest.raises(ConflictError, match="already used for a different batch"):
        batches.create("b2", "key:a", "k1", b"other", kind="score.x12", input="in2")


def test_many_who_send_one_key_at_once_get_one_batch(batches):
    found = []
    threads = [
        threading.Thread(
            target=lambda i=i: found.append(
                batches.create(f"b{i}", "key:a", "k", b"f", kind="score.x12", input="in")
            )
        )
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({batch.id for batch, _ in found}) == 1
    assert [new for _, new in found].count(True) == 1


def test_a_batch_from_queue_to_end(batches):
    create(batches)
    taken = batches.take("w1", 60)
    assert (taken.id, taken.status, taken.worker, taken.attempts) == ("b1", RUNNING, "w1", 1)
    assert batches.take("w2", 60) is None
    assert batches.progress("b1", "w1", 60, claims_done=10, checkpoint={"bytes": 5})
    assert batches.get("b1").checkpoint == {"bytes": 5}
    assert batches.finish("b1", "w1", result="out", claims_done=20, problems=1)
    ended = batches.get("b1")
    assert (ended.status, ended.result, ended.claims_done, ended.problems) == (DONE, "out", 20, 1)
    assert ended.finished >= ended.started >= ended.created
    assert batches.take("w2", 60) is None


def test_workers_at_once_never_share_a_batch(batches):
    for i in range(12):
        create(batches, str(i))
    taken = []

    def work(name):
        while (batch := batches.take(name, 60)) is not None:
            taken.append(batch.id)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"b{i}" for i in range(12))


def test_a_lost_workers_batch_goes_on_where_it_was(batches):
    create(batches)
    batches.take("w1", 0.05)
    batches.progress("b1", "w1", 0.05, claims_done=7, checkpoint={"claims": 7})
    time.sleep(0.1)
    taken = batches.take("w2", 60)
    assert (taken.worker, taken.attempts, taken.checkpoint) == ("w2", 2, {"claims": 7})
    assert not batches.progress("b1", "w1", 60, claims_done=9)
    assert not batches.finish("b1", "w1", result="out", claims_done=9)
    assert not batches.fail("b1", "w1", "x")
    assert batches.get("b1").claims_done == 7


def test_a_batch_that_kills_its_workers_is_given_up(batches):
    create(batches)
    for i in range(2):
        assert batches.take(f"w{i}", 0.01, attempts=2) is not None
        time.sleep(0.03)
    assert batches.take("w3", 60, attempts=2) is None
    ended = batches.get("b1")
    assert (ended.status, ended.error) == (FAILED, "given up: its worker was lost 2 times")


def test_a_worker_that_shuts_down_gives_its_batch_back(batches):
    create(batches)
    batches.take("w1", 60)
    assert batches.release("b1", "w1")
    assert (batches.get("b1").status, batches.get("b1").attempts) == (QUEUED, 0)
    assert batches.take("w2", 60).id == "b1"


def test_a_cancelled_batch_stops_its_worker(batches):
    create(batches)
    batches.take("w1", 60)
    assert batches.cancel("b1").status == CANCELLED
    assert not batches.progress("b1", "w1", 60, claims_done=1)
    assert batches.cancel("b1").status == CANCELLED


def test_a_batch_is_its_owners(batches):
    create(batches)
    for call in (lambda: batches.get("b1", "key:b"), lambda: batches.cancel("b1", "key:b")):
        with pytest.raises(NotFoundError, match="no batch has this id"):
            call()
    with pytest.raises(NotFoundError):
        batches.get("b9")
    assert batches.recent("key:b") == []
    assert [b.id for b in batches.recent("key:a")] == ["b1"]
