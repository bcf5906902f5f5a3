import datetime as dt

import msgspec
import pytest

from models.errors import InputError
from models.history import build_history
from serving.store.outcomes import Outcomes
from serving.store.scorecard import Scorecards
from serving.store.scores import Scores
from tests.serving.store.records import NOON, load, score
from tests.serving.store.samples import (
    FIRST_DAY,
    OTHER_BILLING,
    PRACTICE,
    acknowledgement,
    claim,
    payment,
    remittance,
)

COUNT = 200
ANSWER = FIRST_DAY + dt.timedelta(20)
LATE = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)


def is_denied(number):
    return number % 10 == 0


def claims():
    return [claim(i, days=i // 20) for i in range(COUNT)]


def payments(of):
    """Answers 20 days after submission, a hundred claims a payment; the last week has none."""
    found = []
    for begin in range(0, len(of), 20):
        part = of[begin : begin + 20]
        paid = tuple(remittance(c, denied=is_denied(int(c.claim_id[1:]))) for c in part)
        day = part[0].submitted + dt.timedelta(20)
        found.append(payment(paid, trace=f"T{begin}", day=day))
    return found


def warn(number):
    """Nine of ten denied claims are flagged, and as many that are paid."""
    return (is_denied(number) and number % 100 != 0) or number % 10 == 1


@pytest.fixture
def scored(database):
    """Every claim scored, then filed, then answered."""
    everything = claims()
    records = [score(c, 0.8 if warn(i) else 0.1) for i, c in enumerate(everything)]
    Scores(database).add(records)
    load(database, [*everything, *(acknowledgement(c) for c in everything)])
    load(database, payments(everything))
    return database


def test_outcomes_are_those_of_the_claim_history(scored):
    everything = claims()
    expected = build_history([*everything, *payments(everything)])
    done = Outcomes(scored).refresh(PRACTICE)
    assert done is not None
    assert done.submissions == COUNT
    assert done.labelled == len(expected.labelled)
    assert done.labelled > COUNT / 2


def test_the_scorecard_counts_what_was_said_against_what_came(scored):
    Outcomes(scored).refresh(PRACTICE)
    labelled = build_history([*claims(), *payments(claims())]).labelled
    numbers = [int(s.claim.claim_id[1:]) for s in labelled]
    (row,) = Scorecards(scored).rows([PRACTICE], group_by=())
    caught = sum(is_denied(n) and warn(n) for n in numbers)
    assert row.claims == len(numbers)
    assert row.denied == sum(map(is_denied, numbers))
    assert row.risky == sum(map(warn, numbers))
    assert row.caught == caught
    assert row.precision == pytest.approx(caught / row.risky)
    assert row.recall == pytest.approx(caught / row.denied)
    said = [0.8 if warn(n) else 0.1 for n in numbers]
    assert row.mean_probability == pytest.approx(sum(said) / len(said))
    assert row.brier == pytest.approx(
        sum((p - is_denied(n)) ** 2 for p, n in zip(said, numbers, strict=True)) / len(said)
    )
    assert row.charge == sum(s.claim.charge for s in labelled)
    assert row.denied_charge == 100 * row.denied
    assert row.hindsight == 0


def test_groups_add_up_to_the_total(scored):
    Outcomes(scored).refresh(PRACTICE)
    cards = Scorecards(scored)
    (total,) = cards.rows([PRACTICE], group_by=())
    for group_by in (("model_version", "payer", "month"), ("payer",), ("category",)):
        rows = cards.rows([PRACTICE], group_by=group_by)
        for field in ("claims", "risky", "denied", "caught", "charge", "denied_charge"):
            assert sum(getattr(r, field) for r in rows) == getattr(total, field), group_by
    months = {r.month for r in cards.rows([PRACTICE], group_by=("month",))}
    assert months == {"2026-01"}
    assert cards.rows([PRACTICE], since=dt.date(2027, 1, 1)) == []
    assert cards.rows([PRACTICE], payer="nobody") == []
    with pytest.raises(InputError, match="group_by='week' is unknown"):
        cards.rows([PRACTICE], group_by=("week",))


def test_what_was_asked_before_is_asked_anew_after_a_load(scored):
    outcomes, cards = Outcomes(scored), Scorecards(scored)
    assert cards.rows([PRACTICE], group_by=()) == []
    outcomes.refresh(PRACTICE)
    (row,) = cards.rows([PRACTICE], group_by=())
    again = cards.rows([PRACTICE], group_by=())
    assert again == [row] and cards.rows(None, group_by=(), payer="nobody") == []
    again.clear()
    assert cards.rows([PRACTICE], group_by=()) == [row]


def test_reliability_puts_said_beside_true(scored):
    Outcomes(scored).refresh(PRACTICE)
    low, high = Scorecards(scored).reliability([PRACTICE])
    assert (low.lower, high.lower) == (0.1, 0.8)
    assert low.mean_probability == pytest.approx(0.1)
    assert high.denial_rate > low.denial_rate


def test_nothing_is_worked_out_twice_and_new_records_make_it_stale(scored):
    outcomes = Outcomes(scored)
    assert outcomes.state(PRACTICE).stale
    outcomes.refresh(PRACTICE)
    assert not outcomes.state(PRACTICE).stale
    assert outcomes.refresh(PRACTICE) is None
    again = outcomes.refresh(PRACTICE, force=True)
    assert again is not None
    assert again.changed == 0
    load(scored, [claim(COUNT + 1, days=30)])
    assert outcomes.state(PRACTICE).stale
    renewed = outcomes.refresh(PRACTICE)
    assert renewed is not None
    assert renewed.changed >= 1


def test_a_score_that_arrives_late_is_joined(database):
    everything = claims()
    load(database, [*everything, *payments(everything)])
    outcomes = Outcomes(database)
    outcomes.refresh(PRACTICE)
    Scores(database).add([score(c, 0.9) for c in everything])
    assert outcomes.state(PRACTICE).stale
    outcomes.refresh(PRACTICE)
    (row,) = Scorecards(database).rows([PRACTICE], group_by=())
    assert row.claims > 0


def test_a_score_made_after_the_answer_came_counts_for_nothing(database):
    everything = claims()
    load(database, [*everything, *payments(everything)])
    Scores(database).add([score(c, 0.9, created=LATE) for c in everything])
    Outcomes(database).refresh(PRACTICE)
    assert Scorecards(database).rows([PRACTICE], group_by=()) == []


def test_a_warning_that_was_heeded_is_no_false_alarm(database):
    drafts = claims()
    fixed = [
        msgspec.structs.replace(c, group_number="FIXED") if warn(i) else c
        for i, c in enumerate(drafts)
    ]
    Scores(database).add([score(c, 0.8 if warn(i) else 0.1) for i, c in enumerate(drafts)])
    load(database, [*fixed, *payments(fixed)])
    Outcomes(database).refresh(PRACTICE)
    (row,) = Scorecards(database).rows([PRACTICE], group_by=())
    labelled = build_history([*fixed, *payments(fixed)]).labelled
    numbers = [int(s.claim.claim_id[1:]) for s in labelled]
    assert row.risky == 0
    assert row.heeded == sum(map(warn, numbers))
    assert row.claims == len(numbers) - row.heeded


def test_two_model_versions_and_a_shadow_are_told_apart(database):
    everything = claims()
    champion = [score(c, 0.1) for c in everything]
    shadow = [
        msgspec.structs.replace(
            score(c, 0.9, shadow=True),
            risk=msgspec.structs.replace(champion[0].risk, model_version="2"),
        )
        for c in everything
    ]
    Scores(database).add([*champion, *shadow])
    load(database, [*everything, *payments(everything)])
    Outcomes(database).refresh(PRACTICE)
    rows = Scorecards(database).rows([PRACTICE], group_by=())
    assert [(r.shadow, r.risky == r.claims) for r in rows] == [(False, False), (True, True)]
    rows = Scorecards(database).rows([PRACTICE], group_by=("model_version",), model_version="2")
    assert [(r.model_version, r.shadow) for r in rows] == [("2", True)]


def test_categories_compare_what_was_said_with_what_came(database):
    everything = claims()
    Scores(database).add(
        [
            score(c, 0.8 if warn(i) else 0.1, category="eligibility")
            for i, c in enumerate(everything)
        ]
    )
    load(database, [*everything, *payments(everything)])
    Outcomes(database).refresh(PRACTICE)
    rows = {r.category: r for r in Scorecards(database).rows([PRACTICE], group_by=("category",))}
    assert set(rows) == {"authorization", "eligibility"}
    assert rows["eligibility"].risky > 0
    assert rows["eligibility"].denied == 0
    assert rows["authorization"].risky == 0
    assert rows["authorization"].denied > 0
    assert rows["authorization"].recall is not None


def test_practices_do_not_mix(database):
    theirs = [claim(i, billing=OTHER_BILLING, days=i // 20) for i in range(40)]
    ours = claims()
    Scores(database).add([score(c, 0.8) for c in (*theirs, *ours)])
    load(database, [*theirs, *ours, *payments(ours)])
    outcomes = Outcomes(database)
    assert outcomes.practices() == sorted([PRACTICE, theirs[0].practice])
    for practice in outcomes.practices():
        outcomes.refresh(practice)
    (total,) = Scorecards(database).rows(None, group_by=())
    (mine,) = Scorecards(database).rows([PRACTICE], group_by=())
    assert total == mine
    assert Scorecards(database).rows([theirs[0].practice], group_by=()) == []


def test_an_unknown_practice_has_nothing_to_work_out(database):
    outcomes = Outcomes(database)
    assert outcomes.refresh("1:2", force=True) is None
    assert not outcomes.state("1:2").stale


def test_scores_were_made_before_the_claims_were_filed():
    assert NOON.date() < FIRST_DAY < ANSWER
