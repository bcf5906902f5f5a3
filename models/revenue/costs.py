"""What collecting cost, as the practice lists it: the numerator of cost to collect."""

import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from models.codes.tables import ANY, read_rules
from models.errors import InputError

FILE = "costs.csv"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class Costs(msgspec.Struct, frozen=True):
    """What collecting cost, in dollars by month (``2026-03``)."""

    by_month: Mapping[str, Decimal] = {}


def read_costs(path: Path, practice: str = "") -> Costs:
    """Costs from CSV with ``month``, ``dollars`` and, where there are several, ``practice``.

    Rows of one month add up. Rows that name another practice than ``practice`` are left out;
    without one (``""``) all count.

    Raises:
        InputError: the file cannot be read, or a row is faulty.
    """
    found: dict[str, Decimal] = {}
    for line, cells in read_rules(path, ("month", "dollars", "practice"), ("month", "dollars")):
        month, own = cells["month"], cells["practice"]
        if not _MONTH.fullmatch(month):
            raise InputError(f"{path}, line {line}: month={month!r}; allowed: 2026-03")
        try:
            dollars = Decimal(cells["dollars"])
            if not dollars.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            raise InputError(f"{path}, line {line}: dollars is no amount") from None
        if not practice or own in (ANY, practice):
            found[month] = found.get(month, Decimal(0)) + dollars
    return Costs(found)


def kept_costs(practice: str, home: Path | None = None) -> Costs:
    """Costs that lie as ``costs.csv`` in ``home`` (default FIRSTPASS_HOME); none without it.

    Raises:
        InputError: the file is faulty.
    """
    folder = (home or Path(os.environ.get("FIRSTPASS_HOME") or ".")).expanduser()
    path = folder / FILE
    return read_costs(path, practice) if path.exists() else Costs()
