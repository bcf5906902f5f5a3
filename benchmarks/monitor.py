"""How soon does the weekly watch name a payer's new rule, and how often does it cry wolf?

Simulated practices of two years. The model is trained once, as of the end of the first year, and
then left alone; the watch runs every seven days of the second year. A rule that began in that
year counts as shown from the day on which its fourth denial within 28 days arrived; it is named
when a run speaks of its payer and category with claims of which at least half were denied by that
rule. A finding is true when such a rule began in the year before it (one that stopped, for denials
that stay away), and a false alarm otherwise. A quiet year is the same practice without any rule
that changes; providers join there too, and a payer that has not enrolled one yet is a true finding.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np

from benchmarks.harness import arguments, report
from models.claims.x12.context import Item
from models.denial.drift import DriftFinding
from models.denial.model import DenialModel
from models.history import HistoryOptions, build_history
from training.denial.dataset import DenialData, build_dataset
from training.denial.train import finish, fit_and_test
from training.denial.windows import choose_windows
from training.monitor.run import as_of_submission, watch
from training.simulate import SimulatedPractice, load_profile, simulate
from training.simulate.calendar import day_date
from training.simulate.rules import OPEN_END, OPEN_START, Rule

MONTHS = 24
LEARNT_DAYS = 365
#: A rule is shown once so many of its denials arrived within so many days.
SHOWN_DENIALS = 4
SHOWN_DAYS = 28
#: Days for which a change is news.
NEWS_DAYS = 365
#: Share of a finding's claims that a rule must have denied for the finding to be about it.
MOST = 0.5


def practice_of(seed: int, claims: int, *, quiet: bool) -> SimulatedPractice:
    """A practice of two years; ``quiet``: no payer changes a rule."""
    profile = load_profile("typical")
    if quiet:
        profile = replace(profile, changing=0.0, late_changes=0.0)
    return simulate(profile, claims, MONTHS, seed)


def learn(practice: SimulatedPractice, day: dt.date) -> DenialModel:
    """The model that the practice would have trained at the end of ``day``."""
    items: list[Item] = [*practice.claims(), *practice.acknowledgements, *practice.payments]
    history = build_history(items, HistoryOptions(as_of=day))
    assert history.as_of is not None
    encoded = build_dataset(history)
    windows = choose_windows(encoded.data, history.as_of, history.lags.pooled)
    return finish(encoded, fit_and_test(encoded, windows), windows)


def second_year(practice: SimulatedPractice, model: DenialModel) -> DenialData:
    """The whole history as the model sees it."""
    items: list[Item] = [*practice.claims(), *practice.acknowledgements, *practice.payments]
    return as_of_submission(build_history(items), model)


def weeks(practice: SimulatedPractice) -> list[dt.date]:
    """Days on which the watch runs."""
    start = practice.calendar.start + LEARNT_DAYS + 14
    return [day_date(d) for d in range(start, practice.calendar.end + 1, 7)]


def shown_on(practice: SimulatedPractice, rule: Rule) -> dt.date | None:
    """The day on which the rule's fourth denial within 28 days had arrived."""
    days = sorted(
        s.answered
        for s in practice.submissions
        if s.decision is not None
        and s.answered <= practice.calendar.end
        and any(d is not None and d.rule is rule for d in s.decision.lines)
    )
    for first, last in zip(days, days[SHOWN_DENIALS - 1 :], strict=False):
        if last - first < SHOWN_DAYS:
            return day_date(last)
    return None


class Truth:
    """Which rules a finding is about."""

    def __init__(self, practice: SimulatedPractice) -> None:
        self.rules = practice.every_rule()
        self._denied: defaultdict[str, set[int]] = defaultdict(set)
        for s in practice.submissions:
            for line in s.decision.lines if s.decision is not None else ():
                if line is not None and line.rule is not None:
                    self._denied[s.claim.claim_id].add(line.rule.number)

    def begun(self, finding: DriftFinding, day: dt.date) -> list[Rule]:
        """Rules that began lately and denied most of the finding's claims."""
        counts = Counter(n for c in finding.claims for n in self._denied[c])
        return [
            rule
            for rule in self.rules
            if counts[rule.number] >= MOST * len(finding.claims)
            and rule.mechanism.category == finding.category
            and rule.start > OPEN_START
            and 0 <= (day - day_date(rule.start)).days < NEWS_DAYS
        ]

    def stopped(self, finding: DriftFinding, day: dt.date) -> list[Rule]:
        """Rules of the finding's payer and category that stopped lately."""
        return [
            rule
            for rule in self.rules
            if rule.payer.claim_payer.name == finding.payer
            and rule.mechanism.category == finding.category
            and rule.stop < OPEN_END
            and 0 <= (day - day_date(rule.stop)).days < NEWS_DAYS
        ]


def measure(seed: int, claims: int, *, quiet: bool) -> dict[str, float]:
    """Rules shown, named, days until then; distinct false alarms of a year, by kind."""
    practice = practice_of(seed, claims, quiet=quiet)
    trained = day_date(practice.calendar.start + LEARNT_DAYS)
    model = learn(practice, trained)
    data = second_year(practice, model)
    truth = Truth(practice)
    runs = weeks(practice)
    named: dict[int, dt.date] = {}
    false: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for day in runs:
        for f in watch(data, model, day).findings:
            begun = truth.begun(f, day) if f.kind == "denials_started" else []
            for rule in begun:
                named.setdefault(rule.number, day)
            if not begun and not (f.kind == "denials_stopped" and truth.stopped(f, day)):
                false[f.kind].add((f.payer, f.category, f.subject))
    shown = {
        rule.number: visible
        for rule in truth.rules
        if rule.start > OPEN_START
        and day_date(rule.start) > trained
        and (visible := shown_on(practice, rule)) is not None
        and visible <= runs[-1]
    }
    waits = [max(0, (named[n] - visible).days) for n, visible in shown.items() if n in named]
    kinds = ("denials_started", "denials_stopped", "outcomes", "inputs", "scores")
    return {
        "runs": len(runs),
        "rules_shown": len(shown),
        "rules_named": len(waits),
        "named_by_next_run": sum(wait <= 7 for wait in waits),
        "median_days_to_name": float(np.median(waits)) if waits else float("nan"),
        **{f"false_{kind}": len(false[kind]) for kind in kinds},
    }


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--claims", type=int, default=24_000, help="claims in two years")
    parser.add_argument("--seeds", type=int, nargs="+", default=[21], help="practices")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for seed in options.seeds:
        for title in ("changing", "quiet"):
            found = measure(seed, options.claims, quiet=title == "quiet")
            figures |= {f"{title}_{seed}_{name}": value for name, value in found.items()}
    report("monitor", options.json, figures, {}, {})


if __name__ == "__main__":
    main()
