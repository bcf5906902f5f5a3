"""Since when, and until when, does a payer keep a rule?"""

import datetime as dt
from collections.abc import Sequence
from itertools import accumulate
from math import log

import msgspec

#: What a change within the history must add to twice the log-likelihood, for one end.
_ONE_END = 11.0
#: Lines without a denial that must lie beyond an end.
_SILENT = 4
_TRIED = 80


class Period(msgspec.Struct, frozen=True):
    """First and last day of a rule, ``None`` where it does not begin or end in the history."""

    begin: int | None = None
    end: int | None = None

    def holds(self, day: int) -> bool:
        """Whether the rule was in force."""
        return (self.begin is None or day >= self.begin) and (self.end is None or day <= self.end)


def find_period(lines: Sequence[tuple[int, bool]]) -> Period:
    """The days between which the payer denies, from (day, denied) of lines under a rule.

    The begin is that of a denial and the end as well; each must make the answers clearly more
    probable, or the rule is taken to hold throughout.
    """
    ordered = sorted(lines)
    size = len(ordered)
    sums = [0, *accumulate(int(hit) for _, hit in ordered)]
    places = [i for i, (_, hit) in enumerate(ordered) if hit]
    if not places:
        return Period()
    step = max(1, len(places) // _TRIED)
    begins = [0, *(p for p in places[::step] if p - sums[p] >= _SILENT)]
    misses = size - sums[size]
    ends = [*(p + 1 for p in places[::-step] if misses - (p - sums[p]) >= _SILENT), size]
    base = _fit(sums[size], size)
    best, found = 0.0, (0, size)
    for begin in begins:
        for end in ends:
            if end - begin < 2:
                continue
            hits = sums[end] - sums[begin]
            score = 2 * (
                _fit(hits, end - begin) + _fit(sums[size] - hits, size - end + begin) - base
            ) - _ONE_END * ((begin > 0) + (end < size))
            denser = hits * size > sums[size] * (end - begin)
            if denser and score > best:
                best, found = score, (begin, end)
    begin, end = found
    return Period(ordered[begin][0] if begin else None, ordered[end - 1][0] if end < size else None)


def _fit(hits: int, size: int) -> float:
    if hits in (0, size):
        return 0.0
    return hits * log(hits / size) + (size - hits) * log(1 - hits / size)


def month(day: int) -> str:
    """A day number as ``YYYY-MM``: rules leave the practice, days do not."""
    return dt.date.fromordinal(day).isoformat()[:7]
