"""One remittance as amounts for each billed line: paid, and every adjustment with its class."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from models.claims.claim import Claim
from models.claims.common import ZERO, Adjustment
from models.claims.remittance import Remittance, RemittanceLine
from models.codes.adjustments import AdjustmentClass, ClassTable
from models.history.adjudication import paid_elsewhere, share_out
from models.history.lines import match_lines
from models.revenue.entries import Kind

_KINDS = {
    AdjustmentClass.CONTRACTUAL: Kind.CONTRACTUAL,
    AdjustmentClass.PREPAID: Kind.CONTRACTUAL,
    AdjustmentClass.INFORMATIONAL: Kind.CONTRACTUAL,
    AdjustmentClass.SHARE_NOT_BILLABLE: Kind.NOT_BILLABLE,
    AdjustmentClass.PATIENT_SHARE: Kind.PATIENT_RESPONSIBILITY,
    AdjustmentClass.PRIOR_PAYER: Kind.PRIOR_PAYER,
    AdjustmentClass.DENIAL: Kind.DENIAL,
}


class Cut(msgspec.Struct, frozen=True, gc=False):
    """One adjustment of a line, netted: what kind of entry it makes, group-CARC, dollars."""

    kind: Kind
    reason: str
    amount: Decimal


class LineAnswer(msgspec.Struct, frozen=True, gc=False):
    """What one remittance says of one billed line; ``rarcs`` are its remark codes."""

    paid: Decimal
    cuts: tuple[Cut, ...]
    charge: Decimal
    rarcs: tuple[str, ...] = ()
    allowed: Decimal | None = None  # AMT*B6, where stated

    def total(self, *kinds: Kind) -> Decimal:
        """Sum of the cuts of these kinds."""
        total = ZERO
        for c in self.cuts:
            if c.kind in kinds:
                total += c.amount
        return total


def line_answers(
    claim: Claim, payer: str, remittance: Remittance, classes: ClassTable
) -> list[LineAnswer | None] | None:
    """For each line of ``claim`` what the remittance says, ``None`` where it says nothing.

    ``None`` instead of a list where a service line with money fits no billed line, or the claim has
    none at all. Adjustments
    at claim level go to the lines whose own adjustments leave a part unexplained, else to all
    in proportion to their charges. A denial code on a line with a payment is a `REDUCTION`.
    """
    if not claim.lines and (remittance.paid or remittance.charge):
        return None  # a claim without lines has nothing that the money could be posted to
    if not remittance.lines:
        return _by_claim(claim, payer, remittance, classes)
    by_line: list[list[RemittanceLine]] = [[] for _ in claim.lines]
    for line, i in zip(remittance.lines, match_lines(claim, remittance.lines), strict=True):
        if i is not None:
            by_line[i].append(line)
        elif line.charge or line.paid or any(a.amount for a in line.adjustments):
            return None
    shares = _claim_level(remittance, by_line)
    filing = remittance.filing_indicator or claim.filing_indicator
    return [
        _line(remittance, lines, extra, payer, filing, classes) if lines else None
        for lines, extra in zip(by_line, shares, strict=True)
    ]


def _line(
    remittance: Remittance,
    lines: Sequence[RemittanceLine],
    extra: Sequence[Adjustment],
    payer: str,
    filing: str,
    classes: ClassTable,
) -> LineAnswer:
    if len(lines) == 1:
        (line,) = lines
        paid, charge = line.paid, line.charge
        adjustments: Sequence[Adjustment] = line.adjustments
        rarcs = line.remark_codes or remittance.remark_codes
        allowed = line.allowed
    else:
        paid = sum((x.paid for x in lines), ZERO)
        charge = sum((x.charge for x in lines), ZERO)
        adjustments = [a for x in lines for a in x.adjustments]
        rarcs = tuple(dict.fromkeys(c for x in lines for c in x.remark_codes))
        rarcs = rarcs or remittance.remark_codes
        stated = [x.allowed for x in lines if x.allowed is not None]
        allowed = sum(stated, ZERO) if stated else None
    moved = any(x.submitted_code and paid_elsewhere(remittance, x) for x in lines)
    if extra:
        adjustments = [*adjustments, *extra]
    cuts = _cuts(adjustments, rarcs, paid, payer, filing, classes, moved)
    return LineAnswer(paid, cuts, charge, rarcs, allowed)


def _cuts(
    adjustments: Sequence[Adjustment],
    rarcs: tuple[str, ...],
    paid: Decimal,
    payer: str,
    filing: str,
    classes: ClassTable,
    moved: bool = False,
) -> tuple[Cut, ...]:
    net: dict[tuple[str, str], Decimal] = {}
    for a in adjustments:
        key = (a.group, a.carc)
        net[key] = net.get(key, ZERO) + a.amount
    found = []
    for (group, carc), amount in net.items():
        if not amount:
            continue
        found_class = classes.classify(
            group, carc, rarcs, payer=payer, filing_indicator=filing, paid=bool(paid)
        )
        kind = _KINDS[found_class]
        if kind is Kind.DENIAL and paid:
            kind = Kind.REDUCTION
        elif moved and carc == "97":
            # The charge was paid under another line: "included elsewhere" refuses nothing.
            kind = Kind.CONTRACTUAL
        found.append(Cut(kind, f"{group}-{carc}", amount))
    return tuple(found)


def _claim_level(
    remittance: Remittance, by_line: Sequence[Sequence[RemittanceLine]]
) -> list[list[Adjustment]]:
    shares: list[list[Adjustment]] = [[] for _ in by_line]
    if not remittance.adjustments:
        return shares
    charges = [sum((x.charge for x in lines), ZERO) for lines in by_line]
    weights = [
        charge - sum((x.paid + _taken(x) for x in lines), ZERO)
        for charge, lines in zip(charges, by_line, strict=True)
    ]
    if not any(weights):
        weights = charges
    if not sum(weights, ZERO):
        weights = [Decimal(1) if lines else ZERO for lines in by_line]
    for a in remittance.adjustments:
        for own, part in zip(shares, share_out(a.amount, weights), strict=True):
            if part:
                own.append(Adjustment(a.group, a.carc, part))
    return shares


def _taken(line: RemittanceLine) -> Decimal:
    return sum((a.amount for a in line.adjustments), ZERO)


def _by_claim(
    claim: Claim, payer: str, remittance: Remittance, classes: ClassTable
) -> list[LineAnswer | None]:
    charges = [x.charge for x in claim.lines]
    filing = remittance.filing_indicator or claim.filing_indicator
    cuts = _cuts(
        remittance.adjustments, remittance.remark_codes, remittance.paid, payer, filing, classes
    )
    paid = share_out(remittance.paid, charges)
    charged = share_out(remittance.charge, charges)
    parts = [share_out(c.amount, charges) for c in cuts]
    found: list[LineAnswer | None] = []
    for i in range(len(charges)):
        own = [(c, part[i]) for c, part in zip(cuts, parts, strict=True) if part[i]]
        found.append(
            LineAnswer(
                paid[i],
                tuple(Cut(c.kind, c.reason, amount) for c, amount in own),
                charged[i],
                remittance.remark_codes,
            )
        )
    return found
