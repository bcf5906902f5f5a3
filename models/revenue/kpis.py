"""KPIs: definitions as data, values as sums of numerators over sums of denominators.

Every KPI is additive: the cube holds numerators and denominators by month, payer, provider,
location and specialty, and any view of it is a sum. ``kpis.csv`` says what each counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from models.codes.tables import ANY, read_rules
from models.errors import InputError

DIMENSIONS = ("month", "payer", "provider", "location", "specialty")
"""By what a KPI may be told apart; ``month`` is ``2026-03``, of the day that `Kpi.month` names."""

TABLE, BENCHMARKS = "kpis.csv", "kpi_benchmarks.csv"


class Kpi(msgspec.Struct, frozen=True):
    """A definition. ``unit`` is share, days or dollars; ``month``: which day's month counts."""

    id: str
    words: str
    unit: str
    month: str
    formula: str
    numerator: str
    denominator: str
    source: str


class Benchmark(msgspec.Struct, frozen=True):
    """A published figure: what lies between ``low`` and ``high`` is as it should be."""

    kpi: str
    low: float | None
    high: float | None
    words: str
    source: str
    url: str


class Figure(msgspec.Struct, frozen=True):
    """A KPI's value with what it is made of; ``None`` where there is nothing to divide by.

    Of dollars the value is the numerator.
    """

    value: float | None
    numerator: float
    denominator: float


Key = tuple[str, str, str, str, str, str]
"""KPI, then `DIMENSIONS` in order."""

Cube = dict[Key, tuple[Decimal, Decimal]]
"""Sums of numerators and denominators."""


@lru_cache(maxsize=1)
def load_kpis() -> dict[str, Kpi]:
    """All definitions, in the order in which they are shown."""
    names = Kpi.__struct_fields__
    columns = ("kpi", *names[1:])
    return {
        cells["kpi"]: Kpi(cells["kpi"], *(cells[x] for x in columns[1:]))
        for _, cells in read_rules(TABLE, columns, ("words", "kpi"), package="models.revenue")
    }


@lru_cache(maxsize=1)
def load_benchmarks() -> dict[str, Benchmark]:
    """Published figures by KPI, each with its source."""
    columns = ("kpi", "low", "high", "words", "source", "url")
    return {
        cells["kpi"]: Benchmark(
            cells["kpi"],
            None if cells["low"] == ANY else float(cells["low"]),
            None if cells["high"] == ANY else float(cells["high"]),
            cells["words"],
            cells["source"],
            cells["url"],
        )
        for _, cells in read_rules(BENCHMARKS, columns, ("words", "kpi"), package="models.revenue")
    }


def figure(kpi: str, numerator: Decimal, denominator: Decimal) -> Figure:
    """The value of a numerator over a denominator.

    >>> figure("initial_denial_rate", Decimal(2), Decimal(8)).value
    0.25
    """
    value: float | None
    if load_kpis()[kpi].unit == "dollars":
        value = float(numerator) if denominator else None
    else:
        value = float(numerator / denominator) if denominator else None
    return Figure(value, float(numerator), float(denominator))


def figures(cube: Mapping[Key, tuple[Decimal, Decimal]]) -> dict[str, Figure]:
    """Every KPI over everything; those at a month's end as of the last month."""
    found = by_dimensions(cube, ())
    return {kpi: found.get((kpi,), Figure(None, 0.0, 0.0)) for kpi in load_kpis()}


def by_dimensions(
    cube: Mapping[Key, tuple[Decimal, Decimal]],
    dimensions: Sequence[str],
    *,
    where: Mapping[str, str] | None = None,
    since: str = "",
    until: str = "",
) -> dict[tuple[str, ...], Figure]:
    """KPIs told apart by ``dimensions``: keys are the KPI, then their values in that order.

    ``where`` keeps one value of a dimension, ``since`` and ``until`` months from and to,
    included. What stands at a month's end is not added up over months: of several the last.

    Raises:
        InputError: an unknown dimension.
    """
    wanted = [_place(x) for x in dimensions]
    kept = [(_place(name), value) for name, value in (where or {}).items()]
    sums: dict[tuple[str, ...], list[Decimal]] = {}
    last = "" if "month" in dimensions else _last_month(cube, since, until)
    standing = {k.id for k in load_kpis().values() if k.month == "month end"}
    for key, (numerator, denominator) in cube.items():
        month = key[1]
        if (since and month < since) or (until and month > until):
            continue
        if any(key[i] != value for i, value in kept):
            continue
        if last and key[0] in standing and month != last:
            continue
        group = (key[0], *(key[i] for i in wanted))
        found = sums.get(group)
        if found is None:
            sums[group] = [numerator, denominator]
        else:
            found[0] += numerator
            found[1] += denominator
    return {group: figure(group[0], *sums[group]) for group in sorted(sums)}


def _place(dimension: str) -> int:
    if dimension not in DIMENSIONS:
        allowed = ", ".join(DIMENSIONS)
        raise InputError(f"dimension {dimension!r} is unknown; allowed: {allowed}")
    return DIMENSIONS.index(dimension) + 1


def _last_month(cube: Iterable[Key], since: str, until: str) -> str:
    months = {key[1] for key in cube if key[0] == "days_in_ar"}
    fitting = [m for m in months if (not since or m >= since) and (not until or m <= until)]
    return max(fitting, default="")
