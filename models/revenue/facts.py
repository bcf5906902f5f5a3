"""What each claim and service adds to the KPIs: the cube of numerators and denominators."""

import calendar
import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.history import ClaimHistory, Submission
from models.history.outcomes import Outcome
from models.revenue.costs import Costs
from models.revenue.entries import RECEIVABLES, Account, Entry, Kind
from models.revenue.kpis import Cube
from models.revenue.ledger import Ledger, PostedEncounter
from models.revenue.underpayment import Finding

_OLD_DAYS = 90
_CHARGE_DAYS = 90
ONE = Decimal(1)
PROTECTED_VARIANCE = "variance:dollars_protected"
"""Name of the sums of `variance_cube`."""


class Protected(msgspec.Struct, frozen=True):
    """A claim that was changed after a warning: what was to be lost, and what was denied of it.

    ``probability`` is that of the score that warned; ``expected_loss`` it times the dollars that
    the payer would be expected to allow.
    """

    claim: Claim
    payer: str
    expected_loss: Decimal
    denied: Decimal
    probability: float

    @property
    def variance(self) -> float:
        """Of what would have been lost, in dollars squared: all that was expected, or nothing."""
        if not 0 < self.probability < 1:
            return 0.0
        return float(self.expected_loss) ** 2 * (1 - self.probability) / self.probability


Dims = tuple[str, str, str, str]
"""Payer, provider, location, specialty."""


def month_of(day: dt.date) -> str:
    """``2026-03``."""
    return f"{day.year:04}-{day.month:02}"


def dimensions_of(claim: Claim, payer: str) -> Dims:
    """Payer key, rendering NPI, place (facility, else place of service), taxonomy of a claim."""
    provider = claim.rendering or claim.billing
    facility = claim.facility.name if claim.facility else ""
    location = facility or f"place of service {claim.place_of_service}"
    taxonomy = provider.taxonomy or claim.billing.taxonomy
    return (payer, provider.npi or claim.billing.npi, location, taxonomy)


class KpiFacts:
    """Collects the cube; `build_cube` is the way to use it."""

    def __init__(self, history: ClaimHistory) -> None:
        self.cube: Cube = {}
        self._history = history

    def add(
        self, kpi: str, day: dt.date, dims: Dims, numerator: Decimal, denominator: Decimal
    ) -> None:
        """Adds to one cell."""
        key = (kpi, month_of(day), *dims)
        before = self.cube.get(key)
        if before is None:
            self.cube[key] = (numerator, denominator)
        else:
            self.cube[key] = (before[0] + numerator, before[1] + denominator)

    def flag(self, kpi: str, day: dt.date, dims: Dims, holds: bool) -> None:
        """Adds one to the denominator, and to the numerator where it holds."""
        self.add(kpi, day, dims, ONE if holds else ZERO, ONE)


def build_cube(
    history: ClaimHistory,
    ledger: Ledger,
    *,
    edited: Callable[[Claim], bool] | None = None,
    persons: Iterable[Entry] | None = None,
    costs: Costs | None = None,
    compared: Iterable[Finding] = (),
    protected: Iterable[Protected] = (),
) -> Cube:
    """The cube of a history and its ledger.

    ``edited`` tells whether a claim breaks an edit of severity error; without it clean claims
    are those not rejected. ``persons``: write-offs and patients' payments; ``None``: they are not
    known, and neither is how much was written off. ``compared``: services
    beside what was expected to be allowed.
    """
    facts = KpiFacts(history)
    dims: list[Dims] = [dimensions_of(s.claim, s.payer) for s in history.submissions]
    for i, s in enumerate(history.submissions):
        _submission(facts, history, s, dims[i], edited)
    own: dict[str, list[Entry]] = {}
    for x in persons or ():
        own.setdefault(x.encounter, []).append(x)
    beside: dict[str, list[Finding]] = {}
    for found in compared:
        beside.setdefault(found.encounter, []).append(found)
    _overturned(facts, history, ledger, dims)
    for posted in ledger.encounters:
        base = dims[posted.encounter.submissions[0]]
        entries = posted.entries + own.get(posted.encounter.key, [])
        _services(facts, history, posted, entries, base)
        for finding in beside.get(posted.encounter.key, ()):
            _compared(facts, finding, base)
    _costs(facts, costs or Costs())
    if persons is None:
        for key in [k for k in facts.cube if k[0] == "denial_write_off_rate"]:
            del facts.cube[key]
    for p in protected:
        facts.add(
            "dollars_protected", p.claim.submitted, dimensions_of(p.claim, p.payer),
            p.expected_loss - p.denied, ONE,
        )  # fmt: skip
    return facts.cube


def variance_cube(protected: Iterable[Protected]) -> Cube:
    """Variances of the dollars protected, by the dimensions of the KPIs: they add up."""
    found: Cube = {}
    for p in protected:
        dims = dimensions_of(p.claim, p.payer)
        key = (PROTECTED_VARIANCE, month_of(p.claim.submitted), *dims)
        before = found.get(key, (ZERO, ZERO))
        found[key] = (before[0] + Decimal(str(p.variance)), before[1] + ONE)
    return found


def _submission(
    facts: KpiFacts,
    history: ClaimHistory,
    s: Submission,
    dims: Dims,
    edited: Callable[[Claim], bool] | None,
) -> None:
    claim = s.claim
    if claim.frequency == "8":
        return
    if s.position == 0:
        sent = claim.submitted
        faulty = not s.accepted or (edited is not None and edited(claim))
        facts.flag("clean_claim_rate", sent, dims, not faulty)
        if s.mature:
            settled = s.outcome is Outcome.NOT_DENIED
            facts.flag("first_pass_payment_rate", sent, dims, settled)
        if claim.service_date is not None and claim.responsibility == "P":
            days = Decimal((sent - claim.service_date).days)
            facts.add("days_service_to_submission", sent, dims, days, ONE)
    if not s.first_accepted or s.first is None:
        return
    first, day = s.first, s.first.answered
    facts.flag("initial_denial_rate", day, dims, first.denied)
    if s.duplicate_of is None:
        facts.flag("initial_denial_rate_without_duplicates", day, dims, first.denied)
    lost = sum((x.charge for x, o in zip(claim.lines, first.lines, strict=True) if o.denied), ZERO)
    facts.add("initial_denial_rate_dollars", day, dims, lost, claim.charge)
    facts.flag("zero_pay_rate", day, dims, first.denied and first.paid <= 0)
    facts.flag("partial_denial_rate", day, dims, first.denied and first.paid > 0)
    if first.paid > 0:
        waited = Decimal((day - claim.submitted).days)
        facts.add("days_submission_to_payment", day, dims, waited, ONE)
        if claim.service_date is not None:
            days = Decimal((day - claim.service_date).days)
            facts.add("days_service_to_payment", day, dims, days, ONE)


def _overturned(facts: KpiFacts, history: ClaimHistory, ledger: Ledger, dims: list[Dims]) -> None:
    """Initially denied claims of which a denied service was paid later, whoever paid it."""
    for posted in ledger.encounters:
        paid: dict[int, dt.date] = {}
        for x in posted.entries:
            if x.kind is Kind.PAYMENT:
                paid[x.line] = max(x.date, paid.get(x.line, x.date))
        encounter = posted.encounter
        for i, positions in zip(encounter.submissions, encounter.positions, strict=True):
            s = history.submissions[i]
            if not s.first_accepted or s.first is None or not s.first.denied:
                continue
            lost = [at for at, o in zip(positions, s.first.lines, strict=True) if o.denied]
            later = any(paid.get(at + 1, dt.date.min) > s.first.answered for at in lost)
            facts.flag("overturn_rate", s.first.answered, dims[i], later)


def _services(
    facts: KpiFacts,
    history: ClaimHistory,
    posted: PostedEncounter,
    entries: list[Entry],
    dims: Dims,
) -> None:
    as_of = history.as_of or dt.date.min
    matured = as_of - dt.timedelta(days=history.lags.pooled)
    open_: dict[int, list[tuple[dt.date, Decimal]]] = {}
    charge: dict[int, Decimal] = {}
    contractual: dict[int, Decimal] = {}
    paid: dict[int, Decimal] = {}
    for x in entries:
        for account, amount in ((x.debit, x.amount), (x.credit, -x.amount)):
            if account in RECEIVABLES:
                open_.setdefault(x.line, []).append((x.date, amount))
            elif account is Account.CHARGES:
                charge[x.line] = charge.get(x.line, ZERO) - amount
            elif account in (Account.CONTRACTUAL, Account.PRIOR_PAYER):
                contractual[x.line] = contractual.get(x.line, ZERO) + amount
            elif account in (Account.CLEARING, Account.PATIENT_PAYMENT):
                paid[x.line] = paid.get(x.line, ZERO) + amount
                facts.add("cost_to_collect", x.date, dims, ZERO, amount)
            elif account is Account.DENIAL_WRITE_OFF:
                facts.add("denial_write_off_rate", x.date, dims, amount, ZERO)
    for line in posted.encounter.lines:
        n = line.number
        billed = charge.get(n, ZERO)
        day = line.service_date
        if day is not None and day <= matured and billed:
            allowed = billed - contractual.get(n, ZERO)
            facts.add("net_collection_rate", day, dims, paid.get(n, ZERO), allowed)
            facts.add("gross_collection_rate", day, dims, paid.get(n, ZERO), billed)
        if day is not None and billed:
            facts.add("denial_write_off_rate", day, dims, ZERO, billed - contractual.get(n, ZERO))
        _receivable(facts, open_.get(n, []), day, as_of, dims)
    for x in entries:
        if x.kind in (Kind.CHARGE, Kind.CHARGE_CORRECTED, Kind.CHARGE_VOIDED):
            _daily_charges(facts, x, as_of, dims)


def _receivable(
    facts: KpiFacts,
    changes: list[tuple[dt.date, Decimal]],
    service: dt.date | None,
    as_of: dt.date,
    dims: Dims,
) -> None:
    """Open dollars of one service at each month's end, and at the history's."""
    changes.sort(key=lambda x: x[0])
    balance = ZERO
    for at, (day, amount) in enumerate(changes):
        balance += amount
        until = changes[at + 1][0] if at + 1 < len(changes) else None
        if balance <= 0:
            continue  # credits apart
        for end in _month_ends(day, until, as_of):
            facts.add("days_in_ar", end, dims, balance, ZERO)
            age = (end - (service or day)).days
            facts.add("ar_over_90_share", end, dims, balance if age > _OLD_DAYS else ZERO, balance)


def _daily_charges(facts: KpiFacts, x: Entry, as_of: dt.date, dims: Dims) -> None:
    """The charge's part of the average daily charges of the 90 days before each month's end."""
    amount = x.amount if x.credit is Account.CHARGES else -x.amount
    last = x.date + dt.timedelta(days=_CHARGE_DAYS)
    for end in _month_ends(x.date, last, as_of):
        facts.add("days_in_ar", end, dims, ZERO, amount / _CHARGE_DAYS)


def _month_ends(since: dt.date, until: dt.date | None, as_of: dt.date) -> Iterable[dt.date]:
    """Ends of months from ``since`` to before ``until``; the running month ends with ``as_of``."""
    year, month = since.year, since.month
    while (year, month) <= (as_of.year, as_of.month):
        end = min(dt.date(year, month, calendar.monthrange(year, month)[1]), as_of)
        if until is not None and end >= until:
            return
        if end >= since:
            yield end
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _compared(facts: KpiFacts, found: Finding, dims: Dims) -> None:
    facts.add("underpayment_found", found.date, dims, found.below, found.expected)
    if found.below:
        facts.add("underpayment_recovered", found.date, dims, found.recovered, found.below)


def _costs(facts: KpiFacts, costs: Costs) -> None:
    """Costs by month, over the month's payments; without costs the KPI has no value."""
    kpi = "cost_to_collect"
    for key in [k for k in facts.cube if k[0] == kpi]:
        if key[1] not in costs.by_month:
            del facts.cube[key]
    for month, cost in costs.by_month.items():
        key = (kpi, month, "", "", "", "")
        before = facts.cube.get(key, (ZERO, ZERO))
        facts.cube[key] = (before[0] + cost, before[1])
