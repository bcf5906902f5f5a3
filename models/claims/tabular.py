"""Claims, remittances and acknowledgements as CSV, Parquet and JSONL, in and out.

JSONL keeps everything (`models.claims.tabular_jsonl`). CSV and Parquet hold the documented
columns (`models.claims.tabular_columns`, docs/tabular.md): one table per file, rows of a record
next to each other. Everything streams: rows are written in portions and read in portions.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from models.claims.tabular_cells import number_text
from models.claims.tabular_columns import COLUMNS, TABLES, TableName, table_of
from models.claims.tabular_gather import RowReader
from models.claims.tabular_jsonl import Record as JsonlRecord
from models.claims.tabular_jsonl import read_jsonl as _read_jsonl
from models.claims.tabular_jsonl import write_jsonl
from models.claims.tabular_levels import RECORD_TYPES, Record
from models.claims.tabular_rows import rows_of
from models.errors import InputError, Place, Problem

__all__ = [
    "Record",
    "read_csv",
    "read_jsonl",
    "read_parquet",
    "write_csv",
    "write_jsonl",
    "write_parquet",
]

ROWS_AT_ONCE = 16_384
"""Rows of one Parquet row group, and rows read from one at a time."""

Input = bytes | Path | BinaryIO


def write_csv(records: Iterable[Record], out: BinaryIO, table: TableName) -> int:
    """Write a header and one row per line (see docs/tabular.md); return the number of records.

    Raises InputError where a record does not belong to ``table``.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="")
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_names(table))
        count = 0
        for record in records:
            _check(table, record)
            writer.writerows([_text(x) for x in row] for row in rows_of(table, record))
            count += 1
    finally:
        text.flush()
        text.detach()  # the caller's stream stays open
    return count


def write_parquet(records: Iterable[Record], out: BinaryIO, table: TableName) -> int:
    """Write the same rows as `write_csv` in typed columns, a row group at a time."""
    columns = COLUMNS[table]
    schema = pa.schema([(c.name, c.cell.arrow) for c in columns])
    count = 0

    def rows() -> Iterator[list[Any]]:
        nonlocal count
        for record in records:
            _check(table, record)
            yield from rows_of(table, record)
            count += 1

    stream = rows()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        while portion := list(islice(stream, ROWS_AT_ONCE)):
            arrays = [
                pa.array(cells, type=column.cell.arrow)
                for column, cells in zip(columns, zip(*portion, strict=True), strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return count


def read_jsonl(source: Input, *, name: str = "") -> Iterator[JsonlRecord | Problem]:
    """Records of a JSONL file; see `models.claims.tabular_jsonl.read_jsonl`."""
    with _opened(source) as stream:
        yield from _read_jsonl(stream, _name(source, name))


def read_csv(source: Input, *, name: str = "") -> Iterator[Record | Problem]:
    """Records of a CSV file whose header names the documented columns.

    Comma, semicolon or tab; UTF-8 with or without BOM. A damaged row costs its line, or its
    claim where the damage is in a column that the claim cannot do without.
    """
    name = _name(source, name)
    with _opened(source) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        try:
            first = text.readline()
            delimiter = max(",;\t", key=first.count)
            lines = csv.reader(chain([first], text), delimiter=delimiter)
            yield from _gather(_csv_rows(lines, name), name)
        finally:
            text.detach()


def read_parquet(source: Input, *, name: str = "") -> Iterator[Record | Problem]:
    """Records of a Parquet file with the documented columns; types are read leniently."""
    name = _name(source, name)
    with _opened(source) as stream:
        try:
            file = pq.ParquetFile(stream)
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            message = "not a readable Parquet file; it may have been cut off"
            yield Problem(Place(name), "parquet.damaged", message, "the whole file")
            return
        yield from _gather(_parquet_rows(file, name), name)


def _gather(rows: Iterator[Sequence[Any] | Problem], name: str) -> Iterator[Record | Problem]:
    """Records of rows, the first of which is the header."""
    first = next(rows, None)
    if first is None or isinstance(first, Problem):
        yield first or Problem(Place(name), "tabular.empty", "the file is empty")
        return
    header = [str(x).strip().lower() for x in first]
    table = table_of(header)
    if table is None:
        wanted = "; ".join(
            f"{t}: {', '.join(c.name for c in COLUMNS[t] if c.required)}" for t in TABLES
        )
        message = f"the columns are those of no table; needed are, for {wanted}"
        yield Problem(Place(name), "tabular.columns", message, "the whole file")
        return
    known = set(_names(table))
    unknown = sum(1 for x in header if x not in known)
    if unknown:
        message = f"{unknown} columns are not among the documented ones of {table}"
        yield Problem(Place(name), "tabular.unknown_columns", message, "those columns")
    reader = RowReader(table, header, name)
    number = 0
    for row in rows:
        if isinstance(row, Problem):
            yield row
            continue
        number += 1
        if any(x not in (None, "") for x in row):
            yield from reader.read(number, row)
    yield from reader.finish()


def _csv_rows(lines: Iterator[list[str]], name: str) -> Iterator[Sequence[Any] | Problem]:
    number = 0
    while True:
        try:
            row = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            place = Place(name, row=number or None)
            yield Problem(place, "csv.damaged", f"not readable as CSV: {error}", "this row")
            continue
        number += 1
        if row:
            yield row


def _parquet_rows(file: pq.ParquetFile, name: str) -> Iterator[Sequence[Any] | Problem]:
    yield file.schema_arrow.names
    try:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError):  # text, dates out of range
        message = "a damaged row group"
        yield Problem(Place(name), "parquet.damaged", message, "the rest of the file")


def _names(table: TableName) -> list[str]:
    return [c.name for c in COLUMNS[table]]


def _check(table: TableName, record: Record) -> None:
    if not isinstance(record, RECORD_TYPES[table]):
        raise InputError(f"a {type(record).__name__} has no place in a table of {table}")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if cell is True or cell is False:
        return "true" if cell else "false"
    return number_text(cell) if isinstance(cell, Decimal) else str(cell)


def _name(source: Input, name: str) -> str:
    return name or (source.name if isinstance(source, Path) else "")


@contextmanager
def _opened(source: Input) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield io.BytesIO(source) if isinstance(source, bytes) else source
