"""`firstpass train denial`: from a claim history to a registered, calibrated, explained model."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.artifact import MODEL_NAME, load_artifact, save_artifact
from models.denial.category import HazardModel
from models.denial.cells import Floats
from models.denial.model import DenialModel, Prediction, combine
from models.denial.thresholds import threshold_name
from models.errors import InputError
from models.history import ClaimHistory, CohortReport, HistoryOptions, read_history
from models.measure import (
    Calibrator,
    fit_calibrator,
    threshold_for_capacity,
    threshold_for_precision,
)
from models.registry import Version, home, promote
from training import plots
from training.card import (
    OWNER_FILE,
    ModelCard,
    card_page,
    denial_card,
    owner_answers,
    write_card,
)
from training.denial.assemble import assemble, history_version
from training.denial.baselines import RAW_COLUMNS, baseline_probabilities
from training.denial.dataset import DenialData, Encoded, build_dataset, learn_limits_until
from training.denial.fit import fit_model, recount
from training.denial.judge import (
    Figures,
    category_accuracy,
    category_names,
    claim_charges,
    figures,
)
from training.denial.register import register
from training.denial.rows import Window
from training.denial.windows import Windows, choose_windows
from training.loop.gate import GateResult
from training.progress import Progress, silent
from training.tracking.runs import TrainingRun, training_run

#: Precisions whose thresholds are kept, as a caller may ask for them.
PRECISIONS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
#: Shares of claims that an office may be able to review.
CAPACITIES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


class TrainingResult(msgspec.Struct):
    """What a training did. ``figures`` by model name on the whole test window."""

    report: CohortReport
    windows: Windows
    figures: dict[str, Figures]
    new_patients: Figures | None
    category_accuracy: float
    thresholds: dict[str, float]
    version: Version | None
    promoted: bool
    card: ModelCard | None = None
    gate: GateResult | None = None


class Candidate(msgspec.Struct):
    """A fitted version on its way to the registry, as a gatekeeper sees it."""

    claims: ClaimHistory
    encoded: Encoded
    windows: Windows
    fitted: "Fitted"
    card: ModelCard


class Gatekeeper(Protocol):
    """Who decides whether a training is worth its while, and whether its result may score."""

    def begin(self, fingerprint: str) -> None:
        """Told which data will be learnt from, before the work; may raise to stop it."""

    def judge(self, candidate: Candidate, run: TrainingRun) -> GateResult:
        """Answer the gate's questions; may log to ``run``."""


class Fitted(msgspec.Struct):
    """A model counted before the test window, with its answers there.

    ``rows`` are positions of the test claims in the data set.
    """

    calibrator: Calibrator
    thresholds: dict[str, float]
    rows: NDArray[np.int64]
    prediction: Prediction


def fit_and_test(encoded: Encoded, windows: Windows, progress: Progress = silent) -> Fitted:
    """Search and count up to the calibration window, calibrate on it, count up to the test window.

    Nothing that arrived after a window's beginning enters what is judged on it.
    """
    data = encoded.data
    learn_limits_until(encoded, windows.calibrate)
    window = windows.learning(windows.calibrate)
    first = _fit(encoded, window, "fitting for calibration and test", progress)
    rows = np.flatnonzero(windows.calibration_rows(data))
    raw = combine(first, data.batch.take(rows), None).raw
    denied = data.denied[rows]
    calibrator = fit_calibrator(raw, denied.astype(float))
    calibrated = calibrator.predict(raw)
    found = {
        threshold_name("precision", p): threshold_for_precision(denied, calibrated, p)
        for p in PRECISIONS
    } | {
        threshold_name("capacity", share): threshold_for_capacity(calibrated, share)
        for share in CAPACITIES
    }
    # A target that nothing reached has no threshold; JSON has no infinity either.
    thresholds = {name: value for name, value in found.items() if np.isfinite(value)}
    learn_limits_until(encoded, windows.test)
    second = recount(first, data, encoded.vocabulary, windows.learning(windows.test))
    test = np.flatnonzero(windows.test_rows(data))
    prediction = combine(second, data.batch.take(test), calibrator)
    return Fitted(calibrator, thresholds, test, prediction)


def _fit(
    encoded: Encoded, window: Window, step: str, progress: Progress, *, explain: bool = False
) -> HazardModel:
    total = len(category_names())
    progress(step, 0, total)
    finished: list[str] = []

    def done(category: str) -> None:
        finished.append(category)
        progress(step, len(finished), total)

    return fit_model(encoded.data, encoded.vocabulary, window, explain=explain, done=done)


def finish(
    encoded: Encoded, fitted: Fitted, windows: Windows, progress: Progress = silent
) -> DenialModel:
    """Fit anew on everything up to the last day of the history: what is registered."""
    window = windows.learning(windows.as_of + 1)
    learn_limits_until(encoded, window.as_of)
    hazards = _fit(encoded, window, "fitting through the last day", progress, explain=True)
    return assemble(encoded, hazards, fitted.calibrator, window, fitted.thresholds)


def train_denial(
    history: Sequence[Path],
    *,
    promote_it: bool = False,
    options: HistoryOptions | None = None,
    gatekeeper: Gatekeeper | None = None,
    progress: Progress = silent,
) -> TrainingResult:
    """Train, test, register; see the module's parts for each step.

    With a ``gatekeeper``, ``promote_it`` holds only if the gate is passed.

    Raises:
        InputError: nothing readable in ``history``.
        NotEnoughDataError: too little to learn from; nothing is registered.
        RegistryError: the MLflow store refuses.
    """
    progress("reading the history")
    claims = read_history(history, options)
    if claims.as_of is None or not claims.submissions:
        raise InputError(
            "the history holds no claims: give 837P submissions and 835 remittances of the same"
            " months, or the documented CSV, Parquet or JSONL tables"
        )
    progress("taking features as of each submission")
    encoded = build_dataset(claims)
    windows = choose_windows(encoded.data, claims.as_of, claims.lags.pooled)
    if gatekeeper is not None:
        gatekeeper.begin(history_version(encoded, windows.learning(windows.as_of + 1)))
    fitted = fit_and_test(encoded, windows, progress)
    progress("fitting the baselines")
    result = _judge(claims, encoded.data, windows, fitted)
    model = finish(encoded, fitted, windows, progress)
    progress("registering")
    card = denial_card(
        encoded.data,
        windows,
        fitted.rows,
        fitted.prediction.probability,
        owner_answers(home() / OWNER_FILE),
    )
    result.card = card
    parameters = {
        "claims": len(encoded.data),
        "gap_days": windows.gap,
        "categories": ",".join(category_names()),
        "baseline_columns": ",".join(RAW_COLUMNS),
        **{f"level_{c.category}": c.level for c in model.hazards.categories},
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        training_run(MODEL_NAME, parameters, fingerprint=model.history_version) as run,
    ):
        _log(run, result, encoded.data, fitted, model)
        save_artifact(model, Path(folder))
        write_card(card, Path(folder))
        load_artifact(Path(folder))
        tags = {"data_fingerprint": model.history_version}
        if gatekeeper is not None:
            result.gate = gatekeeper.judge(Candidate(claims, encoded, windows, fitted, card), run)
            tags["gate"] = result.gate.verdict
        result.version = register(run, Path(folder), result, tags)
        run.text(card_page(card, str(result.version.version)), "card.html")
    if promote_it and (result.gate is None or result.gate.verdict == "passed"):
        words = "firstpass train denial --promote" if gatekeeper is None else "passed the gate"
        promote(MODEL_NAME, result.version.version, reason=words)
        result.promoted = True
    return result


def _judge(
    claims: ClaimHistory, data: DenialData, windows: Windows, fitted: Fitted
) -> TrainingResult:
    rows = fitted.rows
    denied, charge = data.denied[rows], claim_charges(data, rows)
    scores = {"Firstpass": fitted.prediction.probability, **baseline_probabilities(data, windows)}
    table = {
        name: found
        for name, probability in scores.items()
        if (found := figures(denied, probability, charge)) is not None
    }
    before = np.unique(data.patient[data.submitted < windows.test])
    new = ~np.isin(data.patient[rows], before)
    return TrainingResult(
        claims.report,
        windows,
        table,
        figures(denied[new], fitted.prediction.probability[new], charge[new]),
        category_accuracy(data, rows, fitted.prediction.hazards),
        fitted.thresholds,
        None,
        False,
    )


def _log(
    run: TrainingRun,
    result: TrainingResult,
    data: DenialData,
    fitted: Fitted,
    model: DenialModel,
) -> None:
    rows = fitted.rows
    denied, charge = data.denied[rows], claim_charges(data, rows)
    probability = fitted.prediction.probability
    metrics: dict[str, float] = {}
    for name, found in result.figures.items():
        metrics |= found.metrics(name.lower().replace(" ", "_"))
    if result.new_patients is not None:
        metrics |= result.new_patients.metrics("new_patients")
    metrics["category_accuracy"] = result.category_accuracy
    run.metrics({k: v for k, v in metrics.items() if np.isfinite(v)})
    run.report(result.report.as_dict(), "cohort_report.json")
    run.report(msgspec.to_builtins(result.windows), "windows.json")
    run.report(result.card, "card.json")
    if not result.figures:
        return
    named: dict[str, Floats] = {"Firstpass": probability}
    run.figure(plots.ranking(denied, named), "plots/ranking.png")
    run.figure(plots.reliability_diagram(denied, named), "plots/reliability.png")
    run.figure(plots.captured_value(denied * charge, named), "plots/captured_dollars.png")
    sizes = np.abs(model.explainer.contributions(fitted.prediction.hazards)).mean(axis=0)
    words = [name.replace("_", " ") for name in category_names()]
    run.figure(plots.importance_bars(words, sizes.tolist()), "plots/contributions.png")
