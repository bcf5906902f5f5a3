"""The learnt remittance lag, and what is too young to be judged."""

import datetime as dt
import random

import pytest

from models.claims.claim import Claim
from models.codes.categories import DenialCategory
from models.history import Outcome, Submission, build_history
from models.history.maturity import DEFAULT_DAYS, learn_lags, mark_mature
from models.history.outcomes import Adjudication
from tests.models.history.x12_text import filed, read, remitted

START = dt.date(2025, 1, 1)


def submission(day: int, lag: int | None, payer: str, as_of: int) -> Submission:
    submitted = START + dt.timedelta(days=day)
    s = Submission(Claim("A", 1, submitted), payer)  # type: ignore[arg-type]
    if lag is not None and day + lag <= as_of:
        answered = submitted + dt.timedelta(days=lag)
        s.adjudications = (Adjudication(answered, answered, "", "", (), (), False),)
    return s


@pytest.mark.parametrize("days", [120, 400])
def test_the_lag_is_the_high_quantile_even_where_recent_answers_are_fast(days: int) -> None:
    rng = random.Random(7)
    population = [
        submission(day, round(rng.lognormvariate(2.5, 0.6)), "P", days)
        for day in range(days)
        for _ in range(20)
    ]
    as_of = START + dt.timedelta(days=days)
    lags = learn_lags(population, as_of)
    truth = 49  # exp(2.5 + 2.326 * 0.6)
    assert abs(lags.days("P") - truth) <= 5


def test_each_payer_has_its_own_lag_and_few_claims_take_the_pooled_one() -> None:
    population = [submission(day, 10, "FAST", 365) for day in range(300)]
    population += [submission(day, 40, "SLOW", 365) for day in range(300)]
    population += [submission(day, 15, "RARE", 365) for day in range(0, 300, 20)]
    lags = learn_lags(population, START + dt.timedelta(days=365))
    assert lags.days("FAST") == 10
    assert lags.days("SLOW") == 40
    assert lags.days("RARE") == lags.days("NEVER SEEN") == lags.pooled == 40


def test_without_answers_the_default_holds() -> None:
    assert learn_lags([], START).pooled == DEFAULT_DAYS


def test_maturity_goes_by_age_alone() -> None:
    young, old = submission(300, 5, "P", 310), submission(100, None, "P", 310)
    as_of = START + dt.timedelta(days=310)
    lags = learn_lags([submission(d, 30, "P", 310) for d in range(150)], as_of)
    mark_mature([young, old], lags, as_of)
    assert young.outcome is Outcome.IMMATURE
    assert young.denied is None
    assert old.outcome is Outcome.UNANSWERED


def test_young_claims_are_neither_paid_nor_denied_in_a_history_of_files() -> None:
    h = build_history(
        read(
            filed("A1", "20260105", "99213*100"),
            filed("B2", "20260118", "99213*100", served="20260117"),
            remitted(
                "20260119",
                "CLP*A1*1*100*60**12*CN1~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~",
            ),
        )
    )
    assert h.lags.pooled == 14
    assert [s.outcome for s in h.submissions] == [Outcome.NOT_DENIED, Outcome.IMMATURE]
    assert h.report.outcomes["immature"] == 1
    assert [s.claim.claim_id for s in h.labelled] == ["A1"]


def test_categories_are_the_eleven_of_the_design() -> None:
    assert len(DenialCategory) == 11
