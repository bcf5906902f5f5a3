"""Turns at the processor: long work of many keys is done in slices, one key after the other.

Python runs one thread at a time, so a worker has one turn to give. Whoever has a large body
works in a thread, holds the turn while it computes, and passes it on between slices; the next
holder is of the next key, so one key's flood waits behind itself, not before the others.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is handed round over keys."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = False
        self._waiting: OrderedDict[str, deque[threading.Event]] = OrderedDict()

    def take(self, key: str) -> None:
        """Wait for the turn."""
        with self._lock:
            if not self._held:
                self._held = True
                return
            mine = threading.Event()
            self._waiting.setdefault(key, deque()).append(mine)
        mine.wait()

    def give(self) -> None:
        """Hand the turn to the key that has waited longest since its last one."""
        with self._lock:
            if not self._waiting:
                self._held = False
                return
            key, waiting = self._waiting.popitem(last=False)
            following = waiting.popleft()
            if waiting:
                self._waiting[key] = waiting  # behind all other keys
        following.set()

    def pass_on(self, key: str) -> None:
        """Between two slices: let others go first, if any wait."""
        if self._waiting:
            self.give()
            self.take(key)

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Hold the turn for a block."""
        self.take(key)
        try:
            yield
        finally:
            self.give()
