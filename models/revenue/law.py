"""Figures of law and the codes that stand for it: dated rows with their source."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache

import msgspec

from models.codes.tables import read_rules


class LawFigure(msgspec.Struct, frozen=True):
    """A figure that holds from a day on."""

    name: str
    value: Decimal
    effective: dt.date
    source: str


@lru_cache(maxsize=1)
def load_law() -> dict[str, list[LawFigure]]:
    """Figures by name, the latest first (``law.csv``)."""
    found: dict[str, list[LawFigure]] = {}
    for _, c in read_rules(
        "law.csv", ("name", "value", "effective", "source"), ("name", "value"),
        package="models.revenue",
    ):  # fmt: skip
        row = LawFigure(
            c["name"], Decimal(c["value"]), dt.date.fromisoformat(c["effective"]), c["source"]
        )
        found.setdefault(row.name, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda x: x.effective, reverse=True)
    return found


def law(name: str, on: dt.date) -> Decimal | None:
    """The figure in force on a day; ``None`` where none is.

    >>> law("overpayment_days", dt.date(2026, 1, 1))
    Decimal('60')
    """
    return next((x.value for x in load_law()[name] if x.effective <= on), None)


@lru_cache(maxsize=1)
def hold_codes() -> dict[tuple[str, str], frozenset[str]]:
    """Codes by what they stand for and of which kind they are (``hold_codes.csv``)."""
    found: dict[tuple[str, str], set[str]] = {}
    for _, c in read_rules(
        "hold_codes.csv", ("hold", "kind", "code", "source"), ("hold", "code"),
        package="models.revenue",
    ):  # fmt: skip
        found.setdefault((c["hold"], c["kind"]), set()).add(c["code"])
    return {key: frozenset(codes) for key, codes in found.items()}
