"""Plots of a trained model. Every function returns a matplotlib figure and shows nothing.

Built on `matplotlib.figure.Figure` alone: no window, no global state, safe beside other threads.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from models.measure import (
    capture_curve,
    pr_auc,
    precision_recall_curve,
    reliability,
    roc_auc,
    roc_curve,
)
from models.measure.discrimination import Labels, Scores

INK, FAINT, GRID = "#22252b", "#8a8f98", "#e6e8eb"
# Okabe and Ito's palette: told apart by colour-blind readers too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
RAISES, LOWERS = COLOURS[1], COLOURS[0]

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
}


@contextmanager
def _figure(width: float, height: float) -> Iterator[Figure]:
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def ranking(labels: Labels, scores: Mapping[str, Scores]) -> Figure:
    """ROC and precision-recall curves of several models on the same claims.

    ``scores`` maps a name for the legend to scores of shape (n,).
    """
    with _figure(9, 4.2) as figure:
        left, right = figure.subplots(1, 2)
        for (name, values), colour in zip(scores.items(), _cycled(len(scores)), strict=True):
            left.plot(
                *roc_curve(labels, values),
                color=colour,
                label=f"{name} ({roc_auc(labels, values):.3f})",
            )
            precision, recall, _ = precision_recall_curve(labels, values)
            right.plot(
                recall, precision, color=colour, label=f"{name} ({pr_auc(labels, values):.3f})"
            )
        left.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
        rate = float(np.mean(np.asarray(labels)))
        right.axhline(rate, color=FAINT, linewidth=1, linestyle=":")
        right.annotate(f"denial rate {rate:.1%}", (1, rate), ha="right", va="bottom", color=FAINT)
        _unit_square(left, "paid claims flagged", "denied claims flagged", "ROC (area)")
        _unit_square(
            right,
            "denied claims flagged",
            "flagged claims that are denied",
            "Precision and recall (average precision)",
        )
        left.legend(loc="lower right")
        right.legend(loc="upper right")
        return figure


def reliability_diagram(
    observed: Scores,
    probabilities: Mapping[str, Scores],
    *,
    bins: int = 10,
    event: str = "denial",
    happened: str = "denied",
    things: str = "claims",
) -> Figure:
    """Predicted against observed share ``happened`` in equal-mass bins, with 95 % intervals.

    Below it, how the predictions are spread. Log-scaled: most claims lie under 10 %.
    """
    with _figure(5.2, 5.6) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        lowest = 1.0
        for (name, values), colour in zip(
            probabilities.items(), _cycled(len(probabilities)), strict=True
        ):
            table = reliability(observed, values, bins)
            x = np.array([entry.predicted for entry in table])
            y = np.array([entry.observed for entry in table])
            half = 1.96 * np.sqrt(y * (1 - y) / np.array([entry.count for entry in table]))
            top.errorbar(
                x,
                y,
                np.minimum([half, half], [y, 1 - y]),
                color=colour,
                marker="o",
                markersize=4,
                elinewidth=1,
                label=name,
            )
            lowest = min(lowest, x.min(), y[y > 0].min(initial=1.0))
            edges = np.geomspace(max(np.asarray(values).min(), 1e-4), 1, 40)
            bottom.hist(np.asarray(values), bins=list(edges), color=colour, alpha=0.6)
        begin = max(lowest / 2, 1e-4)
        top.plot([begin, 1], [begin, 1], color=FAINT, linewidth=1, linestyle=":")
        top.set(xscale="log", yscale="log", xlim=(begin, 1), ylim=(begin, 1), ylabel=happened)
        for axis in (top.xaxis, top.yaxis, bottom.xaxis):
            axis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        top.set_title("Reliability: are probabilities kept?")
        bottom.set(xlabel=f"predicted probability of {event}", ylabel=things)
        top.legend(loc="upper left")
        return figure


def captured_value(
    value: Scores,
    scores: Mapping[str, Scores],
    *,
    capacity: float = 0.1,
    unit: str = "denied dollars",
) -> Figure:
    """Share of denied dollars caught against share of claims reviewed, riskiest first.

    ``value`` is what each claim is worth catching; ``capacity`` is marked.
    """
    with _figure(5.6, 4.2) as figure:
        axes = figure.subplots()
        for (name, values), colour in zip(scores.items(), _cycled(len(scores)), strict=True):
            reviewed, caught = capture_curve(value, values)
            at = float(np.interp(capacity, reviewed, caught))
            axes.plot(reviewed, caught, color=colour, label=f"{name}: {at:.0%} at {capacity:.0%}")
            axes.plot([capacity], [at], "o", color=colour, markersize=5)
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
        axes.axvline(capacity, color=FAINT, linewidth=1)
        _unit_square(
            axes, "claims reviewed, riskiest first", f"{unit} caught", "What a review catches"
        )
        axes.legend(loc="lower right")
        return figure


def contribution_bars(
    words: Sequence[str],
    contributions: Sequence[float],
    *,
    title: str = "What raises and lowers the risk",
) -> Figure:
    """Contributions to the log-odds as bars left and right of the base rate, largest on top."""
    order = np.argsort(np.abs(np.asarray(contributions, dtype=np.float64)), kind="stable")
    values = np.asarray(contributions, dtype=np.float64)[order]
    with _figure(8, 0.9 + 0.34 * max(len(words), 3)) as figure:
        axes = figure.subplots()
        colours = [RAISES if value > 0 else LOWERS for value in values]
        axes.barh(np.arange(len(values)), values, color=colours, height=0.7)
        axes.set_yticks(np.arange(len(values)), [words[i] for i in order])
        for place, value in enumerate(values):
            side = "left" if value >= 0 else "right"
            axes.annotate(
                f"{value:+.2f}",
                (value, place),
                (3 if value >= 0 else -3, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.axvline(0, color=INK, linewidth=1)
        axes.margins(x=0.12)
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="contribution to the log-odds of denial", title=title)
        return figure


def importance_bars(words: Sequence[str], sizes: Sequence[float]) -> Figure:
    """Mean absolute contribution of each claim field over a cohort, largest on top."""
    figure = contribution_bars(words, sizes, title="What the model leans on")
    figure.axes[0].set_xlabel("mean absolute contribution to the log-odds")
    return figure


def rolling(months: Sequence[str], series: Mapping[str, Sequence[float]], *, ylabel: str) -> Figure:
    """A figure month by month, one line a series: what a backtest yields. ``nan`` leaves a gap."""
    with _figure(7.2, 3.6) as figure:
        axes = figure.subplots()
        for (name, values), colour in zip(series.items(), _cycled(len(series)), strict=True):
            axes.plot(
                np.arange(len(months)), values, color=colour, marker="o", markersize=4, label=name
            )
        axes.set_xticks(np.arange(len(months)), months, rotation=0 if len(months) < 9 else 90)
        axes.set(ylabel=ylabel, xlabel="month tested")
        axes.set_title("Trained up to a month, tested on the next")
        axes.legend()
        return figure


def _unit_square(axes: Axes, xlabel: str, ylabel: str, title: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=xlabel, ylabel=ylabel, title=title)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))


def _cycled(count: int) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(count)]
