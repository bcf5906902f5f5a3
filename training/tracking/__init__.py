"""The one place that opens MLflow runs."""

from training.tracking.provenance import code_version, combined_fingerprint, file_digest
from training.tracking.runs import TrainingRun, training_run

__all__ = [
    "TrainingRun",
    "code_version",
    "combined_fingerprint",
    "file_digest",
    "training_run",
]
