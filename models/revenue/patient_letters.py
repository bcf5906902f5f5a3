"""Statements, reminders and plan letters to patients: plain words, for a person to look over.

The wording is ours (``letter_templates``); a test holds it to a reading level. A square bracket
marks what a person must still write: such a letter does not count as sent.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from models.claims.claim import Claim, Person
from models.claims.common import ZERO
from models.errors import InputError
from models.revenue.collection_policy import CollectionPolicy
from models.revenue.letters import OPEN_PLACE, address_lines, day_words, render
from models.revenue.patient_accounts import (
    AccountLine,
    LetterKind,
    PatientAccount,
    letter_lines,
    refusals,
)
from models.revenue.payment_plans import Instalment

TITLES = {
    LetterKind.STATEMENT: "Your bill",
    LetterKind.REMINDER: "A friendly reminder",
    LetterKind.LAST_REMINDER: "Please call us about your bill",
    LetterKind.PLAN: "Your payment plan",
}
_GROWN_UP = 18


class LetterService(msgspec.Struct, frozen=True):
    """One service in a letter, as text."""

    service_date: str
    code: str
    charge: str
    plan_paid: str
    taken_off: str
    patient_paid: str
    owed: str


class LetterInstalment(msgspec.Struct, frozen=True):
    """One instalment in a letter, as text."""

    due: str
    amount: str


class PatientLetterFacts(msgspec.Struct, frozen=True):
    """What a template is filled with; all of it text."""

    practice: str
    practice_address: list[str]
    practice_phone: str
    today: str
    addressee: str
    address: list[str]
    patient: str
    account: str
    total: str
    pay_by: str
    first_sent: str
    lines: list[LetterService]
    instalments: list[LetterInstalment]


class PatientLetter(msgspec.Struct, frozen=True):
    """A letter that was written: its text, what it asks for in dollars, and for which services."""

    kind: LetterKind
    text: str
    amount: Decimal
    lines: list[AccountLine]


def compose_patient_letter(
    account: PatientAccount,
    kind: LetterKind,
    claim: Claim,
    *,
    number: str,
    today: dt.date,
    policy: CollectionPolicy,
    instalments: Sequence[Instalment] = (),
) -> PatientLetter:
    """The letter's text, fit for editing.

    ``claim`` is the patient's latest, ``number`` the account's as the patient sees it.

    Raises:
        InputError: a hold, a stop or the calendar is against it; the text says all reasons.
    """
    against = refusals(account, kind, today, policy)
    if against:
        raise InputError(f"no {kind.replace('_', ' ')} may be written: {'; '.join(against)}")
    asked = [] if kind is LetterKind.PLAN else letter_lines(account, kind)
    if kind is LetterKind.PLAN:
        total = sum((x.amount for x in instalments), ZERO)
    else:
        total = sum((x.owed for x in asked), ZERO)
    addressee, patient, address = addressed(claim, today)
    first = min((x.sent for x in account.letters if x.kind is LetterKind.STATEMENT), default=None)
    facts = PatientLetterFacts(
        practice=claim.billing.name or "Practice",
        practice_address=address_lines(claim.billing.address),
        practice_phone=phone_words(claim.billing.contact_phone),
        today=day_words(today),
        addressee=addressee,
        address=address,
        patient=patient,
        account=number,
        total=f"{total:,.2f}",
        pay_by=day_words(today + dt.timedelta(policy.days_to_pay)),
        first_sent=day_words(first),
        lines=[_service(x) for x in asked],
        instalments=[LetterInstalment(day_words(x.due), f"{x.amount:,.2f}") for x in instalments],
    )
    return PatientLetter(kind, render(f"{kind}.txt.j2", facts), total, asked)


def addressed(claim: Claim, today: dt.date) -> tuple[str, str, list[str]]:
    """To whom a letter goes, whose care it is about, and where to: a child's to the subscriber."""
    patient = claim.patient if claim.patient != Person() else claim.subscriber
    born = patient.birth_date
    child = born is not None and _years(born, today) < _GROWN_UP
    to = claim.subscriber if child and claim.subscriber.last_name else patient
    where = to.address or patient.address or claim.subscriber.address
    return _name(to), _name(patient), address_lines(where)


def unfinished(text: str) -> bool:
    """Whether a person must still write something, or has left nothing to read."""
    return OPEN_PLACE in text or not text.strip()


def phone_words(number: str) -> str:
    """A telephone number as it is read.

    >>> phone_words("5550100000")
    '555-010-0000'
    """
    digits = "".join(x for x in number if x.isdigit())
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else number


def _years(born: dt.date, today: dt.date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _name(person: Person) -> str:
    parts = (person.first_name, person.middle_name, person.last_name, person.suffix)
    return " ".join(x.title() if x.isupper() else x for x in parts if x) or "Patient"


def _service(x: AccountLine) -> LetterService:
    return LetterService(
        day_words(x.service_date) or "Your visit", x.code, f"{x.charge:,.2f}",
        f"{x.plan_paid:,.2f}", f"{x.taken_off:,.2f}", f"{x.patient_paid:,.2f}", f"{x.owed:,.2f}",
    )  # fmt: skip
