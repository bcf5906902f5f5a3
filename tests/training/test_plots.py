import io

import numpy as np
import pytest

from training import plots

GENERATOR = np.random.default_rng(10)
TRUTH = GENERATOR.beta(0.5, 4.0, 2000)
DENIED = (GENERATOR.random(2000) < TRUTH).astype(float)
MODELS = {"Firstpass": TRUTH**0.9, "true probability": TRUTH}

FIGURES = {
    "ranking": lambda: plots.ranking(DENIED, MODELS),
    "reliability": lambda: plots.reliability_diagram(DENIED, MODELS),
    "captured": lambda: plots.captured_value(DENIED * 100, MODELS, capacity=0.2),
    "contributions": lambda: plots.contribution_bars(
        ["no authorization", "modifier 25"], [1, -0.3]
    ),
    "importance": lambda: plots.importance_bars(["payer", "procedure", "units"], [0.5, 0.2, 0.1]),
    "rolling": lambda: plots.rolling(
        ["2026-01", "2026-02"], {"Firstpass": [0.9, float("nan")]}, ylabel="ROC AUC"
    ),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_every_figure_is_drawn_in_both_formats(name, kind):
    target = io.BytesIO()
    FIGURES[name]().savefig(target, format=kind)
    assert len(target.getvalue()) > 3000


def test_the_legend_tells_the_areas_and_the_capture():
    roc, precision = plots.ranking(DENIED, MODELS).axes
    assert all(name in entry.get_text() for name, entry in zip(MODELS, texts(roc), strict=True))
    assert "0." in texts(precision)[0].get_text()
    captured = plots.captured_value(DENIED, MODELS, capacity=0.2).axes[0]
    assert texts(captured)[1].get_text().endswith("at 20%")


def test_the_largest_contribution_is_on_top():
    axes = plots.contribution_bars(["small", "large", "middle"], [0.1, -2.0, 1.0]).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["small", "middle", "large"]


def test_no_window_and_no_global_figure_is_left_behind():
    import matplotlib.pyplot as plt

    FIGURES["ranking"]()
    assert plt.get_fignums() == []


def texts(axes):
    return axes.get_legend().get_texts()
