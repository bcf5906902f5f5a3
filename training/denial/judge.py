"""How good a set of probabilities is on claims that it has not seen; baselines beside it."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.cells import Floats
from models.measure import (
    brier_score,
    calibration_error,
    capture_at_capacity,
    log_loss,
    pr_auc,
    roc_auc,
)
from training.denial.dataset import CATEGORY_NUMBER, DenialData
from training.denial.rows import Mask

#: Share of claims that an office can review, for the capture figures.
CAPACITY = 0.1
#: Denials below which a cohort's figures are noise and are not given.
LEAST_DENIALS = 5


class Figures(msgspec.Struct, frozen=True):
    """Figures of one model on one cohort; see `models.measure` for what each answers."""

    claims: int
    denied: int
    auc: float
    pr_auc: float
    log_loss: float
    brier: float
    calibration_error: float
    denied_caught: float  # of the denied claims, by reviewing the riskiest tenth
    dollars_caught: float  # of the denied claims' charges, likewise

    def metrics(self, prefix: str) -> dict[str, float]:
        """Figures as flat metrics."""
        return {
            f"{prefix}_{key}": float(value) for key, value in msgspec.structs.asdict(self).items()
        }


def figures(denied: Mask, probability: Floats, charge: Floats) -> Figures | None:
    """Figures of a cohort, or ``None`` where it has too few denied or paid claims to tell."""
    count = int(denied.sum())
    if count < LEAST_DENIALS or len(denied) - count < LEAST_DENIALS:
        return None
    return Figures(
        len(denied),
        count,
        roc_auc(denied, probability),
        pr_auc(denied, probability),
        log_loss(denied, probability),
        brier_score(denied, probability),
        calibration_error(denied, probability),
        capture_at_capacity(denied.astype(float), probability, CAPACITY),
        capture_at_capacity(denied * charge, probability, CAPACITY),
    )


def claim_charges(data: DenialData, claims: NDArray[np.int64]) -> Floats:
    """Dollars charged on each claim."""
    return np.array([float(data.claims[i].charge) for i in claims])


def category_accuracy(data: DenialData, claims: NDArray[np.int64], hazards: Floats) -> float:
    """Share of denied claims whose likeliest category is one that the payer named."""
    denied = data.denied[claims] & data.claim_categories[claims].any(axis=1)
    if not denied.any():
        return float("nan")
    best = hazards[denied].argmax(axis=1)
    named = data.claim_categories[claims][denied]
    return float(named[np.arange(len(best)), best].mean())


def category_names() -> list[str]:
    """Categories in the order of hazard columns."""
    return list(CATEGORY_NUMBER)
