"""What was said of claims before they went out, and whether it was heeded.

A CSV that `firstpass export --scored FILE` writes from the store: one row a submission and
served model version. Account numbers are in it, so it lies where claims lie.
"""

import csv
import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.claims.claim import Claim
from models.errors import InputError
from training.denial.rows import Mask

COLUMNS = ("practice", "claim_id", "submitted", "model_version", "warned", "heeded")


class ScoredClaims(msgspec.Struct):
    """Submissions that a model had warned of, and those changed after a warning."""

    warned: set[tuple[str, str, dt.date]] = msgspec.field(default_factory=set)
    heeded: set[tuple[str, str, dt.date]] = msgspec.field(default_factory=set)

    def masks(self, claims: list[Claim], rows: NDArray[np.int64]) -> tuple[Mask, Mask]:
        """Which of ``claims[rows]`` were warned of, and which of those were changed for it."""
        keys = [(c.practice, c.claim_id, c.submitted) for c in (claims[i] for i in rows.tolist())]
        return (
            np.array([k in self.warned for k in keys], bool),
            np.array([k in self.heeded for k in keys], bool),
        )


def read_scored(path: Path) -> ScoredClaims:
    """Read the table.

    Raises:
        InputError: It cannot be read, lacks a column, or a day is none; the text names the line.
    """
    result = ScoredClaims()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            absent = [c for c in COLUMNS if c not in (table.fieldnames or ())]
            if absent:
                raise InputError(
                    f"{path}: column {absent[0]!r} is missing; needed: {', '.join(COLUMNS)}"
                )
            for row in table:
                try:
                    day = dt.date.fromisoformat(row["submitted"])
                except ValueError:
                    raise InputError(
                        f"{path} line {table.line_num}: submitted must be a day as 2026-03-01"
                    ) from None
                key = (row["practice"], row["claim_id"], day)
                if row["warned"] == "1":
                    result.warned.add(key)
                if row["heeded"] == "1":
                    result.heeded.add(key)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return result
