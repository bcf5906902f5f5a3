"""Does the model rank? Areas under curves, and the share of what could be known."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.ArrayLike
Scores = npt.ArrayLike


def checked(labels: Labels, scores: Scores) -> tuple[Floats, Floats]:
    """Both as float arrays of shape (n,), n >= 1, labels 0 or 1, scores finite.

    Raises:
        ValueError: They are not.
    """
    y, s = np.asarray(labels, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if y.ndim != 1 or y.shape != s.shape or not y.size:
        raise ValueError(
            f"labels.shape={y.shape}, scores.shape={s.shape}: two equally long, non-empty"
            " vectors are needed"
        )
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("labels hold other values than 0 and 1")
    if not np.isfinite(s).all():
        raise ValueError("scores hold NaN or infinity")
    return y, s


def roc_auc(labels: Labels, scores: Scores) -> float:
    """How likely is a denied claim ranked above a paid one? Ties count one half.

    0.5 is chance, 1 is perfect; ``nan`` where one of the classes is absent. Insensitive to the
    denial rate, therefore comparable between payers and months. Misleads when only the top of
    the list is worked (see `capture_at_capacity`), and says nothing of calibration.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    y, s = checked(labels, scores)
    return _auc_against(y, s)


def soft_roc_auc(probabilities: Scores, scores: Scores) -> float:
    """`roc_auc` in expectation, when each claim's true probability of denial is known.

    Every claim counts as denied with weight p and as paid with weight 1 - p. Free of the noise
    of drawn labels; possible on simulated practices only.
    """
    p, s = np.asarray(probabilities, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    checked(np.zeros_like(s), s)
    if p.shape != s.shape or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must be between 0 and 1, one for each score")
    return _auc_against(p, s)


def _auc_against(weights: Floats, scores: Floats) -> float:
    """Mann-Whitney's U over groups of equal scores; ``weights`` is each claim's share denied."""
    _, group = np.unique(scores, return_inverse=True)
    denied = np.bincount(group, weights)
    paid = np.bincount(group, 1.0 - weights)
    pairs = denied.sum() * paid.sum()
    if pairs <= 0:
        return float("nan")
    paid_below = np.cumsum(paid) - paid
    return float((denied * (paid_below + 0.5 * paid)).sum() / pairs)


def pr_auc(labels: Labels, scores: Scores) -> float:
    """How clean is the list while one works down it? Average precision.

    The mean, over denied claims, of the share of denials among claims ranked at least as high.
    Chance level is the denial rate, so figures of two cohorts with different denial rates must
    not be compared; ``nan`` without a denial.

    >>> round(pr_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    precision, recall, _ = precision_recall_curve(labels, scores)
    return float((precision * np.diff(recall, prepend=0.0)).sum())


def precision_recall_curve(labels: Labels, scores: Scores) -> tuple[Floats, Floats, Floats]:
    """Precision and recall of reviewing every claim at or above each distinct score.

    Returns three arrays of equal length, by falling threshold: precision, recall, threshold.
    Recall is ``nan`` throughout when nothing was denied.
    """
    y, s = checked(labels, scores)
    caught, reviewed, thresholds = _cumulative(y, s)
    with np.errstate(invalid="ignore"):
        return caught / reviewed, caught / caught[-1], thresholds


def roc_curve(labels: Labels, scores: Scores) -> tuple[Floats, Floats]:
    """False and true positive rate for each distinct threshold, from (0, 0) to (1, 1)."""
    y, s = checked(labels, scores)
    caught, reviewed, _ = _cumulative(y, s)
    wrong = reviewed - caught
    with np.errstate(invalid="ignore"):
        rates = wrong / wrong[-1], caught / caught[-1]
    return np.concatenate([[0.0], rates[0]]), np.concatenate([[0.0], rates[1]])


def _cumulative(y: Floats, s: Floats) -> tuple[Floats, Floats, Floats]:
    order = np.argsort(-s, kind="stable")
    falling = s[order]
    last_of_group = np.append(np.flatnonzero(np.diff(falling)), falling.size - 1)
    caught = np.cumsum(y[order])[last_of_group]
    return caught, (last_of_group + 1).astype(np.float64), falling[last_of_group]


def share_of_attainable_lift(labels: Labels, scores: Scores, truth: Scores) -> float:
    """How much of what could be known does the model know?

    (AUC - 0.5) / (AUC of the true probability - 0.5), both against the drawn labels: 1 is a
    perfect model, 0 is chance. Slightly above 1 is possible by luck of the labels. Only where
    the true probability is known, that is on simulated practices; says nothing of calibration.

    >>> share_of_attainable_lift([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.9, 0.2, 0.8])
    0.5
    """
    return (roc_auc(labels, scores) - 0.5) / (roc_auc(labels, truth) - 0.5)
