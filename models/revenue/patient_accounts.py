"""What a patient owes, line by line, and what the office should do about it next.

No letter leaves by itself: `refusals` says why one may not be written now, `next_step` what a
person should look at, and when.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from models.claims.common import ZERO
from models.revenue.collection_policy import CollectionPolicy
from models.revenue.holds import WORDS, Hold
from models.revenue.payment_plans import PlanStanding, PlanState
from models.revenue.stops import Step, StopKind, stopped

Service = tuple[str, int]
"""Encounter and number of the line in it."""


class AccountLine(msgspec.Struct, frozen=True):
    """One service of which something is open with the patient, in dollars.

    ``owed`` below zero is a credit. ``holds`` are the reasons why it may not be billed now.
    """

    encounter: str
    line: int
    claim_id: str
    code: str
    service_date: dt.date | None
    charge: Decimal
    taken_off: Decimal  # contract, write-offs, earlier payers
    plan_paid: Decimal
    patient_paid: Decimal
    owed: Decimal
    since: dt.date  # the patient's since then
    holds: tuple[Hold, ...] = ()

    @property
    def service(self) -> Service:
        """Its key."""
        return (self.encounter, self.line)


class LetterKind(StrEnum):
    """Letters to a patient."""

    STATEMENT = "statement"
    REMINDER = "reminder"
    LAST_REMINDER = "last_reminder"
    PLAN = "plan"  # confirms a payment plan


class SentLetter(msgspec.Struct, frozen=True):
    """A letter that a person sent, and the services that it asked for."""

    kind: LetterKind
    sent: dt.date
    services: frozenset[Service]


class PatientAccount(msgspec.Struct, frozen=True):
    """Everything that decides about the next letter."""

    lines: Sequence[AccountLine]
    stops: Sequence[StopKind] = ()
    letters: Sequence[SentLetter] = ()
    plan: PlanStanding | None = None  # of the plan that runs
    again: dt.date | None = None  # a person noted not to look before this day

    @property
    def owed(self) -> Decimal:
        """All that is open, credits apart."""
        return sum((x.owed for x in self.lines if x.owed > 0), ZERO)

    @property
    def credit(self) -> Decimal:
        """What is owed back, above zero."""
        return -sum((x.owed for x in self.lines if x.owed < 0), ZERO)

    @property
    def billable(self) -> list[AccountLine]:
        """Lines that may be billed to the patient now, the oldest service first."""
        found = [x for x in self.lines if x.owed > 0 and not x.holds]
        return sorted(found, key=lambda x: (x.service_date or x.since, x.claim_id, x.line))

    @property
    def billed(self) -> list[AccountLine]:
        """Billable lines that a statement has asked for."""
        told = frozenset(s for x in self.letters if x.kind is _FIRST for s in x.services)
        return [x for x in self.billable if x.service in told]

    @property
    def unbilled(self) -> list[AccountLine]:
        """Billable lines that no statement has asked for yet."""
        done = {x.service for x in self.billed}
        return [x for x in self.billable if x.service not in done]

    @property
    def last_letter(self) -> SentLetter | None:
        """The latest letter about anything that is still open."""
        still = {x.service for x in self.billable}
        about = [x for x in self.letters if x.services & still and x.kind is not LetterKind.PLAN]
        return max(about, key=lambda x: (x.sent, _ORDER[x.kind]), default=None)


_FIRST = LetterKind.STATEMENT
_ORDER = {kind: i for i, kind in enumerate(LetterKind)}
_BEFORE = {
    LetterKind.REMINDER: LetterKind.STATEMENT,
    LetterKind.LAST_REMINDER: LetterKind.REMINDER,
}


class NextStep(StrEnum):
    """What an account waits for."""

    SETTLED = "settled"
    CREDIT = "credit"
    STOPPED = "stopped"
    HELD = "held"
    SMALL = "small"
    STATEMENT = "statement"
    WAIT = "wait"
    REMINDER = "reminder"
    LAST_REMINDER = "last_reminder"
    CALL = "call"
    PLAN = "plan"
    PLAN_BROKEN = "plan_broken"


STEP_WORDS = {
    NextStep.SETTLED: "nothing is owed",
    NextStep.CREDIT: "settle the credit first",
    NextStep.STOPPED: "stopped",
    NextStep.HELD: "on hold",
    NextStep.SMALL: "too small for a letter",
    NextStep.STATEMENT: "send a statement",
    NextStep.WAIT: "wait for the payment",
    NextStep.REMINDER: "send a reminder",
    NextStep.LAST_REMINDER: "send the last reminder",
    NextStep.CALL: "call the patient",
    NextStep.PLAN: "payment plan is kept",
    NextStep.PLAN_BROKEN: "payment plan is not kept: call",
}


class Due(msgspec.Struct, frozen=True):
    """The next step, from which day, and why."""

    step: NextStep
    on: dt.date | None = None
    why: str = ""


def letter_lines(account: PatientAccount, kind: LetterKind) -> list[AccountLine]:
    """The lines that a letter asks for: a reminder only what a statement has asked for before."""
    return account.billed if kind in _BEFORE else account.billable


def refusals(
    account: PatientAccount, kind: LetterKind, today: dt.date, policy: CollectionPolicy
) -> list[str]:
    """Every reason why this letter may not be written now; empty: it may.

    Holds come before the first bill, insurance before any reminder, and a stop before all.
    """
    step = _STEPS[kind]
    found = stopped(account.stops, step)
    if kind is LetterKind.PLAN:
        return found if account.plan is not None else [*found, "no payment plan runs"]
    if account.credit:
        found.append(f"a credit of {account.credit:,.2f} dollars must be settled first")
    asked = letter_lines(account, kind)
    total = sum((x.owed for x in asked), ZERO)
    if not asked:
        found += _why_nothing(account, kind)
    elif total < policy.smallest_statement:
        found.append(
            f"{total:,.2f} dollars are less than the smallest statement "
            f"({policy.smallest_statement:,.2f})"
        )
    if account.plan is not None and account.plan.state in (PlanState.KEPT, PlanState.LATE):
        found.append("a payment plan runs")
    before = _BEFORE.get(kind)
    if before is not None and asked:
        found += _too_early(account, before, today, policy)
    return found


_STEPS = {
    LetterKind.STATEMENT: Step.LETTER,
    LetterKind.REMINDER: Step.REMINDER,
    LetterKind.LAST_REMINDER: Step.REMINDER,
    LetterKind.PLAN: Step.PLAN,
}


def plan_refusals(account: PatientAccount, total: Decimal) -> list[str]:
    """Why no payment plan over this amount may begin; empty: it may."""
    found = stopped(account.stops, Step.PLAN)
    if account.plan is not None:
        found.append("a payment plan runs already: end it first")
    most = sum((x.owed for x in account.billable), ZERO)
    if not most:
        found += _why_nothing(account, LetterKind.STATEMENT)
    elif total > most:
        found.append(f"{most:,.2f} dollars may be billed, not {total:,.2f}")
    return found


def next_step(account: PatientAccount, policy: CollectionPolicy) -> Due:
    """What the account waits for, and from which day on; a person's note can put it off."""
    due = _next_step(account, policy)
    if account.again is None or (due.on is not None and due.on >= account.again):
        return due
    return Due(due.step, account.again, due.why)


def _next_step(account: PatientAccount, policy: CollectionPolicy) -> Due:
    if account.owed <= 0:
        return Due(NextStep.CREDIT if account.credit else NextStep.SETTLED)
    halted = stopped(account.stops, Step.LETTER)
    if halted:
        return Due(NextStep.STOPPED, None, "; ".join(halted))
    if account.plan is not None:
        return _plan_step(account.plan, policy)
    if not account.billable:
        return Due(NextStep.HELD, None, "; ".join(_why_nothing(account, LetterKind.STATEMENT)))
    if account.credit:
        return Due(NextStep.CREDIT, None, "what is owed back is settled before a bill")
    total = sum((x.owed for x in account.billable), ZERO)
    if total < policy.smallest_statement:
        return Due(NextStep.SMALL)
    new = sum((x.owed for x in account.unbilled), ZERO)
    last = account.last_letter
    if last is None or new >= policy.smallest_statement:
        return Due(NextStep.STATEMENT, max(x.since for x in account.billable))
    waited, step = {
        LetterKind.STATEMENT: (policy.days_to_reminder, NextStep.REMINDER),
        LetterKind.REMINDER: (policy.days_to_last_reminder, NextStep.LAST_REMINDER),
    }.get(last.kind, (policy.days_to_pay, NextStep.CALL))
    return Due(step, last.sent + dt.timedelta(waited))


def _plan_step(plan: PlanStanding, policy: CollectionPolicy) -> Due:
    if plan.state is PlanState.BROKEN:
        return Due(NextStep.PLAN_BROKEN, None, f"{plan.missed} instalments were missed")
    on = plan.next.due + dt.timedelta(policy.grace_days) if plan.next else None
    return Due(NextStep.PLAN, on)


def _too_early(
    account: PatientAccount, before: LetterKind, today: dt.date, policy: CollectionPolicy
) -> list[str]:
    sent = [x.sent for x in account.letters if x.kind is before]
    if not sent:
        return [f"no {before.replace('_', ' ')} was sent before"]
    days = policy.days_to_reminder
    if before is LetterKind.REMINDER:
        days = policy.days_to_last_reminder
    # Whatever was written last is given its days.
    last = account.last_letter
    since = max(max(sent), last.sent) if last is not None else max(sent)
    earliest = since + dt.timedelta(days)
    return [f"not before {earliest}: {days} days after the last letter"] if today < earliest else []


def _why_nothing(account: PatientAccount, kind: LetterKind) -> list[str]:
    """Why no line may be asked for."""
    if kind in _BEFORE and account.billable:
        return ["no statement has asked for what is open"]
    held = sorted({h for x in account.lines if x.owed > 0 for h in x.holds})
    return [WORDS[h] for h in held] or ["nothing is owed"]
