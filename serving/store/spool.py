"""What could not be stored is kept on disk, and stored when the store is back.

One file for each process that spools, held by a lock while it lives; a line for each record:
eight hexadecimal digits of CRC-32, a space, JSON. A record counts as kept once `append` has
returned: it is on the disk (fsync). Records carry a ``uid`` or a content key, so that
replaying one twice stores it once.
"""

import contextlib
import fcntl
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from serving.audit import AuditEntry
from serving.store.errors import SpoolFullError
from serving.store.records import IntakeRecord, ScoreRecord

SpoolRecord = ScoreRecord | AuditEntry | IntakeRecord

_decoder: msgspec.json.Decoder[SpoolRecord] = msgspec.json.Decoder(SpoolRecord)
_encoder = msgspec.json.Encoder()
_PORTION = 1000


class Spool:
    """The spool folder, seen from one process. Thread-safe.

    ``limit_bytes`` bounds this process's own file, so that an outage of days cannot fill the
    disk that other things need.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = 1 << 30) -> None:
        self.folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._file: int | None = None
        self._path: Path | None = None
        self._size = 0

    def append(self, records: Sequence[SpoolRecord]) -> None:
        """Keeps records in their order, all or none.

        Raises:
            SpoolFullError: the disk (or the limit) takes no more; none was kept.
        """
        data = b"".join(_line(record) for record in records)
        with self._lock:
            if self._size + len(data) > self._limit:
                raise SpoolFullError(
                    f"the store is away and the spool holds its limit of {self._limit} bytes: "
                    "nothing more is kept until the store is back"
                )
            try:
                file = self._open()
                _write_all(file, data)
                os.fsync(file)
            except OSError as error:
                # A piece of a record must not stay in front of the next one.
                if self._file is not None:
                    with contextlib.suppress(OSError):
                        os.ftruncate(self._file, self._size)
                raise SpoolFullError(
                    f"the store is away and {self.folder} cannot be written "
                    f"({error.strerror}): nothing was kept; free some space"
                ) from error
            self._size += len(data)

    def _open(self) -> int:
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = f"{time.time_ns():020}-{os.getpid()}.spool"
            self._path = self.folder / name
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
            file = os.open(self._path, flags, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file, self._size = file, 0
            _sync_folder(self.folder)
        return self._file

    def close(self) -> None:
        """Lets go of this process's file, so that any process may replay it."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file, self._path, self._size = None, None, 0

    def waiting(self) -> bool:
        """Whether this process or an earlier one left something to replay."""
        return any(True for _ in self.folder.glob("*.spool"))

    def replay(self, store: Callable[[Sequence[SpoolRecord]], None]) -> int:
        """Gives what is spooled to ``store``, oldest first, and removes it; how many records.

        Files that a living process still writes are left to it. ``store`` must pass over
        records that it has: a process killed between storing and removing replays them again.

        Raises:
            StoreUnavailableError: from ``store``; the rest stays spooled.
        """
        self.close()
        done = 0
        for path in sorted(self.folder.glob("*.spool")):
            with _owned(path) as file:
                if file is None:
                    continue
                done += self._replay_file(path, file, store)
        return done

    def _replay_file(
        self, path: Path, file: int, store: Callable[[Sequence[SpoolRecord]], None]
    ) -> int:
        done = 0
        damaged: list[bytes] = []
        portion: list[SpoolRecord] = []
        for line in _lines(file):
            record = _record(line)
            if record is None:
                damaged.append(line)
                continue
            portion.append(record)
            if len(portion) >= _PORTION:
                store(portion)
                done += len(portion)
                portion = []
        if portion:
            store(portion)
            done += len(portion)
        # A last line without its end was never promised to anybody; others were.
        if any(line.endswith(b"\n") for line in damaged):
            path.with_suffix(".damaged").write_bytes(b"".join(damaged))
        path.unlink()
        _sync_folder(self.folder)
        return done

    def damaged(self) -> list[Path]:
        """Files of lines that no longer read as they were written; a person must look at them."""
        return sorted(self.folder.glob("*.damaged"))


def _line(record: SpoolRecord) -> bytes:
    data = _encoder.encode(record)
    return b"%08x %b\n" % (zlib.crc32(data), data)


def _record(line: bytes) -> SpoolRecord | None:
    data = line[9:-1]
    if not line.endswith(b"\n") or line[:9] != b"%08x " % zlib.crc32(data):
        return None
    return _decoder.decode(data)


def _lines(file: int) -> Iterator[bytes]:
    with open(file, "rb", closefd=False) as lines:
        yield from lines


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


@contextlib.contextmanager
def _owned(path: Path) -> Iterator[int | None]:
    """The file, locked; ``None`` where another process holds it or has just removed it."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Between open and lock its replayer may have finished with it.
        yield file if os.fstat(file).st_nlink else None
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    """Makes a new or removed name last."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
