"""A practice of 100,000 claims from nothing to its files, on one core: seconds and peak memory.

Apart: the simulation in memory, and the writing of files (837P, 277CA, 835, truth). There is no
other simulator of such files to compare with; the target is a minute. With ``--profiles`` it
also prints what docs/simulator.md says of the three profiles.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.harness import arguments, in_fresh_process, report
from training.simulate import simulate
from training.simulate.files import write_practice

CLAIMS = 100_000
SEEDS = (1, 2, 3, 4, 5)


def timed(claims: int) -> dict[str, float]:
    """CPU seconds of the two halves, and how much was written."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        practice = simulate("typical", claims=claims, months=18, seed=1)
        made = time.process_time()
        write_practice(practice, Path(folder) / "practice")
        written = time.process_time()
        size = sum(p.stat().st_size for p in Path(folder).rglob("*.*"))
    return {
        "simulate_seconds": made - start,
        "write_seconds": written - made,
        "seconds": written - start,
        "submissions": len(practice.submissions),
        "megabytes_written": size / 1e6,
    }


def profile_figures(profile: str) -> dict[str, float]:
    """What a profile is like, averaged over five seeds of 20,000 claims and 18 months."""
    rows = []
    for seed in SEEDS:
        practice = simulate(profile, claims=20_000, months=18, seed=seed)
        sent = [(s, s.decision) for s in practice.submissions if s.decision is not None]
        denied = np.array([d.denied for _, d in sent])
        stated = np.array([d.probability for _, d in sent])
        payer = np.array([s.coverage.payer.index for s, _ in sent])
        rates = np.array([stated[payer == i].mean() for i in range(payer.max() + 1)])
        first = [d.first.mechanism.name for _, d in sent if d.first is not None]
        rows.append(
            {
                "auc": roc_auc_score(denied, stated),
                "auc_payer_alone": roc_auc_score(denied, rates[payer]),
                "denied": denied.mean(),
                "noise": sum(name.startswith("noise") for name in first) / len(first),
                "payers": len(practice.rules),
                "rules": len(practice.every_rule()),
                "strength": np.mean([r.strength for r in practice.every_rule()]),
            }
        )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--claims", type=int, default=CLAIMS, help="claims to make")
    parser.add_argument("--profiles", action="store_true", help="describe the profiles too")
    options = parser.parse_args()
    figures, megabytes = in_fresh_process(timed, options.claims)
    figures["peak_memory_megabytes"] = megabytes
    figures["claims_per_second"] = options.claims / figures["seconds"]
    if options.profiles:
        for profile in ("easy", "typical", "hard"):
            found = profile_figures(profile)
            figures.update({f"{profile}_{name}": value for name, value in found.items()})
    report("simulate", options.json, figures, {}, {})


if __name__ == "__main__":
    main()
