"""HTTP/1.1 as uvicorn speaks it, with bounds on what comes before a body.

uvicorn waits for ever for the end of a request's head, and lets it grow without end. Here a head
must be complete within a time and a size; the bounds on bodies are in `serving.api.body`.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 << 10
HEAD_SECONDS = 15.0

_ANSWER = (
    b"HTTP/1.1 %b\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b"
)


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    _head = 0
    _in_head = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head."""
        if self._in_head:
            if self._timer is None:  # a later request on a kept connection
                self._wait()
            self._head += len(data)
            if self._head > HEAD_BYTES and len(data) < HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large", b"head-too-large")
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head = False
        self._stop()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there; the next bytes begin another head."""
        super().on_message_complete()
        self._in_head = True
        self._head = 0

    def _wait(self) -> None:
        self._timer = self.loop.call_later(
            HEAD_SECONDS, self._refuse, b"408 Request Timeout", b"too-slow"
        )

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes, kind: bytes) -> None:
        self._stop()
        if self.transport.is_closing():
            return
        body = b'{"type":"urn:firstpass:problem:%b","title":"%b","status":%b}' % (
            kind,
            status[4:],
            status[:3],
        )
        self.transport.write(_ANSWER % (status, len(body), body))
        self.transport.close()
