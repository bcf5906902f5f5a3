"""Figures of a coding model on labelled notes: overall, by chapter, calibration, evidence."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.codes.icd10cm import load_icd10cm
from models.coding.assertion import AssertionRules
from models.coding.model import ICD10CM, SystemPart
from models.measure import calibration_error
from training import plots
from training.coding.dataset import LabelledNotes
from training.coding.fit import answers_of
from training.coding.score import CodingFigures, Ranked, coding_figures
from training.progress import Progress, silent

#: Suggestions below are not shown to a coder, and not counted in the calibration error.
SHOWN = 0.05


class Judged(msgspec.Struct):
    """Figures of one system, and what plots and tables are drawn from.

    ``labels`` and ``probabilities``: of every suggestion from `SHOWN` on, in one row;
    ``answers``: these suggestions by note, best first.
    ``unseen_recall``: of gold codes that training never saw, the share that is a candidate.
    """

    system: str
    figures: CodingFigures
    calibration_error: float
    unseen_recall: float
    chapters: pd.DataFrame
    labels: list[bool]
    probabilities: list[float]
    answers: list[list[tuple[str, float]]]

    def summary(self) -> dict[str, object]:
        """Figures and chapters as plain data."""
        return {
            **msgspec.structs.asdict(self.figures),
            "calibration_error": self.calibration_error,
            "unseen_candidate_recall": self.unseen_recall,
            "chapters": self.chapters.to_dict("records"),
        }

    def plot(self) -> Figure:
        """Calibration plot."""
        return plots.reliability_diagram(
            [float(x) for x in self.labels], {"Firstpass": self.probabilities},
            event="assignment", happened="assigned by the coder", things="suggestions",
        )  # fmt: skip

    def metrics(self, prefix: str) -> dict[str, float]:
        """Figures by name, for MLflow."""
        found = {
            f"{prefix}.{name}": float(value)
            for name, value in msgspec.structs.asdict(self.figures).items()
        }
        found[f"{prefix}.calibration_error"] = self.calibration_error
        found[f"{prefix}.unseen_candidate_recall"] = self.unseen_recall
        return found


def judge(
    part: SystemPart, data: LabelledNotes, rules: AssertionRules, progress: Progress = silent
) -> Judged:
    """Measure one part of a model on notes that it has not seen."""
    answers, spans = answers_of(
        part, data, rules,
        lambda done: progress(f"measuring ({data.system})", done, len(data)),
    )  # fmt: skip
    figures = coding_figures(data.gold, answers, part.threshold, gold_spans=data.spans, spans=spans)
    # Hundreds of candidates near zero would hide how the suggestions are calibrated.
    answers_shown = [[a for a in found if a[1] >= SHOWN] for found in answers]
    labels = [
        c in gold for gold, found in zip(data.gold, answers_shown, strict=True) for c, _ in found
    ]
    scores = [score for found in answers_shown for _, score in found]
    error = float("nan")
    if 0 < sum(labels) < len(labels):
        error = calibration_error(np.array(labels, float), np.array(scores))
    known = set(part.sources.history.codes)
    unseen = found_ = 0
    for gold, ranked in zip(data.gold, answers, strict=True):
        rare = gold - known
        unseen += len(rare)
        found_ += len(rare & {c for c, _ in ranked})
    return Judged(
        data.system, figures, error, found_ / unseen if unseen else float("nan"),
        by_chapter(data, answers, part.threshold), labels, scores, answers_shown,
    )  # fmt: skip


def by_chapter(data: LabelledNotes, answers: Sequence[Ranked], threshold: float) -> pd.DataFrame:
    """Gold, predicted and right codes by ICD-10-CM chapter (other systems: by first character)."""
    icd = load_icd10cm() if data.system == ICD10CM else None
    counts: dict[str, Counter[str]] = {}
    for gold, ranked in zip(data.gold, answers, strict=True):
        predicted = {code for code, score in ranked if score >= threshold}
        for code in gold | predicted:
            chapter = (icd.chapter(code) if icd else "") or code[:1]
            count = counts.setdefault(chapter, Counter())
            count["gold"] += code in gold
            count["predicted"] += code in predicted
            count["right"] += code in gold and code in predicted
    rows = [
        {
            "chapter": chapter,
            "gold": c["gold"],
            "predicted": c["predicted"],
            "right": c["right"],
            "precision": c["right"] / c["predicted"] if c["predicted"] else float("nan"),
            "recall": c["right"] / c["gold"] if c["gold"] else float("nan"),
            "f1": 2 * c["right"] / (c["gold"] + c["predicted"]),
        }
        for chapter, c in sorted(counts.items(), key=lambda pair: (len(pair[0]), pair[0]))
    ]
    return pd.DataFrame(rows)
