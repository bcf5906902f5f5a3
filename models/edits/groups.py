"""Families of procedure codes and what goes with them: data beside the code, found by range."""

from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

import msgspec

from models.codes.tables import read_rules

_HERE = Path(__file__).parent
_CACHED = 50_000


class PlaceFit(msgspec.Struct, frozen=True, gc=False):
    """Places of service that a code goes with, or (``excluded``) does not."""

    places: frozenset[str]
    excluded: bool
    words: str
    source: str


class FeeStatus(msgspec.Struct, frozen=True, gc=False):
    """What a status indicator of the Medicare fee schedule means."""

    payable: bool
    words: str
    advice: str


class ProcedureGroups:
    """Groups of a code, by name: visit, anesthesia, laboratory, drug, ordered, unlisted, ..."""

    def __init__(self, ranges: dict[str, list[tuple[str, str, str]]]) -> None:
        """``ranges``: group -> (first, last, words), in any order."""
        self._ranges = {group: sorted(rows) for group, rows in ranges.items()}
        self._firsts = {group: [r[0] for r in rows] for group, rows in self._ranges.items()}
        self._cache: dict[str, dict[str, str]] = {}

    def of(self, code: str) -> dict[str, str]:
        """Groups that hold the code, with the words for it there.

        >>> load_groups().of("99213")["visit"]
        'office visit of an established patient'
        """
        found = self._cache.get(code)
        if found is None:
            found = {}
            for group, firsts in self._firsts.items():
                place = bisect_right(firsts, code) - 1
                if place >= 0 and code <= self._ranges[group][place][1] and len(code) == 5:
                    found[group] = self._ranges[group][place][2]
            # Ranges are of numbers: 0042T or 2000F between two of them is of another kind.
            if code[-1:].isalpha():
                found = {"reporting": "quality reporting"} if code[-1] == "F" else {}
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[code] = found
        return found


@lru_cache(maxsize=1)
def load_groups() -> ProcedureGroups:
    """The groups that ship with Firstpass."""
    columns = ("group", "first", "last", "words", "source")
    ranges: dict[str, list[tuple[str, str, str]]] = {}
    for _, row in read_rules(_HERE / "procedure_groups.csv", columns, columns):
        ranges.setdefault(row["group"], []).append((row["first"], row["last"], row["words"]))
    return ProcedureGroups(ranges)


@lru_cache(maxsize=1)
def _place_fits() -> list[tuple[str, str, PlaceFit]]:
    columns = ("first", "last", "places", "words", "source")
    rows = []
    for _, row in read_rules(_HERE / "place_fit.csv", columns, columns):
        places = row["places"]
        fit = PlaceFit(
            frozenset(places.lstrip("!").split()), places[0] == "!", row["words"], row["source"]
        )
        rows.append((row["first"], row["last"], fit))
    return rows


@lru_cache(maxsize=50_000)
def place_fit(code: str) -> PlaceFit | None:
    """Places of service that go with a code, ``None`` where no row speaks of it."""
    if len(code) != 5 or code[-1].isalpha():
        return None
    return next((fit for first, last, fit in _place_fits() if first <= code <= last), None)


@lru_cache(maxsize=1)
def load_conflicts() -> dict[tuple[str, str], tuple[str, str]]:
    """Words and source for two modifiers, in either order, that contradict each other."""
    columns = ("first", "second", "words", "source")
    found = {}
    for _, row in read_rules(_HERE / "modifier_conflicts.csv", columns, columns):
        value = (row["words"], row["source"])
        found[row["first"], row["second"]] = found[row["second"], row["first"]] = value
    return found


@lru_cache(maxsize=1)
def load_fee_statuses() -> dict[str, FeeStatus]:
    """Status indicators by their letter."""
    columns = ("status", "payable", "words", "advice")
    return {
        row["status"]: FeeStatus(row["payable"] == "1", row["words"], row["advice"])
        for _, row in read_rules(_HERE / "fee_status.csv", columns, ("status",))
    }
