"""Payment plans: to the cent, and what counts as missed."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.revenue.collection_policy import load_policy
from models.revenue.payment_plans import PlanState, check_plan, schedule, standing

POLICY = load_policy()
DAY = dt.date(2026, 1, 31)


@given(
    cents=st.integers(1, 10**8), count=st.integers(1, 60),
    first=st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)),
)  # fmt: skip
def test_instalments_add_up_and_only_the_last_differs(cents: int, count: int, first: dt.date):
    total = Decimal(cents).scaleb(-2)
    if cents < count:
        with pytest.raises(InputError):
            schedule(total, count, first)
        return
    made = schedule(total, count, first)
    assert sum(x.amount for x in made) == total
    assert len({x.amount for x in made[:-1]}) <= 1
    assert Decimal(0) <= made[-1].amount - made[0].amount < Decimal("0.01") * count
    assert [
        (x.due.year * 12 + x.due.month) - (first.year * 12 + first.month) for x in made
    ] == list(range(count))
    assert made[0].due == first


@pytest.mark.parametrize("total", ["0", "-1", "1.005", "NaN"])
def test_a_total_that_is_no_money_is_refused(total: str):
    with pytest.raises(InputError, match="dollars and cents above zero"):
        schedule(Decimal(total), 1, DAY)


def test_the_policy_bounds_a_plan():
    with pytest.raises(InputError, match="25 instalments; the policy allows 24"):
        check_plan(Decimal(1000), 25, DAY, DAY, POLICY)
    with pytest.raises(InputError, match="allows no smaller ones than 25.00"):
        check_plan(Decimal(100), 5, DAY, DAY, POLICY)
    with pytest.raises(InputError, match="before today"):
        check_plan(Decimal(100), 2, DAY, DAY + dt.timedelta(1), POLICY)
    assert len(check_plan(Decimal(10), 1, DAY, DAY, POLICY)) == 1


def test_an_instalment_is_missed_after_the_days_of_grace():
    made = schedule(Decimal(90), 3, DAY)  # due 01-31, 02-28, 03-31

    def state(paid: str, day: dt.date) -> tuple[PlanState, int]:
        found = standing(made, Decimal(paid), day, POLICY)
        return found.state, found.missed

    assert state("0", DAY - dt.timedelta(1)) == (PlanState.KEPT, 0)
    assert state("0", DAY) == (PlanState.KEPT, 0)  # the day is not over
    assert state("0", DAY + dt.timedelta(1)) == (PlanState.LATE, 0)
    assert state("0", DAY + dt.timedelta(10)) == (PlanState.LATE, 0)
    assert state("0", DAY + dt.timedelta(11)) == (PlanState.LATE, 1)
    assert state("30", dt.date(2026, 2, 27)) == (PlanState.KEPT, 0)
    assert state("0", dt.date(2026, 3, 11)) == (PlanState.BROKEN, 2)
    assert state("60", dt.date(2026, 3, 11)) == (PlanState.KEPT, 0)  # money heals it
    assert state("90", dt.date(2026, 2, 1)) == (PlanState.PAID, 0)
    found = standing(made, Decimal("35.00"), dt.date(2026, 2, 1), POLICY)
    assert (found.open, found.due, found.next) == (Decimal("55.00"), Decimal("30.00"), made[1])
