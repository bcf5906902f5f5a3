"""Patients' payments from a list, on both databases."""

import datetime as dt
from decimal import Decimal

import pytest

from models.revenue.entries import Account
from models.revenue.patient_payments import PatientPayment
from serving.store.database import Database
from serving.store.kpis import Kpis
from serving.store.ledger import Ledgers
from serving.store.ledger_decisions import Decider
from serving.store.ledger_reading import LedgerReports
from serving.store.patient_payments import post_patient_payments
from tests.models.history.x12_text import filed, remitted
from tests.serving.store.ledgers import load_text

DAY = dt.date(2026, 2, 1)
ANYBODY = Decider("cli:test", ("administrator",))
PAID = "CLP*A1*1*100*60**12*C1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"


@pytest.fixture
def practice(database: Database) -> str:
    """One claim of which the patient owes 20 dollars."""
    name = load_text(
        database, filed("A1", "20260105", "99213*100"), remitted("20260119", PAID, amount="60")
    )
    Ledgers(database).post(name)
    return name


def payment(row: int, dollars: str, reference: str = "card 1", claim: str = "A1") -> PatientPayment:
    return PatientPayment(row, claim, 1, Decimal(dollars), DAY, reference)


def owed(database: Database) -> Decimal:
    found = {x.account: x.balance for x in LedgerReports(database).balances(None)}
    return found.get(Account.PATIENT, Decimal(0))


def test_a_growing_list_posts_only_what_is_new(database: Database, practice: str) -> None:
    rows = [payment(2, "5")]
    assert post_patient_payments(database, rows, ANYBODY).posted == 1
    rows += [payment(3, "5.00"), payment(4, "-1.50", "refund"), payment(5, "5.00", "card 2")]
    told: list[int] = []
    done = post_patient_payments(database, rows, ANYBODY, report=told.append)
    assert (done.posted, done.known, done.dollars) == (3, 1, Decimal("8.50"))
    assert (done.practices, done.problems, told) == ((practice,), (), [4])
    assert owed(database) == Decimal("6.50")
    again = post_patient_payments(database, rows, ANYBODY)
    assert (again.posted, again.known, again.practices) == (0, 4, ())


def test_what_has_no_service_or_is_not_theirs_is_named(database: Database, practice: str) -> None:
    rows = [payment(2, "5.00", claim="Z9"), payment(3, "5.00")]
    done = post_patient_payments(database, rows, ANYBODY)
    assert done.posted == 1
    assert done.problems == ("line 2: no service has this claim number and line in the ledger",)
    stranger = Decider("cli:test", ("administrator",), ("another:1",))
    assert post_patient_payments(database, rows, stranger).posted == 0
    assert owed(database) == 15


def test_the_figures_are_worked_out_anew(database: Database, practice: str) -> None:
    kpis, ledgers = Kpis(database), Ledgers(database)
    before = ledgers.stale(practice)
    post_patient_payments(database, [payment(2, "20.00")], ANYBODY)
    assert not before and ledgers.stale(practice) and kpis.stale([practice])
