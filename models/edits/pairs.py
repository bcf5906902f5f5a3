"""NCCI procedure-to-procedure pairs: millions of rows in four bytes each, mapped into memory.

Codes are numbered; the pairs of one column one code lie together, sorted by column two, so
that a pair is found by bisection within them. Effective date, deletion date, modifier indicator
and rationale repeat so often that a row holds only the number of their combination.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.errors import InputError

_CODES, _STARTS, _SECONDS, _KINDS = "codes.npy", "starts.npy", "seconds.npy", "kinds.npy"
_COMBINATIONS = "combinations.json"
_LIMIT = 1 << 16
_CACHED = 1 << 16


class Combination(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a pair's row says; ``indicator``: 0 never, 1 with a modifier, 9 does not apply."""

    effective: dt.date | None
    deleted: dt.date | None
    indicator: int
    rationale: str = ""

    def holds(self, on: dt.date) -> bool:
        """Whether the pair is edited for services on this day.

        A pair whose deletion date is its effective date was withdrawn from the start.
        """
        if self.effective is not None and on < self.effective:
            return False
        return self.deleted is None or (on <= self.deleted and self.deleted != self.effective)


PairRow = tuple[str, str, Combination]
"""Column one code, column two code, what the row says."""


class PairTable:
    """Looks pairs up; built by `open_pairs`."""

    def __init__(
        self,
        codes: list[str],
        starts: NDArray[np.int32],
        seconds: NDArray[np.uint16],
        kinds: NDArray[np.uint16],
        combinations: list[Combination],
    ) -> None:
        """The arrays that `write_pairs` stored."""
        self._codes = codes
        self.numbers = {code: number for number, code in enumerate(codes)}
        self._starts: list[int] = starts.tolist()
        # Indexing a memoryview gives plain integers, several times faster than an array.
        self._seconds = memoryview(seconds.data)
        self._kinds = memoryview(kinds.data)
        self._combinations = combinations
        self._cache: dict[int, tuple[tuple[Combination, bool], ...]] = {}

    def __len__(self) -> int:
        return len(self._seconds)

    def between(self, one: int, two: int, on: dt.date) -> tuple[Combination, bool] | None:
        """The row of two codes that holds on a day; whether ``one`` is its column one.

        Codes by their number in `numbers`.
        """
        key = one << 16 | two if one < two else two << 16 | one
        rows = self._cache.get(key)
        if rows is None:
            low, high = min(one, two), max(one, two)
            rows = tuple((row, True) for row in self._search(low, high))
            rows += tuple((row, False) for row in self._search(high, low))
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[key] = rows
        for row, ascending in rows:
            if row.holds(on):
                return row, ascending is (one < two)
        return None

    def _search(self, first: int, second: int) -> tuple[Combination, ...]:
        end = self._starts[first + 1]
        place = bisect_left(self._seconds, second, self._starts[first], end)
        found = []
        while place < end and self._seconds[place] == second:
            found.append(self._combinations[self._kinds[place]])
            place += 1
        return tuple(found)

    def get(self, first: str, second: str, on: dt.date) -> Combination | None:
        """The row of column one ``first`` and column two ``second`` that holds on a day."""
        a, b = self.numbers.get(first), self.numbers.get(second)
        if a is None or b is None:
            return None
        return next((row for row in self._search(a, b) if row.holds(on)), None)

    def rows(self) -> Iterator[PairRow]:
        """Every row, to be stored anew together with others."""
        for first, code in enumerate(self._codes):
            for place in range(self._starts[first], self._starts[first + 1]):
                second = self._codes[self._seconds[place]]
                yield code, second, self._combinations[self._kinds[place]]


def write_pairs(folder: Path, rows: Iterable[PairRow]) -> int:
    """Store pairs; of equal pair and effective date the last one counts. Returns their number.

    Raises:
        InputError: more codes or combinations than 65,536.
    """
    ids: dict[str, int] = {}
    kinds: dict[Combination, int] = {}
    firsts, seconds, kind_of = [], [], []
    for first, second, combination in rows:
        firsts.append(ids.setdefault(first, len(ids)))
        seconds.append(ids.setdefault(second, len(ids)))
        kind_of.append(kinds.setdefault(combination, len(kinds)))
    if len(ids) >= _LIMIT or len(kinds) >= _LIMIT:
        raise InputError(
            f"{len(ids):,} codes and {len(kinds):,} combinations of dates; allowed: {_LIMIT:,}"
        )
    codes = sorted(ids)
    rank = np.empty(len(ids), np.int64)
    rank[[ids[code] for code in codes]] = np.arange(len(ids))
    one = rank[np.array(firsts, np.int64)]
    two = rank[np.array(seconds, np.int64)]
    kind = np.array(kind_of, np.int64)
    combinations = list(kinds)
    since = np.array(
        [c.effective.toordinal() if c.effective else 0 for c in combinations], np.int64
    )
    key = (one << 16 | two) << 22 | since[kind] if len(kind) else np.empty(0, np.int64)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    last = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    order = order[last]
    starts = np.searchsorted(one[order], np.arange(len(codes) + 1))
    np.save(folder / _CODES, np.array(codes, dtype="S5"))
    np.save(folder / _STARTS, starts.astype(np.int32))
    np.save(folder / _SECONDS, two[order].astype(np.uint16))
    np.save(folder / _KINDS, kind[order].astype(np.uint16))
    (folder / _COMBINATIONS).write_bytes(msgspec.json.encode(combinations))
    return len(order)


def open_pairs(folder: Path) -> PairTable:
    """A stored table; its pairs stay on disk and are mapped.

    Raises:
        InputError: the version is damaged.
    """
    try:
        codes = [code.decode() for code in np.load(folder / _CODES).tolist()]
        starts = np.load(folder / _STARTS)
        seconds = np.load(folder / _SECONDS, mmap_mode="r")
        kinds = np.load(folder / _KINDS, mmap_mode="r")
        combinations = msgspec.json.decode(
            (folder / _COMBINATIONS).read_bytes(), type=list[Combination]
        )
    except (OSError, ValueError, EOFError, msgspec.DecodeError) as error:
        name = f"{folder.parent.name}/{folder.name}"
        raise InputError(f"{name}: damaged table, import it again") from error
    return PairTable(codes, starts, seconds, kinds, combinations)
