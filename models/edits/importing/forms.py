"""The forms that publishers ship tables in: zip, Excel, text with tabs, CSV, fixed width, Parquet.

Every form becomes *parts*: a name and rows of text cells. A line of fixed width is a row of
one cell, to be cut by whoever knows its layout.
"""

import csv
import datetime as dt
import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from models.edits.importing.xlsx import is_workbook, workbook_rows
from models.errors import InputError

_TEXT = (".txt", ".csv", ".tab", ".tsv")
_READ = (*_TEXT, ".xlsx", ".xml")
_BAD_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile)
_LARGEST = 4 << 30
_LARGEST_XML = 256 << 20
_EXCEL_EPOCH = dt.date(1899, 12, 30)


class Part(NamedTuple):
    """One table of a file: the name of the file or archive member, and its rows.

    ``xml`` holds the bytes of an XML part, which has no rows.
    """

    name: str
    rows: Iterator[list[str]]
    xml: bytes = b""


def parts_of(path: Path, left_out: list[tuple[str, str]]) -> Iterator[Part]:
    """Parts of a file, archives within archives included.

    Members that are not read are added to ``left_out`` as (name, reason); of a table that is
    there as text and as a workbook the text is read.

    Raises:
        InputError: the file cannot be read at all.
    """
    try:
        if path.suffix.lower() == ".parquet":
            yield Part(path.name, _parquet_rows(path))
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from _archive_parts(path.name, archive, left_out)
        elif path.suffix.lower() == ".xml":
            yield Part(path.name, iter(()), path.read_bytes())
        elif path.name.lower().endswith(".xml.gz"):
            yield Part(path.stem, iter(()), _unpacked(path))
        else:
            with path.open("rb") as file:
                yield Part(path.name, _text_rows(file, path.name))
    except (OSError, EOFError, NotImplementedError, *_BAD_ZIP) as error:
        raise InputError(f"{path.name}: cannot be read ({error})") from error


def _unpacked(path: Path) -> bytes:
    with gzip.open(path) as file:
        content = file.read(_LARGEST_XML + 1)
    if len(content) > _LARGEST_XML:
        raise InputError(f"{path.name}: more than 256 MiB unpacked, which no publisher ships")
    return content


def _archive_parts(
    name: str, archive: zipfile.ZipFile, left_out: list[tuple[str, str]]
) -> Iterator[Part]:
    if sum(info.file_size for info in archive.infolist()) > _LARGEST:
        raise InputError(f"{name}: more than 4 GiB unpacked, which no publisher ships")
    if is_workbook(archive):
        yield Part(name, workbook_rows(archive))
        return
    members = [i.filename for i in archive.infolist() if not i.is_dir()]
    texts = {PurePosixPath(m).stem.lower() for m in members if m.lower().endswith(_TEXT)}
    for member in sorted(members):
        short, suffix = PurePosixPath(member).name, PurePosixPath(member).suffix.lower()
        if member.startswith("__MACOSX/") or short.startswith("."):
            continue
        if suffix == ".zip" or (
            suffix == ".xlsx" and PurePosixPath(member).stem.lower() not in texts
        ):
            with zipfile.ZipFile(io.BytesIO(archive.read(member))) as inner:
                yield from _archive_parts(short, inner, left_out)
        elif suffix == ".xlsx":
            left_out.append((short, "the same table as its text file"))
        elif suffix == ".xml":
            yield Part(short, iter(()), archive.read(member))
        elif suffix in _TEXT:
            with archive.open(member) as file:
                yield Part(short, _text_rows(file, short))
        else:
            left_out.append((short, f"not a table (read are {', '.join(_READ)}, .zip)"))


def _text_rows(file: IO[bytes], name: str) -> Iterator[list[str]]:
    head = file.read(65_536)
    if b"\0" in head[:4096]:
        raise InputError(f"{name}: neither text nor a zip, Excel or Parquet file")
    try:
        # A character may be cut at the end of the head: up to three bytes are forgiven.
        head[: max(len(head) - 3, 0)].decode("utf-8")
        encoding = "utf-8-sig"
    except UnicodeDecodeError as error:
        encoding = "utf-8-sig" if error.start >= len(head) - 7 > 0 else "cp1252"
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    sample = head.decode("latin-1").splitlines()[:50]
    tabs, commas = (sum(sep in line for line in sample) for sep in ("\t", ","))
    if 2 * tabs > len(sample):
        yield from csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    elif name.lower().endswith(".csv") or (2 * commas > len(sample) and not _is_fixed(sample)):
        yield from csv.reader(text)
    else:
        for line in text:
            yield [line.rstrip("\r\n")]


def _is_fixed(lines: list[str]) -> bool:
    """Whether lines begin with a code and a blank, or an order number: columns, not commas."""
    columns = re.compile(
        r"(?:\d{5} [A-Z]\d|[A-Z0-9]{5} |[A-Z0-9]{5}\d{5}[3478]|[A-Z0-9]{2} {3}\d{5})"
    )
    return 2 * sum(columns.match(line) is not None for line in lines) > len(lines)


def _parquet_rows(path: Path) -> Iterator[list[str]]:
    # Only here: the serving path reads stored tables and should not pay for pyarrow.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path.name}: not a Parquet file ({error})") from error
    yield list(file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=65_536):
        columns = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield ["" if v is None else v if isinstance(v, str) else str(v) for v in values]


def plain(cell: str) -> str:
    """A heading for comparison: small letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", cell.lower())


def parse_day(text: str) -> dt.date | None:
    """A date as publishers write it; ``None`` for none (empty, ``*``, the year 9999).

    20240401, 2024-04-01, 4/1/2024, 2024092 (day of the year) and Excel's day numbers.

    Raises:
        ValueError: none of these.

    >>> parse_day("20240401"), parse_day("4/1/2024"), parse_day("*")
    (datetime.date(2024, 4, 1), datetime.date(2024, 4, 1), None)
    """
    text = text.strip().partition(" ")[0]
    if not text.strip("*0") or text.startswith("9999"):
        return None
    if re.fullmatch(r"\d{8}", text):
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"\d{7}", text):
        return dt.date(int(text[:4]), 1, 1) + dt.timedelta(int(text[4:]) - 1)
    if re.fullmatch(r"\d{5}", text):
        return _EXCEL_EPOCH + dt.timedelta(int(text))
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        return dt.date(int(match[3]), int(match[1]), int(match[2]))
    return dt.date.fromisoformat(text[:10])
