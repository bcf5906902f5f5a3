"""The claim history: which remittance answers which submission, and what it says.

`read_history` and `build_history` give a `ClaimHistory`; see ``docs/history.md``.
"""

from models.history.history import ClaimHistory, HistoryOptions, build_history, read_history
from models.history.outcomes import (
    Adjudication,
    LineOutcome,
    Outcome,
    Submission,
    UnmatchedRemittance,
)
from models.history.payers import PayerCrosswalk
from models.history.report import CohortReport

__all__ = [
    "Adjudication",
    "ClaimHistory",
    "CohortReport",
    "HistoryOptions",
    "LineOutcome",
    "Outcome",
    "PayerCrosswalk",
    "Submission",
    "UnmatchedRemittance",
    "build_history",
    "read_history",
]
