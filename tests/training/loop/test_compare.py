"""Champion and challenger on the same claims, with claims changed after a warning apart."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from models.claims.claim import Claim, Payer, Person, Provider, ServiceLine
from training.loop.compare import age_group, compare, criteria, heeded_weights
from training.loop.gate import read_gate

DAY = dt.date(2026, 3, 2)


def claim(number, payer="P", sex="F", born=1980):
    person = Person("L", "F", member_id=f"M{number}", birth_date=dt.date(born, 3, 3), sex=sex)
    return Claim(
        f"A{number}", Decimal(100), DAY, payer=Payer(payer, "PI", payer), patient=person,
        subscriber=person, billing=Provider("1234567893", taxonomy="207Q00000X", tax_id="1"),
        lines=(ServiceLine(1, "99213", Decimal(100), service_date=DAY),),
    )  # fmt: skip


class Data:
    """The columns of a data set that a comparison looks at."""

    def __init__(self, claims, denied):
        self.claims = claims
        self.denied = np.array(denied, bool)
        self.patient = np.arange(len(claims), dtype=np.uint64)


def practice(count=2000, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.choice([0.03, 0.5], count, p=[0.8, 0.2])
    payers = ["P" if i % 2 else "Q" for i in range(count)]
    data = Data([claim(i, payers[i]) for i in range(count)], generator.random(count) < truth)
    return data, truth, np.array(payers)


def verdicts(found):
    return {c.name: c.verdict for c in criteria(found, read_gate())}


def test_a_better_challenger_passes_and_a_worse_one_fails():
    data, truth, _ = practice()
    rows, flat = np.arange(len(truth)), np.full(len(truth), truth.mean())
    better = compare(data, rows, flat, truth, read_gate())
    assert set(verdicts(better).values()) == {"passed"}
    worse = compare(data, rows, truth, flat, read_gate())
    assert verdicts(worse)["better"] == "failed"


def test_an_equal_challenger_is_not_better():
    data, truth, _ = practice()
    same = compare(data, np.arange(len(truth)), truth, truth, read_gate())
    assert verdicts(same)["better"] == "failed"


def test_one_payer_clearly_worse_fails_though_all_together_are_better():
    data, truth, payers = practice()
    champion = np.where(payers == "P", truth.mean(), truth)
    challenger = np.where(payers == "P", truth, 0.5)
    found = compare(data, np.arange(len(truth)), champion, challenger, read_gate())
    said = {c.name: c for c in criteria(found, read_gate())}
    assert said["groups"].verdict == "failed"
    assert "payer Q" in said["groups"].words


def test_an_uncalibrated_challenger_fails():
    data, truth, _ = practice()
    found = compare(
        data, np.arange(len(truth)), np.full(len(truth), 0.9), np.minimum(truth * 2.2, 0.99),
        read_gate(),
    )  # fmt: skip
    assert verdicts(found)["calibrated"] == "failed"


def test_too_few_new_claims_decide_nothing():
    data, truth, _ = practice(100)
    found = compare(data, np.arange(100), truth, truth, read_gate())
    assert verdicts(found) == {"period": "undecided"}


def test_without_a_champion_there_is_nothing_to_beat():
    assert verdicts(None) == {"better": "passed"}


def test_unchanged_claims_stand_for_those_that_were_changed():
    scores = np.linspace(0.5, 0.9, 100)
    warned = np.ones(100, bool)
    heeded = np.arange(100) % 4 != 0  # three of four were changed
    weights = heeded_weights(scores, warned, heeded)
    assert (weights[heeded] == 0).all()
    assert weights.sum() == pytest.approx(100)
    assert set(weights[~heeded]) == {4.0}


def test_one_unchanged_claim_stands_for_ten_at_most():
    heeded = np.ones(100, bool)
    heeded[0] = False
    weights = heeded_weights(np.linspace(0.5, 0.9, 100), np.ones(100, bool), heeded)
    assert weights.max() == 10.0


def test_a_champion_whose_warnings_are_heeded_is_not_judged_by_what_it_missed_alone():
    """Its best calls were changed, and so not denied: unweighted, it looks like a bad model."""
    data, truth, _ = practice(8000, seed=3)
    generator = np.random.default_rng(4)
    champion, challenger = truth, np.clip(truth * 0.35 + 0.03, 0, 1)
    warned = truth > 0.4
    heeded = warned & (generator.random(len(truth)) < 0.8)
    data.denied = data.denied & ~heeded
    rows = np.arange(len(truth))
    naive = compare(data, rows, champion, challenger, read_gate())
    fair = compare(data, rows, champion, challenger, read_gate(), warned=warned, heeded=heeded)
    assert naive.gain > 0 > fair.gain
    assert fair.heeded == heeded.sum()


@pytest.mark.parametrize(
    ("born", "group"),
    [
        (2020, "under 18"),
        (2008, "under 18"),
        (2007, "18 to 44"),
        (1970, "45 to 64"),
        (1950, "65 and over"),
    ],
)
def test_age_groups_are_those_of_the_day_of_service(born, group):
    # Born on 3 March, seen on 2 March: a year younger than the calendar years say.
    assert age_group(claim(1, born=born)) == group
