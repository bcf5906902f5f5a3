"""Dollars recovered per hour of work on denials, by the order in which they are taken up.

A practice is simulated and cut in two by time. From the files of the first part the product
learns what attempts bring and what payers allow; then it orders the denials of the second part
that the practice did try again (corrected, or sent to another payer) and whose result is known.
Every order works the same denials in the same time each (minutes of ``actions.csv``, shared by
the lines of a claim), so only the order differs: first in first out, largest charge first, at
random, and the product's. ``best possible`` knows the results beforehand. Denials that nobody
tried again have no known result and are left out, for every order alike.
"""

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec

from benchmarks.harness import arguments, report
from models.claims.x12.context import Item
from models.codes.categories import DenialCategory
from models.history import HistoryOptions, build_history
from models.revenue.actions import load_actions
from models.revenue.amount_at_stake import AmountsAtStake
from models.revenue.attempts import tried
from models.revenue.denials import Attempt, DeniedLine, denied_lines
from models.revenue.recovery import facts_of
from training.recovery.train import learn
from training.simulate import simulate

COST = 40.0
CAPACITIES = (0.1, 0.25, 0.5)
_MORE_LINES = 2


class Job(msgspec.Struct):
    """A denied line that was tried again: what was known, and what it brought in dollars."""

    day: dt.date
    charge: float
    hours: float
    worth: float
    recovered: float


def jobs(claims: int, months: int, seed: int) -> tuple[list[Job], dict[str, float | str]]:
    """Denials of the last two fifths of a simulated practice, valued by what came before."""
    practice = simulate("typical", claims=claims, months=months, seed=seed)
    items: list[Item] = [*practice.claims(), *practice.acknowledgements, *practice.payments]
    whole = build_history(items)
    assert whole.as_of is not None
    cut = whole.as_of - dt.timedelta(days=int(months * 30.4 * 0.4))
    before = build_history(items, HistoryOptions(as_of=cut))
    model, told = learn(tried(before))
    amounts = AmountsAtStake(before)
    later = [
        x
        for x in denied_lines(whole)
        if x.answered > cut
        and x.outcome.denied
        and x.settled is not None
        and x.attempt in (Attempt.RESUBMITTED, Attempt.OTHER_PAYER)
    ]
    lines = Counter((x.submission, x.attempt) for x in later)
    found = []
    for x in later:
        (p,) = model.estimate([facts_of(whole, x, x.attempt)])
        n = lines[x.submission, x.attempt]
        hours = (_minutes(x) + _MORE_LINES * (n - 1)) / n / 60
        charge = float(whole.submissions[x.submission].claim.lines[x.line].charge)
        worth = p * float(amounts.of(whole, x)) - hours * COST
        found.append(Job(x.answered, charge, hours, worth, float(x.recovered)))
    about: dict[str, float | str] = {
        "attempts learnt from": float(told.attempts), "learnt": told.kind,
        "denials ordered": float(len(found)),
    }  # fmt: skip
    return found, about


def _minutes(item: DeniedLine) -> int:
    rows = load_actions()[item.outcome.category or DenialCategory.OTHER]
    return next((c.minutes for c in rows if c.action.attempt is item.attempt), 20)


def dollars_an_hour(order: Sequence[Job], share: float) -> float:
    """Dollars recovered in the first ``share`` of all hours, per hour."""
    capacity = share * sum(j.hours for j in order)
    spent = recovered = 0.0
    for job in order:
        if spent + job.hours > capacity:
            break
        spent += job.hours
        recovered += job.recovered
    return recovered / spent if spent else 0.0


def orders(found: Sequence[Job]) -> dict[str, list[Job]]:
    """The same denials in each order."""
    shuffled = list(found)
    random.Random(1).shuffle(shuffled)
    return {
        "Firstpass": sorted(found, key=lambda j: -j.worth / j.hours),
        "first in first out": sorted(found, key=lambda j: j.day),
        "largest first": sorted(found, key=lambda j: -j.charge),
        "at random": shuffled,
        "best possible": sorted(found, key=lambda j: -j.recovered / j.hours),
    }


def main() -> None:
    """Run and report."""
    parser = arguments("dollars recovered per hour, by order of work")
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=18)
    parser.add_argument("--seeds", nargs="+", type=int, default=[101])
    options = parser.parse_args()
    figures: dict[str, float | str] = {}
    baselines: dict[str, float] = {}
    sums: dict[tuple[str, float], float] = defaultdict(float)
    for seed in options.seeds:
        found, about = jobs(options.claims, options.months, seed)
        figures.update({f"seed {seed}: {name}": value for name, value in about.items()})
        for name, order in orders(found).items():
            for share in CAPACITIES:
                sums[name, share] += dollars_an_hour(order, share) / len(options.seeds)
    for (name, share), value in sums.items():
        into = figures if name == "Firstpass" else baselines
        into[f"{name}: dollars an hour in {share:.0%} of the hours"] = value
    ratios = {
        f"Firstpass / {name}, {share:.0%} of the hours": sums["Firstpass", share] / value
        for (name, share), value in sums.items()
        if name != "Firstpass" and value
    }
    report("denial_work", options.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
