"""Rows of imported code lists, and how rows of any imported table are stored."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from models.errors import InputError

ROWS = "rows.msgpack"
Row = TypeVar("Row", bound=msgspec.Struct)


class CodeRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A HCPCS or CPT code, or a HCPCS modifier, with the days between which it is in force."""

    code: str
    effective: dt.date | None = None
    ended: dt.date | None = None  # last day in force
    short: str = ""
    long: str = ""


class LabelRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A code of any other system: ICD-9-CM, ICD-10-PCS, a practice's own labels.

    ``parent`` is ``""`` where the file names none; ``billable``: it may be sent or given.
    """

    code: str
    title: str = ""
    parent: str = ""
    billable: bool = True
    effective: dt.date | None = None
    ended: dt.date | None = None  # last day in force
    terms: tuple[str, ...] = ()


class TermRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A term of an ICD-10-CM index that leads to a code.

    ``code`` is as the index prints it, without dots and dashes: it may be a heading. ``kind``:
    index, external_cause, neoplasm, drug.
    """

    code: str
    term: str
    kind: str


def write_rows(folder: Path, rows: Sequence[msgspec.Struct]) -> None:
    """Store rows."""
    (folder / ROWS).write_bytes(msgspec.msgpack.encode(rows))


def read_rows(folder: Path, row_type: type[Row]) -> list[Row]:
    """Stored rows.

    Raises:
        InputError: the version is damaged.
    """
    try:
        return msgspec.msgpack.decode((folder / ROWS).read_bytes(), type=list[row_type])  # type: ignore[valid-type]
    except (OSError, msgspec.DecodeError) as error:
        name = f"{folder.parent.name}/{folder.name}"
        raise InputError(f"{name}: damaged table, import it again") from error
