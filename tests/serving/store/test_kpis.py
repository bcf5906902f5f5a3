"""The kept cube gives the figures of the cube itself, and knows what persons posted."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from models.errors import InputError
from models.revenue.facts import Protected, build_cube
from models.revenue.kpis import by_dimensions
from models.revenue.underpayment import compare_allowed
from models.revenue.write_offs import WriteOff
from serving.store.kpis import Kpis
from serving.store.ledger import Ledgers
from serving.store.ledger_decisions import Decider, LedgerDecisions
from serving.store.ledger_reading import LedgerReports
from serving.store.snapshot import read_snapshot
from tests.models.history.x12_text import filed, remitted
from tests.serving.store.ledgers import load, load_text, practice, practice_items

VIEWS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    (("month",), {}),
    (("payer",), {}),
    (("payer", "provider"), {}),
    ((), {"since": "2026-02", "until": "2026-04"}),
]


@pytest.mark.parametrize(("by", "how"), VIEWS)
def test_every_view_is_that_of_the_cube(database, tmp_path, by, how):
    load(database, practice_items())
    key = practice(database)
    snapshot = read_snapshot(database, key)
    assert snapshot is not None
    kpis, ledger = Kpis(database), Ledgers(database).compute(snapshot)
    assert kpis.stale([key])
    kpis.refresh(snapshot, ledger, home=tmp_path)
    assert not kpis.stale([key])
    history = snapshot.history
    cube = build_cube(
        history, ledger, persons=[], compared=compare_allowed(history, ledger)
    )  # fmt: skip
    wanted = by_dimensions(cube, by, **how)
    found = {(x.kpi, *(x.where[name] for name in by)): x for x in kpis.figures([key], by=by, **how)}
    assert set(found) == set(wanted)
    for name, x in wanted.items():
        if name[0] != "clean_claim_rate":  # the store asks the edits as well
            assert found[name].numerator == pytest.approx(x.numerator), name
            assert found[name].denominator == pytest.approx(x.denominator), name
    assert kpis.figures(["other:1"], by=by, **how) == []


def test_write_offs_and_payments_of_persons_count(database, tmp_path):
    paid = (
        "CLP*A1*1*140*60**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"
        "SVC*HC:85025*40*0~CAS*CO*197*40~"
    )
    key = load_text(
        database, filed("A1", "20260105", "99213*100", "85025*40"),
        remitted("20260119", paid, amount="60"),
        # The history must be older than the payers' lag for its services to count.
        remitted("20260601", "PLB*1999996666*20261231*L6:X*-1~", amount="1"),
    )  # fmt: skip
    Ledgers(database).post(key)
    who = Decider("key:manager", ("administrator",))
    decisions, reports = LedgerDecisions(database), LedgerReports(database)
    first, second = reports.service([key], "A1", 1), reports.service([key], "A1", 2)
    decisions.patient_payment(first, who, Decimal(20), dt.date(2026, 2, 1), "card")
    decisions.write_off(second, WriteOff.DENIAL, who, "no authorisation")
    snapshot = read_snapshot(database, key)
    assert snapshot is not None
    kpis = Kpis(database)
    kpis.refresh(snapshot, Ledgers(database).compute(snapshot), home=tmp_path)
    found = {x.kpi: x for x in kpis.figures([key])}
    assert found["denial_write_off_rate"].numerator == 40
    assert found["denial_write_off_rate"].denominator == 120
    net = found["net_collection_rate"]
    assert (net.numerator, net.denominator) == (80, 120)
    (reason,) = kpis.detail([key])[0].reasons
    assert (reason.carc, reason.claim_ids) == ("197", ("A1",))


def test_unknown_names_are_refused(database):
    with pytest.raises(InputError, match="dimension 'moon' is unknown"):
        Kpis(database).figures(None, by=("moon",))
    with pytest.raises(InputError, match="kpi 'joy' is unknown"):
        Kpis(database).figures(None, kpis=("joy",))


def test_dollars_protected_have_the_interval_of_their_chances(database, tmp_path, monkeypatch):
    load(database, practice_items())
    key = practice(database)
    snapshot = read_snapshot(database, key)
    assert snapshot is not None
    claims = [s.claim for s in snapshot.history.submissions[:40]]
    protected = [Protected(x, "P", Decimal(60), Decimal(10), 0.6) for x in claims]
    monkeypatch.setattr("serving.store.kpis._protected", lambda *_: protected)
    Kpis(database).refresh(snapshot, Ledgers(database).compute(snapshot), home=tmp_path)
    (found,) = Kpis(database).figures([key], kpis=["dollars_protected"])
    # Forty claims, each of which loses 100 dollars with probability 0.6, less 10 denied anyway.
    spread = 1.96 * (40 * 0.6 * 0.4) ** 0.5 * 100
    assert (found.value, found.denominator) == (40 * 50, 40)
    assert found.low == pytest.approx(2000 - spread)
    assert found.high == pytest.approx(2000 + spread)
    months = Kpis(database).figures([key], by=["month"], kpis=["dollars_protected"])
    assert sum(x.value or 0 for x in months) == 2000 and all(x.low is not None for x in months)
