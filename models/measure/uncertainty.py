"""How sure is a figure?"""

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt


class Interval(msgspec.Struct, frozen=True):
    """A figure with its confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def bootstrap_interval(
    measure: Callable[..., float],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    confidence: float = 0.95,
    repeats: int = 500,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap: would another sample of claims have given another figure?

    ``measure(*arrays)`` is repeated on claims drawn with replacement. ``arrays`` have one row a
    claim. Claims of one patient are alike; give patients as ``groups`` and whole patients are
    drawn, otherwise the interval is too narrow. It covers the luck of the sample only, neither
    the training's randomness nor a payer that changes its mind next month.

    Repeats for which the measure is ``nan`` (a draw without a denial) are left out; fewer than
    half of them left gives an interval of ``nan``.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence}: a share in (0, 1) is needed")
    columns = [np.asarray(array) for array in arrays]
    size = len(columns[0])
    if groups is None:
        members = [np.array([index]) for index in range(size)]
    else:
        _, group = np.unique(np.asarray(groups), return_inverse=True)
        order = np.argsort(group, kind="stable")
        members = np.split(order, np.cumsum(np.bincount(group))[:-1])
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(repeats):
        picks = generator.integers(0, len(members), len(members))
        rows = picks if groups is None else np.concatenate([members[pick] for pick in picks])
        drawn.append(measure(*(column[rows] for column in columns)))
    figures = np.array(drawn)
    figures = figures[~np.isnan(figures)]
    value = float(measure(*columns))
    if figures.size < repeats / 2:
        return Interval(value, float("nan"), float("nan"))
    tail = (1 - confidence) / 2
    low, high = np.quantile(figures, [tail, 1 - tail])
    return Interval(value, float(low), float(high))
