"""Reading request bodies within limits of size and time."""

import asyncio
import re
import time

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from serving.problems import ServiceError
from serving.scoring.feed import BodyFeed
from serving.settings import Settings

_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


def require_json(request: Request) -> None:
    """Refuse other media types and codings.

    Raises:
        ServiceError: 415.
    """
    _require_plain(request)
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise ServiceError(415, "media-type", "send the body as Content-Type: application/json")


def require_file(request: Request) -> None:
    """Refuse media types that cannot be a file sent as the body.

    Raises:
        ServiceError: 415.
    """
    _require_plain(request)
    kind = request.headers.get("content-type", "")
    if kind.startswith(("multipart/", "application/x-www-form-urlencoded")):
        raise ServiceError(
            415,
            "media-type",
            "send the file itself as the body, for instance with curl --data-binary @FILE"
            " -H 'Content-Type: application/edi-x12'",
        )


def _require_plain(request: Request) -> None:
    coding = request.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise ServiceError(415, "content-coding", "send the body without Content-Encoding")


def announced(request: Request, limit: int) -> int | None:
    """``Content-Length``, if given.

    Raises:
        ServiceError: 413 where it is above ``limit``.
    """
    text = request.headers.get("content-length")
    if text is None or not text.isdecimal():
        return None
    if int(text) > limit:
        raise too_large(limit)
    return int(text)


def too_large(limit: int) -> ServiceError:
    """413, which ends the connection: the rest of the body is not wanted."""
    return ServiceError(
        413,
        "body-too-large",
        f"this body may have {limit} bytes",
        headers={"Connection": "close"},
    )


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body.

    Raises:
        ServiceError: 413 if it is too large, 408 if it takes too long, 400 if it breaks off.
    """
    announced(request, limit)
    receive = request.receive
    first = await _first(receive, seconds)
    if not first[1]:
        if len(first[0]) > limit:
            raise too_large(limit)
        return first[0]
    body = bytearray(first[0])
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                if len(body) > limit:
                    raise too_large(limit)
                chunk, more = await _next(receive)
                body += chunk
    except TimeoutError:
        raise slow(f"the body did not arrive within {seconds:g} s") from None
    if len(body) > limit:
        raise too_large(limit)
    return bytes(body)


async def _first(receive: Receive, seconds: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(seconds):
            return await _next(receive)
    except TimeoutError:
        raise slow(f"the body did not arrive within {seconds:g} s") from None


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def slow(detail: str) -> ServiceError:
    """408."""
    return ServiceError(408, "too-slow", detail, headers={"Connection": "close"})


class StreamedBody:
    """Takes a body of any size as it comes, and notices when it is too large or too slow."""

    def __init__(self, receive: Receive, settings: Settings, limit: int) -> None:
        self.size = 0
        self._more = True
        self._receive = receive
        self._limit = limit
        self._idle = settings.idle_seconds
        self._pace = settings.min_bytes_per_second
        self._began = time.monotonic()

    async def next(self) -> bytes | None:
        """The next chunk, or ``None`` at the end.

        Raises:
            ServiceError: 413 or 408.
            ClientDisconnect: The caller is gone.
        """
        while self._more:
            try:
                async with asyncio.timeout(self._idle):
                    chunk, self._more = await _next(self._receive)
            except TimeoutError:
                raise slow(f"nothing of the body arrived for {self._idle:g} s") from None
            self.size += len(chunk)
            if self.size > self._limit:
                raise too_large(self._limit)
            elapsed = time.monotonic() - self._began
            if (
                self._more
                and elapsed > self._idle
                and self.size < (elapsed - self._idle) * self._pace
            ):
                raise slow(f"the body arrives at less than {self._pace} bytes a second")
            if chunk:
                return chunk
        return None


async def pump(body: StreamedBody, feed: BodyFeed) -> None:
    """Move a body into a feed to its end; what goes wrong is told to the reader."""
    try:
        while (chunk := await body.next()) is not None:
            await feed.put(chunk)
    except ServiceError as error:
        feed.end(error.detail)
    except ClientDisconnect:
        feed.end("the connection was closed before the body's end")
    else:
        feed.end()
