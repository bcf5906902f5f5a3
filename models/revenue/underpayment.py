"""Services that a payer paid below what was to be expected, with the amount."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.history import ClaimHistory
from models.history.matching import PRIMARY, role_of
from models.revenue.encounters import BilledLine
from models.revenue.entries import Entry, Kind
from models.revenue.expected import Basis, ExpectedAmounts, Priced
from models.revenue.ledger import Ledger, PostedEncounter

MEDICARE_PART_B = "MB"
SEQUESTRATION = "CO-253"


class Tolerance(msgspec.Struct, frozen=True):
    """Below expectation by more than both of these is a finding."""

    dollars: Decimal = Decimal("1.00")
    share: Decimal = Decimal("0.03")

    def exceeded(self, expected: Decimal, allowed: Decimal) -> bool:
        """Whether ``allowed`` is too far below ``expected``."""
        missing = expected - allowed
        return missing > self.dollars and missing > expected * self.share


class Allowed(msgspec.Struct, frozen=True, gc=False):
    """One answer to a service, priced: paid, the patient's share, and Medicare's sequestration."""

    date: dt.date
    amount: Decimal
    control: str
    payment: str


class Finding(msgspec.Struct, frozen=True):
    """A service as compared. ``below`` is zero where it was paid as expected.

    ``allowed`` is of the first answer, ``recovered`` what later answers added of ``below``.
    """

    encounter: str
    line: int
    claim_id: str
    payer: str
    code: str
    modifiers: tuple[str, ...]
    place: str
    service_date: dt.date | None
    date: dt.date
    expected: Decimal
    basis: Basis
    allowed: Decimal
    below: Decimal
    recovered: Decimal
    control: str
    payment: str

    @property
    def open(self) -> Decimal:
        """What is still missing."""
        return self.below - self.recovered


def compare_allowed(
    history: ClaimHistory,
    ledger: Ledger,
    expected: ExpectedAmounts | None = None,
    tolerance: Tolerance | None = None,
) -> list[Finding]:
    """Every priced primary answer beside its expectation; those below it are underpayments.

    Amounts are learnt from the same history. Denied lines and capitated ones have no price.
    """
    expected = expected or ExpectedAmounts()
    tolerance = tolerance or Tolerance()
    priced = [
        (posted, line, service, answers)
        for posted in ledger.encounters
        for line, service, answers in _priced(history, posted)
    ]
    expected.learn((service, answers[0].amount) for _, _, service, answers in priced)
    found = []
    for posted, line, service, answers in priced:
        expectation = expected.expect(service)
        if expectation is None:
            continue
        first, last = answers[0], answers[-1]
        below = expectation.amount - first.amount
        if not tolerance.exceeded(expectation.amount, first.amount):
            below = ZERO
        recovered = min(max(last.amount - first.amount, ZERO), below)
        found.append(
            Finding(
                posted.encounter.key, line.number, posted.encounter.claim_id, service.payer,
                service.code, service.modifiers, service.place, service.day, first.date,
                expectation.amount, expectation.basis, first.amount, below, recovered,
                first.control, first.payment,
            )
        )  # fmt: skip
    return found


def underpayments(findings: list[Finding]) -> list[Finding]:
    """Those with something still missing, the largest first."""
    return sorted((x for x in findings if x.open > 0), key=lambda x: (-x.open, x.encounter, x.line))


def _priced(
    history: ClaimHistory, posted: PostedEncounter
) -> Iterator[tuple[BilledLine, Priced, list[Allowed]]]:
    encounter = posted.encounter
    claims: dict[str, Claim] = {}
    for i in encounter.submissions:
        s = history.submissions[i]
        if role_of(s.claim) == PRIMARY:
            claims[s.payer] = s.claim
    if not claims:
        return
    answers = _answers(posted.entries)
    for line in encounter.lines:
        own = answers.get(line.number)
        if not own:
            continue
        payer = own[0][0]
        claim = claims.get(payer)
        same = [x for p, x in own if p == payer]
        if claim is None or line.charge <= 0:
            continue
        yield line, Priced(
            payer, line.code, line.modifiers, line.place_of_service, line.units, line.charge,
            line.service_date, claim.filing_indicator == MEDICARE_PART_B,
        ), same  # fmt: skip


def _answers(entries: list[Entry]) -> Mapping[int, list[tuple[str, Allowed]]]:
    """Priced primary answers by line, in the order of their days, with their payer."""
    sums: dict[tuple[int, str, str], list[Decimal]] = {}
    first: dict[tuple[int, str, str], Entry] = {}
    denied: set[tuple[int, str, str]] = set()
    for x in entries:
        if x.responsibility != PRIMARY or not x.payment:
            continue
        key = (x.line, x.payment, x.control)
        if x.kind is Kind.DENIAL:
            denied.add(key)
        elif x.kind is Kind.PAYMENT or (
            x.reason
            and (x.kind is Kind.PATIENT_RESPONSIBILITY or x.reason == SEQUESTRATION)
            and x.kind not in (Kind.SUPERSEDED, Kind.REVERSAL)
        ):
            sums.setdefault(key, []).append(x.amount)
            first.setdefault(key, x)
    found: dict[int, list[tuple[str, Allowed]]] = {}
    for key, amounts in sums.items():
        if key in denied:
            continue
        x = first[key]
        allowed = Allowed(x.date, sum(amounts, ZERO), x.control, x.payment)
        found.setdefault(key[0], []).append((x.payer, allowed))
    return found
