"""Why a patient may not be billed yet: "patient responsibility" on a remittance never does alone.

Rules of who may be billed, as data about one service in and reasons out. Nothing here sends
anything; a hold only ever stops a bill.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from models.claims.claim import Claim, ServiceLine
from models.claims.common import ZERO
from models.claims.remittance import Remittance, RemittanceLine
from models.history import ClaimHistory
from models.revenue.law import hold_codes, law
from models.revenue.ledger import Ledger
from models.revenue.services import service_balances

MEDICARE, MEDICAID, MEDICARE_ADVANTAGE = "MB", "MC", "16"


class Hold(StrEnum):
    """Reasons that stop a bill to the patient, each with what it rests on."""

    INSURANCE_OPEN = "insurance_open"  # a payer has yet to answer
    SECONDARY_PENDING = "secondary_pending"  # the next payer has yet to answer
    VISIT_OPEN = "visit_open"  # a payer has yet to answer another service of the visit
    APPEAL_OPEN = "appeal_open"  # what is denied may still be paid
    DENIED = "denied"  # a denial is the practice's to work, not the patient's to pay
    QMB = "qmb"  # Social Security Act 1902(n)(3)(B): no cost sharing
    MEDICAID_IN_FULL = "medicaid_in_full"  # 42 CFR 447.15: Medicaid's payment is payment in full
    NO_SURPRISES_ACT = "no_surprises_act"  # 45 CFR 149.410: only the stated cost share
    NO_VALID_ABN = "no_valid_abn"  # 42 CFR 411.404: the patient was not told
    PROVIDER_LIABLE = "provider_liable"  # GZ: no notice was given
    CAPITATED = "capitated"  # 42 CFR 422.105: only plan cost sharing
    LIMITING_CHARGE = "limiting_charge"  # more than a non-participating physician may ask
    PAYMENT_NOT_POSTED = "payment_not_posted"  # AMT*F5 says more than is posted
    NOTHING_OWED = "nothing_owed"


WORDS = {
    Hold.INSURANCE_OPEN: "a payer has not answered yet",
    Hold.SECONDARY_PENDING: "the next payer has not answered yet",
    Hold.VISIT_OPEN: "a payer has not answered for the whole visit yet",
    Hold.APPEAL_OPEN: "an appeal is open",
    Hold.DENIED: "denied: to be worked with the payer, not billed to the patient",
    Hold.QMB: "the patient is a Qualified Medicare Beneficiary and owes no cost share",
    Hold.MEDICAID_IN_FULL: "Medicaid's payment is payment in full",
    Hold.NO_SURPRISES_ACT: "only the cost share that the plan states may be billed",
    Hold.NO_VALID_ABN: "Medicare does not cover it and no valid notice (GA) was given beforehand",
    Hold.PROVIDER_LIABLE: "billed with GZ: the provider is liable",
    Hold.CAPITATED: "covered by the plan's monthly payment",
    Hold.LIMITING_CHARGE: "above Medicare's limiting charge",
    Hold.PAYMENT_NOT_POSTED: "the claim names a payment at the visit that is not posted yet",
    Hold.NOTHING_OWED: "nothing is owed",
}


class Standing(msgspec.Struct, frozen=True):
    """What is open of one service, in dollars, and which payers it has seen.

    ``filing_indicators``: SBR09 of every payer that was billed or that answered.
    ``visit_open``: a payer has yet to answer something else of the same visit.
    ``limiting_fee``: Medicare's non-participating fee where the physician does not take
    assignment.
    """

    patient: Decimal
    insurance: Decimal = ZERO
    next_payer: Decimal = ZERO
    denied: Decimal = ZERO
    filing_indicators: frozenset[str] = frozenset()
    appeal_open: bool = False
    stated_share: Decimal | None = None  # cost share by the plan, where the law fixes it
    limiting_fee: Decimal | None = None
    visit_open: bool = False
    paid_at_visit: Decimal = ZERO  # AMT*F5 of the claim
    patient_paid: Decimal = ZERO  # posted to the whole visit


def holds(
    standing: Standing,
    line: ServiceLine,
    answers: Iterable[tuple[Remittance, RemittanceLine | None]],
) -> list[Hold]:
    """Every reason why this service may not be billed to the patient now; empty: it may be.

    ``answers`` are what payers said of the service, the line ``None`` where they spoke of the
    claim as a whole.
    """
    if standing.patient <= 0:
        return [Hold.NOTHING_OWED]
    return open_holds(standing) + coded_holds(standing, line, answers)


def open_holds(standing: Standing) -> list[Hold]:
    """Reasons that end when somebody else has decided: what is open, not what was said."""
    found = {
        Hold.INSURANCE_OPEN: standing.insurance > 0,
        Hold.SECONDARY_PENDING: standing.next_payer > 0,
        Hold.VISIT_OPEN: standing.visit_open,
        Hold.APPEAL_OPEN: standing.appeal_open,
        Hold.DENIED: standing.denied > 0,
        Hold.PAYMENT_NOT_POSTED: standing.paid_at_visit > standing.patient_paid,
    }
    return [hold for hold, holds in found.items() if holds]


def coded_holds(
    standing: Standing,
    line: ServiceLine,
    answers: Iterable[tuple[Remittance, RemittanceLine | None]],
) -> list[Hold]:
    """Reasons that the claim and the payers' answers give, by their codes."""
    found: list[Hold] = []
    given = list(answers)
    known = hold_codes()
    remarks: set[str] = set()
    codes: set[tuple[str, str]] = set()
    for r, x in given:
        remarks.update(r.remark_codes, x.remark_codes if x else ())
        codes.update((a.group, a.carc) for a in (*r.adjustments, *(x.adjustments if x else ())))
    named = {f"{group}-{carc}" for group, carc in codes}
    if known["qmb", "rarc"] & remarks or known["qmb", "adjustment"] & named:
        found.append(Hold.QMB)
    if MEDICAID in standing.filing_indicators and any(r.paid > 0 for r, _ in given):
        found.append(Hold.MEDICAID_IN_FULL)
    if known["no_surprises_act", "rarc"] & remarks and (
        standing.stated_share is None or standing.patient > standing.stated_share
    ):
        found.append(Hold.NO_SURPRISES_ACT)
    found += _notices(standing, line, codes)
    if any(carc == "24" for _, carc in codes) and not any(
        group == "PR" and carc in ("1", "2", "3") for group, carc in codes
    ):
        found.append(Hold.CAPITATED)
    if standing.limiting_fee is not None:
        share = law("limiting_charge", line.service_date or dt.date.max)
        if share is not None and standing.patient > standing.limiting_fee * share:
            found.append(Hold.LIMITING_CHARGE)
    return found


def _notices(standing: Standing, line: ServiceLine, codes: set[tuple[str, str]]) -> list[Hold]:
    """Medicare's notices; they do not exist in Medicare Advantage, where a GA shields nobody."""
    modifiers = set(line.modifiers)
    if "GZ" in modifiers:
        return [Hold.PROVIDER_LIABLE]
    noncovered = any(carc in hold_codes()["no_valid_abn", "carc"] for _, carc in codes)
    if not noncovered or "GY" in modifiers:
        return []
    if MEDICARE_ADVANTAGE in standing.filing_indicators:
        return [Hold.NO_VALID_ABN]
    if MEDICARE in standing.filing_indicators and "GA" not in modifiers:
        return [Hold.NO_VALID_ABN]
    return []


class Credit(msgspec.Struct, frozen=True):
    """A credit balance of one service: dollars (above zero) that somebody is owed back.

    Of a federal programme it starts the clock of 42 CFR 401.305.
    """

    encounter: str
    line: int
    owner: str  # payer key; empty: the patient, or whoever paid
    amount: Decimal
    since: dt.date
    federal: bool

    @property
    def due(self) -> dt.date:
        """Last day to return it, where it is a federal programme's."""
        return self.since + dt.timedelta(days=int(law("overpayment_days", self.since) or 0))

    def days_left(self, as_of: dt.date) -> int:
        """Days until then; below zero: overdue."""
        return (self.due - as_of).days


def is_federal(claims: Sequence[Claim]) -> bool:
    """Whether any of the payers is Medicare, Medicaid or another federal programme's."""
    return any(c.filing_indicator in hold_codes()["federal", "filing"] for c in claims)


def credits_of(history: ClaimHistory, ledger: Ledger) -> list[Credit]:
    """What payers or patients paid more than they owed, service by service, the oldest first."""
    found = []
    for posted in ledger.encounters:
        own = [history.submissions[i] for i in posted.encounter.submissions]
        for balance in service_balances(posted.entries):
            for x in balance.open:
                if x.amount >= 0:
                    continue
                payers = [s.claim for s in own if s.payer == x.owner] or [s.claim for s in own]
                found.append(
                    Credit(
                        posted.encounter.key,
                        balance.line,
                        x.owner,
                        -x.amount,
                        x.since,
                        is_federal(payers),
                    )
                )
    return sorted(found, key=lambda x: (x.since, x.encounter, x.line, x.owner))
