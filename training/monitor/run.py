"""`firstpass monitor`: the latest answers and claims against what the champion expected."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.denial.artifact import MODEL_NAME, load_artifact
from models.denial.cells import Floats
from models.denial.drift import MonitorReport, PayerDrift
from models.denial.model import DenialModel
from models.denial.past import Past
from models.errors import InputError
from models.history import ClaimHistory, HistoryOptions, read_history
from models.registry import CHAMPION, load
from training.denial.dataset import DenialData, build_dataset
from training.monitor.cells import gather_units
from training.monitor.inputs import Sent, input_findings, score_findings
from training.monitor.outcomes import finding, moved_cells
from training.monitor.whole import Answered, whole_findings, whole_payers
from training.progress import Progress, silent

#: Days of answers that one run looks at (four weeks are whole in it on each day of a week); of
#: those before, whose denials and scores say what is usual in all seasons; and of those before
#: that inputs and whole payers are held against, since a practice itself changes within a year.
WINDOW_DAYS = 35
YEAR = 365
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
    year = np.flatnonzero((data.answered >= begin - YEAR) & (data.answered <= end))
    cells, tests = moved_cells(gather_units(data, model, year, inside[year]))
    findings = [finding(cell, data) for cell in cells]
    by_payer = list(whole_payers(_answered(data, model, rows), _answered(data, model, rows_before)))
    findings += whole_findings(by_payer)
    sent, sent_before, sent_year = (
        _sent(data, model, np.flatnonzero((data.submitted >= first) & (data.submitted <= last)))
        for first, last in (
            (begin, end),
            (begin - BEFORE_DAYS, begin - 1),
            (begin - YEAR, begin - 1),
        )
    )
    if len(sent.day) and len(sent_before.day):
        findings += input_findings(sent, sent_before)
        findings += score_findings(sent, sent_year)
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
                x.payer,
                x.claims,
                x.denied,
                round(x.expected, 3),
                _mean(sent.score[sent.payer == x.payer]),
                _mean(sent_year.score[sent_year.payer == x.payer]),
            )
            for x in by_payer
        ),
    )


def _mean(values: Floats) -> float:
    return round(float(values.mean()), 4) if len(values) else 0.0


def _sent(data: DenialData, model: DenialModel, rows: NDArray[np.int64]) -> Sent:
    return Sent(
        np.array([data.claims[i].payer.name for i in rows], dtype=np.str_),
        data.submitted[rows],
        data.batch.values[data.batch.first_line[rows]],
        model.predict(data.batch.take(rows)).probability,
    )


def _answered(data: DenialData, model: DenialModel, rows: NDArray[np.int64]) -> Answered:
    return Answered(
        np.array([data.claims[i].payer.name for i in rows], dtype=np.str_),
        data.denied[rows],
        model.predict(data.batch.take(rows)).probability,
        data.patient[rows],
    )
