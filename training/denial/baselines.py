"""What a careful data scientist gets from the claim's raw columns: printed beside the model.

Logistic regression on one-hot columns and plain LightGBM on categorical columns, each tuned over
four settings on the calibration window and refitted on everything before the test window.
"""

from collections.abc import Callable
from typing import TypeVar

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.denial.attributes import INDEX
from models.denial.cells import Floats
from models.denial.features import FeatureBatch
from models.measure import log_loss
from training.denial.dataset import DenialData
from training.denial.rows import Mask
from training.denial.windows import Windows

#: Columns of the claim, and of its first line, that both baselines see; plus the lag in days.
RAW_COLUMNS = (
    "payer", "filing_indicator", "rendering", "facility", "responsibility", "relationship",
    "frequency", "authorization", "referral", "referring", "claim_place", "age", "sex", "month",
    "principal", "diagnosis_count", "line_count", "charge_band", "code", "modifiers", "units",
    "place", "diagnosis", "companion",
)  # fmt: skip
REGULARIZATION = (0.05, 0.2, 1.0, 5.0)
#: Claims that the settings are chosen on, the latest before the calibration window.
MOST_TUNING = 20_000
TREES: tuple[dict[str, float], ...] = (
    {"num_leaves": 7, "trees": 150, "min_data_in_leaf": 20},
    {"num_leaves": 15, "trees": 150, "min_data_in_leaf": 20},
    {"num_leaves": 15, "trees": 300, "min_data_in_leaf": 40},
    {"num_leaves": 31, "trees": 200, "min_data_in_leaf": 40},
)


Setting = TypeVar("Setting")


Table = NDArray[np.int64]
Predictor = Callable[[FeatureBatch], Floats]


def raw_table(batch: FeatureBatch) -> NDArray[np.int64]:
    """``[claims, RAW_COLUMNS + lag]``: vocabulary numbers of the claim and its first line."""
    columns = [INDEX[name] for name in RAW_COLUMNS]
    table = batch.values[batch.first_line][:, columns]
    lag = np.clip(batch.lag_days, 0, 1000)
    return np.concatenate([table, lag[:, None]], axis=1).astype(np.int64)


class Baselines:
    """Both baselines, tuned on the calibration window: ``fit`` them on what a window knows."""

    def __init__(self, data: DenialData, windows: Windows) -> None:
        """Choose each one's setting by log-loss on the calibration window."""
        self.data = data
        self._windows = windows
        self._table = raw_table(data.batch)
        tune = np.flatnonzero(windows.calibration_rows(data))
        first = _learnable(data, windows, windows.calibrate)[-MOST_TUNING:]
        table = self._table
        self.strength = _best_setting(REGULARIZATION, _fit_logistic, table, data, first, tune)
        self.trees = _best_setting(TREES, _fit_trees, table, data, first, tune)

    def fit(self, until: int) -> dict[str, Predictor]:
        """By name, what answers a batch, learnt on what was answered before day ``until``."""
        data, table = self.data, self._table
        rows = _learnable(data, self._windows, until)
        logistic = _fit_logistic(table, data.denied, rows, self.strength)
        trees = _fit_trees(table, data.denied, rows, self.trees)
        return {
            "logistic regression": lambda batch: logistic(raw_table(batch)),
            "plain LightGBM": lambda batch: trees(raw_table(batch)),
        }


def baseline_probabilities(data: DenialData, windows: Windows) -> dict[str, Floats]:
    """Probabilities of the test window's claims by baseline name."""
    test = data.batch.take(np.flatnonzero(windows.test_rows(data)))
    fitted = Baselines(data, windows).fit(windows.test)
    return {name: predict(test) for name, predict in fitted.items()}


def _learnable(data: DenialData, windows: Windows, until: int) -> NDArray[np.int64]:
    window = windows.learning(until)
    rows: Mask = data.mature & (data.submitted < window.settled) & (data.answered < window.as_of)
    return np.flatnonzero(rows)


def _best_setting(
    settings: tuple[Setting, ...],
    fit: Callable[[Table, Mask, Table, Setting], Callable[[Table], Floats]],
    table: NDArray[np.int64],
    data: DenialData,
    learn: NDArray[np.int64],
    tune: NDArray[np.int64],
) -> Setting:
    losses = [
        log_loss(data.denied[tune], fit(table, data.denied, learn, setting)(table[tune]))
        for setting in settings
    ]
    return settings[int(np.argmin(losses))]


def _fit_logistic(
    table: NDArray[np.int64], denied: Mask, learn: NDArray[np.int64], strength: float
) -> Callable[[Table], Floats]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    model = make_pipeline(
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=8),
        LogisticRegression(C=strength, max_iter=400),
    )
    model.fit(table[learn], denied[learn])
    return lambda rows: np.asarray(model.predict_proba(rows)[:, 1])


def _fit_trees(
    table: NDArray[np.int64], denied: Mask, learn: NDArray[np.int64], setting: dict[str, float]
) -> Callable[[Table], Floats]:
    parameters: dict[str, object] = {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": int(setting["num_leaves"]),
        "min_data_in_leaf": int(setting["min_data_in_leaf"]),
        "cat_smooth": 10,
        "feature_fraction": 0.7,
        "seed": 7,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    dataset = lgb.Dataset(
        table[learn].astype(np.float64),
        label=denied[learn].astype(float),
        categorical_feature=list(range(len(RAW_COLUMNS))),
    )
    booster = lgb.train(parameters, dataset, num_boost_round=int(setting["trees"]))
    return lambda rows: np.asarray(booster.predict(rows.astype(np.float64)))
