"""How fast claims are scored and a model is trained, and in how much memory.

Scoring: `firstpass score`'s own code from 837P bytes on disk to a CSV, on one core, with and
without factors, beside bare `lightgbm.Booster.predict` (300 trees of 15 leaves, one thread) on a
prepared matrix of the same claims: what prediction alone costs once everything is understood.

Training (``--train N``): `firstpass train denial`'s own code on the files of a practice of N claims
over 18 months, in a process of its own, with its peak memory; seconds are those of the clock.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from benchmarks.harness import arguments, in_fresh_process, interleaved, report
from models.claims.claim import Claim
from models.claims.files import read_files
from models.claims.x12 import write_837p
from models.denial.model import DenialModel
from models.denial.score import score_files
from models.history import build_history, read_history
from training.denial.baselines import raw_table
from training.denial.dataset import Encoded, build_dataset
from training.denial.train import finish, fit_and_test
from training.denial.windows import choose_windows
from training.simulate import simulate
from training.simulate.files import write_practice

LEARN = 6_000
SCORE = 10_000


def fitted(claims: int) -> tuple[DenialModel, Encoded, list[Claim]]:
    """A model of a small practice, its data, and claims to score."""
    practice = simulate("typical", claims=claims, months=18, seed=11)
    history = build_history([*practice.claims(), *practice.acknowledgements, *practice.payments])
    assert history.as_of is not None
    encoded = build_dataset(history)
    windows = choose_windows(encoded.data, history.as_of, history.lags.pooled)
    model = finish(encoded, fit_and_test(encoded, windows), windows)
    return model, encoded, practice.claims()


def scoring(claims: int, count: int, rounds: int) -> tuple[dict[str, float], float]:
    """Claims a second by way of scoring, and of the bare booster."""
    model, encoded, known = fitted(claims)
    tomorrow = (known * (count // len(known) + 1))[:count]
    table = raw_table(encoded.data.batch).astype(np.float64)
    data = lgb.Dataset(table, encoded.data.denied.astype(float))
    settings: dict[str, Any] = {
        "objective": "binary", "num_leaves": 15, "num_threads": 1, "verbosity": -1
    }  # fmt: skip
    booster = lgb.train(settings, data, num_boost_round=300)
    matrix = np.resize(table, (count, table.shape[1]))
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "tomorrow.837", Path(folder) / "scores.csv"
        with path.open("wb") as file:
            write_837p(tomorrow, file)
        taken = interleaved(
            {
                "score, claims/s": lambda: score_files([path], out, model, factors=False),
                "score with factors, claims/s": lambda: score_files([path], out, model),
                "reading alone, claims/s": lambda: sum(1 for _ in read_files([path])),
                "bare": lambda: booster.predict(matrix, num_threads=1),
            },
            rounds,
        )
    rates = {name: count / seconds for name, seconds in taken.items()}
    return rates, rates.pop("bare")


def train_files(folder: Path) -> dict[str, float]:
    """Seconds of each half of a training on the files of ``folder``."""
    start = time.monotonic()
    history = read_history([folder / "history"])
    assert history.as_of is not None
    read = time.monotonic()
    encoded = build_dataset(history)
    windows = choose_windows(encoded.data, history.as_of, history.lags.pooled)
    finish(encoded, fit_and_test(encoded, windows), windows)
    done = time.monotonic()
    return {
        "training: reading and matching, s": read - start,
        "training: features and fitting, s": done - read,
        "training, s": done - start,
        "training, CPU s": time.process_time(),
    }


def main() -> None:
    """Run and report."""
    parser = arguments("scoring and training of the denial model: speed and memory")
    parser.add_argument("--train", type=int, default=0, metavar="N", help="also train on N claims")
    parser.add_argument("--claims", type=int, default=SCORE, help="claims to score")
    options = parser.parse_args()
    figures: dict[str, Any]
    figures, bare = scoring(LEARN, options.claims, options.rounds)
    if options.train:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "practice"
            practice = simulate("typical", claims=options.train, months=18, seed=1)
            write_practice(practice, folder)
            del practice
            taken, peak = in_fresh_process(train_files, folder)
        figures |= {f"{key} ({options.train:,} claims)": v for key, v in taken.items()}
        figures["training: peak memory, MB"] = peak
    report(
        "denial_speed",
        options.json,
        figures,
        {"bare Booster.predict, claims/s": bare},
        {
            "bare predict to score": bare / figures["score, claims/s"],
            "bare predict to score with factors": bare / figures["score with factors, claims/s"],
        },
    )


if __name__ == "__main__":
    main()
