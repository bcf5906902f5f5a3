"""Metrics and calibration, used by training and by serving alike."""

from models.measure.calibration import (
    BetaCalibrator,
    Calibrator,
    IsotonicCalibrator,
    calibrator_from_dict,
    fit_calibrator,
)
from models.measure.capacity import (
    capture_at_capacity,
    capture_curve,
    threshold_for_capacity,
    threshold_for_precision,
)
from models.measure.discrimination import (
    pr_auc,
    precision_recall_curve,
    roc_auc,
    roc_curve,
    share_of_attainable_lift,
    soft_roc_auc,
)
from models.measure.probability import (
    ReliabilityBin,
    brier_score,
    calibration_error,
    log_loss,
    reliability,
)
from models.measure.uncertainty import Interval, bootstrap_interval

__all__ = [
    "BetaCalibrator",
    "Calibrator",
    "Interval",
    "IsotonicCalibrator",
    "ReliabilityBin",
    "bootstrap_interval",
    "brier_score",
    "calibration_error",
    "calibrator_from_dict",
    "capture_at_capacity",
    "capture_curve",
    "fit_calibrator",
    "log_loss",
    "pr_auc",
    "precision_recall_curve",
    "reliability",
    "roc_auc",
    "roc_curve",
    "share_of_attainable_lift",
    "soft_roc_auc",
    "threshold_for_capacity",
    "threshold_for_precision",
]
