"""How much of what could be known the denial model knows, on simulated practices.

A practice of ``--claims`` claims over 18 months is simulated for each profile and seed, put
together as `firstpass train denial` does (in memory; a test holds files and memory equal), and
the version that would be registered scores the claims submitted after the history's end, as
`firstpass score` does. Those claims (6 % more) are later than anything that was learnt.

The simulator states each claim's true probability of denial, so figures need no drawn outcomes:

* share of attainable lift: (AUC - 0.5) / (AUC of the true probability - 0.5), both AUCs in
  expectation over outcomes (`models.measure.soft_roc_auc`), with a 95 % bootstrap interval over
  claims; ``drawn`` is the same against the outcomes that were drawn, which is noisier;
* calibration error: against the true probability, 10 bins of equal mass, the seeds pooled;
* capture: true probability caught in the riskiest 10 % of claims, as a share of what the true
  probability itself would catch there;
* category: the true probability, given that the claim is denied, of the category that the model
  names, weighted by the chance of a denial; as a share of what naming the likeliest would get;
* per mechanism: the share of lift of claims denied by one mechanism against claims not denied
  (drawn, seeds pooled; few denials make it noisy);
* seen once, seen twice: the share of lift of one who knows all that payers do, but only rules
  that the history shows by so many denials (`benchmarks.learnable`).

Logistic regression and plain LightGBM on listed raw columns stand beside it, each tuned over four
settings on the same calibration window and refitted through the same last day. With
``--renamed`` the first seed is run again with payers, providers and patients renamed at random.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import arguments, report
from benchmarks.learnable import Learnable
from benchmarks.renaming import Renaming
from models.claims.x12.context import Item
from models.denial.features import FeatureEncoder, RowMaker
from models.history import build_history
from models.measure import (
    bootstrap_interval,
    calibration_error,
    capture_at_capacity,
    roc_auc,
    share_of_attainable_lift,
    soft_roc_auc,
)
from training.denial.baselines import RAW_COLUMNS, Baselines
from training.denial.dataset import build_dataset
from training.denial.train import finish, fit_and_test
from training.denial.windows import choose_windows
from training.simulate import simulate
from training.simulate.practice import SimulatedPractice
from training.simulate.submission import Submission

Floats = NDArray[np.float64]
PROFILES = ("easy", "typical", "hard")
#: Not used while the model was developed (that was done on 1 to 9).
SEEDS = (101, 102, 103, 104, 105)
OURS = "Firstpass"
MONTHS = 18
SEEN = {"seen once": 1, "seen twice": 2}


class Judged(msgspec.Struct):
    """Future claims of one practice: the truth, and each model's probabilities.

    ``truth`` ``[claims]``, ``by_category`` and ``ours_by_category`` ``[claims, categories]``.
    ``seen`` and ``seen_by_category``: of one who knows what the history shows.
    """

    truth: Floats
    by_category: Floats
    denied: NDArray[np.bool_]
    mechanism: list[str]
    scores: dict[str, Floats]
    ours_by_category: Floats
    seconds: float
    seen: dict[str, Floats]
    seen_by_category: dict[str, Floats]

    def share(self, name: str) -> float:
        """Share of attainable lift of a model."""
        return expected_share(self.truth, self.scores[name])


def expected_share(truth: Floats, scores: Floats) -> float:
    """Share of attainable lift in expectation over outcomes."""
    return (soft_roc_auc(truth, scores) - 0.5) / (soft_roc_auc(truth, truth) - 0.5)


def judge(profile: str, seed: int, claims: int, *, renaming: Renaming | None = None) -> Judged:
    """Simulate, train as the product does, score the future claims."""
    practice = simulate(profile, claims=claims, months=MONTHS, seed=seed)
    began = time.process_time()
    history = build_history(renamed(_items(practice), renaming))
    assert history.as_of is not None
    encoded = build_dataset(history)
    windows = choose_windows(encoded.data, history.as_of, history.lags.pooled)
    model = finish(encoded, fit_and_test(encoded, windows), windows)
    seconds = time.process_time() - began
    future = _future(practice)
    scored = list(renamed([s.claim for s in future], renaming))
    risks = list(model.score(scored, factors=False))
    encoder = FeatureEncoder(RowMaker(model.past.overlay(), model.filing_limits), model.vocabulary)
    batch = encoder.encode(scored)
    scores = {OURS: np.array([r.denial_probability for r in risks])}
    for name, predict in Baselines(encoded.data, windows).fit(windows.as_of + 1).items():
        scores[name] = predict(batch)
    learnable = Learnable(practice)
    decisions = [s.decision for s in future if s.decision is not None]
    return Judged(
        np.array([d.probability for d in decisions]),
        np.array([d.by_category for d in decisions]),
        np.array([d.denied for d in decisions]),
        [d.first.mechanism.name if d.first else "" for d in decisions],
        scores,
        np.array([list(r.categories.values()) for r in risks]),
        seconds,
        {name: learnable.seen(future, least) for name, least in SEEN.items()},
        {name: learnable.seen_categories(future, least) for name, least in SEEN.items()},
    )


def _items(practice: SimulatedPractice) -> list[Item]:
    return [*practice.claims(), *practice.acknowledgements, *practice.payments]


def _future(practice: SimulatedPractice) -> list[Submission]:
    end = practice.calendar.end
    return [s for s in practice.submissions if s.day > end and s.decision is not None]


def renamed(items: Iterable[Any], renaming: Renaming | None) -> list[Any]:
    """Items as they are, or with other names."""
    return [renaming(item) for item in items] if renaming is not None else list(items)


def summary(profile: str, runs: Sequence[Judged]) -> dict[str, float]:
    """Figures of one profile over its seeds."""
    found: dict[str, float] = {}
    for name in runs[0].scores:
        shares = [run.share(name) for run in runs]
        found[f"{name}: share of lift, mean"] = float(np.mean(shares))
        found[f"{name}: share of lift, worst seed"] = min(shares)
    truth = np.concatenate([r.truth for r in runs])
    denied = np.concatenate([r.denied for r in runs])
    ours = np.concatenate([r.scores[OURS] for r in runs])
    interval = bootstrap_interval(expected_share, truth, ours, repeats=200)
    found["claims judged"] = float(len(truth))
    found["AUC of the truth"] = soft_roc_auc(truth, truth)
    found["share of lift, pooled, low"] = interval.low
    found["share of lift, pooled, high"] = interval.high
    found["share of lift, drawn outcomes"] = share_of_attainable_lift(
        denied.astype(float), ours, truth
    )
    for name in runs[0].scores:
        scores = np.concatenate([r.scores[name] for r in runs])
        found[f"{name}: calibration error"] = calibration_error(truth, scores)
        found[f"{name}: capture of the truth's"] = capture(truth, scores)
    by_category = np.concatenate([r.by_category for r in runs])
    found["category accuracy of the truth's"] = category_share(
        by_category, np.concatenate([r.ours_by_category for r in runs])
    )
    for name in SEEN:
        seen = np.concatenate([r.seen[name] for r in runs])
        categories = np.concatenate([r.seen_by_category[name] for r in runs])
        found[f"{name}: share of lift, mean"] = float(
            np.mean([expected_share(r.truth, r.seen[name]) for r in runs])
        )
        found[f"{name}: capture of the truth's"] = capture(truth, seen)
        found[f"{name}: category accuracy of the truth's"] = category_share(by_category, categories)
    found["training, CPU seconds"] = float(np.mean([r.seconds for r in runs]))
    return {f"{profile}: {name}": value for name, value in found.items()}


def capture(truth: Floats, scores: Floats, capacity: float = 0.1) -> float:
    """Denials caught in the riskiest tenth, as a share of what the truth catches there."""
    return capture_at_capacity(truth, scores, capacity) / capture_at_capacity(
        truth, truth, capacity
    )


def category_share(truth: Floats, ours: Floats) -> float:
    """Expected accuracy of the named category on denied claims, as a share of the best."""
    named = truth[np.arange(len(truth)), ours.argmax(axis=1)].sum()
    return float(named / truth.max(axis=1).sum())


def by_mechanism(runs: Sequence[Judged], least: int = 10) -> dict[str, dict[str, float]]:
    """Share of lift of one mechanism's denials against claims not denied, by model and ceiling."""
    mechanism = np.array([m for run in runs for m in run.mechanism])
    truth = np.concatenate([r.truth for r in runs])
    table: dict[str, dict[str, float]] = {}
    for name in sorted(set(mechanism.tolist()) - {""}):
        rows = (mechanism == name) | (mechanism == "")
        hit = (mechanism == name)[rows].astype(float)
        if hit.sum() < least:
            continue
        best = roc_auc(hit, truth[rows]) - 0.5
        table[name] = {"denied": hit.sum(), "AUC of the truth": best + 0.5}
        for model in (*runs[0].scores, *runs[0].seen):
            scores = np.concatenate([(r.scores | r.seen)[model] for r in runs])[rows]
            table[name][model] = (roc_auc(hit, scores) - 0.5) / best if best > 0.02 else np.nan
    return table


def show(table: Mapping[str, Mapping[str, float]], line: Callable[[str], None] = print) -> None:
    """Print a table of mechanisms."""
    for name, row in table.items():
        line(f"  {name:<24}" + "".join(f"  {key} {value:.3g}" for key, value in row.items()))


def main() -> None:
    """Run and report."""
    parser = arguments("share of attainable lift, calibration, capture and category")
    parser.add_argument("--full", action="store_true", help="all profiles, five seeds, renamed")
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--profiles", nargs="+", default=["typical"], choices=PROFILES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[SEEDS[0]])
    parser.add_argument("--renamed", action="store_true", help="also with other names")
    options = parser.parse_args()
    if options.full:
        options.profiles, options.seeds, options.renamed = PROFILES, SEEDS, True
    figures: dict[str, Any] = {"raw columns": ", ".join((*RAW_COLUMNS, "lag in days"))}
    baselines: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for profile in options.profiles:
        runs = []
        for seed in options.seeds:
            run = judge(profile, seed, options.claims)
            runs.append(run)
            shares = {name: run.share(name) for name in run.scores}
            shares |= {name: expected_share(run.truth, run.seen[name]) for name in run.seen}
            listed = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
            print(f"{profile} {seed}: share of attainable lift: {listed}", flush=True)
            figures[f"{profile}: {OURS}: share of lift, seed {seed}"] = run.share(OURS)
        for name, value in summary(profile, runs).items():
            into = (
                figures if name.split(": ")[1] not in runs[0].scores or OURS in name else baselines
            )
            into[name] = value
        for name in runs[0].scores:
            if name != OURS:
                ratios[f"{profile}: ours to {name}"] = float(
                    np.mean([r.share(OURS) for r in runs]) / np.mean([r.share(name) for r in runs])
                )
        mechanisms = by_mechanism(runs)
        print(f"{profile}: share of lift by mechanism")
        show(mechanisms)
        figures[f"{profile}: by mechanism"] = mechanisms
        if options.renamed:
            other = judge(
                profile, options.seeds[0], options.claims, renaming=Renaming(secrets.token_bytes(8))
            )
            moved = other.share(OURS) - runs[0].share(OURS)
            figures[f"{profile}: share of lift moved by renaming"] = moved
    report("denial_quality", options.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
