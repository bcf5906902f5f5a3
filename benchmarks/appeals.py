"""Whether outcomes of appeals can be learnt: independent medical review, on real decisions.

California's decisions of 2001 to 2013 (``--data``), learnt from the years before ``--test-from``
and tested on that year and later. The learner is the one of `firstpass train recovery`; beside it
the base rate and a logistic regression. Which cases to take first: the share overturned among the
tenth that the model ranks highest, against all.
"""

import csv
from pathlib import Path

import numpy as np

from benchmarks.harness import arguments, report
from models.measure import bootstrap_interval, roc_auc
from training.recovery.fit import KINDS, describe, fit_and_test

COLUMNS = (
    "Diagnosis Category", "Diagnosis Sub Category", "Treatment Category",
    "Treatment Sub Category", "Type", "Age Range", "Patient Gender",
)  # fmt: skip
DATA = Path("../shared/data/appeals/california_imr_2001_2013.csv")


def load(path: Path) -> list[dict[str, str]]:
    """Decisions in order of report year."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda r: int(r["Report Year"]))


def main() -> None:
    """Run and report."""
    parser = arguments("learning the outcome of independent medical review")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--test-from", type=int, default=2012, help="first year of the test")
    options = parser.parse_args()
    decisions = load(options.data)
    overturned = np.array([float(r["Determination"].startswith("Overturned")) for r in decisions])
    rows: list[dict[str, str | float]] = [
        {name: r[name].strip() for name in COLUMNS} for r in decisions
    ]
    test = sum(int(r["Report Year"]) < options.test_from for r in decisions)
    chosen, found = fit_and_test(rows, overturned, test, COLUMNS)
    model = chosen.fit(
        chosen.kind, rows[:test], overturned[:test], describe(rows[:test], COLUMNS, ())
    )
    scores, truth = model.predict(rows[test:]), overturned[test:]
    interval = bootstrap_interval(roc_auc, truth, scores, repeats=200)
    best = np.argsort(-scores)[: max(1, len(scores) // 10)]
    figures: dict[str, float | str] = {
        "decisions learnt from": float(test),
        "decisions tested": float(len(truth)),
        "overturned, learnt from": float(overturned[:test].mean()),
        "overturned, tested": float(truth.mean()),
        "chosen": chosen.kind,
        "AUC": found[chosen.kind].auc,
        "AUC, low": interval.low,
        "AUC, high": interval.high,
        "log loss": found[chosen.kind].log_loss,
        "calibration error": found[chosen.kind].calibration_error,
        "overturned in the best tenth": float(truth[best].mean()),
    }
    baselines = {
        f"{name}: {what}": value
        for name in ("base rate", *KINDS)
        for what, value in (
            ("AUC", found[name].auc),
            ("log loss", found[name].log_loss),
            ("calibration error", found[name].calibration_error),
        )
    }
    ratios = {
        "log loss / base rate's": found[chosen.kind].log_loss / found["base rate"].log_loss,
        "log loss / logistic's": found[chosen.kind].log_loss / found["logistic"].log_loss,
        "overturned in the best tenth / all": float(truth[best].mean() / truth.mean()),
    }
    report("appeals", options.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
