"""`firstpass evaluate denial`: a registered model on claims that it has not seen."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from models.denial.artifact import MODEL_NAME, load_artifact
from models.denial.cells import Floats
from models.denial.model import DenialModel
from models.denial.past import Past
from models.errors import InputError
from models.history import CohortReport, HistoryOptions, read_history
from models.registry import CHAMPION, Version, load
from training import plots
from training.denial.dataset import DenialData, build_dataset
from training.denial.judge import Figures, category_accuracy, claim_charges, figures
from training.denial.rows import Mask
from training.progress import Progress, silent


class EvaluationResult(msgspec.Struct):
    """``seen`` labelled claims were refused, since the model had learnt from them."""

    version: Version
    report: CohortReport
    judged: int
    seen: int
    figures: Figures
    by_payer: dict[str, Figures]
    new_patients: Figures | None
    category_accuracy: float
    plots: list[Path]


def evaluate_denial(
    history: Sequence[Path],
    *,
    which: str | int = CHAMPION,
    options: HistoryOptions | None = None,
    plots_to: Path | None = None,
    progress: Progress = silent,
) -> EvaluationResult:
    """Measure a registered version on the labelled claims of ``history`` that are new to it.

    Raises:
        InputError: nothing readable, or every labelled claim was learnt from, or too few
            denials are left to measure anything.
        RegistryError: no such version.
    """
    loaded = load(MODEL_NAME, which)
    model = load_artifact(loaded.path, model_version=str(loaded.version.version))
    progress("reading the history")
    claims = read_history(history, options)
    progress("taking features as of each submission")
    encoded = build_dataset(
        claims,
        vocabulary=model.vocabulary,
        past=model.past.overlay(),
        filing_limits=model.filing_limits,
    )
    data = encoded.data
    seen = seen_by(model.past, data)
    rows = np.flatnonzero(data.mature & ~seen)
    refused = int((data.mature & seen).sum())
    if not len(rows):
        raise InputError(
            f"the model has learnt from all {refused} answered claims of this history: give"
            " claims that were submitted after its training (see 'firstpass models')"
            if refused
            else "no claim of this history has an answer yet: add the 835 files that answer it"
        )
    progress("scoring")
    prediction = model.predict(data.batch.take(rows))
    denied, charge = data.denied[rows], claim_charges(data, rows)
    found = figures(denied, prediction.probability, charge)
    if found is None:
        raise InputError(
            f"{len(rows)} claims are new to the model and {int(denied.sum())} of them were"
            " denied: too few to measure anything (5 denied and 5 paid are needed)"
        )
    payers = np.array([claims.crosswalk.key(data.claims[i].payer) for i in rows])
    by_payer = {
        str(payer): own
        for payer in np.unique(payers)
        if (own := _cohort(payers == payer, denied, prediction.probability, charge)) is not None
    }
    new = np.array([not model.past.knows_patient(int(p)) for p in data.patient[rows]], bool)
    written = _plots(model, denied, prediction.probability, charge, plots_to)
    return EvaluationResult(
        loaded.version,
        claims.report,
        len(rows),
        refused,
        found,
        by_payer,
        _cohort(new, denied, prediction.probability, charge),
        category_accuracy(data, rows, prediction.hazards),
        written,
    )


def seen_by(past: Past, data: DenialData) -> Mask:
    """Which claims hold a service that the model's history held: same patient, day, code, payer."""
    return np.array(
        [any(past.service_state(s) for s in past.keys(claim).services) for claim in data.claims],
        bool,
    )


def _cohort(
    inside: Mask,
    denied: Mask,
    probability: Floats,
    charge: Floats,
) -> Figures | None:
    return figures(denied[inside], probability[inside], charge[inside])


def _plots(
    model: DenialModel,
    denied: Mask,
    probability: Floats,
    charge: Floats,
    folder: Path | None,
) -> list[Path]:
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    name = {f"denial {model.model_version}": probability}
    written = []
    for file, figure in (
        ("ranking.png", plots.ranking(denied, name)),
        ("reliability.png", plots.reliability_diagram(denied, name)),
        ("captured_dollars.png", plots.captured_value(denied * charge, name)),
    ):
        figure.savefig(folder / file, dpi=150)
        written.append(folder / file)
    return written
