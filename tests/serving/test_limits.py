import threading
import time

import pytest

from serving.limits import Bucket, Limits
from serving.problems import ServiceError
from serving.scoring.turns import Turns


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(10.0, 0.0)
    assert [bucket.take(1, 0.0) for _ in range(50)] == [0.0] * 50
    assert bucket.take(1, 0.0) == pytest.approx(0.1)
    assert bucket.take(1, 0.1) == 0.0
    assert bucket.take(1, 0.1) > 0


def test_more_than_a_burst_is_paid_off_afterwards() -> None:
    bucket = Bucket(10.0, 0.0)
    assert bucket.take(200, 0.0) == 0.0
    assert bucket.take(1, 0.0) == pytest.approx(15.1)


def test_each_key_has_its_own_places() -> None:
    limits = Limits(requests=0, claims=0, concurrent=2, files=1)
    with limits.request("a"), limits.request("a"):
        with pytest.raises(ServiceError, match="2 requests") as refused, limits.request("a"):
            pass
        assert refused.value.status == 429
        with limits.request("b"):
            pass
    with limits.request("a"):
        pass


def test_turns_go_round_over_keys() -> None:
    turns = Turns()
    order: list[str] = []
    turns.take("holder")

    def wait(key: str) -> None:
        with turns.turn(key):
            order.append(key)

    threads = []
    for key in ["flood"] * 5 + ["small", "other"]:
        thread = threading.Thread(target=wait, args=(key,))
        thread.start()
        threads.append(thread)
        time.sleep(0.02)  # one after the other into the queue
    turns.give()
    for thread in threads:
        thread.join(5)
    assert order == ["flood", "small", "other", "flood", "flood", "flood", "flood"]


def test_passing_on_without_others_keeps_the_turn() -> None:
    turns = Turns()
    with turns.turn("a"):
        turns.pass_on("a")
    with turns.turn("b"):
        pass
