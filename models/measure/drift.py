"""Has something moved, by more than chance moves it?"""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from models.measure.discrimination import Floats, Scores

#: Added to every cell of a stability index, so that an empty one does not make it infinite.
HALF = 0.5
#: Cells that chance would fill with fewer are pooled before they are tested.
LEAST_EXPECTED = 5.0


def stability_index(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """How differently are two sets of counts spread over the same cells?

    The population stability index, sum of (q - p) * log(q / p): 0 for equal shares; 0.1 and
    0.25 are the customary marks for "look" and "act". Noise alone gives about
    ``(cells - 1) * (1 / n + 1 / m)``, so with many cells and few claims it looks like drift:
    read it beside `spread_p_value`.

    >>> round(stability_index([50, 50], [80, 20]), 2)
    0.41
    """
    p, q = _shares(reference), _shares(current)
    return float(((q - p) * np.log(q / p)).sum())


def spread_p_value(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """How likely is such a difference between two sets of counts by chance? Chi-square.

    Cells with few claims are pooled. 1 where nothing is left to compare.

    >>> spread_p_value([50, 50], [80, 20]) < 0.001
    True
    """
    table = np.array([reference, current], dtype=np.float64)
    total = table.sum()
    if total <= 0 or (table.sum(axis=1) == 0).any():
        return 1.0
    expected = table.sum(axis=0) * table.sum(axis=1).min() / total
    rare = expected < LEAST_EXPECTED
    kept = table[:, ~rare]
    if rare.any():
        pooled = table[:, rare].sum(axis=1, keepdims=True)
        if pooled.sum() * table.sum(axis=1).min() / total >= LEAST_EXPECTED:
            kept = np.hstack([kept, pooled])
    if kept.shape[1] < 2:
        return 1.0
    return float(stats.chi2_contingency(kept, correction=False).pvalue)


def by_group(
    hit: npt.ArrayLike, probabilities: Scores, groups: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether each group has any denial, and how likely it was to have any.

    Claims of one patient go together (a lapsed coverage denies all of them): counted apart they
    would look like many witnesses of one change.

    >>> hit, p = by_group([True, True, False], [0.5, 0.5, 0.1], [7, 7, 8])
    >>> hit.tolist(), [round(x, 2) for x in p.tolist()]
    ([True, False], [0.75, 0.1])
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    count = int(group.max()) + 1 if group.size else 0
    any_hit = np.bincount(group, np.asarray(hit, dtype=np.float64), count) > 0
    p = np.clip(np.asarray(probabilities, dtype=np.float64), 0.0, 1.0 - 1e-12)
    return any_hit, -np.expm1(np.bincount(group, np.log1p(-p), count))


def after_seeing(shape: float, seen: int, expected: float) -> tuple[float, float]:
    """By how much is a model off, once ``seen`` denials came where it expected so many?

    The factor by which it may be off is gamma, of mean 1 and variance ``1 / shape`` before
    anything is seen. Returns its mean afterwards, and the new shape, for `more_than_foretold`.

    >>> after_seeing(4.0, 4, 0.0)
    (2.0, 8.0)
    """
    return (shape + seen) / (shape + expected), shape + seen


def more_than_foretold(count: int, expected: float, shape: float) -> float:
    """How likely are ``count`` denials or more, if the model may be off by a factor of its own?

    The expected number times a gamma factor of mean 1 and variance ``1 / shape``: a negative
    binomial tail. A model that foretells 3 where 5 are usual is no news; one that foretells
    0.1 where 5 come is.

    >>> more_than_foretold(5, 0.1, 4.0) < 1e-6 < 0.1 < more_than_foretold(5, 3.0, 4.0)
    True
    """
    if count <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    return float(stats.nbinom.sf(count - 1, shape, shape / (shape + expected)))


def fewer_than_foretold(count: int, expected: float, shape: float) -> float:
    """The same for ``count`` denials or fewer.

    >>> fewer_than_foretold(0, 1.0, 4.0) > 0.3
    True
    """
    if expected <= 0:
        return 1.0
    return float(stats.nbinom.cdf(count, shape, shape / (shape + expected)))


def _shares(counts: npt.ArrayLike) -> Floats:
    values = np.asarray(counts, dtype=np.float64) + HALF
    result: Floats = values / values.sum()
    return result


def paired_gain(
    first: Scores, second: Scores, groups: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, float]:
    """Is the second model better on the same claims, and how sure is that?

    ``first`` and ``second`` are losses a claim (lower is better), ``groups`` whose claims go
    together (patients), ``weights`` how many claims each stands for. Returns the mean of first
    minus second, so that positive favours the second, and its standard error between groups
    (Liang and Zeger 1986). ``nan`` as error where there is one group only.

    >>> gain, error = paired_gain([0.4, 0.2, 0.3], [0.1, 0.2, 0.2], [1, 2, 3])
    >>> round(gain, 3), round(error, 3)
    (0.133, 0.088)
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    weight = np.ones_like(difference) if weights is None else np.asarray(weights, dtype=np.float64)
    total = float(weight.sum())
    if total <= 0:
        return math.nan, math.nan
    mean = float((weight * difference).sum() / total)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    inside = np.bincount(group, weight * (difference - mean))
    count = inside.size
    if count < 2:
        return mean, math.nan
    spread = float((inside**2).sum()) * count / (count - 1)
    return mean, math.sqrt(spread) / total
