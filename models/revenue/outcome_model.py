"""The probability of an outcome from a few named columns: logistic, boosted, or both averaged.

Data only: levels, weights, and the booster's own text. Training is in `training.recovery.fit`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Row = Mapping[str, str | float]
Kind = Literal["logistic", "boosted", "blend"]
RARE = ""
"""Level of what was too rare, or never seen."""


class Columns(msgspec.Struct, frozen=True):
    """What is known of a row.

    ``levels`` of each categorical column in the order of their numbers (the first is `RARE`);
    mean and spread of each numeric one.
    """

    levels: dict[str, list[str]]
    numeric: dict[str, tuple[float, float]]

    def codes(self, rows: Sequence[Row]) -> Floats:
        """``[rows, columns]``: level numbers, then standardised numbers."""
        out = np.zeros((len(rows), len(self.levels) + len(self.numeric)))
        for j, (name, levels) in enumerate(self.levels.items()):
            number = {level: i for i, level in enumerate(levels)}
            out[:, j] = [number.get(str(r[name]), 0) for r in rows]
        for j, (name, (mean, spread)) in enumerate(self.numeric.items(), len(self.levels)):
            out[:, j] = [(float(r[name]) - mean) / spread for r in rows]
        return out

    def one_hot(self, codes: Floats) -> Floats:
        """`codes` with a column for each level but the first."""
        parts = [
            (codes[:, [j]] == np.arange(1, len(levels))).astype(float)
            for j, levels in enumerate(self.levels.values())
        ]
        return np.hstack([*parts, codes[:, len(self.levels) :]])


class OutcomeModel(msgspec.Struct):
    """``weights`` belong to `Columns.one_hot`, ``booster`` to `Columns.codes`.

    ``blend`` averages the log-odds of the two.
    """

    columns: Columns
    kind: Kind
    intercept: float = 0.0
    weights: list[float] = []
    booster: str = ""

    def predict(self, rows: Sequence[Row]) -> Floats:
        """Probability of each row, ``[rows]``."""
        if not rows:
            return np.zeros(0)
        codes = self.columns.codes(rows)
        scores = []
        if self.kind != "logistic":
            predicted = _booster(self.booster).predict(codes, num_threads=1, raw_score=True)
            scores.append(np.asarray(predicted, float))
        if self.kind != "boosted":
            scores.append(self.columns.one_hot(codes) @ np.array(self.weights) + self.intercept)
        score = np.mean(scores, axis=0)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -35, 35))))


_LOADED: dict[str, Any] = {}


def _booster(text: str) -> Any:
    """The booster of a model text, read once."""
    if text not in _LOADED:
        import lightgbm

        _LOADED.clear()
        _LOADED[text] = lightgbm.Booster(model_str=text)
    return _LOADED[text]
