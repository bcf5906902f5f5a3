"""Is the payer's answer to these lines another one than to those? Counts, tests, intervals."""

from collections.abc import Sequence
from math import erfc, exp, lgamma, log, sqrt

#: Standard normal quantile of a two-sided 95 % interval.
_Z = 1.959964


def wilson(hits: int, size: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927).

    >>> [round(x, 3) for x in wilson(41, 44)]
    [0.818, 0.977]
    """
    if not size:
        return 0.0, 1.0
    share, z2 = hits / size, _Z * _Z / size
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z * sqrt(share * (1 - share) / size + z2 / (4 * size)) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def excess(hits: int, size: int, other_hits: int, other_size: int) -> float:
    """Probability that chance alone puts ``hits`` or more of all hits among the ``size``.

    Fisher's exact test, one-sided.

    >>> round(excess(3, 5, 0, 8), 3)
    0.035
    """
    total, all_hits = size + other_size, hits + other_hits
    if not hits:
        return 1.0
    base = lgamma(total + 1) - lgamma(all_hits + 1) - lgamma(total - all_hits + 1)
    p = 0.0
    for k in range(hits, min(size, all_hits) + 1):
        other = all_hits - k
        if other > other_size:
            continue
        term = exp(
            _choose(size, k) + _choose(other_size, other) - base
        )  # fmt: skip
        p += term
        if term < 1e-17 * p:
            break
    return min(1.0, p)


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def gain(hits: int, size: int, other_hits: int, other_size: int) -> float:
    """Twice the log-likelihood by which two shares explain the hits better than one."""

    def fit(k: int, n: int) -> float:
        if k in (0, n):
            return 0.0
        return k * log(k / n) + (n - k) * log(1 - k / n)

    return 2 * (
        fit(hits, size) + fit(other_hits, other_size) - fit(hits + other_hits, size + other_size)
    )


def stratified_excess(strata: Sequence[tuple[int, int, int, int]]) -> float:
    """One-sided Mantel-Haenszel test over strata of (hits, size, other hits, other size).

    1.0 where no stratum has lines of both kinds.
    """
    over = variance = 0.0
    for hits, size, other_hits, other_size in strata:
        total, all_hits = size + other_size, hits + other_hits
        if not size or not other_size or total < 2:
            continue
        over += hits - size * all_hits / total
        variance += (
            size * other_size * all_hits * (total - all_hits) / (total * total * (total - 1))
        )
    if variance <= 0 or over <= 0:
        return 1.0
    return 0.5 * erfc(over / sqrt(2 * variance))


def allowed_tests(values: Sequence[float], rate: float) -> float:
    """Largest p that counts, so that at most ``rate`` of what counts is chance.

    Benjamini and Hochberg 1995; 0.0 where nothing counts.

    >>> allowed_tests([0.001, 0.2, 0.9, 0.012], 0.05)
    0.012
    """
    count = len(values)
    found = 0.0
    for place, p in enumerate(sorted(values), 1):
        if p <= rate * place / count:
            found = p
    return found
