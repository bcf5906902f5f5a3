import datetime as dt

import pytest

from benchmarks.denial_work import Job, dollars_an_hour, orders

DAY = dt.date(2026, 1, 1)
JOBS = [
    Job(DAY, charge=100, hours=1.0, worth=10, recovered=0),
    Job(DAY + dt.timedelta(1), charge=300, hours=1.0, worth=50, recovered=90),
    Job(DAY + dt.timedelta(2), charge=500, hours=2.0, worth=20, recovered=0),
]


def test_orders_hold_the_same_work():
    found = orders(JOBS)
    assert all(sorted(map(id, x)) == sorted(map(id, JOBS)) for x in found.values())
    assert [j.worth for j in found["Firstpass"]] == [50, 10, 20]
    assert [j.charge for j in found["largest first"]] == [500, 300, 100]
    assert found["first in first out"] == JOBS


def test_dollars_are_counted_within_the_hours():
    found = orders(JOBS)
    assert dollars_an_hour(found["Firstpass"], 0.25) == pytest.approx(90)
    assert dollars_an_hour(found["largest first"], 0.5) == 0
    assert dollars_an_hour(found["first in first out"], 0.5) == pytest.approx(45)
    assert dollars_an_hour([], 0.5) == 0
