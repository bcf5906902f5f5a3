"""Patients' accounts kept: what the files say, what persons decide, and what stops both."""

import datetime as dt
from decimal import Decimal

import pytest

from models.claims.x12 import Item
from models.errors import InputError
from models.revenue.patient_accounts import LetterKind
from models.revenue.stops import StopKind
from serving.store.database import Database
from serving.store.errors import ConflictError, NotFoundError
from serving.store.ledger_decisions import Decider
from serving.store.ledger_reading import Service
from serving.store.spool import Spool
from serving.store.store import Store
from serving.store.working import work_in
from tests.models.history.x12_text import filed, remitted
from tests.serving.store.ledgers import load, load_text, practice, practice_items

DAY = dt.date(2026, 3, 2)
WHO = Decider("user:1", ("biller",))
ADMINISTRATOR = Decider("user:2", ("administrator",))


def paid(claim: str, share: str = "20", control: str = "CN1", remarks: str = "") -> str:
    rest = 100 - int(share)
    return (
        f"CLP*{claim}*1*100*{rest}**12*{control}~SVC*HC:99213*100*{rest}~CAS*PR*2*{share}~{remarks}"
    )


@pytest.fixture
def store(database: Database, tmp_path) -> Store:
    return Store(database, Spool(tmp_path / "spool"))


def one(store: Store, *files: str) -> str:
    """Loads and works in; the only account."""
    name = load_text(store.database, *files)
    work_in(store, name)
    (row,) = store.balance_reports.accounts(None, today=DAY).accounts
    return row.account


def plain(store: Store) -> str:
    return one(
        store, filed("A1", "20260105", "99213*100"), remitted("20260119", paid("A1"), amount="80")
    )


def test_an_account_says_what_is_owed_and_what_to_do(store):
    token = plain(store)
    view = store.balance_reports.account(None, token, today=DAY)
    assert (view.owed, view.billable, view.step) == (Decimal(20), Decimal(20), "statement")
    (line,) = view.lines
    assert (line.charge, line.plan_paid, line.owed, line.holds) == (100, 80, 20, [])
    assert view.refused["statement"] == []
    assert view.refused["reminder"] == ["no statement has asked for what is open"]
    page = store.balance_reports.accounts(None, today=DAY, step="ready")
    assert (page.count, page.owed, page.ready, page.steps, page.stale) == (
        1, Decimal(20), 1, {"statement": 1}, False,
    )  # fmt: skip
    assert store.balance_reports.find(None, "A1") == token
    for name in ("1:2",), ():
        with pytest.raises(NotFoundError):
            store.balance_reports.account(list(name), token, today=DAY)
    with pytest.raises(NotFoundError):
        store.balance_reports.find(None, "nothing")


def test_holds_of_codes_and_of_open_payers_are_asked(store):
    two = filed("A1", "20260105", "99213*100", "85025*40", filing="MC")
    answer = (
        "CLP*A1*1*140*80**MC*CN1~SVC*HC:99213*100*80~CAS*PR*2*20~SVC*HC:85025*40*0~CAS*CO*197*40~"
    )
    token = one(store, two, remitted("20260119", answer, amount="80"))
    view = store.balance_reports.account(None, token, today=DAY)
    assert view.lines[0].holds == ["medicaid_in_full"]
    assert view.step == "held"
    with pytest.raises(InputError, match="payment in full"):
        store.balance_decisions.write_letter(token, LetterKind.STATEMENT, WHO, today=DAY)
    with pytest.raises(ConflictError, match="payment in full"):
        store.balance_decisions.plan(token, 1, DAY, "asked", WHO, today=DAY)
    with pytest.raises(ConflictError, match="nothing may be billed"):
        store.balance_decisions.write_off_small(token, "small", WHO, today=DAY)


def test_no_bill_while_another_service_of_the_visit_waits_for_its_payer(store):
    two = filed("A1", "20260105", "99213*100", "85025*40")
    answer = "CLP*A1*1*100*80**12*CN1~SVC*HC:99213*100*80~CAS*PR*2*20~"
    token = one(store, two, remitted("20260119", answer, amount="80"))
    view = store.balance_reports.account(None, token, today=DAY)
    assert view.lines[0].holds == ["visit_open"]


def test_letters_have_versions_and_are_sent_by_a_person_only(store):
    token = plain(store)
    decide = store.balance_decisions
    letter = decide.write_letter(token, LetterKind.STATEMENT, WHO, today=DAY)
    assert (letter.number, letter.version, letter.amount) == (1, 1, Decimal(20))
    assert "You owe: $20.00" in letter.text
    with pytest.raises(InputError, match="square brackets"):
        decide.mark_sent(token, 1, "mail", WHO, day=DAY, today=DAY)
    own = letter.text.replace("[Say here how to call or write to you, and how to pay.]", "Call us.")
    second = decide.edit_letter(token, 1, own, WHO, today=DAY)
    assert second.version == 2
    assert decide.edit_letter(token, 1, own, WHO, today=DAY).version == 2
    with pytest.raises(InputError, match="way='pigeon' is unknown"):
        decide.mark_sent(token, 1, "pigeon", WHO, day=DAY, today=DAY)
    with pytest.raises(InputError, match="has not come yet"):
        decide.mark_sent(token, 1, "mail", WHO, day=DAY + dt.timedelta(1), today=DAY)
    assert store.balance_reports.account(None, token, today=DAY).step == "statement"
    assert decide.mark_sent(token, 1, "mail", WHO, day=DAY, today=DAY).sent == DAY
    with pytest.raises(ConflictError, match="was sent on"):
        decide.mark_sent(token, 1, "mail", WHO, day=DAY, today=DAY)
    with pytest.raises(ConflictError, match="write a new one"):
        decide.edit_letter(token, 1, "other", WHO, today=DAY)
    view = store.balance_reports.account(None, token, today=DAY)
    assert [(x.number, x.version, x.sent) for x in view.letters] == [(1, 2, DAY), (1, 1, None)]
    assert (view.step, view.due) == ("reminder", DAY + dt.timedelta(30))
    with pytest.raises(InputError, match="not before 2026-04-01"):
        decide.write_letter(token, LetterKind.REMINDER, WHO, today=DAY)
    later = DAY + dt.timedelta(30)
    assert store.balance_reports.accounts(None, today=later, step="ready").count == 1
    reminder = decide.write_letter(token, LetterKind.REMINDER, WHO, today=later)
    assert "We sent you a bill on March 2, 2026." in reminder.text


def test_a_letter_whose_balance_changed_is_not_sent(store):
    token = plain(store)
    decide = store.balance_decisions
    text = decide.write_letter(token, LetterKind.STATEMENT, WHO, today=DAY).text
    decide.edit_letter(token, 1, text.replace("[", "").replace("]", ""), WHO, today=DAY)
    decide.pay(token, Decimal(5), "card", WHO, day=DAY, today=DAY)
    with pytest.raises(ConflictError, match="balance has changed"):
        decide.mark_sent(token, 1, "mail", WHO, day=DAY, today=DAY)


@pytest.mark.parametrize("kind", list(StopKind))
def test_a_stop_is_asked_before_every_letter_until_a_person_lifts_it(store, kind):
    token = plain(store)
    decide = store.balance_decisions
    letter = decide.write_letter(token, LetterKind.STATEMENT, WHO, today=DAY)
    decide.edit_letter(token, 1, "Dear you, pay if you can.", WHO, today=DAY)
    with pytest.raises(InputError, match="a reason is needed"):
        decide.stop(token, kind, " ", WHO, today=DAY)
    stop = decide.stop(token, kind, "called", WHO, today=DAY)
    assert store.balance_reports.account(None, token, today=DAY).step == "stopped"
    assert store.balance_reports.accounts(None, today=DAY, step="ready").count == 0
    with pytest.raises(ConflictError, match="set already"):
        decide.stop(token, kind, "again", WHO, today=DAY)
    with pytest.raises(InputError, match="may be written"):
        decide.write_letter(token, LetterKind.STATEMENT, WHO, today=DAY)
    with pytest.raises(ConflictError, match="not to be sent now"):
        decide.mark_sent(token, letter.number, "mail", WHO, day=DAY, today=DAY)
    lifted = decide.lift(token, stop.id, "settled", WHO, today=DAY)
    assert (lifted.lifted_by, lifted.lift_reason) == ("user:1", "settled")
    with pytest.raises(ConflictError, match="lifted already"):
        decide.lift(token, stop.id, "again", WHO, today=DAY)
    with pytest.raises(NotFoundError):
        decide.lift(token, stop.id + 1, "no such", WHO, today=DAY)
    assert decide.mark_sent(token, 1, "mail", WHO, day=DAY, today=DAY).sent == DAY
    assert len(store.balance_reports.account(None, token, today=DAY).stops) == 1


def test_a_plan_is_kept_by_payments_and_broken_without(store):
    token = one(
        store, filed("A1", "20260105", "99213*100"),
        remitted("20260119", paid("A1", "90"), amount="10"),
    )  # fmt: skip
    decide, reports = store.balance_decisions, store.balance_reports
    with pytest.raises(InputError, match="no smaller ones"):
        decide.plan(token, 12, DAY, "asked for it", WHO, today=DAY)
    decide.plan(token, 3, DAY, "asked for it", WHO, today=DAY)
    view = reports.account(None, token, today=DAY)
    assert (view.step, [str(x.amount) for x in view.plans[0].instalments]) == (
        "plan",
        ["30.00"] * 3,
    )
    with pytest.raises(ConflictError, match="runs already"):
        decide.plan(token, 2, DAY, "again", WHO, today=DAY)
    with pytest.raises(InputError, match="a payment plan runs"):
        decide.write_letter(token, LetterKind.STATEMENT, WHO, today=DAY)
    assert "$30.00" in decide.write_letter(token, LetterKind.PLAN, WHO, today=DAY).text
    with pytest.raises(ConflictError, match="a payment plan runs"):
        decide.write_off_small(token, "small", ADMINISTRATOR, today=DAY)
    late = DAY + dt.timedelta(70)
    assert reports.account(None, token, today=late).step == "plan_broken"
    decide.pay(token, Decimal(60), "card", WHO, day=late, today=late)
    plan = reports.account(None, token, today=late).plans[0]
    assert (plan.standing.paid, plan.standing.missed, plan.standing.state) == (60, 0, "late")
    decide.end_plan(token, "moved away", WHO, today=late)
    with pytest.raises(NotFoundError, match="no payment plan runs"):
        decide.end_plan(token, "again", WHO, today=late)
    view = reports.account(None, token, today=late)
    assert (view.owed, view.step, view.plans[0].end_reason) == (30, "statement", "moved away")


def test_a_note_puts_the_next_step_off(store):
    token = plain(store)
    reports, decide = store.balance_reports, store.balance_decisions
    with pytest.raises(InputError, match="say what was said"):
        decide.note(token, " ", WHO, again=None, today=DAY)
    with pytest.raises(InputError, match="is past"):
        decide.note(token, "x", WHO, again=DAY - dt.timedelta(1), today=DAY)
    later = DAY + dt.timedelta(7)
    decide.note(token, "pays next week", WHO, again=later, today=DAY)
    assert reports.accounts(None, today=DAY, step="ready").count == 0
    assert reports.accounts(None, today=later, step="ready").count == 1
    (note,) = reports.account(None, token, today=DAY).notes
    assert (note.words, note.actor) == ("pays next week", "user:1")
    decide.note(token, "called back", WHO, again=None, today=DAY)
    assert reports.accounts(None, today=DAY, step="ready").count == 1


def test_a_payment_goes_to_the_oldest_service_and_never_beyond_what_may_be_billed(store):
    token = one(
        store,
        filed("A1", "20260105", "99213*100"),
        filed("A2", "20260106", "99213*100", served="20260104"),
        remitted("20260119", paid("A1"), amount="80"),
        remitted("20260120", paid("A2", control="CN2"), amount="80"),
    )  # fmt: skip
    decide = store.balance_decisions
    with pytest.raises(ConflictError, match="40.00 dollars may be billed"):
        decide.pay(token, Decimal("40.01"), "card", WHO, day=DAY, today=DAY)
    with pytest.raises(InputError, match="above zero"):
        decide.pay(token, Decimal("-1"), "card", WHO, day=DAY, today=DAY)
    posted = decide.pay(token, Decimal(25), "card", WHO, day=DAY, today=DAY)
    assert [(x.amount, x.reason) for x in posted] == [(20, "card"), (5, "card")]
    view = store.balance_reports.account(None, token, today=DAY)
    assert [(x.claim_id, x.owed) for x in view.lines] == [("A2", 15)]
    assert sum(x.balance for x in store.ledger_reports.balances(None)) == 0


def test_a_small_balance_is_judged_by_the_whole_account(store):
    token = one(
        store,
        filed("A1", "20260105", "99213*100"),
        filed("A2", "20260106", "99213*100", served="20260104"),
        remitted("20260119", paid("A1", "9"), amount="91"),
        remitted("20260120", paid("A2", "9", control="CN2"), amount="91"),
    )  # fmt: skip
    decide = store.balance_decisions
    with pytest.raises(ConflictError, match="18.00 dollars are owed; these roles may write off 10"):
        decide.write_off_small(token, "small", WHO, today=DAY)
    assert len(decide.write_off_small(token, "small", ADMINISTRATOR, today=DAY)) == 2
    assert store.balance_reports.accounts(None, today=DAY).count == 0


def test_a_payment_by_the_ledgers_own_verb_changes_the_account_at_once(store):
    token = plain(store)
    view = store.balance_reports.account(None, token, today=DAY)
    service = Service(view.practice, view.lines[0].encounter, 1)
    store.ledger_decisions.patient_payment(service, WHO, Decimal(25), DAY, "card")
    (row,) = store.balance_reports.accounts(None, today=DAY).accounts
    assert (row.owed, row.credit, row.step) == (0, 5, "credit")


def test_a_patient_that_died_is_left_alone(store):
    claim = filed("A1", "20260105", "99213*100").replace("NM1*IL", "PAT*****D8*20260201~NM1*IL")
    token = one(store, claim, remitted("20260119", paid("A1"), amount="80"))
    assert store.balance_reports.account(None, token, today=DAY).step == "stopped"


def test_unanswered_claims_have_their_state(store):
    name = load_text(
        store.database,
        filed("A1", "20260105", "99213*100"),
        filed("A9", "20260106", "99214*150"),
        remitted("20260119", paid("A1"), amount="80"),
    )
    work_in(store, name)
    reports = store.follow_ups
    page = reports.unanswered(None, today=DAY, stage="all")
    assert [(x.claim_id, x.stage, x.age) for x in page.claims] == [("A9", "pending", 13)]
    assert reports.unanswered(None, today=DAY).claims == []
    assert page.stages == {"pending": 1}


def test_a_claim_that_was_asked_after_comes_back_on_its_day(store):
    late = filed("L1", "20250105", "99213*100")
    answer = remitted("20260119", paid("A1"), amount="80")
    one(store, filed("A1", "20260105", "99213*100"), late, answer)
    reports = decide = store.follow_ups
    (claim,) = reports.unanswered(None, today=DAY).claims
    assert (claim.claim_id, claim.stage, claim.heard) == ("L1", "silent", "")
    with pytest.raises(InputError, match="say what you heard"):
        decide.heard(claim.number, " ", WHO, again=None, today=DAY)
    with pytest.raises(InputError, match="is past"):
        decide.heard(claim.number, "x", WHO, again=DAY - dt.timedelta(1), today=DAY)
    with pytest.raises(NotFoundError):
        decide.heard(claim.number + 99, "x", WHO, again=None, today=DAY)
    decide.heard(claim.number, "in process", WHO, again=None, today=DAY)
    later = DAY + dt.timedelta(7)
    noted = decide.heard(claim.number, "call again", WHO, again=later, today=DAY)
    assert (noted.heard, noted.again, noted.heard_by) == ("call again", later, "user:1")
    assert reports.unanswered(None, today=DAY).count == 0
    assert reports.unanswered(None, today=DAY, stage="silent").count == 1
    assert reports.unanswered(None, today=later).count == 1
    with pytest.raises(NotFoundError):
        other = Decider("user:3", ("biller",), ("1:2",))
        decide.heard(claim.number, "x", other, again=None, today=DAY)


def test_a_simulated_practice_agrees_with_its_ledger(store):
    items: list[Item] = list(practice_items())
    load(store.database, items)
    work_in(store, practice(store.database))
    page = store.balance_reports.accounts(None, today=DAY, limit=1000)
    owed = {x.account: x for x in store.ledger_reports.receivables(None, as_of=DAY)}
    patient = owed["patient_receivable"]
    assert page.owed - sum(x.credit for x in page.accounts) == patient.total
    assert page.count > 20
    for row in page.accounts[:20]:
        view = store.balance_reports.account(None, row.account, today=DAY)
        assert (view.owed, view.billable, view.step) == (row.owed, row.billable, row.step)
    before = page.accounts
    load(store.database, items, "again")
    work_in(store, practice(store.database))
    assert store.balance_reports.accounts(None, today=DAY, limit=1000).accounts == before
