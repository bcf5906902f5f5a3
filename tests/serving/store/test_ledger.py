"""Postings kept: once, in any order of loading, through kills, and never deleted."""

import datetime as dt
import subprocess
import sys
import time
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import exc, select, text

import serving.store.ledger as ledger_module
import serving.store.ledger_totals as totals_module
from models.claims.remittance import Payment
from models.revenue.ageing import Basis
from models.revenue.write_offs import WriteOff
from serving.store.database import Database
from serving.store.errors import ConflictError, NotFoundError
from serving.store.ledger import Ledgers
from serving.store.ledger_decisions import Decider, LedgerDecisions
from serving.store.ledger_reading import LedgerReports, Service
from serving.store.ledger_tables import LedgerEntryRow, LedgerGroupRow
from tests.models.history.x12_text import filed, remitted
from tests.serving.store.ledgers import (
    ROOT,
    balances,
    load,
    load_text,
    practice,
    practice_items,
    standing,
    total,
    wanted,
)

OFFICE = ("99213*100", "85025*40")
PAID = (
    "CLP*A1*1*140*90**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"
    "SVC*HC:85025*40*30~CAS*CO*45*10~"
)
DENIED = "CLP*A1*4*140*0**12*CN1~CAS*CO*29*140~"
BILLER = Decider("key:biller", ("biller",))
MANAGER = Decider("key:manager", ("administrator",))


def claim() -> str:
    return filed("A1", "20260105", *OFFICE)


def answer(segments: str, amount: str = "90", day: str = "20260119") -> str:
    return remitted(day, segments, amount=amount)


def test_what_is_posted_is_what_the_files_say_and_posting_again_changes_nothing(database):
    load(database, practice_items())
    ledgers = Ledgers(database)
    key = practice(database)
    assert ledgers.stale(key)
    done = ledgers.post(key)
    assert done is not None
    assert done.entries == len(standing(database))
    assert standing(database) == wanted(practice_items())
    assert not ledgers.stale(key)
    assert ledgers.post(key) is None
    again = ledgers.post(key, force=True)
    assert again is not None
    assert again.entries == 0
    assert total(x.balance for x in LedgerReports(database).balances(None)) == 0


def test_any_order_of_loading_ends_with_the_same_ledger(database, tmp_path):
    """The last files first, posted after each: what was posted too early is countered."""
    items = list(practice_items())
    load(database, items)
    Ledgers(database).post(practice(database))
    whole = balances(database)

    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    from serving.store.migrate import migrate

    migrate(other)
    Random(1).shuffle(items)
    parts = [items[i::5] for i in range(5)]
    countered = 0
    for number, part in enumerate(parts):
        load(other, part, f"part{number}")
        done = Ledgers(other).post(practice(other))
        countered += done.countered if done else 0
    assert standing(other) == wanted(items) == standing(database)
    assert balances(other) == whole
    assert countered > 0
    assert total(x.balance for x in LedgerReports(other).balances(None)) == 0
    other.close()


def test_a_claim_shows_every_posting_with_its_file_and_segment(database):
    key = load_text(database, claim(), answer(PAID))
    Ledgers(database).post(key)
    found = LedgerReports(database).claim([key], "A1")
    assert [x.paid_primary for x in found.services] == [60, 30]
    assert {x.segment_number > 0 for x in found.entries} == {True}
    assert {x.kind for x in found.entries} == {
        "charge", "contractual", "patient_responsibility", "payment",
    }  # fmt: skip
    assert LedgerReports(database).claim(["other:practice"], "A1").entries == []


def test_a_held_payment_is_released_by_a_person_and_held_again(database):
    key = load_text(database, claim(), answer(PAID, amount="95"))
    ledgers, reports = Ledgers(database), LedgerReports(database)
    decisions = LedgerDecisions(database)
    ledgers.post(key)
    (item,) = reports.suspense([key])
    assert (item.reason, item.amount, item.releasable) == ("balance.payment", Decimal(95), True)
    assert [x.status for x in reports.deposits(None)] == ["held"]
    with pytest.raises(NotFoundError):
        decisions.release(item.key, Decider("x", ("biller",), ("other:1",)), "no")

    released = decisions.release(item.key, BILLER, "the payer confirmed it")
    assert (released.status, released.decided_by) == ("released", "key:biller")
    assert ledgers.stale(key)
    ledgers.post(key)
    assert total(x.paid_primary for x in reports.claim([key], "A1").services) == 90
    assert not reports.suspense([key])
    with pytest.raises(ConflictError, match="released, not held"):
        decisions.release(item.key, BILLER, "again")

    decisions.hold(item.key, BILLER, "by mistake")
    ledgers.post(key)
    assert total(x.paid_primary for x in reports.claim([key], "A1").services) == 0
    assert len(reports.suspense([key])) == 1
    countered = [x for x in reports.claim([key], "A1").entries if x.countered]
    assert countered  # nothing was deleted


def test_money_without_a_claim_is_posted_when_the_claim_comes(database):
    other = filed("B2", "20260105", "99212*50")
    key = load_text(database, other, answer(PAID))
    ledgers, reports = Ledgers(database), LedgerReports(database)
    ledgers.post(key)
    (item,) = reports.suspense([key])
    with pytest.raises(ConflictError, match="cannot be released"):
        LedgerDecisions(database).release(item.key, BILLER, "post it")
    load_text(database, claim())
    ledgers.post(key)
    assert not reports.suspense([key])
    assert [x.key for x in reports.suspense([key], status="settled")] == [item.key]
    assert total(x.paid_primary for x in reports.claim([key], "A1").services) == 90


def test_an_entry_is_undone_by_a_counter_entry_and_stays_undone(database):
    key = load_text(database, claim(), answer(PAID))
    ledgers, reports = Ledgers(database), LedgerReports(database)
    decisions = LedgerDecisions(database)
    ledgers.post(key)
    entries = reports.claim([key], "A1").entries
    paid = next(x for x in entries if x.kind == "payment" and x.line == 1)
    undone = decisions.counter(paid.id, BILLER, "posted to the wrong claim")
    assert (undone.reverses, undone.debit, undone.amount) == (paid.id, paid.credit, paid.amount)
    assert [x.paid_primary for x in reports.claim([key], "A1").services] == [0, 30]
    ledgers.post(key, force=True)
    assert [x.paid_primary for x in reports.claim([key], "A1").services] == [0, 30]
    with pytest.raises(ConflictError, match="countered already"):
        decisions.counter(paid.id, BILLER, "again")
    decisions.counter(undone.id, BILLER, "it was right after all")
    assert [x.paid_primary for x in reports.claim([key], "A1").services] == [60, 30]
    assert total(x.balance for x in reports.balances([key])) == 0


def test_totals_added_up_once_follow_what_is_posted_since(database, monkeypatch):
    monkeypatch.setattr(totals_module, "RECENT", 2)
    reports = LedgerReports(database)
    assert reports.balances(None) == []
    key = load_text(database, claim())
    for text_ in (answer(PAID), answer(DENIED, "0", "20260203")):
        Ledgers(database).post(key)
        expected: dict[str, Decimal] = {}
        for x in reports.balances(None, owners=True):
            expected[x.account] = expected.get(x.account, Decimal(0)) + x.balance
        for own in (None, [key]):
            found = {x.account: x.balance for x in reports.balances(own)}
            assert found == {k: v for k, v in expected.items() if v}
        assert reports.balances(["another"]) == []
        load_text(database, text_)


def test_write_offs_need_authority_and_a_denial_is_never_contractual(database):
    key = load_text(database, claim(), answer(DENIED, amount="0"))
    Ledgers(database).post(key)
    reports, decisions = LedgerReports(database), LedgerDecisions(database)
    encounter = reports.claim([key], "A1").services[0].encounter
    first = Service(key, encounter, 1)
    with pytest.raises(ConflictError, match="may write off 0.00 dollars"):
        decisions.write_off(first, WriteOff.DENIAL, BILLER, "too late to file")
    with pytest.raises(NotFoundError):
        decisions.write_off(first, WriteOff.SMALL_BALANCE, MANAGER, "small")
    with pytest.raises(ConflictError, match="are open"):
        decisions.write_off(first, WriteOff.DENIAL, MANAGER, "too much", Decimal(101))
    done = decisions.write_off(first, WriteOff.DENIAL, MANAGER, "too late to file")
    assert (done.debit, done.amount) == ("denial_write_off", Decimal(100))
    found = reports.claim([key], "A1").services[0]
    assert (found.denied, found.contractual, found.denial_written_off) == tuple(
        map(Decimal, (0, 0, 100))
    )


def test_what_a_patient_pays_is_posted_and_receivables_age(database):
    key = load_text(database, claim(), answer(PAID))
    Ledgers(database).post(key)
    reports, decisions = LedgerReports(database), LedgerDecisions(database)
    encounter = reports.claim([key], "A1").services[0].encounter
    day = dt.date(2026, 3, 1)
    (owed,) = reports.receivables([key], as_of=day)
    assert (owed.account, owed.total, owed.buckets["31-60"]) == (
        "patient_receivable", Decimal(20), Decimal(20),
    )  # fmt: skip
    (by_service,) = reports.receivables([key], as_of=dt.date(2026, 4, 1), basis=Basis.SERVICE)
    assert by_service.buckets["61-90"] == 20
    decisions.patient_payment(Service(key, encounter, 1), BILLER, Decimal(25), day, "card")
    (credit,) = reports.receivables([key], as_of=day)
    assert (credit.total, credit.credits) == (Decimal(-5), Decimal(-5))


def test_entries_are_never_changed_or_deleted(database):
    key = load_text(database, claim())
    Ledgers(database).post(key)
    for statement in ("DELETE FROM ledger_entries", "UPDATE ledger_entries SET amount = 1"):
        with pytest.raises(exc.DBAPIError, match="countered"), database.write() as connection:
            connection.execute(text(statement))


def test_an_older_state_never_undoes_a_newer_one(database):
    from serving.store.snapshot import read_snapshot

    key = load_text(database, claim())
    old = read_snapshot(database, key)
    load_text(database, answer(PAID))
    ledgers = Ledgers(database)
    ledgers.post(key)
    before = standing(database)
    assert ledgers.post(key, force=True, snapshot=old) is None
    assert standing(database) == before


@pytest.mark.slow
def test_kill_in_the_middle_of_posting_loses_and_doubles_nothing(database_url, monkeypatch):
    from serving.store.migrate import migrate

    database = Database(database_url)
    migrate(database)
    load(database, practice_items())
    command = [sys.executable, "-m", "tests.serving.store.killed_posting", database_url]
    chance = Random(3)
    for _ in range(4):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.0, 0.6))
        process.kill()
        process.wait(60)
        process.stdout.close()
        assert total(x.balance for x in LedgerReports(database).balances(None)) == 0
        assert set(standing(database)) <= set(wanted(practice_items()))
    monkeypatch.setattr(ledger_module, "_CHUNK", 50)
    Ledgers(database).post(practice(database))
    assert standing(database) == wanted(practice_items())
    assert total(x.balance for x in LedgerReports(database).balances(None)) == 0
    database.close()


def test_payments_of_the_practice_reconcile(database):
    load(database, practice_items())
    Ledgers(database).post(practice(database))
    found = LedgerReports(database).deposits(None, limit=10_000)
    paid = {x.trace: x.amount for x in practice_items() if isinstance(x, Payment)}
    assert {x.trace: x.amount for x in found} == paid
    assert {(x.status, x.difference) for x in found} == {("posted", Decimal(0))}


def test_a_later_account_number_finds_the_services_of_the_first(database):
    load(database, practice_items())
    key = practice(database)
    Ledgers(database).post(key)
    with database.read() as connection:
        first = set(connection.execute(select(LedgerGroupRow.claim_id)).scalars())
        every = connection.execute(
            select(LedgerEntryRow.submission).where(LedgerEntryRow.encounter != "").distinct()
        )
        later = next(x for x in every.scalars() if x not in first)
    found = LedgerReports(database).claim([key], later)
    assert found.services and any(x.submission == later for x in found.entries)
    assert LedgerReports(database).claim(["other:practice"], later).entries == []
