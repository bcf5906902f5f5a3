"""`firstpass backtest denial`: train to a month, test on the next, month after month."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from models.denial.cells import Floats
from models.denial.model import combine
from models.errors import InputError, NotEnoughDataError
from models.history import HistoryOptions, read_history
from models.measure import Calibrator, fit_calibrator
from training import plots
from training.denial.dataset import DenialData, build_dataset, learn_limits_until
from training.denial.fit import fit_model
from training.denial.judge import Figures, claim_charges, figures
from training.denial.windows import choose_windows
from training.progress import Progress, silent

#: Months of history before the first origin.
LEAST_MONTHS = 4
#: Out-of-sample denials from which a calibrator is fitted; before that, none is.
LEAST_CALIBRATION_DENIALS = 30


class BacktestMonth(msgspec.Struct, frozen=True):
    """One origin: learnt from everything answered before ``month``, judged on ``month``."""

    month: str
    learnt_from: int
    figures: Figures


class BacktestResult(msgspec.Struct):
    """One row a month, oldest first; ``plot`` where one was written."""

    months: list[BacktestMonth]
    plot: Path | None


def backtest_denial(
    history: Sequence[Path],
    *,
    months: int = 6,
    options: HistoryOptions | None = None,
    plot_to: Path | None = None,
    progress: Progress = silent,
) -> BacktestResult:
    """Rolling origin over the last ``months`` months that have mature claims.

    Each origin fits anew on what was answered by its first day, and is calibrated on the
    out-of-sample answers of earlier origins (one more origin before the first serves for that).

    Raises:
        InputError: nothing readable.
        NotEnoughDataError: too short a history.
    """
    progress("reading the history")
    claims = read_history(history, options)
    if claims.as_of is None:
        raise InputError("the history holds no claims")
    encoded = build_dataset(claims)
    data = encoded.data
    windows = choose_windows(data, claims.as_of, claims.lags.pooled)
    origins = _origins(data)
    if len(origins) < LEAST_MONTHS + 2:
        raise NotEnoughDataError(
            f"a backtest needs at least {LEAST_MONTHS + 2} months of answered claims; this"
            f" history has {len(origins)}"
        )
    chosen = origins[max(LEAST_MONTHS, len(origins) - months - 1) :]
    raw = np.full(len(data), np.nan)
    result = []
    for number, (begin, end) in enumerate(chosen):
        label = dt.date.fromordinal(begin).strftime("%Y-%m")
        progress(f"training to {label}", number, len(chosen))
        window = windows.learning(begin)
        learn_limits_until(encoded, begin)
        hazards = fit_model(data, encoded.vocabulary, window)
        rows = np.flatnonzero((data.submitted >= begin) & (data.submitted < end) & data.mature)
        calibrator = _calibrator(data, raw, begin)
        prediction = combine(hazards, data.batch.take(rows), calibrator)
        raw[rows] = prediction.raw
        found = figures(data.denied[rows], prediction.probability, claim_charges(data, rows))
        if number > 0 and found is not None:
            learnt = int((data.mature & (data.submitted < window.settled)).sum())
            result.append(BacktestMonth(label, learnt, found))
    return BacktestResult(result, _plot(result, plot_to))


def _origins(data: DenialData) -> list[tuple[int, int]]:
    """First day of each month with mature claims, and of the next one."""
    days = data.submitted[data.mature]
    first = dt.date.fromordinal(int(days.min())).replace(day=1)
    last = int(days.max())
    found = []
    while first.toordinal() <= last:
        after = (first + dt.timedelta(days=32)).replace(day=1)
        found.append((first.toordinal(), after.toordinal()))
        first = after
    return found


def _calibrator(data: DenialData, raw: Floats, begin: int) -> Calibrator | None:
    known = np.isfinite(raw) & (data.answered < begin)
    if data.denied[known].sum() < LEAST_CALIBRATION_DENIALS:
        return None
    return fit_calibrator(raw[known], data.denied[known].astype(float))


def _plot(months: list[BacktestMonth], to: Path | None) -> Path | None:
    if to is None or not months:
        return None
    figure = plots.rolling(
        [m.month for m in months],
        {
            "AUC": [m.figures.auc for m in months],
            "denied claims caught in the riskiest tenth": [m.figures.denied_caught for m in months],
        },
        ylabel="share",
    )
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to, dpi=150)
    return to
