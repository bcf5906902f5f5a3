"""How a practice collects: days between letters, limits of plans. Its own choice, as data."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from models.codes.store import tables_folder
from models.codes.tables import check_value, read_rules
from models.errors import InputError

TABLE = "collection_policy.csv"


class CollectionPolicy(msgspec.Struct, frozen=True):
    """Days are calendar days, amounts dollars; see the table for what each row means."""

    smallest_statement: Decimal
    days_to_pay: int
    days_to_reminder: int
    days_to_last_reminder: int
    grace_days: int
    missed_instalments: int
    most_instalments: int
    smallest_instalment: Decimal


def current_policy(home: Path | None = None) -> CollectionPolicy:
    """The policy in force: ours, with the practice's own ``HOME/collection_policy.csv`` over it.

    ``home`` is ``FIRSTPASS_HOME`` or the working directory.

    Raises:
        InputError: the practice's file is faulty.
    """
    own = tables_folder(home).parent / TABLE
    return load_policy(own if own.is_file() else None)


@lru_cache(maxsize=8)
def load_policy(overrides: Path | None = None) -> CollectionPolicy:
    """Our assumptions (``collection_policy.csv``), with the rows of a practice's own file over.

    Raises:
        InputError: unknown column or name, or a value that is no number at or above zero.

    >>> load_policy().days_to_reminder
    30
    """
    names = CollectionPolicy.__struct_fields__
    kinds: dict[str, Callable[[str], Any]] = {
        name: int if name.startswith(("days", "grace", "missed", "most")) else Decimal
        for name in names
    }
    found: dict[str, Any] = {}
    for source in (TABLE, overrides):
        if source is None:
            continue
        for line, cells in read_rules(
            source, ("name", "value", "source"), ("name", "value"), package="models.revenue"
        ):
            name = check_value(str(source), line, "name", cells["name"], list(names))
            try:
                value = kinds[name](cells["value"])
            except (ValueError, InvalidOperation):
                value = -1
            if not 0 <= value < 10**6:
                raise InputError(
                    f"{source}, line {line}: {name}={cells['value']!r}; allowed is a number from 0"
                )
            found[name] = value
    return CollectionPolicy(**found)
