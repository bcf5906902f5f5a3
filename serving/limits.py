"""Limits per key: how often, how many claims, how much at once.

Each worker counts for itself and has its share of a rate, so that no request waits for another
process to be asked.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.problems import ServiceError

#: Seconds' worth of a rate that may come at once after a pause.
BURST_SECONDS = 5.0
#: Keys kept in mind; beyond, those that have been idle longest are forgotten.
MAX_KEYS = 10_000


class Bucket:
    """A token bucket: ``rate`` tokens a second, ``BURST_SECONDS`` of them at once; 0: no limit."""

    __slots__ = ("_level", "_rate", "_size", "_time")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._size = self._level = max(rate * BURST_SECONDS, 1.0)
        self._time = now

    def take(self, tokens: float, now: float) -> float:
        """Take tokens; answers the seconds to wait instead where there are too few.

        More than a whole bucket at once is let through when the bucket is full, and paid off
        afterwards: a body may be larger than a burst.
        """
        if not self._rate:
            return 0.0
        self._level = min(self._size, self._level + (now - self._time) * self._rate)
        self._time = now
        needed = min(tokens, self._size)
        if self._level < needed:
            return (needed - self._level) / self._rate
        self._level -= tokens
        return 0.0


class _Usage:
    __slots__ = ("claims", "files", "requests", "running")

    def __init__(self, requests: Bucket, claims: Bucket) -> None:
        self.requests = requests
        self.claims = claims
        self.running = 0
        self.files = 0


class Limits:
    """What each key has used. ``requests`` and ``claims`` are rates a second for this worker."""

    def __init__(
        self,
        *,
        requests: float,
        claims: float,
        concurrent: int,
        files: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests = requests
        self._claims = claims
        self._concurrent = concurrent
        self._files = files
        self._clock = clock
        self._usage: dict[str, _Usage] = {}

    @contextmanager
    def request(self, key: str, rate: float | None = None) -> Iterator[None]:
        """Hold a place for one request; ``rate`` is the key's own limit, if it has one.

        Raises:
            ServiceError: 429, with ``Retry-After``.
        """
        usage = self._of(key, rate)
        if usage.running >= self._concurrent:
            raise _too_many(f"{self._concurrent} requests of this key are running", 1.0)
        _require(usage.requests.take(1.0, self._clock()), "too many requests")
        usage.running += 1
        try:
            yield
        finally:
            usage.running -= 1

    @contextmanager
    def file(self, key: str) -> Iterator[None]:
        """Hold one of the key's few places for large bodies.

        Raises:
            ServiceError: 429.
        """
        usage = self._of(key, None)
        if usage.files >= self._files:
            raise _too_many(f"{self._files} large bodies of this key are running", 2.0)
        usage.files += 1
        try:
            yield
        finally:
            usage.files -= 1

    def count_claims(self, key: str, claims: int) -> None:
        """Charge claims to the key.

        Raises:
            ServiceError: 429.
        """
        _require(self.claims_wait(key, claims), "too many claims")

    def claims_wait(self, key: str, claims: int) -> float:
        """Charge claims to the key, or answer the seconds to wait before asking again."""
        if not self._claims:
            return 0.0
        return self._of(key, None).claims.take(claims, self._clock())

    def _of(self, key: str, rate: float | None) -> _Usage:
        usage = self._usage.get(key)
        if usage is None:
            now = self._clock()
            if len(self._usage) >= MAX_KEYS:
                idle = next((k for k, u in self._usage.items() if not u.running + u.files), None)
                if idle is not None:
                    del self._usage[idle]
            requests = Bucket(self._requests if rate is None else rate, now)
            usage = self._usage[key] = _Usage(requests, Bucket(self._claims, now))
        return usage


def _require(wait: float, what: str) -> None:
    if wait:
        raise _too_many(f"{what} for this key", wait)


def _too_many(detail: str, wait: float) -> ServiceError:
    seconds = max(1, round(wait + 0.5))
    return ServiceError(
        429,
        "too-many-requests",
        f"{detail}: try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )
