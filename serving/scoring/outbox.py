"""What a stream has to say, kept until the caller takes it.

Many HTTP clients read no answer before they have sent their whole body. Their answers wait here:
a few MB in memory, the rest in an unnamed temporary file, so that memory stays flat and neither
side waits for the other.
"""

import asyncio
import tempfile
import threading
from pathlib import Path
from typing import IO

IN_MEMORY = 4 << 20
PIECE = 1 << 18


class AbandonedError(Exception):
    """Nobody reads what is written."""


class Outbox:
    """Bytes from one thread to one coroutine, in order."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._folder = folder
        self._loop = loop
        self._lock = threading.Lock()
        self._ready = asyncio.Event()
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._read = self._written = 0
        self._last = b""
        self._closed = False
        self._abandoned = False

    def write(self, data: bytes) -> None:
        """Add to the end.

        Raises:
            OSError: The temporary folder takes no more.
            AbandonedError: Nobody will read it; stop working.
        """
        with self._lock:
            if self._abandoned:
                raise AbandonedError
            if self._written == self._read and len(self._memory) + len(data) <= IN_MEMORY:
                self._memory += data
            else:
                if self._file is None:
                    self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                    self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
                self._file.seek(self._written)
                self._file.write(data)
                self._file.flush()
                self._written += len(data)
        self._wake()

    def close(self, last: bytes = b"") -> None:
        """Nothing more will come but ``last``, for which there is always room."""
        with self._lock:
            self._last = last
            self._closed = True
        self._wake()

    def abandon(self) -> None:
        """Nobody reads any more."""
        with self._lock:
            self._abandoned = True
            self._memory.clear()
            if self._file is not None:
                self._file.close()
                self._file = None
            self._read = self._written = 0

    async def next(self) -> bytes:
        """The next bytes; empty at the end."""
        while True:
            self._ready.clear()
            with self._lock:
                data = self._take()
                if not data and self._closed:
                    data, self._last = self._last, b""
                    return data
                if data:
                    return data
            await self._ready.wait()

    def _take(self) -> bytes:
        if self._memory:
            data = bytes(self._memory)
            self._memory.clear()
            return data
        if self._file is not None and self._read < self._written:
            self._file.seek(self._read)
            data = self._file.read(min(PIECE, self._written - self._read))
            self._read += len(data)
            if self._read == self._written:
                self._file.truncate(0)
                self._read = self._written = 0
            return data
        return b""

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop is closed: the process is ending
            self._abandoned = True
