"""What does the office gain that can review only so many claims?"""

import numpy as np

from models.measure.discrimination import (
    Floats,
    Labels,
    Scores,
    checked,
    precision_recall_curve,
)


def capture_curve(value: Scores, scores: Scores) -> tuple[Floats, Floats]:
    """Share of ``value`` caught against share of claims reviewed, riskiest first.

    ``value`` is what each claim is worth catching: 1 for a denied claim and 0 for a paid one,
    the denied dollars, or the true probability. Returns two rising arrays of shape (n + 1,),
    from (0, 0) to (1, 1). Claims of equal score share what they catch, so that their order in
    the file does not matter.
    """
    worth = np.asarray(value, dtype=np.float64)
    checked(np.zeros(worth.shape), scores)
    if not (worth >= 0).all() or worth.sum() <= 0:
        raise ValueError("value must not be negative, and not zero everywhere")
    s = np.asarray(scores, dtype=np.float64)
    _, group, counts = np.unique(s, return_inverse=True, return_counts=True)
    shared = (np.bincount(group, worth) / counts)[group]
    caught = np.cumsum(shared[np.argsort(-s, kind="stable")])
    reviewed = np.arange(s.size + 1, dtype=np.float64) / s.size
    return reviewed, np.concatenate([[0.0], caught / caught[-1]])


def capture_at_capacity(value: Scores, scores: Scores, capacity: float = 0.1) -> float:
    """Which share of denied claims or dollars is caught by reviewing the riskiest claims?

    ``capacity`` is the share of claims that can be reviewed, in (0, 1]; ``value`` as in
    `capture_curve`. This is the figure that an office feels. It depends on capacity and denial
    rate together: with 20 % denied, reviewing 10 % can catch half at best, so compare it with
    the same figure for the true probability or a perfect order, not with 1.

    >>> capture_at_capacity([0, 100, 0, 300], [0.1, 0.6, 0.2, 0.9], capacity=0.25)
    0.75
    """
    if not 0 < capacity <= 1:
        raise ValueError(f"capacity={capacity}: a share of claims in (0, 1] is needed")
    reviewed, caught = capture_curve(value, scores)
    return float(np.interp(capacity, reviewed, caught))


def threshold_for_precision(labels: Labels, scores: Scores, precision: float) -> float:
    """From which score on are at least ``precision`` of the flagged claims really denied?

    The lowest such threshold, that is the one that flags most; ``inf`` where no threshold is
    precise enough. Choose it on calibration data: a threshold chosen on the test data promises
    too much, the more so the fewer claims lie above it.

    >>> threshold_for_precision([0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5], 0.7)
    0.2
    """
    if not 0 < precision <= 1:
        raise ValueError(f"precision={precision}: a share in (0, 1] is needed")
    precisions, _, thresholds = precision_recall_curve(labels, scores)
    enough = np.flatnonzero(precisions >= precision)
    return float(thresholds[enough[-1]]) if enough.size else float("inf")


def threshold_for_capacity(scores: Scores, capacity: float) -> float:
    """From which score on is at most the share ``capacity`` of the claims flagged?

    The lowest such threshold; ``inf`` where the highest score alone is shared by more. Use it
    where claims come one by one and cannot be ranked against each other.

    >>> threshold_for_capacity([0.1, 0.2, 0.3, 0.3, 0.5], 0.4)
    0.5
    """
    if not 0 < capacity <= 1:
        raise ValueError(f"capacity={capacity}: a share of claims in (0, 1] is needed")
    values, counts = np.unique(np.asarray(scores, dtype=np.float64), return_counts=True)
    flagged = np.cumsum(counts[::-1])[::-1] / counts.sum()
    enough = np.flatnonzero(flagged <= capacity + 1e-12)
    return float(values[enough[0]]) if enough.size else float("inf")
