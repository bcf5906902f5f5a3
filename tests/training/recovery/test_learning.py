"""Learning from attempts: hand-made ones whose chances are known."""

import datetime as dt
import random

import numpy as np
import pytest

from models.errors import InputError, NotEnoughDataError
from models.revenue.attempts import Tried, read_appeals, tried
from models.revenue.denials import Attempt
from models.revenue.recovery import RecoveryFacts
from tests.models.history.x12_text import filed, history, remitted
from training.card.card import attribute_table
from training.card.recovery import recovery_card
from training.recovery.fit import KINDS, fit_and_test
from training.recovery.train import learn, train_recovery

DENIED = "CLP*A1*4*100*0**12*C1~SVC*HC:99213*100*0~DTM*472*20260102~CAS*CO*16*100~"
WON = "CLP*A1*1*100*60**12*C2~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"


def attempts(number: int, seed: int = 1) -> list[Tried]:
    """CARC 16 is paid four times in five, CARC 97 once in five."""
    rng = random.Random(seed)
    found = []
    for i in range(number):
        carc = rng.choice(("16", "97"))
        won = rng.random() < (0.8 if carc == "16" else 0.2)
        facts = RecoveryFacts("resubmitted", "coding_bundling", carc, charge=rng.uniform(50, 300))
        found.append(Tried(dt.date(2025, 1, 1) + dt.timedelta(days=i // 2), facts, won, 0.0))
    return found


def test_what_is_learnt_beats_the_base_rate_on_later_attempts():
    model, result = learn(attempts(400))
    assert result.missing == []
    assert result.figures[result.kind].log_loss < result.figures["base rate"].log_loss - 0.05
    assert model.learnt == ["resubmitted"]
    good, bad = model.estimate([
        RecoveryFacts("resubmitted", "coding_bundling", carc, charge=100) for carc in ("16", "97")
    ])  # fmt: skip
    assert good == pytest.approx(0.8, abs=0.12)
    assert bad == pytest.approx(0.2, abs=0.12)


def test_the_test_begins_with_a_day_of_its_own():
    found = attempts(201)
    _, result = learn(found)
    assert result.figures["rates"].rows == sum(
        t.day.isoformat() >= result.tested_from for t in found
    )


def test_too_little_says_what_is_missing_and_leaves_rates():
    model, result = learn(attempts(30))
    assert (result.kind, model.model, model.learnt) == ("rates", None, [])
    assert "60 are the least" in result.missing[0]


def test_the_boosted_model_and_the_blend_say_the_same_twice():
    rng = np.random.default_rng(0)
    rows = [{"a": "x" if v < 0.5 else "y"} for v in rng.random(300)]
    truth = np.array([float(r["a"] == "x") for r in rows])
    first, second = (fit_and_test(rows, truth, 200, ("a",))[1] for _ in range(2))
    assert first == second
    assert {*first} == {"base rate", *KINDS}


def test_an_appeal_counts_only_where_it_is_listed(tmp_path):
    files = (
        filed("A1", "20260105", "99213*100"),
        remitted("20260120", DENIED),
    )
    listed = tmp_path / "appeals.csv"
    listed.write_text("claim_id,date\nA1,2026-01-25\n")
    won = remitted("20260301", WON, amount="60")
    assert tried(history(*files, won)) == []
    (one,) = tried(history(*files, won), listed)
    assert (one.facts.attempt, one.recovered) == (Attempt.APPEALED, True)
    (lost,) = tried(history(*files), listed)  # no answer for months
    assert lost.recovered is False


def test_a_faulty_list_of_appeals_is_named(tmp_path):
    path = tmp_path / "appeals.csv"
    path.write_text("claim_id,date,action\nA1,2026-01-25,plead\n")
    with pytest.raises(InputError, match="action='plead'"):
        read_appeals(path)
    path.write_text("claim_id,date\nA1,January\n")
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        read_appeals(path)


def test_a_history_without_attempts_teaches_nothing(tmp_path):
    (tmp_path / "one.837").write_text(filed("A1", "20260105", "99213*100"))
    with pytest.raises(NotEnoughDataError, match="sent again"):
        train_recovery([tmp_path])


@pytest.mark.parametrize("number", [400, 20])
def test_its_card_leaves_only_the_owners_fields_open(number):
    found = attempts(number)
    _, result = learn(found)
    card = recovery_card(found, result, {"developer": "the practice"})
    owners = {a.id for a in attribute_table() if a.source == "owner"}
    assert set(card.missing) == owners - {"developer"}
    said = {a.id: a.value for a in card.attributes}
    assert (f"{result.recovered:,} were paid") in said["inclusion"]
    assert ("ROC AUC" in said["validity_internal"]) == (number == 400)
