"""What scoring leaves behind: scores and audit entries, on disk before the answer goes out.

A request must not wait for the database, nor may an answered score be lost when the process is
killed. So records are appended to a journal file (a write, no sync: it survives the process) in
the form of `serving.store.spool`, and a process of its own (`serving.keeper`) moves finished
files into the store, off this process's time.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.edits import Edit
from serving.audit import AuditEntry
from serving.scoring.scorer import Scored
from serving.settings import Settings
from serving.store.records import FoundEdit, ScoreRecord, new_uid
from serving.telemetry.logs import logger
from serving.telemetry.metrics import Metrics

FOLDER = "journal"
#: A file is handed on after so many seconds or bytes.
FILE_SECONDS = 1.0
FILE_BYTES = 16 << 20

_ENCODER = msgspec.json.Encoder()


class Keeper:
    """Keeps what one worker answered. Thread-safe."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._on = settings.keep_scores
        self._folder = settings.state / FOLDER
        self._limit = settings.journal_bytes
        self._metrics = metrics
        self._file: int | None = None
        self._size = 0
        self._began = 0.0
        self._waiting = 0
        self._lock = threading.Lock()
        self.reason = ""

    def keep_scores(
        self,
        actor: str,
        request_id: str,
        scored: Scored,
        uid: Callable[[int], bytes] | None = None,
    ) -> None:
        """Keep the scores of one request, or of one slice of it.

        ``uid`` gives the claims' positions in ``scored`` names of their own, so that work which
        is done again after a kill is kept once.
        """
        if not self._on:
            return
        cut = scored.threshold.probability
        parts = []
        for number, (claim, risk, score) in enumerate(
            zip(scored.claims, scored.risks, scored.scores, strict=True)
        ):
            record = ScoreRecord(
                claim=claim,
                risk=risk,
                threshold=cut,
                risky=score.decision == "review",
                request_id=request_id,
                actor=actor,
                edits=tuple(_found(claim, x) for x in score.edits),
                uid=new_uid() if uid is None else uid(number),
            )
            parts.append(_line(record))
        entry = AuditEntry(
            actor=actor,
            action="score",
            record=f"request:{request_id}",
            request_id=request_id,
            detail={"claims": len(scored.claims), "model": scored.risks[0].model_version},
        )
        parts.append(_line(entry))
        with self._lock:
            self._append(b"".join(parts))

    def _append(self, data: bytes) -> None:
        """Write whole records or none; where that fails, scoring goes on and it is said."""
        if self._waiting + self._size > self._limit:
            self._failed(f"the store is behind by {self._limit} bytes of scores")
            return
        try:
            if self._file is None:
                self._open()
            assert self._file is not None
            if os.write(self._file, data) != len(data):
                # A disk takes a part of a write only when it is full.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            if self._file is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._size)
            self._failed(f"the journal cannot be written ({error.strerror or error})")
            return
        self._size += len(data)
        if self._size > FILE_BYTES:
            self._hand_on()

    def _failed(self, reason: str) -> None:
        self._metrics.lost.inc()
        if reason != self.reason:
            self.reason = reason
            logger().error("scores.not_kept", reason=reason)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{time.time_ns():020}-{os.getpid()}.spool"
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        # The lock tells the mover that this file is still being written.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file, self._size, self._began = file, 0, time.monotonic()

    def _hand_on(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file, self._size = None, 0

    async def run(self) -> None:
        """Hand files on in time, and notice how much waits for the store."""
        while True:
            await asyncio.sleep(FILE_SECONDS / 2)
            if self._file is not None and time.monotonic() - self._began > FILE_SECONDS:
                with self._lock:
                    self._hand_on()
            self._waiting = await asyncio.to_thread(_size, self._folder)
            self._metrics.journal.set(self._waiting)
            if self.reason and self._waiting < self._limit / 2 and self._file is not None:
                self.reason = ""

    def close(self) -> None:
        """Hand on what is open."""
        with self._lock:
            self._hand_on()


def _found(claim: Claim, edit: Edit) -> FoundEdit:
    parts = edit.path.split("/")
    line = None
    if parts[1:2] == ["lines"] and len(parts) > 2 and parts[2].isdecimal():
        at = int(parts[2])
        line = claim.lines[at].number if at < len(claim.lines) else None
    return FoundEdit(edit.id, edit.severity, line, edit.path, edit.source)


def _line(record: ScoreRecord | AuditEntry) -> bytes:
    """A record in the form of `serving.store.spool`; its type is told by the tag."""
    data = _ENCODER.encode(record)
    return b"%08x %b\n" % (zlib.crc32(data), data)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.glob("*.spool"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total
