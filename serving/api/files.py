"""Bodies that are kept as files: received once, hashed on the way, safe on the disk."""

import asyncio
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from starlette.requests import Request

from serving.api.body import StreamedBody, announced
from serving.problems import ServiceError
from serving.settings import Settings


class ReceivedFile(msgspec.Struct, frozen=True):
    """A body on disk: where, how many bytes, and their SHA-256."""

    path: Path
    size: int
    sha256: bytes


async def receive_file(
    request: Request, settings: Settings, folder: Path, limit: int
) -> ReceivedFile:
    """Write a body to a new file in ``folder``.

    Raises:
        ServiceError: 413, 408, 400 for an empty body, or 507 where the disk is full.
        ClientDisconnect: the caller left; the file is gone.
    """
    announced(request, limit)
    body = StreamedBody(request.receive, settings, limit)
    digest = hashlib.sha256()
    path = folder / f"{secrets.token_hex(12)}.body"
    with disk_errors():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = await asyncio.to_thread(_create, path)
    try:
        with file:
            while (chunk := await body.next()) is not None:
                digest.update(chunk)
                with disk_errors():
                    await asyncio.to_thread(file.write, chunk)
            with disk_errors():
                await asyncio.to_thread(_finish, file)
        if not body.size:
            raise ServiceError(400, "empty-body", "the body is empty: send the file as the body")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return ReceivedFile(path, body.size, digest.digest())


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def disk_errors() -> Iterator[None]:
    """Say a full disk clearly.

    Raises:
        ServiceError: 507 or 503.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ServiceError(
                507, "disk-full", "the disk of the service is full: nothing was kept"
            ) from None
        raise ServiceError(
            503, "disk", f"the service cannot write its files ({error.strerror})"
        ) from None
