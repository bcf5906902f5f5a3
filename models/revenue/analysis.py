"""Why claims are denied, since when a rate is another one, and how payers compare."""

import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from models.claims.common import ZERO
from models.codes.categories import load_categories
from models.history import ClaimHistory
from models.revenue.cube import REASON, Sums
from models.revenue.facts import dimensions_of, month_of
from models.revenue.kpis import Cube

# Likelihood ratio above which a change is told: chance alone gives it once in a thousand times
# (chi-squared with one degree of freedom, P = 0.001), more for every month it was looked for.
_SURE = 10.83
_LEAST = 20.0


class DenialReason(msgspec.Struct, frozen=True):
    """A reason of initial denials: lines and dollars billed on them; shares are of the dollars.

    ``submissions`` are indices into the history: the claims behind it.
    """

    carc: str
    category: str
    words: str
    lines: int
    claims: int
    dollars: Decimal
    share: float
    cumulative: float
    submissions: tuple[int, ...]


def denial_pareto(history: ClaimHistory) -> list[DenialReason]:
    """Reasons of first adjudications' denied lines, the costliest first.

    A line counts under the first of its denial codes, that with the largest amount.
    """
    dollars: dict[tuple[str, str], Decimal] = {}
    lines: dict[tuple[str, str], int] = {}
    claims: dict[tuple[str, str], dict[int, None]] = {}
    for i, s in enumerate(history.submissions):
        if not s.first_accepted or s.first is None:
            continue
        for billed, outcome in zip(s.claim.lines, s.first.lines, strict=True):
            if outcome.denied and outcome.denial_carcs:
                key = (outcome.denial_carcs[0], str(outcome.category or ""))
                dollars[key] = dollars.get(key, ZERO) + billed.charge
                lines[key] = lines.get(key, 0) + 1
                claims.setdefault(key, {})[i] = None
    total = sum(dollars.values(), ZERO)
    words = load_categories()
    found = []
    seen = ZERO
    for key in sorted(dollars, key=lambda k: (-dollars[k], k)):
        seen += dollars[key]
        found.append(
            DenialReason(
                key[0], key[1], words.words(key[0]), lines[key], len(claims[key]), dollars[key],
                float(dollars[key] / total) if total else 0.0,
                float(seen / total) if total else 0.0,
                tuple(claims[key]),
            )
        )  # fmt: skip
    return found


def reason_cube(history: ClaimHistory) -> Cube:
    """Dollars and number of the lines denied for each reason, by the dimensions of the KPIs.

    Lines and reasons are those of `denial_pareto`.
    """
    found: Cube = {}
    for s in history.submissions:
        if not s.first_accepted or s.first is None or not s.first.denied:
            continue
        dims = dimensions_of(s.claim, s.payer)
        for billed, outcome in zip(s.claim.lines, s.first.lines, strict=True):
            if outcome.denied and outcome.denial_carcs:
                name = f"{REASON}{outcome.denial_carcs[0]}:{outcome.category or ''}"
                key = (name, month_of(s.first.answered), *dims)
                before = found.get(key, (ZERO, ZERO))
                found[key] = (before[0] + billed.charge, before[1] + 1)
    return found


class Reason(msgspec.Struct, frozen=True):
    """A reason of initial denials in one view; ``share`` and ``cumulative`` are of the dollars."""

    carc: str
    category: str
    words: str
    lines: int
    dollars: float
    share: float
    cumulative: float


def ranked_reasons(sums: Sums) -> list[Reason]:
    """The Pareto of a view of `reason_cube`, the costliest first."""
    total = sum(dollars for dollars, _ in sums.values())
    words = load_categories()
    found = []
    seen = 0.0
    for (name, *_), (dollars, lines) in sorted(sums.items(), key=lambda x: (-x[1][0], x[0])):
        carc, _, category = name.removeprefix(REASON).partition(":")
        seen += dollars
        found.append(
            Reason(
                carc, category, words.words(carc), round(lines), dollars,
                dollars / total if total else 0.0, seen / total if total else 0.0,
            )
        )  # fmt: skip
    return found


class ChangePoint(msgspec.Struct, frozen=True):
    """From ``month`` on the rate is another one: before and after it, as far as it lasted."""

    month: str
    before: float
    after: float


def change_points(
    months: Sequence[str], numerators: Sequence[float], denominators: Sequence[float]
) -> list[ChangePoint]:
    """Months from which a share of counts differs from before, beyond chance.

    Binary segmentation by the binomial likelihood ratio: the best split is told if it is surer
    than chance among that many months, then both parts are looked through.

    >>> change_points(["01", "02", "03", "04"], [5, 6, 30, 28], [100, 100, 100, 100])
    [ChangePoint(month='03', before=0.055, after=0.29)]
    """
    splits: list[int] = []
    _split(numerators, denominators, 0, len(months), splits)
    edges = [0, *sorted(splits), len(months)]
    found = []
    for before, at, after in zip(edges, edges[1:], edges[2:], strict=False):
        found.append(
            ChangePoint(
                months[at],
                _rate(numerators[before:at], denominators[before:at]),
                _rate(numerators[at:after], denominators[at:after]),
            )
        )
    return found


def _split(
    numerators: Sequence[float],
    denominators: Sequence[float],
    begin: int,
    end: int,
    splits: list[int],
) -> None:
    best, at = 0.0, -1
    whole = _likelihood(numerators[begin:end], denominators[begin:end])
    for i in range(begin + 1, end):
        left = denominators[begin:i]
        right = denominators[i:end]
        if sum(left) < _LEAST or sum(right) < _LEAST:
            continue
        gain = 2 * (
            _likelihood(numerators[begin:i], left) + _likelihood(numerators[i:end], right) - whole
        )
        if gain > best:
            best, at = gain, i
    if at >= 0 and best > _SURE + 2 * math.log(max(end - begin, 1)):
        splits.append(at)
        _split(numerators, denominators, begin, at, splits)
        _split(numerators, denominators, at, end, splits)


def _likelihood(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    hits, trials = sum(numerators), sum(denominators)
    if not 0 < hits < trials:
        return 0.0
    rate = hits / trials
    return hits * math.log(rate) + (trials - hits) * math.log(1 - rate)


def _rate(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    trials = sum(denominators)
    return round(sum(numerators) / trials, 6) if trials else 0.0
