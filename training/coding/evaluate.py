"""`firstpass evaluate coding`: a registered version on labelled notes that it has not seen."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from models import registry
from models.coding.artifact import MODEL_NAME, load_artifact
from models.coding.model import ICD10CM
from models.coding.notes_file import read_notes
from models.errors import NotEnoughDataError, Problem
from models.registry import Version
from training.coding.dataset import label, systems_of
from training.coding.judge import Judged, judge
from training.coding.train import icd10cm_known
from training.progress import Progress, silent


class CodingEvaluation(msgspec.Struct):
    """Figures by code system."""

    version: Version
    notes: int
    judged: dict[str, Judged]
    problems: list[Problem]
    plots: list[Path]


def evaluate_coding(
    notes: Sequence[Path],
    *,
    which: str = "champion",
    plots_to: Path | None = None,
    progress: Progress = silent,
) -> CodingEvaluation:
    """Measure a registered version.

    Raises:
        InputError: no note could be read.
        NotEnoughDataError: no note has codes of a system that the version knows.
        RegistryError: no such version.
    """
    loaded = registry.load(MODEL_NAME, which)
    model = load_artifact(loaded.path, model_version=str(loaded.version.version))
    progress("reading the notes")
    read = read_notes(notes)
    result = CodingEvaluation(loaded.version, len(read.notes), {}, read.problems, [])
    for system in systems_of(read.notes):
        if system not in model.parts:
            continue
        known = icd10cm_known() if system == ICD10CM else None
        data = label(read.notes, system, known=known, problems=result.problems)
        found = result.judged[system] = judge(model.parts[system], data, model.rules, progress)
        if plots_to is not None and any(found.labels):
            plots_to.mkdir(parents=True, exist_ok=True)
            name = system.lower().replace(" ", "_")
            path = plots_to / f"reliability_{name}.png"
            found.plot().savefig(path, dpi=150)
            found.chapters.to_csv(plots_to / f"chapters_{name}.csv", index=False)
            result.plots.append(path)
    if not result.judged:
        raise NotEnoughDataError(
            f"none of the {len(read.notes)} notes has codes of {', '.join(model.systems)}:"
            " evaluation needs labelled notes (docs/notes.md)"
        )
    return result
