"""Sorting what files hold into claims, payments and acknowledgements, each thing once."""

import datetime as dt
from collections import Counter
from collections.abc import Hashable, Iterable
from decimal import Decimal

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.balance import balance_problems
from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.remittance import Payment, Remittance
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12.context import Item, SkippedTransaction
from models.errors import Place, Problem

_KINDS = {
    Claim: "claims",
    Payment: "remittances",
    Acknowledgement: "acknowledgements",
    SetAcknowledgement: "set_acknowledgements",
}
# A date so far after the one before it is a slip of the sender's, not the history's end.
_LONELY = dt.timedelta(days=180)


class Gathered(msgspec.Struct):
    """Everything read, copies left out, with what was counted on the way."""

    claims: list[Claim] = []
    payments: list[Payment] = []
    acknowledgements: list[Acknowledgement] = []
    set_acknowledgements: list[SetAcknowledgement] = []
    files: dict[str, set[str]] = {}  # kind -> names
    passed_over: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    problems: Counter[str] = msgspec.field(default_factory=Counter)
    examples: dict[str, str] = {}  # problem code -> text of the first
    unbalanced: Counter[str] = msgspec.field(default_factory=Counter)
    repeated_claims: int = 0
    repeated_remittances: int = 0
    as_of: dt.date | None = None

    def note(self, problem: Problem) -> None:
        """Counts a problem and keeps the first of its code as an example."""
        self.problems[problem.code] += 1
        self.examples.setdefault(problem.code, str(problem))


def gather(items: Iterable[Item], as_of: dt.date | None = None) -> Gathered:
    """Reads all items; nothing dated after ``as_of`` is kept.

    A claim is a copy where everything but its place in the files is equal, submission date
    included; a remittance where payer, trace, both control numbers, status, charge and payment
    are. Where ``as_of`` is ``None`` it becomes the last day on which a remittance came (of a
    history without any: the last submission's), stray far dates apart.
    """
    found = Gathered()
    seen_claims: dict[Hashable, list[Claim]] = {}
    seen_remittances: set[Hashable] = set()
    for item in items:
        kind = _KINDS.get(type(item))
        if kind is not None and not isinstance(item, (SkippedTransaction, Problem)):
            found.files.setdefault(kind, set()).add(item.source.file)
        if isinstance(item, Claim):
            if as_of is None or item.submitted <= as_of:
                _add_claim(found, item, seen_claims)
        elif isinstance(item, Payment):
            if as_of is None or item.answered <= as_of:
                _add_payment(found, item, seen_remittances)
        elif isinstance(item, Acknowledgement):
            if as_of is None or item.date <= as_of:
                found.acknowledgements.append(item)
        elif isinstance(item, SetAcknowledgement):
            if as_of is None or item.date <= as_of:
                found.set_acknowledgements.append(item)
        elif isinstance(item, SkippedTransaction):
            found.passed_over[item.kind, item.reason] += 1
        else:
            found.note(item)
    found.claims.sort(key=_claim_order)
    found.payments.sort(key=_payment_order)
    found.acknowledgements.sort(key=lambda a: a.date)
    found.set_acknowledgements.sort(key=_set_order)
    found.as_of = as_of or _last_day(found)
    return found


def _add_claim(found: Gathered, claim: Claim, seen: dict[Hashable, list[Claim]]) -> None:
    key = (claim.claim_id, claim.submitted, claim.charge, claim.responsibility, claim.frequency)
    alike = seen.setdefault(key, [])
    if alike:
        bare = msgspec.structs.replace(claim, source=Source())
        if any(msgspec.structs.replace(x, source=Source()) == bare for x in alike):
            found.repeated_claims += 1
            return
    alike.append(claim)
    found.claims.append(claim)


def _add_payment(found: Gathered, payment: Payment, seen: set[Hashable]) -> None:
    """Keeps the remittances not seen in another payment; two alike within one are both kept."""
    payer = payment.originator or payment.payer_id or payment.payer_name
    within: Counter[Hashable] = Counter()
    fresh: list[Remittance] = []
    keys: list[Hashable] = []
    for r in payment.remittances:
        base = (
            payer, payment.trace, payment.date, r.payer_control_number, r.claim_id, r.status,
            r.charge, r.paid,
        )  # fmt: skip
        within[base] += 1
        key = (base, within[base])
        keys.append(key)
        if key not in seen:
            fresh.append(r)
    seen.update(keys)
    repeated = len(payment.remittances) - len(fresh)
    found.repeated_remittances += repeated
    if repeated and not fresh:
        return
    for problem in balance_problems(payment):
        found.unbalanced[problem.code] += 1
    if repeated:
        payment = msgspec.structs.replace(payment, remittances=tuple(fresh))
    found.payments.append(payment)


def _claim_order(c: Claim) -> tuple[dt.date, str, int, str, str, str, Decimal]:
    source = c.source
    return (
        c.submitted, source.file, source.segment_number,
        c.claim_id, c.responsibility, c.frequency, c.charge,
    )  # fmt: skip


def _payment_order(payment: Payment) -> tuple[dt.date, str, str, str, int]:
    source = payment.source
    return (
        payment.answered, payment.payer_name, payment.trace, source.file, source.segment_number
    )  # fmt: skip


def _set_order(a: SetAcknowledgement) -> tuple[dt.date, str, str, str, int]:
    return (a.date, a.group, a.transaction, a.source.file, a.source.segment_number)


def _last_day(found: Gathered) -> dt.date | None:
    days = sorted({p.answered for p in found.payments}, reverse=True)
    while len(days) > 1 and days[0] - days[1] > _LONELY:
        place = Place(field="DTM02 or BPR16")
        message = f"remittance dated {days[0]}, more than {_LONELY.days} days after any other"
        found.note(Problem(place, "history.stray_date", message, "not taken as the last day"))
        del days[0]
    return days[0] if days else max((c.submitted for c in found.claims), default=None)
