"""What patients paid, as a practice's own system lists it: 835 files know nothing of it."""

import csv
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from models.errors import InputError

COLUMNS = ("claim_id", "line", "dollars", "day", "reference")
_LONGEST = 200


class PatientPayment(msgspec.Struct, frozen=True):
    """One row: ``dollars`` below zero were paid back; ``row`` is its line of the file."""

    row: int
    claim_id: str
    line: int
    dollars: Decimal
    day: dt.date
    reference: str


def read_patient_payments(path: Path) -> tuple[list[PatientPayment], list[str]]:
    """Rows of a CSV file with the columns `COLUMNS`, and what is wrong with the others.

    Raises:
        InputError: the file cannot be read as UTF-8 CSV, or lacks a column.
    """
    found, problems = [], []
    for row, cells in _rows(path):
        try:
            found.append(_payment(row, cells))
        except InputError as error:
            problems.append(f"{path.name}, line {row}: {error}")
    return found, problems


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = [(x or "").strip() for x in reader.fieldnames or ()]
            missing = [x for x in COLUMNS if x not in header]
            if missing:
                raise InputError(
                    f"{path.name}, line 1: column {missing[0]!r} is missing; needed:"
                    f" {', '.join(COLUMNS)}"
                )
            reader.fieldnames = header
            for cells in reader:
                yield reader.line_num, {x: (cells.get(x) or "").strip() for x in COLUMNS}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name} cannot be read as a UTF-8 CSV file ({error})") from error


def _payment(row: int, cells: dict[str, str]) -> PatientPayment:
    if not cells["claim_id"]:
        raise InputError("claim_id is empty: it is CLM01, the account number of the claim")
    if not (cells["line"].isascii() and cells["line"].isdecimal() and int(cells["line"][:9]) > 0):
        raise InputError("line must be the number of the service in the claim, 1 or more")
    try:
        dollars = Decimal(cells["dollars"])
        if not dollars.is_finite() or dollars != round(dollars, 2) or not dollars:
            raise InvalidOperation
    except InvalidOperation:
        raise InputError(
            "dollars must be an amount in dollars and cents, not zero; below zero: paid back"
        ) from None
    try:
        day = dt.date.fromisoformat(cells["day"])
    except ValueError:
        raise InputError("day must be YYYY-MM-DD") from None
    if not cells["reference"]:
        raise InputError("reference is empty: it tells payments of one day apart, as a receipt's")
    return PatientPayment(
        row, cells["claim_id"], int(cells["line"][:9]), dollars, day, cells["reference"][:_LONGEST]
    )
