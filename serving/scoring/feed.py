"""A request body as a file that a reading thread can pull from while it arrives."""

import asyncio
import io
import threading
from collections import deque
from collections.abc import Callable

#: Bytes that may wait before the sender is held up.
AHEAD = 1 << 20


class BodyBrokenError(Exception):
    """The body ended before its end; the text says why."""


class BodyFeed(io.RawIOBase):
    """`put` on the event loop, `read` in a thread.

    ``waiting`` and ``resumed`` are called around every wait of the reader, which gives its turn
    away meanwhile.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        waiting: Callable[[], None],
        resumed: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._waiting = waiting
        self._resumed = resumed
        self._condition = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._broken = ""
        self._space = asyncio.Event()

    async def put(self, chunk: bytes) -> None:
        """Add a chunk; waits while the reader is far behind."""
        with self._condition:
            self._chunks.append(chunk)
            self._size += len(chunk)
            self._space.clear()
            self._condition.notify()
            full = self._size > AHEAD
        if full:
            await self._space.wait()

    def end(self, broken: str = "") -> None:
        """No more will come; ``broken`` says why too early."""
        with self._condition:
            self._ended = True
            self._broken = broken
            self._condition.notify()

    def abandon(self) -> None:
        """The reader stops: let a sender that waits go on."""
        self._loop.call_soon_threadsafe(self._space.set)

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, empty at the end.

        Raises:
            BodyBrokenError: The body broke off.
        """
        with self._condition:
            ready = bool(self._chunks) or self._ended
        if not ready:
            self._waiting()
            try:
                with self._condition:
                    self._condition.wait_for(lambda: self._chunks or self._ended)
            finally:
                self._resumed()
        with self._condition:
            if not self._chunks:
                if self._broken:
                    raise BodyBrokenError(self._broken)
                return b""
            data = self._chunks.popleft()
            if 0 <= size < len(data):
                self._chunks.appendleft(data[size:])
                data = data[:size]
            self._size -= len(data)
            if self._size <= AHEAD:
                self._loop.call_soon_threadsafe(self._space.set)
        return data
