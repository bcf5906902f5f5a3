"""From a candidate's numbers to the probability that a coder would assign the code.

`BoosterRanker` is learnt from labelled notes. `PriorRanker` stands in where there are none: a
few rules of thumb, set by hand, on the same numbers.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.coding.assertion import Assertion
from models.coding.features import ASSERTIONS, COLUMN, SECTIONS
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
    "present": 1.0, "negated": 0.45, "uncertain": 0.8, "historical": 0.9, "family": 0.4,
    "hypothetical": 0.5,
}  # fmt: skip
#: What is left where a mention stands only in such sections, of notes that have sections. Weaker:
#: templates fill a review of systems and an exam, a list says what was, not what was treated.
_ONLY_IN = {
    "review_of_systems": 0.2, "exam": 0.25, "problem_list": 0.25, "past_history": 0.25,
    "family_history": 0.2, "social_history": 0.3, "allergies": 0.2, "medications": 0.3,
    "instructions": 0.25, "procedures": 0.3, "chief_complaint": 0.4, "history_present_illness": 0.4,
}  # fmt: skip
#: Of a visit note (it has an assessment) what is denied is template, not finding.
_DENIED_IN_VISIT = 0.3
#: Log-odds that a mention equal to a term of each kind (`models.coding.terms.Kind`) is coded.
_KINDS = np.array([0.4, -1.1, 0.0, -0.8, -1.8, -2.0, -1.3])
#: Log-odds lost by a mention that is not equal to the term, by its similarity.
_ALIKE = (np.array([0.5, 0.75, 0.9, 0.999, 1.0]), np.array([-5.5, -4.4, -3.2, -2.4, 0.0]))


class PriorRanker:
    """Day one: similarity to a term, its length and kind, how it is said, the practice's habits."""

    def __init__(self, calibrator: Calibrator | None = None) -> None:
        self.calibrator = calibrator or BetaCalibrator(1.0, 1.0, 0.0)

    def raw(self, table: Table) -> Floats:
        """Scores in (0, 1) that rank."""
        t = table.astype(np.float64)
        # Of an equal mention the kind counts, of one that only resembles it hardly does.
        dice = t[:, COLUMN["term_dice"]]
        kind = np.where(t[:, COLUMN["term_kind"]] >= 0, t[:, COLUMN["term_kind"]], 6).astype(int)
        said = np.array([_SAID[a] for a in ASSERTIONS])[t[:, COLUMN["best_assertion"]].astype(int)]
        z = (
            np.interp(dice, *_ALIKE)
            + _KINDS[kind] * np.where(dice > 0.999, 1.0, 0.5)
            - 1.0 * np.minimum(t[:, COLUMN["term_rank"]], 3)
            - 0.7 * np.log(np.maximum(t[:, COLUMN["term_ties"]], 1))
            + 0.3 * (t[:, COLUMN["term_free"]] > 0)
            + 0.25 * np.minimum(t[:, COLUMN["term_words"]] - 1, 3)
            + 0.02 * np.sqrt(t[:, COLUMN["term_mass"]])
            + 0.15 * np.log1p(t[:, COLUMN["spans"]])
            - 0.5 * t[:, COLUMN["first"]]
            - 0.7 * t[:, COLUMN["echo"]]
            # Of candidates that only resemble their words, the nearer in meaning goes first.
            + 1.5 * np.maximum(t[:, COLUMN["dense_likeness"]] - 0.5, 0) * (dice < 0.999)
            # What the practice bills often is likelier meant, what the specialty bills more so.
            + 0.15 * np.log1p(100 * t[:, COLUMN["habit_specialty"]])
            + 0.3 * t[:, COLUMN["habit_lift"]]
        )
        result: Floats = said * _places(t) / (1 + np.exp(-z))
        return result

    def probabilities(self, table: Table) -> Floats:
        """Calibrated with two numbers that were set by hand."""
        return self.calibrator.predict(np.clip(self.raw(table), 1e-6, 1 - 1e-6))


def _places(t: Floats) -> Floats:
    """What the sections leave: the best of those that mention it, 1 for notes without sections.

    A note without an assessment is no visit note (a report, a letter): there all counts.
    """
    left = np.zeros(len(t))
    somewhere = np.zeros(len(t), bool)
    for section in SECTIONS:
        here = t[:, COLUMN[f"in_{section}"]] > 0
        left[here] = np.maximum(left[here], _ONLY_IN.get(section, 1.0))
        somewhere |= here
    denied = t[:, COLUMN["best_assertion"]] == ASSERTIONS.index(Assertion.NEGATED)
    left[denied] *= _DENIED_IN_VISIT
    visit = t[:, COLUMN["visit_note"]] > 0
    result: Floats = np.where(visit & somewhere, left, 1.0)
    return result


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
