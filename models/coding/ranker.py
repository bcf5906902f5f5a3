"""From a candidate's numbers to the probability that a coder would assign the code.

`BoosterRanker` is learnt from labelled notes. `PriorRanker` stands in where there are none: a
few rules of thumb, set by hand, on the same numbers.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.coding.features import ASSERTIONS, COLUMN
from models.measure.calibration import BetaCalibrator, Calibrator, calibrator_from_dict

Floats = NDArray[np.float64]
Table = NDArray[np.float32]


class Ranker(Protocol):
    """Features ``[candidates, columns]`` to probabilities ``[candidates]``."""

    def probabilities(self, table: Table) -> Floats:
        """Calibrated probabilities."""


class BoosterRanker:
    """A LightGBM booster with its calibrator."""

    def __init__(self, text: str, calibrator: Calibrator) -> None:
        """``text`` as LightGBM saves a model."""
        import lightgbm

        self.text = text
        self.calibrator = calibrator
        self._booster = lightgbm.Booster(model_str=text)

    def probabilities(self, table: Table) -> Floats:
        """Calibrated probabilities; one thread, since many requests run side by side."""
        if not len(table):
            return np.zeros(0)
        return self.calibrator.predict(self._booster.predict(table, num_threads=1))


#: What each assertion of the best mention leaves of a day-one score.
_SAID = {
    "present": 1.0, "negated": 0.35, "uncertain": 0.6, "historical": 0.7, "family": 0.2,
    "hypothetical": 0.4,
}  # fmt: skip


class PriorRanker:
    """Day one: similarity to a term, its length and kind, how it is said; nothing learnt."""

    def __init__(self, calibrator: Calibrator | None = None) -> None:
        self.calibrator = calibrator or BetaCalibrator(1.0, 1.0, 0.0)

    def raw(self, table: Table) -> Floats:
        """Scores in (0, 1) that rank."""
        t = table.astype(np.float64)
        score = t[:, COLUMN["term_score"]]
        free = t[:, COLUMN["term_free"]]
        kind = t[:, COLUMN["term_kind"]]
        rank = t[:, COLUMN["term_rank"]]
        ties = np.maximum(t[:, COLUMN["term_ties"]], 1)
        mass = t[:, COLUMN["term_mass"]]
        said = np.array([_SAID[a] for a in ASSERTIONS])[t[:, COLUMN["best_assertion"]].astype(int)]
        z = (
            -7.0
            + 6.0 * score
            + 1.5 * (free > 0)
            + 1.2 * (kind == 0)
            - 0.8 * (kind >= 5)
            - 1.0 * np.minimum(rank, 3)
            - 0.7 * np.log(ties)
            + 0.25 * np.sqrt(mass) / 3
            + 0.2 * np.log1p(t[:, COLUMN["spans"]])
        )
        result: Floats = said / (1 + np.exp(-z))
        return result

    def probabilities(self, table: Table) -> Floats:
        """Calibrated with two numbers that were set by hand."""
        return self.calibrator.predict(np.clip(self.raw(table), 1e-6, 1 - 1e-6))


def save_ranker(ranker: Ranker, folder: Path, name: str) -> dict[str, Any]:
    """Write a ranker's files; what `load_ranker` needs beside them."""
    if isinstance(ranker, BoosterRanker):
        (folder / f"{name}.txt").write_text(ranker.text, encoding="utf-8")
        return {"kind": "booster", "calibrator": ranker.calibrator.to_dict()}
    assert isinstance(ranker, PriorRanker)
    return {"kind": "prior", "calibrator": ranker.calibrator.to_dict()}


def load_ranker(data: dict[str, Any], folder: Path, name: str) -> Ranker:
    """The ranker that `save_ranker` wrote."""
    calibrator = calibrator_from_dict(data["calibrator"])
    if data["kind"] == "booster":
        return BoosterRanker((folder / f"{name}.txt").read_text(encoding="utf-8"), calibrator)
    return PriorRanker(calibrator)
