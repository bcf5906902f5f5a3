"""A simulated practice, two thirds of a year quiet; then its payers change rules."""

import datetime as dt
from dataclasses import replace

import pytest

from benchmarks.monitor import Truth, learn, second_year, shown_on
from models.denial.drift import DriftFinding
from training.monitor.run import watch
from training.simulate import load_profile, simulate
from training.simulate.calendar import day_date
from training.simulate.rules import OPEN_START

pytestmark = pytest.mark.slow

TRAINED = 180
CHANGED = 245


@pytest.fixture(scope="module")
def practice():
    """No rule begins before the day 245 of 364."""
    profile = replace(load_profile("easy"), changing=0.5, late_changes=1.0)
    return simulate(profile, 6000, 12, seed=1)


@pytest.fixture(scope="module")
def watched(practice):
    start = practice.calendar.start
    model = learn(practice, day_date(start + TRAINED))
    data = second_year(practice, model)

    def runs(first, last):
        for day in range(start + first, start + last, 7):
            report = watch(data, model, day_date(day))
            yield day_date(day), [f for f in report.findings if f.kind.startswith("denials")]

    return runs


def test_nothing_is_said_of_payers_before_any_of_them_changes_a_rule(practice, watched):
    begun = [
        r.start
        for r in practice.every_rule()
        if r.start > OPEN_START and r.mechanism.name != "enrollment"
    ]
    assert min(begun) >= practice.calendar.start + CHANGED
    assert [found for _, found in watched(TRAINED + 14, CHANGED)] == [[]] * 8


def test_each_new_rule_is_named_by_the_run_after_its_fourth_denial_with_its_claims(
    practice, watched
):
    truth = Truth(practice)
    shown = {
        rule.number: (rule, day)
        for rule in truth.rules
        if rule.start > OPEN_START and (day := shown_on(practice, rule)) is not None
    }
    assert len(shown) == 3
    named: dict[int, tuple[DriftFinding, dt.date]] = {}
    for day, findings in watched(CHANGED + 54, 365):
        for finding in findings:
            for rule in truth.begun(finding, day):
                named.setdefault(rule.number, (finding, day))
    for number, (rule, visible) in shown.items():
        finding, day = named[number]
        assert (day - visible).days <= 7
        assert finding.payer == rule.payer.claim_payer.name
        assert finding.category == rule.mechanism.category
        assert finding.since is not None and finding.since <= visible
        assert len(finding.claims) >= 3 and finding.payer in finding.words
        assert finding.answer in ("", "+".join(filter(None, (rule.carc, rule.rarc))))
