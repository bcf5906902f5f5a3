"""Can the probabilities be taken at their word?"""

import msgspec
import numpy as np

from models.measure.discrimination import Floats, Labels, Scores, checked

# A prediction of exactly 0 or 1 that is wrong would make one claim outweigh all others.
SMALLEST = 1e-15


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Claims of similar predicted probability: how many, predicted mean, observed mean."""

    count: int
    predicted: float
    observed: float


def log_loss(labels: Labels, probabilities: Scores) -> float:
    """How surprised is the model by what happened? Mean negative log-likelihood, in nats.

    Rewards ranking and calibration together, and punishes certainty that is wrong without
    bound: a handful of claims can dominate it. Its best possible value depends on the denial
    rate, so compare models on the same claims only.

    >>> round(log_loss([1, 0], [0.8, 0.1]), 4)
    0.1643
    """
    y, p = _checked_probabilities(labels, probabilities)
    p = np.clip(p, SMALLEST, 1 - SMALLEST)
    return float(-(y * np.log(p) + (1 - y) * np.log1p(-p)).mean())


def brier_score(labels: Labels, probabilities: Scores) -> float:
    """How far are probabilities from what happened? Mean squared difference.

    Bounded, therefore robust where `log_loss` is not. With rare denials it is small for any
    model that predicts little: judge it against ``rate * (1 - rate)``, the score of the rate.

    >>> round(brier_score([1, 0], [0.8, 0.1]), 4)
    0.025
    """
    y, p = _checked_probabilities(labels, probabilities)
    return float(((p - y) ** 2).mean())


def reliability(observed: Scores, probabilities: Scores, bins: int = 10) -> list[ReliabilityBin]:
    """Predicted against observed means in ``bins`` bins of equal mass, by rising prediction.

    ``observed`` are labels, or true probabilities where they are known. Equal predictions stay
    in one bin, so there may be fewer bins; the bins' order is that of the predictions.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    target = np.asarray(observed, dtype=np.float64)
    _checked_probabilities(np.zeros_like(p), p)
    if target.shape != p.shape:
        raise ValueError(f"observed.shape={target.shape}, probabilities.shape={p.shape} differ")
    if bins < 1:
        raise ValueError(f"bins={bins}: at least one is needed")
    order = np.argsort(p, kind="stable")
    p, target = p[order], target[order]
    # A tie that straddles a border goes to the lower bin: splitting it would depend on the order.
    borders = np.unique(np.searchsorted(p, p[np.arange(1, bins + 1) * p.size // bins - 1], "right"))
    result, begin = [], 0
    for end in borders.tolist():
        if end > begin:
            part = slice(begin, end)
            result.append(
                ReliabilityBin(end - begin, float(p[part].mean()), float(target[part].mean()))
            )
            begin = end
    return result


def calibration_error(observed: Scores, probabilities: Scores, bins: int = 10) -> float:
    """How far off is a predicted probability, typically? Expected calibration error.

    Mean over equal-mass bins of |observed - predicted|, weighted by claims. Against true
    probabilities (simulated practices) it tends to 0 for a calibrated model; against labels,
    noise alone adds about ``sqrt(rate * bins / claims)``, so small cohorts look worse than they
    are. A model that predicts the denial rate for every claim scores 0: read it beside
    `roc_auc`.

    >>> round(calibration_error([0.1, 0.3, 0.5, 0.9], [0.2, 0.2, 0.7, 0.7], bins=2), 3)
    0.0
    """
    table = reliability(observed, probabilities, bins)
    total = sum(entry.count for entry in table)
    return sum(entry.count * abs(entry.observed - entry.predicted) for entry in table) / total


def _checked_probabilities(labels: Labels, probabilities: Scores) -> tuple[Floats, Floats]:
    y, p = checked(labels, probabilities)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must be between 0 and 1")
    return y, p
