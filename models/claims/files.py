"""Claims, remittances and acknowledgements from files and folders of any mix.

What a file is shows in its first bytes, not in its name. A file whose bytes were read already
is passed over, archives (gzip, ZIP) are looked into, and whatever is no claim data is named.
"""

import gzip
import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.sniff import HEAD, Form, form_of
from models.claims.tabular import read_csv, read_jsonl, read_parquet
from models.claims.x12.context import Item, SkippedTransaction
from models.claims.x12.reader import read_x12
from models.errors import InputError, Place, Problem

EXPECTED = (
    "837P, 835, 277CA and 999 files (X12),"
    " or CSV, Parquet and JSONL in the columns of docs/tabular.md"
)
_READERS: dict[Form, Callable[[BinaryIO, str], Iterator[Item]]] = {
    "X12": lambda stream, name: read_x12(stream, name=name),
    "CSV": lambda stream, name: read_csv(stream, name=name),
    "JSONL": lambda stream, name: read_jsonl(stream, name=name),
    "Parquet": lambda stream, name: read_parquet(stream, name=name),
}
_DAMAGED = (OSError, EOFError, zlib.error, zipfile.BadZipFile)


class FilesSummary(msgspec.Struct):
    """What `read_files` met, for a cohort report; filled while the items are taken."""

    files: Counter[str] = msgspec.field(default_factory=Counter)  # read, by form (X12, CSV, ...)
    files_passed_over: list[tuple[str, str]] = []  # name and reason, duplicates among them
    transactions_passed_over: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    """By kind (837I, 270, ...) and reason."""
    claims: int = 0
    payments: int = 0
    remittances: int = 0
    acknowledgements: int = 0
    set_acknowledgements: int = 0
    problems: Counter[str] = msgspec.field(default_factory=Counter)  # by code

    def count(self, item: Item) -> None:
        """Count one item."""
        match item:
            case Claim():
                self.claims += 1
            case Payment():
                self.payments += 1
                self.remittances += len(item.remittances)
            case Acknowledgement():
                self.acknowledgements += 1
            case SetAcknowledgement():
                self.set_acknowledgements += 1
            case SkippedTransaction():
                if item.place.segment_number is not None:
                    self.transactions_passed_over[item.kind, item.reason] += 1
            case Problem():
                self.problems[item.code] += 1


class _File(NamedTuple):
    """A file, or a member of an archive, that may hold claim data."""

    name: str
    size: int
    open: Callable[[], BinaryIO]
    named: bool  # given by the user, not found in a folder


def read_files(
    paths: Iterable[Path | str], *, summary: FilesSummary | None = None
) -> Iterator[Item]:
    """Yield everything in the files and folders, in the order of ``paths`` and sorted within.

    Folders are walked to any depth; names that begin with a dot are passed over. Problems of
    whole files have the codes ``file.duplicate`` (its bytes were read already, under a name
    that the message gives), ``file.empty``, ``file.unreadable`` and ``file.unknown``; a file
    found in a folder that is no claim data (notes, a table of other columns) is a
    `SkippedTransaction` without segment number. Raises InputError, at once, where a path does
    not exist or the folders are empty, and at the end where no file was claim data.
    """
    files = [file for path in paths for file in _walk(Path(path))]
    if not files:
        raise InputError(f"no files were found; expected are {EXPECTED}")
    return _read_all(files, summary if summary is not None else FilesSummary())


def _read_all(files: list[_File], summary: FilesSummary) -> Iterator[Item]:
    sizes = Counter(f.size for f in files)
    seen: dict[tuple[int, bytes], str] = {}
    for file in files:
        try:
            if sizes[file.size] > 1 and file.size:
                with file.open() as stream:
                    key = (file.size, hashlib.file_digest(stream, "sha256").digest())  # type: ignore[arg-type]
                if key in seen:
                    reason = f"the same bytes as {seen[key]}"
                    summary.files_passed_over.append((file.name, reason))
                    yield _report(summary, file, "file.duplicate", reason, "this copy")
                    continue
                seen[key] = file.name
            for item in _read(file, summary):
                summary.count(item)
                yield item
        except _DAMAGED as error:
            message = f"could not be read to its end ({type(error).__name__})"
            yield _report(summary, file, "file.unreadable", message, "the rest of the file")
    if not summary.files:
        raise InputError(f"none of the {len(files)} files is claim data; expected are {EXPECTED}")


def _report(summary: FilesSummary, file: _File, code: str, message: str, lost: str) -> Problem:
    problem = Problem(Place(file.name), code, message, lost)
    summary.count(problem)
    return problem


def _read(file: _File, summary: FilesSummary) -> Iterator[Item]:
    """Items of one file: read by its form, or one item that says why not."""
    with file.open() as stream:
        head = stream.read(HEAD)
    form, reason = form_of(head, file.name, file.named)
    if not head:
        summary.files_passed_over.append((file.name, "empty"))
        yield Problem(Place(file.name), "file.empty", "the file is empty")
    elif form is not None:
        summary.files[form] += 1
        with file.open() as stream:
            yield from _READERS[form](stream, file.name)
    elif file.named:
        summary.files_passed_over.append((file.name, reason))
        message = f"{reason}; expected are {EXPECTED}"
        yield Problem(Place(file.name), "file.unknown", message, "the whole file")
    else:
        summary.files_passed_over.append((file.name, reason))
        yield SkippedTransaction(Place(file.name), "file", reason)


def _walk(path: Path) -> Iterator[_File]:
    """The path itself, or all files below it; members of archives in their place."""
    if path.is_dir():
        found = sorted(x for x in path.rglob("*") if x.is_file())
        for member in found:
            relative = member.relative_to(path)
            if not any(part.startswith(".") for part in relative.parts):
                yield from _members(member, relative.as_posix(), named=False)
    elif path.exists():
        yield from _members(path, path.name, named=True)
    else:
        raise InputError(f"no such file or folder: {path}")


def _members(path: Path, name: str, named: bool) -> Iterator[_File]:
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
        size = path.stat().st_size
    except OSError:
        size, magic = 0, b""  # reading it will meet the same error, and report it
    if magic == b"PK\x03\x04":
        yield from _zip_members(path, name, size, named)
    elif magic[:2] == b"\x1f\x8b":
        # The size inside is unknown until it is read; equal archives have equal sizes.
        yield _File(name, size, lambda: cast(BinaryIO, gzip.GzipFile(path)), named)
    else:
        yield _File(name, size, lambda: path.open("rb"), named)


def _zip_members(path: Path, name: str, size: int, named: bool) -> Iterator[_File]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(
                (x.filename, x.file_size) for x in archive.infolist() if not x.is_dir()
            )
    except _DAMAGED:
        yield _File(name, size, lambda: _zip_member(path, ""), named)
        return
    for member, member_size in members:
        opener = partial(_zip_member, path, member)
        yield _File(f"{name}/{member}", member_size, opener, False)


def _zip_member(path: Path, member: str) -> BinaryIO:
    try:
        return cast(BinaryIO, zipfile.ZipFile(path).open(member))
    except (RuntimeError, NotImplementedError) as error:  # a password, an unknown compression
        raise OSError(str(error)) from error
