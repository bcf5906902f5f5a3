"""Fitting an outcome model to few hundred or many thousand rows, judged on later ones.

Candidates: a logistic regression, boosted trees, both averaged. Their settings and the choice
between them are made on the last part of what is learnt from; the test rows are later still and
decide nothing. The base rate stands beside them.
"""

from collections import Counter
from collections.abc import Sequence

import lightgbm
import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.measure import brier_score, calibration_error, log_loss, pr_auc, roc_auc
from models.revenue.outcome_model import RARE, Columns, Kind, OutcomeModel, Row

Floats = NDArray[np.float64]
#: A level seen less often is taken together with the other rare ones.
RARE_BELOW = 5
_PENALTIES = (0.03, 0.1, 0.3, 1.0)
_LEAVES = (4, 8, 16)
_ROUNDS = (30, 60, 120, 240)
#: Share of the rows learnt from, the latest, on which settings are chosen.
_CHOOSE = 0.25


class OutcomeFigures(msgspec.Struct):
    """How a model did on later rows; ``auc`` is 0.5 for a constant."""

    rows: int
    positive: int
    auc: float
    pr_auc: float
    log_loss: float
    brier: float
    calibration_error: float


def measure(outcomes: Floats, probabilities: Floats) -> OutcomeFigures:
    """Figures of ``probabilities`` ``[rows]`` against ``outcomes`` of 0 and 1."""
    return OutcomeFigures(
        rows=len(outcomes),
        positive=int(outcomes.sum()),
        auc=roc_auc(outcomes, probabilities),
        pr_auc=pr_auc(outcomes, probabilities),
        log_loss=log_loss(outcomes, probabilities),
        brier=brier_score(outcomes, probabilities),
        calibration_error=calibration_error(outcomes, probabilities),
    )


def describe(rows: Sequence[Row], categorical: Sequence[str], numeric: Sequence[str]) -> Columns:
    """Levels and scales of the rows that are learnt from."""
    levels = {}
    for name in categorical:
        counts = Counter(str(r[name]) for r in rows)
        common = [v for v, n in counts.most_common() if n >= RARE_BELOW and v != RARE]
        levels[name] = [RARE, *sorted(common)]
    scales = {}
    for name in numeric:
        values = np.array([float(r[name]) for r in rows])
        spread = float(values.std())
        scales[name] = (float(values.mean()), spread if spread > 1e-9 else 1.0)
    return Columns(levels, scales)


def fit_logistic(
    rows: Sequence[Row], outcomes: Floats, columns: Columns, penalty: float
) -> OutcomeModel:
    """Ridge logistic regression; ``penalty`` is scikit-learn's ``C``."""
    x = columns.one_hot(columns.codes(rows))
    fitted = LogisticRegression(C=penalty, max_iter=2000).fit(x, outcomes)
    return OutcomeModel(
        columns, "logistic", float(fitted.intercept_[0]), [float(w) for w in fitted.coef_[0]]
    )


def fit_boosted(
    rows: Sequence[Row], outcomes: Floats, columns: Columns, leaves: int, rounds: int
) -> OutcomeModel:
    """Boosted trees on level numbers and standardised numbers."""
    names = list(range(len(columns.levels)))
    data = lightgbm.Dataset(
        columns.codes(rows), outcomes, categorical_feature=names, free_raw_data=False
    )
    parameters = {
        "objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "verbosity": -1,
        "min_data_in_leaf": max(5, min(40, len(rows) // 50)), "cat_smooth": 20, "cat_l2": 10,
        "max_cat_to_onehot": 8, "feature_fraction": 0.8, "bagging_fraction": 0.8,
        "bagging_freq": 1, "lambda_l2": 5.0, "num_threads": 1, "seed": 1, "deterministic": True,
    }  # fmt: skip
    booster = lightgbm.train(parameters, data, rounds)
    return OutcomeModel(columns, "boosted", booster=booster.model_to_string())


class Chosen(msgspec.Struct):
    """Settings chosen on the latest rows learnt from, and the log loss that they had there."""

    kind: Kind
    penalty: float
    leaves: int
    rounds: int
    loss: float = float("inf")

    def fit(
        self, kind: Kind, rows: Sequence[Row], outcomes: Floats, columns: Columns
    ) -> OutcomeModel:
        """A model of one kind with its chosen settings."""
        if kind == "logistic":
            return fit_logistic(rows, outcomes, columns, self.penalty)
        boosted = fit_boosted(rows, outcomes, columns, self.leaves, self.rounds)
        if kind == "boosted":
            return boosted
        linear = fit_logistic(rows, outcomes, columns, self.penalty)
        return OutcomeModel(columns, "blend", linear.intercept, linear.weights, boosted.booster)


KINDS: tuple[Kind, ...] = ("logistic", "boosted", "blend")


def choosing_from(rows: int) -> int:
    """Index of the first of ``rows`` on which settings are chosen."""
    return int(rows * (1 - _CHOOSE))


def choose(
    rows: Sequence[Row], outcomes: Floats, categorical: Sequence[str], numeric: Sequence[str]
) -> Chosen:
    """The kind and settings with the least log loss on the last quarter (``rows`` by time)."""
    cut = choosing_from(len(rows))
    early, late = rows[:cut], rows[cut:]
    if len({*outcomes[:cut].tolist()}) < 2 or not late:
        return Chosen("logistic", _PENALTIES[1], _LEAVES[0], _ROUNDS[0])
    columns = describe(early, categorical, numeric)

    def loss(model: OutcomeModel) -> float:
        return log_loss(outcomes[cut:], model.predict(late))

    penalties = {p: loss(fit_logistic(early, outcomes[:cut], columns, p)) for p in _PENALTIES}
    trees = {
        (n, r): loss(fit_boosted(early, outcomes[:cut], columns, n, r))
        for n in _LEAVES
        for r in _ROUNDS
    }
    penalty = min(penalties, key=lambda p: penalties[p])
    leaves, rounds = min(trees, key=lambda x: trees[x])
    chosen = Chosen("logistic", penalty, leaves, rounds)
    losses = {k: loss(chosen.fit(k, early, outcomes[:cut], columns)) for k in KINDS}
    chosen.kind = min(KINDS, key=lambda k: losses[k])
    chosen.loss = losses[chosen.kind]
    return chosen


def fit_and_test(
    rows: Sequence[Row],
    outcomes: Floats,
    test: int,
    categorical: Sequence[str],
    numeric: Sequence[str] = (),
) -> tuple[Chosen, dict[str, OutcomeFigures]]:
    """Learn from ``rows[:test]``, measure on ``rows[test:]``, all in order of time.

    The figures name ``base rate`` and each of `KINDS`.
    """
    early, late = rows[:test], rows[test:]
    chosen = choose(early, outcomes[:test], categorical, numeric)
    columns = describe(early, categorical, numeric)
    truth = outcomes[test:]
    figures = {"base rate": measure(truth, np.full(len(late), outcomes[:test].mean()))}
    for kind in KINDS:
        model = chosen.fit(kind, early, outcomes[:test], columns)
        figures[kind] = measure(truth, model.predict(late))
    return chosen, figures
