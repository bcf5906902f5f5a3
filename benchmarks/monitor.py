"""How soon does the weekly watch name a payer's new rule, and how often does it cry wolf?

Simulated practices of two years. The model is trained once, as of the end of the first year, and
then left alone; the watch runs every seven days of the second year. A rule that began in that
year counts as shown from the week in which its fourth denial arrived within one window; it is
named when a run speaks of that payer, category and one of the rule's codes. A quiet year is the
same practice without any rule that changes: whatever is said there is a false alarm.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import replace

import numpy as np

from benchmarks.harness import arguments, report
from models.claims.x12.context import Item
from models.denial.model import DenialModel
from models.history import HistoryOptions, build_history
from training.denial.dataset import DenialData, build_dataset
from training.denial.train import finish, fit_and_test
from training.denial.windows import choose_windows
from training.monitor.outcomes import LEAST_DENIALS
from training.monitor.run import WINDOW_DAYS, as_of_submission, watch
from training.simulate import SimulatedPractice, load_profile, simulate
from training.simulate.calendar import day_date
from training.simulate.rules import OPEN_START, Rule

MONTHS = 24
LEARNT_DAYS = 365


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
    """The day on which the rule's fourth denial within one window had arrived."""
    days = sorted(
        s.answered
        for s in practice.submissions
        if s.decision is not None
        and s.answered <= practice.calendar.end
        and any(d is not None and d.rule is rule for d in s.decision.lines)
    )
    for first, last in zip(days, days[LEAST_DENIALS - 1 :], strict=False):
        if last - first < WINDOW_DAYS:
            return day_date(last)
    return None


def measure(seed: int, claims: int) -> dict[str, float]:
    """Rules shown, named, weeks until then; other findings about denials a year."""
    practice = practice_of(seed, claims, quiet=False)
    trained = day_date(practice.calendar.start + LEARNT_DAYS)
    model = learn(practice, trained)
    data = second_year(practice, model)
    said: defaultdict[tuple[str, str, str], list[dt.date]] = defaultdict(list)
    runs = weeks(practice)
    for day in runs:
        for finding in watch(data, model, day).findings:
            if finding.kind == "denials_started":
                said[finding.payer, finding.category, finding.subject].append(day)
    shown = named = prompt = 0
    delays = []
    explained: set[tuple[str, str, str]] = set()
    for rule in practice.every_rule():
        if rule.start <= OPEN_START or day_date(rule.start) <= trained:
            continue
        visible = shown_on(practice, rule)
        payer = rule.payer.claim_payer.name
        about = [
            (p, c, s)
            for p, c, s in said
            if p == payer
            and c == rule.mechanism.category
            and (s in rule.codes or s in ("", rule.npi) or not rule.codes)
        ]
        explained.update(about)
        if visible is None or visible > runs[-1]:
            continue
        shown += 1
        first = min(
            (d for key in about for d in said[key] if d >= day_date(rule.start)), default=None
        )
        if first is not None:
            named += 1
            wait = max(0, (first - visible).days)
            delays.append(wait)
            prompt += wait <= 7
    unexplained = {key for key in said if key not in explained}
    return {
        "runs": len(runs),
        "rules_shown": shown,
        "rules_named": named,
        "named_by_next_run": prompt,
        "median_days_to_name": float(np.median(delays)) if delays else float("nan"),
        "other_findings": len(unexplained),
    }


def quiet_year(seed: int, claims: int) -> dict[str, float]:
    """Distinct findings in a year in which no payer changes a rule, by kind."""
    practice = practice_of(seed, claims, quiet=True)
    model = learn(practice, day_date(practice.calendar.start + LEARNT_DAYS))
    data = second_year(practice, model)
    kinds: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
    runs = weeks(practice)
    for day in runs:
        for f in watch(data, model, day).findings:
            kinds[f.kind].add((f.payer, f.category, f.subject))
    names = ("denials_started", "denials_stopped", "outcomes", "inputs", "scores")
    return {"runs": len(runs), **{name: len(kinds[name]) for name in names}}


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--claims", type=int, default=24_000, help="claims in two years")
    parser.add_argument("--seeds", type=int, nargs="+", default=[21], help="practices")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for seed in options.seeds:
        for title, found in (
            ("changing", measure(seed, options.claims)),
            ("quiet", quiet_year(seed, options.claims)),
        ):
            figures |= {f"{title}_{seed}_{name}": value for name, value in found.items()}
    report("monitor", options.json, figures, {}, {})


if __name__ == "__main__":
    main()
