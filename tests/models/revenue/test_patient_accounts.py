"""What a patient may be asked for, when, and what stands against it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from models.claims.claim import Claim, Person, Provider
from models.claims.common import Address
from models.errors import InputError
from models.revenue.collection_policy import current_policy, load_policy
from models.revenue.holds import Hold
from models.revenue.patient_accounts import (
    AccountLine,
    LetterKind,
    NextStep,
    PatientAccount,
    SentLetter,
    next_step,
    plan_refusals,
    refusals,
)
from models.revenue.patient_letters import compose_patient_letter, unfinished
from models.revenue.payment_plans import schedule, standing
from models.revenue.reading_level import HIGHEST_GRADE, reading_level
from models.revenue.stops import StopKind, load_stops

POLICY = load_policy()
DAY = dt.date(2026, 3, 2)
STATEMENT, REMINDER, LAST = LetterKind.STATEMENT, LetterKind.REMINDER, LetterKind.LAST_REMINDER
CLAIM = Claim(
    claim_id="A1",
    charge=Decimal(140),
    submitted=DAY,
    billing=Provider(
        npi="1999996666", name="NORTH CLINIC", contact_phone="5550100000",
        address=Address("1 MAIN ST", "", "TOWN", "OH", "43004"),
    ),
    patient=Person(
        "DOE", "JAN", birth_date=dt.date(1980, 1, 1),
        address=Address("2 ELM ST", "", "TOWN", "OH", "43004"),
    ),
)  # fmt: skip


def line(number: int = 1, owed: str = "60.00", *holds: Hold, encounter: str = "e1") -> AccountLine:
    return AccountLine(
        encounter, number, "A1", "99213", dt.date(2026, 1, 2), Decimal(140), Decimal(20),
        Decimal(60), Decimal(0), Decimal(owed), dt.date(2026, 1, 19), tuple(holds),
    )  # fmt: skip


def account(*lines: AccountLine, **more: Any) -> PatientAccount:
    return PatientAccount(lines or (line(),), **more)


def sent(kind: LetterKind = STATEMENT, days_ago: int = 40, number: int = 1) -> SentLetter:
    return SentLetter(kind, DAY - dt.timedelta(days_ago), frozenset({("e1", number)}))


def against(a: PatientAccount, kind: LetterKind = STATEMENT) -> list[str]:
    return refusals(a, kind, DAY, POLICY)


def test_a_plain_share_is_billed_once_nothing_holds_it():
    assert against(account()) == []
    assert next_step(account(), POLICY).step is NextStep.STATEMENT
    held = account(line(1, "60", Hold.INSURANCE_OPEN), line(2, "5", Hold.QMB))
    assert against(held) == [
        "a payer has not answered yet",
        "the patient is a Qualified Medicare Beneficiary and owes no cost share",
    ]
    assert next_step(held, POLICY).step is NextStep.HELD


@pytest.mark.parametrize("hold", list(Hold))
def test_every_hold_is_asked_before_every_letter_and_plan(hold: Hold):
    a = account(line(1, "60", hold), letters=[sent()])
    for kind in (STATEMENT, REMINDER, LAST):
        assert against(a, kind)
    assert plan_refusals(a, Decimal(60))


@pytest.mark.parametrize("kind", list(StopKind))
def test_every_stop_is_asked_before_every_letter(kind: StopKind):
    a = account(letters=[sent(), sent(REMINDER, 35)], stops=[kind])
    for letter in (STATEMENT, REMINDER, LAST):
        assert load_stops()[kind].words in against(a, letter)
    assert next_step(a, POLICY).step is NextStep.STOPPED
    assert bool(plan_refusals(a, Decimal(60))) == (kind is not StopKind.HARDSHIP)


def test_no_reminder_before_a_statement_and_its_days():
    assert against(account(), REMINDER) == ["no statement has asked for what is open"]
    assert against(account(letters=[sent(days_ago=29)]), REMINDER) == [
        "not before 2026-03-03: 30 days after the last letter"
    ]
    ready = account(letters=[sent(days_ago=30)])
    assert against(ready, REMINDER) == []
    due = next_step(ready, POLICY)
    assert (due.step, due.on) == (NextStep.REMINDER, DAY)
    assert against(ready, LAST) == ["no reminder was sent before"]
    reminded = account(letters=[sent(days_ago=60), sent(REMINDER, 30)])
    assert against(reminded, LAST) == []
    assert next_step(reminded, POLICY).step is NextStep.LAST_REMINDER
    told = account(letters=[sent(days_ago=90), sent(REMINDER, 60), sent(LAST, 30)])
    assert next_step(told, POLICY).step is NextStep.CALL


def test_a_reminder_asks_only_for_what_a_statement_asked_for():
    a = account(line(1), line(2, "30.00"), letters=[sent()])
    letter = compose_patient_letter(a, REMINDER, CLAIM, number="K1", today=DAY, policy=POLICY)
    assert (letter.amount, [x.line for x in letter.lines]) == (Decimal("60.00"), [1])
    assert next_step(a, POLICY).step is NextStep.STATEMENT  # the new service was never billed


def test_credits_small_amounts_and_plans_stand_against_a_letter():
    assert "must be settled first" in against(account(line(1), line(2, "-5")))[0]
    assert next_step(account(line(1), line(2, "-5")), POLICY).step is NextStep.CREDIT
    assert "less than the smallest statement" in against(account(line(1, "4.99")))[0]
    assert next_step(account(line(1, "4.99")), POLICY).step is NextStep.SMALL
    plan = standing(schedule(Decimal(60), 2, DAY), Decimal(0), DAY, POLICY)
    assert against(account(plan=plan)) == ["a payment plan runs"]
    assert plan_refusals(account(plan=plan), Decimal(60)) == [
        "a payment plan runs already: end it first"
    ]
    assert next_step(account(plan=plan), POLICY).step is NextStep.PLAN
    late = DAY + dt.timedelta(60)
    broken = standing(schedule(Decimal(60), 2, DAY), Decimal(0), late, POLICY)
    assert next_step(account(plan=broken), POLICY).step is NextStep.PLAN_BROKEN
    assert against(account(plan=broken)) == []
    assert next_step(account(line(1, "0")), POLICY).step is NextStep.SETTLED
    assert plan_refusals(account(), Decimal("60.01")) == ["60.00 dollars may be billed, not 60.01"]


@pytest.mark.parametrize("kind", list(LetterKind))
@pytest.mark.parametrize("phone", ["5550100000", ""])
def test_letters_are_read_with_eight_grades_of_school(kind: LetterKind, phone: str):
    plan = schedule(Decimal("100.00"), 3, DAY)
    a = account(
        line(1), line(2, "40.00"),
        letters=[sent(), sent(REMINDER, 35), sent(STATEMENT, 40, 2)],
        plan=standing(plan, Decimal(0), DAY, POLICY) if kind is LetterKind.PLAN else None,
    )  # fmt: skip
    if kind is REMINDER:
        a = account(line(1), line(2, "40.00"), letters=[sent(), sent(STATEMENT, 40, 2)])
    claim = CLAIM
    if not phone:
        import msgspec

        billing = msgspec.structs.replace(CLAIM.billing, contact_phone="")
        claim = msgspec.structs.replace(CLAIM, billing=billing)
    letter = compose_patient_letter(
        a, kind, claim, number="K1", today=DAY, policy=POLICY, instalments=plan
    )
    level = reading_level(letter.text)
    assert level.words > 50
    assert level.grade <= HIGHEST_GRADE - 1, letter.text
    assert letter.amount == Decimal("100.00")
    assert "Dear Jan Doe," in letter.text
    assert unfinished(letter.text) == (not phone)
    for word in ("must", "immediately", "collection", "legal", "delinquent", "fail"):
        assert word not in letter.text.lower()


def test_a_hard_text_is_seen_as_hard():
    hard = (
        "Notwithstanding previously transmitted correspondence regarding outstanding financial "
        "obligations, remittance of the aforementioned patient responsibility is required."
    )
    assert reading_level(hard).grade > 12
    assert reading_level("").words == 0


def test_a_childs_bill_goes_to_the_subscriber():
    import msgspec

    child = Person("DOE", "TIM", birth_date=dt.date(2015, 1, 1))
    claim = msgspec.structs.replace(CLAIM, patient=child, subscriber=CLAIM.patient)
    letter = compose_patient_letter(
        account(), STATEMENT, claim, number="K1", today=DAY, policy=POLICY
    )
    assert "Dear Jan Doe," in letter.text
    assert "Patient: Tim Doe" in letter.text


def test_a_letter_that_may_not_be_written_is_refused_with_every_reason():
    a = account(line(1, "60", Hold.DENIED), stops=[StopKind.DISPUTE])
    with pytest.raises(InputError, match="may be written: the patient disputes.*denied"):
        compose_patient_letter(a, STATEMENT, CLAIM, number="K1", today=DAY, policy=POLICY)


def test_a_practices_policy_goes_over_ours(tmp_path):
    own = tmp_path / "policy.csv"
    own.write_text("name,value\ndays_to_reminder,45\n")
    assert load_policy(own).days_to_reminder == 45
    assert load_policy(own).grace_days == POLICY.grace_days
    (tmp_path / "collection_policy.csv").write_text("name,value\ngrace_days,3\n")
    assert current_policy(tmp_path).grace_days == 3
    assert current_policy(tmp_path / "empty") == POLICY
    own.write_text("name,value\ndays_to_reminder,soon\n")
    load_policy.cache_clear()
    with pytest.raises(InputError, match="line 2: days_to_reminder='soon'"):
        load_policy(own)
