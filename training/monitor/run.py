"""`firstpass monitor`: the latest answers and claims against what the champion expected."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.denial.artifact import MODEL_NAME, load_artifact
from models.denial.drift import DriftFinding, MonitorReport, PayerDrift
from models.denial.model import DenialModel
from models.denial.past import Past
from models.errors import InputError
from models.history import ClaimHistory, HistoryOptions, read_history
from models.registry import CHAMPION, load
from training.denial.dataset import DenialData, build_dataset
from training.monitor.inputs import input_findings, score_findings
from training.monitor.outcomes import LEVEL, finding, gather_units, moved_cells, whole_payers
from training.progress import Progress, silent

#: Days of answers that one run looks at, and of those before that they are held against.
WINDOW_DAYS = 28
BEFORE_DAYS = 182
LEAST_ANSWERS = 50


def monitor_denial(
    history: Sequence[Path],
    *,
    which: str | int = CHAMPION,
    options: HistoryOptions | None = None,
    days: int = WINDOW_DAYS,
    progress: Progress = silent,
) -> MonitorReport:
    """Look at the last ``days`` days of a history with a registered version.

    Raises:
        InputError: Nothing readable, or too few answers in the window.
        RegistryError: No such version.
    """
    loaded = load(MODEL_NAME, which)
    model = load_artifact(loaded.path, model_version=str(loaded.version.version))
    progress("reading the history")
    claims = read_history(history, options)
    progress("taking features as of each submission")
    data = as_of_submission(claims, model)
    if claims.as_of is None:
        raise InputError("the history holds no claims")
    progress("comparing with what was expected")
    return watch(data, model, claims.as_of, days=days)


def as_of_submission(claims: ClaimHistory, model: DenialModel) -> DenialData:
    """A history as ``model`` sees it, each claim with the past known on its day."""
    return build_dataset(
        claims,
        vocabulary=model.vocabulary,
        past=Past(model.past.salt),
        filing_limits=model.filing_limits,
    ).data


def watch(
    data: DenialData, model: DenialModel, as_of: dt.date, *, days: int = WINDOW_DAYS
) -> MonitorReport:
    """One run as of the end of ``as_of``; answers and claims after it are not looked at.

    Raises:
        InputError: Fewer than `LEAST_ANSWERS` answers in the window.
    """
    end = as_of.toordinal()
    begin = end - days + 1
    inside = (data.answered >= begin) & (data.answered <= end)
    earlier = (data.answered >= begin - BEFORE_DAYS) & (data.answered < begin)
    rows, rows_before = np.flatnonzero(inside), np.flatnonzero(earlier)
    if len(rows) < LEAST_ANSWERS:
        raise InputError(
            f"{len(rows)} answers between {dt.date.fromordinal(begin)} and {as_of}: at least"
            f" {LEAST_ANSWERS} are needed; load later 835 files, or look at more days (--days)"
        )
    cells, tests = moved_cells(
        gather_units(data, model, rows), gather_units(data, model, rows_before)
    )
    findings = [finding(cell, data) for cell in cells]
    payers = np.array([data.claims[i].payer.name for i in rows])
    probability = model.predict(data.batch.take(rows)).probability
    denied = data.denied[rows]
    by_payer = list(whole_payers(payers, denied, probability))
    findings += _outcome_findings(by_payer)
    sent = np.flatnonzero((data.submitted >= begin) & (data.submitted <= end))
    sent_before = np.flatnonzero((data.submitted >= begin - BEFORE_DAYS) & (data.submitted < begin))
    scores, scores_before = (
        model.predict(data.batch.take(r)).probability for r in (sent, sent_before)
    )
    sent_payers, before_payers = (
        np.array([data.claims[i].payer.name for i in r], dtype=np.str_) for r in (sent, sent_before)
    )
    if len(sent) and len(sent_before):
        first = data.batch.first_line
        findings += input_findings(
            sent_payers,
            data.batch.values[first[sent_before]],
            before_payers,
            data.batch.values[first[sent]],
        )
        findings += score_findings(sent_payers, scores, before_payers, scores_before)
    return MonitorReport(
        MODEL_NAME,
        model.model_version,
        dt.datetime.now(dt.UTC),
        dt.date.fromordinal(begin),
        as_of,
        len(rows),
        tests,
        tuple(findings),
        tuple(
            PayerDrift(
                payer,
                count,
                observed,
                round(expected, 3),
                _mean(scores[sent_payers == payer]),
                _mean(scores_before[before_payers == payer]),
            )
            for payer, count, observed, expected, _ in by_payer
        ),
    )


def _mean(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> float:
    return round(float(values.mean()), 4) if len(values) else 0.0


def _outcome_findings(
    by_payer: Sequence[tuple[str, int, int, float, float]],
) -> list[DriftFinding]:
    """Payers whose denials as a whole are not what the model expects."""
    return [
        DriftFinding(
            "outcomes",
            payer,
            f"{payer} denied {observed} of {count} claims where {expected:.1f} were expected",
            float(observed),
            round(expected, 3),
            count,
            value,
        )
        for payer, count, observed, expected, value in by_payer
        if value < LEVEL / max(len(by_payer), 1) and abs(observed - expected) > 0.5 * expected
    ]
