"""The cube of KPIs as columns of numbers: any view of millions of cells in some milliseconds.

For each KPI a column of numerators, one of denominators, and one of codes for each dimension.
Months are coded in their order, so that a range of months is a range of codes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.claims.common import ZERO
from models.errors import InputError
from models.revenue.kpis import DIMENSIONS, Cube, Figure, load_kpis

Sums = dict[tuple[str, ...], tuple[float, float]]
"""Numerator and denominator by KPI and the values of the dimensions that a view tells apart."""

REASON = "denial_reason:"
"""Begins the name of a reason of denials: dollars of the lines denied for it, over their number."""

VARIANCE = "variance:"
"""Begins the name of the variances behind a KPI in dollars; they add up like the dollars."""

_SURE = 1.96  # a normal distribution has 95 % within so many standard deviations

_Array = NDArray[Any]
_TYPES = ("u1", "u2", "u4", "f8")
_MONTH = DIMENSIONS.index("month")


class Column(msgspec.Struct, frozen=True, array_like=True):
    """Numbers in the smallest type that holds them exactly; ``u1`` to ``f8``, little-endian."""

    type: str
    data: memoryview

    def array(self) -> _Array:
        """The numbers, without a copy."""
        return np.frombuffer(self.data, "<" + self.type)


class KpiColumns(msgspec.Struct, frozen=True, array_like=True):
    """Cells of one KPI: codes by dimension in the order of `DIMENSIONS`."""

    codes: list[Column]
    numerators: Column
    denominators: Column


class ColumnCube(msgspec.Struct, frozen=True):
    """``values`` lists each dimension's values in the order of their codes.

    ``levels`` are the same sums by month and at most one dimension more (by its name, ``""``:
    none): what most views ask is answered from few cells.
    """

    values: list[list[str]]
    kpis: dict[str, KpiColumns]
    levels: dict[str, "ColumnCube"] = {}

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return sum(len(x.numerators.array()) for x in self.kpis.values())

    def sums(
        self,
        by: Sequence[str] = (),
        *,
        where: Mapping[str, str] | None = None,
        kpis: Iterable[str] = (),
        since: str = "",
        until: str = "",
    ) -> Sums:
        """Sums told apart by dimensions; the same as `models.revenue.kpis.by_dimensions` has.

        Raises:
            InputError: an unknown dimension or KPI.
        """
        told = [_place(x) for x in by]
        kept = [(_place(name), value) for name, value in (where or {}).items()]
        needed = {*by, *(where or {})} - {"month"}
        level = self.levels.get(next(iter(needed), "")) if len(needed) < 2 else None
        if level is not None:
            return level.sums(by, where=where, kpis=kpis, since=since, until=until)
        wanted = list(kpis) or [name for name in self.kpis if name in load_kpis()]
        for name in wanted:
            if name not in load_kpis() and not name.startswith((REASON, VARIANCE)):
                raise InputError(f"kpi {name!r} is unknown; allowed: {', '.join(load_kpis())}")
        months = self._months(since, until)
        last = None if "month" in by else self._last(months)
        found: Sums = {}
        for name in wanted:
            own = self.kpis.get(name)
            if own is None:
                continue
            standing = name in load_kpis() and load_kpis()[name].month == "month end"
            own_months = (last, last + 1) if standing and last is not None else months
            chosen = self._chosen(own, kept, own_months)
            if chosen is not None:
                self._add(found, name, own, told, chosen)
        return found

    def reasons(self) -> list[str]:
        """Names of the sums that are reasons of denials."""
        return [name for name in self.kpis if name.startswith(REASON)]

    def _months(self, since: str, until: str) -> tuple[int, int]:
        """Codes of the months from and to, as a half-open range."""
        months = self.values[_MONTH]
        begin = sum(x < since for x in months) if since else 0
        end = sum(x <= until for x in months) if until else len(months)
        return begin, end

    def _last(self, months: tuple[int, int]) -> int | None:
        """Code of the last of these months for which receivables are known."""
        own = self.kpis.get("days_in_ar")
        if own is None:
            return None
        codes = own.codes[_MONTH].array()
        fitting = codes[(codes >= months[0]) & (codes < months[1])]
        return int(fitting.max()) if len(fitting) else None

    def _chosen(
        self, own: KpiColumns, kept: Sequence[tuple[int, str]], months: tuple[int, int]
    ) -> "_Array | slice | None":
        """Which cells count; ``None``: none of them."""
        masks: list[_Array] = []
        if months != (0, len(self.values[_MONTH])):
            codes = own.codes[_MONTH].array()
            masks.append((codes >= months[0]) & (codes < months[1]))
        for place, value in kept:
            if value not in self.values[place]:
                return None
            masks.append(own.codes[place].array() == self.values[place].index(value))
        if not masks:
            return slice(None)
        mask = masks[0]
        for more in masks[1:]:
            mask = mask & more
        return mask if bool(mask.any()) else None

    def _add(
        self, found: Sums, name: str, own: KpiColumns, told: Sequence[int],
        chosen: "_Array | slice",
    ) -> None:  # fmt: skip
        numerators = own.numerators.array()[chosen]
        denominators = own.denominators.array()[chosen]
        if not told:
            if len(numerators):
                found[(name,)] = (
                    float(numerators.sum(dtype="f8")), float(denominators.sum(dtype="f8"))
                )  # fmt: skip
            return
        sizes = [len(self.values[place]) for place in told]
        groups = own.codes[told[0]].array()[chosen].astype("i8")
        for place, size in zip(told[1:], sizes[1:], strict=True):
            groups = groups * size + own.codes[place].array()[chosen]
        numbers, groups = _dense(groups, int(np.prod(sizes)))
        top = np.bincount(groups, numerators, len(numbers))
        below = np.bincount(groups, denominators, len(numbers))
        names = []
        for place, size in zip(reversed(told), reversed(sizes), strict=True):
            values = self.values[place]
            names.append([values[i] for i in (numbers % size).tolist()])
            numbers = numbers // size
        for key, a, b in zip(
            zip(*reversed(names), strict=True), top.tolist(), below.tolist(), strict=True
        ):
            found[(name, *key)] = (a, b)


def merged(parts: Iterable[Sums]) -> Sums:
    """Sums over several cubes."""
    total: Sums = {}
    for sums in parts:
        if not total:
            total = dict(sums)
            continue
        for key, (numerator, denominator) in sums.items():
            before = total.get(key, (0.0, 0.0))
            total[key] = (before[0] + numerator, before[1] + denominator)
    return total


def value_of(kpi: str, numerator: float, denominator: float) -> Figure:
    """A KPI's value with what it is made of.

    >>> value_of("initial_denial_rate", 2.0, 8.0).value
    0.25
    """
    dollars = load_kpis()[kpi].unit == "dollars"
    value = None if not denominator else numerator if dollars else numerator / denominator
    return Figure(value, numerator, denominator)


def interval(figure: Figure, variance: float) -> tuple[float, float] | None:
    """The 95 % interval of a sum of dollars, each lost or not (a Poisson-binomial's, as normal).

    >>> interval(Figure(1000.0, 1000.0, 40.0), 10000.0)
    (804.0, 1196.0)
    """
    if figure.value is None:
        return None
    spread = _SURE * variance**0.5
    return figure.value - spread, figure.value + spread


def _dense(groups: _Array, size: int) -> tuple[_Array, _Array]:
    """The groups that there are, and each cell's place among them."""
    if size > 4 * len(groups) + 1000:
        numbers, places = np.unique(groups, return_inverse=True)
        return numbers, places
    there = np.zeros(size, bool)
    there[groups] = True
    numbers = np.flatnonzero(there)
    place = np.empty(size, "i8")
    place[numbers] = np.arange(len(numbers))
    return numbers, place[groups]


def _place(dimension: str) -> int:
    if dimension not in DIMENSIONS:
        allowed = ", ".join(DIMENSIONS)
        raise InputError(f"dimension {dimension!r} is unknown; allowed: {allowed}")
    return DIMENSIONS.index(dimension)


def pack(cube: Cube) -> ColumnCube:
    """A cube as columns, with its levels."""
    levels = {name: _columns(_coarse(cube, name)) for name in ("", *DIMENSIONS[1:])}
    return msgspec.structs.replace(_columns(cube), levels=levels)


def _coarse(cube: Cube, dimension: str) -> Cube:
    """The sums by month and one dimension (``""``: none) only."""
    kept = {1, *((DIMENSIONS.index(dimension) + 1,) if dimension else ())}
    found: Cube = {}
    for key, (numerator, denominator) in cube.items():
        name, *rest = key
        told = (name, *(x if i in kept else "" for i, x in enumerate(rest, 1)))
        # ``told`` has as many parts as ``key``, which unpacking hides from the type checker.
        before = found.get(told, (ZERO, ZERO))  # type: ignore[arg-type]
        found[told] = (before[0] + numerator, before[1] + denominator)  # type: ignore[index]
    return found


def _columns(cube: Cube) -> ColumnCube:
    values: list[list[str]] = [sorted({key[i] for key in cube}) for i in range(1, 6)]
    codes = [{value: code for code, value in enumerate(own)} for own in values]
    cells: dict[str, list[tuple[Any, ...]]] = {}
    for key, (numerator, denominator) in cube.items():
        coded = [code[value] for code, value in zip(codes, key[1:], strict=True)]
        cells.setdefault(key[0], []).append((float(numerator), float(denominator), *coded))
    kpis = {}
    for name, rows in cells.items():
        columns = [_column(np.array(x, "f8")) for x in zip(*rows, strict=True)]
        kpis[name] = KpiColumns(columns[2:], columns[0], columns[1])
    return ColumnCube(values, kpis)


def _column(numbers: _Array) -> Column:
    for kind in _TYPES:
        narrow = numbers.astype(kind) if kind == "f8" or numbers.min() >= 0 else None
        if narrow is not None and bool((narrow == numbers).all()):
            return Column(kind, memoryview(narrow.astype("<" + kind).tobytes()))
    raise AssertionError("unreachable: f8 holds every number that it was given")


def encode_cube(cube: ColumnCube) -> bytes:
    """As bytes."""
    return msgspec.msgpack.encode(cube)


def decode_cube(data: bytes) -> ColumnCube:
    """Back from `encode_cube`; the columns are parts of ``data``."""
    return msgspec.msgpack.decode(data, type=ColumnCube)
