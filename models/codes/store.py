"""Imported tables on disk: HOME/tables/KIND[-PROGRAM]/VERSION/, HOME being FIRSTPASS_HOME.

A version is a folder with ``meta.json`` (what it is, its sources with sha256, effective date,
row counts) and the table: NumPy arrays that are mapped into memory, or rows in msgpack. A
version is replaced as a whole: written aside, then renamed.
"""

import datetime as dt
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock

from models.errors import InputError

FORMAT = 1
META = "meta.json"
UNDATED = "undated"
ICD10_FILE = "icd10cm.zip"
"""ICD-10-CM with imported releases, in the tables' folder."""


class TableSource(msgspec.Struct, frozen=True):
    """One imported file: its name, sha256 and the rows taken from it."""

    name: str
    sha256: str
    rows: int


class TableMeta(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one version of a table is.

    ``effective`` is the first day that it holds for, ``None``: it does not say, and holds for
    every day. ``edition`` is what its publisher calls it; ``dated_rows``: each row has its days.
    """

    kind: str
    program: str
    effective: dt.date | None
    rows: int
    sources: tuple[TableSource, ...]
    title: str = ""
    edition: str = ""
    dated_rows: bool = False
    format: int = FORMAT

    def __str__(self) -> str:
        program = f", {self.program.capitalize()}" if self.program else ""
        if self.effective:
            since = f", effective {self.effective}"
        else:
            since = "" if self.dated_rows else ", undated"
        edition = f" {self.edition}" if self.edition else ""
        return f"{self.title or self.kind}{edition}{program}{since}"


def tables_folder(home: Path | None = None) -> Path:
    """Folder of the imported tables; ``home`` is ``FIRSTPASS_HOME`` or the working directory."""
    return (home or Path(os.environ.get("FIRSTPASS_HOME") or ".")).expanduser() / "tables"


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions(folder: Path, kind: str, program: str = "") -> Iterator[tuple[TableMeta, Path]]:
    """Stored versions of a table, oldest first.

    Raises:
        InputError: a version is damaged or of a format that is not known.
    """
    place = folder / (f"{kind}-{program}" if program else kind)
    found = []
    for path in place.glob(f"[!.]*/{META}"):
        try:
            meta = msgspec.json.decode(path.read_bytes(), type=TableMeta)
        except (OSError, msgspec.DecodeError) as error:
            raise InputError(f"{_short(path.parent)}: damaged table, import it again") from error
        if meta.format != FORMAT:
            raise InputError(
                f"{_short(path.parent)}: format={meta.format} is unknown; known: {FORMAT};"
                " import it again"
            )
        found.append((meta, path.parent))
    found.sort(key=lambda pair: pair[0].effective or dt.date.min)
    yield from found


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One import at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        yield


def save(
    folder: Path, meta: TableMeta, write: Callable[[Path], None], rows: Callable[[], int]
) -> Path:
    """Store a version: ``write`` fills its folder, then ``rows`` tells how many there are.

    An older version of the same date is replaced; whoever has it mapped keeps reading it.
    """
    place = folder / (f"{meta.kind}-{meta.program}" if meta.program else meta.kind)
    place.mkdir(parents=True, exist_ok=True)
    target = place / (meta.effective.isoformat() if meta.effective else UNDATED)
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
    try:
        aside.chmod(0o755)
        write(aside)
        meta = msgspec.structs.replace(meta, rows=rows())
        (aside / META).write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=1))
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=".old-", dir=place))
            target.rename(old / "version")
            aside.rename(target)
            shutil.rmtree(old)
        else:
            aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target
