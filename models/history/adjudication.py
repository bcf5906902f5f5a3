"""The denial label: what one adjudication did to each billed line (BILLING.md, first section)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from models.claims.claim import Claim, ServiceLine
from models.claims.common import ZERO, Adjustment
from models.claims.remittance import Payment, Remittance, RemittanceLine
from models.codes.adjustments import AdjustmentClass, ClassTable
from models.codes.categories import CategoryTable, DenialCategory
from models.history.lines import match_lines
from models.history.outcomes import NOT_ANSWERED, Adjudication, LineOutcome

Part = tuple[Payment, Remittance]

_CENT = Decimal("0.01")
# Why a line was paid zero although it was not denied: the first class found of these.
_ZERO_REASONS = (
    AdjustmentClass.PREPAID,
    AdjustmentClass.PRIOR_PAYER,
    AdjustmentClass.SHARE_NOT_BILLABLE,
    AdjustmentClass.PATIENT_SHARE,
    AdjustmentClass.INFORMATIONAL,
    AdjustmentClass.CONTRACTUAL,
)
_SHARES = (AdjustmentClass.PATIENT_SHARE, AdjustmentClass.SHARE_NOT_BILLABLE)


class Judge(msgspec.Struct):
    """Turns remittances into adjudications by the class and category tables.

    ``unmatched_lines`` counts remittance lines that answer no billed line.
    """

    classes: ClassTable
    categories: CategoryTable
    unmatched_lines: int = 0

    def adjudications(self, claim: Claim, payer: str, parts: Iterable[Part]) -> list[Adjudication]:
        """Adjudications of one submission, from its remittances in the order of their days.

        Parts that together answer the claim once (a claim split over several CLPs, or even
        several payments) are one adjudication. A reversal (22) cancels its predecessor; 23
        (forwarded) and 25 (predetermination) decide nothing.
        """
        done: list[Adjudication] = []
        open_parts: list[Part] = []
        covered: set[int] = set()
        billed = ZERO
        for payment, remittance in parts:
            if remittance.status in ("23", "25"):
                continue
            if remittance.status == "22":
                _cancel(done, payment, remittance)
                open_parts, covered, billed = [], set(), ZERO
                continue
            lines = self._covered(claim, remittance)
            total = billed + remittance.charge
            if lines and covered:
                extends = not covered & lines
            else:
                extends = bool(open_parts) and not lines | covered and total <= claim.charge
            earlier: tuple[Adjudication, ...] = ()
            if extends:
                before = done.pop()
                earlier = (*before.earlier, before)
                open_parts.append((payment, remittance))
                covered |= lines
                billed = total
            else:
                open_parts, covered, billed = [(payment, remittance)], lines, remittance.charge
            adjudication = self._adjudicate(claim, payer, open_parts)
            adjudication.earlier = earlier
            done.append(adjudication)
        return done

    def _covered(self, claim: Claim, remittance: Remittance) -> set[int]:
        found = match_lines(claim, remittance.lines)
        self.unmatched_lines += found.count(None)
        return {i for i in found if i is not None}

    def _adjudicate(self, claim: Claim, payer: str, parts: Sequence[Part]) -> Adjudication:
        lines = self._by_line(claim, payer, parts)
        if not any(x.answered for x in lines):
            lines = self._by_claim(claim, payer, parts)
        lost: dict[DenialCategory, Decimal] = {}
        for billed, line in zip(claim.lines, lines, strict=True):
            if line.category is not None:
                lost[line.category] = lost.get(line.category, ZERO) + billed.charge
        first = parts[0][0]
        return Adjudication(
            began=first.answered,
            answered=max(p.answered for p, _ in parts),
            payer_name=first.payer_name,
            payer_id=first.payer_id,
            remittances=tuple(r for _, r in parts),
            lines=lines,
            denied=any(x.denied for x in lines),
            category=max(lost, key=lost.__getitem__) if lost else None,
            paid=sum((r.paid for _, r in parts), ZERO),
        )

    def _by_line(self, claim: Claim, payer: str, parts: Sequence[Part]) -> tuple[LineOutcome, ...]:
        answers: list[list[tuple[Remittance, RemittanceLine]]] = [[] for _ in claim.lines]
        for _, remittance in parts:
            for line, i in zip(remittance.lines, match_lines(claim, remittance.lines), strict=True):
                if i is not None:
                    answers[i].append((remittance, line))
        return tuple(
            self._line(claim, payer, billed, found) if found else NOT_ANSWERED
            for billed, found in zip(claim.lines, answers, strict=True)
        )

    def _line(
        self,
        claim: Claim,
        payer: str,
        billed: ServiceLine,
        answers: Sequence[tuple[Remittance, RemittanceLine]],
    ) -> LineOutcome:
        adjustments: list[Adjustment] = []
        remarks: list[str] = []
        stated: Decimal | None = None
        paid = ZERO
        moved = False
        for remittance, line in answers:
            paid += line.paid
            own = list(line.adjustments)
            moved = moved or paid_elsewhere(remittance, line)
            taken = sum((a.amount for a in line.adjustments), ZERO)
            if line.paid <= 0 and line.charge - taken > _CENT:
                # What the line itself leaves unexplained, the claim's adjustments explain.
                own += remittance.adjustments
                remarks += remittance.remark_codes
            adjustments += own
            remarks += line.remark_codes or remittance.remark_codes
            if line.allowed is not None:
                stated = (stated or ZERO) + line.allowed
        filing = answers[0][0].filing_indicator or claim.filing_indicator
        rarcs = tuple(dict.fromkeys(remarks))
        classes = self._classes(payer, filing, adjustments, rarcs, paid > 0)
        if moved:
            # The charge was paid under another line: "included elsewhere" refuses nothing.
            classes.update((k, AdjustmentClass.CONTRACTUAL) for k in classes if k[1] == "97")
        return self._outcome(billed.charge, paid, adjustments, classes, rarcs, stated)

    def _by_claim(self, claim: Claim, payer: str, parts: Sequence[Part]) -> tuple[LineOutcome, ...]:
        remittances = [r for _, r in parts]
        paid = sum((r.paid for r in remittances), ZERO)
        adjustments = [a for r in remittances for a in r.adjustments]
        adjustments += [a for r in remittances for x in r.lines for a in x.adjustments]
        remarks = [c for r in remittances for c in r.remark_codes]
        remarks += [c for r in remittances for x in r.lines for c in x.remark_codes]
        rarcs = tuple(dict.fromkeys(remarks))
        filing = remittances[0].filing_indicator or claim.filing_indicator
        classes = self._classes(payer, filing, adjustments, rarcs, paid > 0)
        total = self._outcome(claim.charge, paid, adjustments, classes, rarcs, None)
        charges = [x.charge for x in claim.lines]
        shares = [
            share_out(amount, charges)
            for amount in (total.paid, total.allowed, total.patient_share)
        ]
        informational = LineOutcome(
            answered=True, adjustment_class=AdjustmentClass.INFORMATIONAL, shared=True
        )
        return tuple(
            msgspec.structs.replace(
                total, shared=True, paid=paid, allowed=allowed, patient_share=patient
            )
            if charge > _CENT
            else informational
            for charge, paid, allowed, patient in zip(charges, *shares, strict=True)
        )

    def _classes(
        self,
        payer: str,
        filing: str,
        adjustments: Iterable[Adjustment],
        rarcs: tuple[str, ...],
        paid: bool,
    ) -> dict[tuple[str, str], AdjustmentClass]:
        """Class of each (group, CARC) present."""
        found: dict[tuple[str, str], AdjustmentClass] = {}
        for a in adjustments:
            if (a.group, a.carc) not in found:
                found[a.group, a.carc] = self.classes.classify(
                    a.group, a.carc, rarcs, payer=payer, filing_indicator=filing, paid=paid
                )
        return found

    def _outcome(
        self,
        charge: Decimal,
        paid: Decimal,
        adjustments: Iterable[Adjustment],
        classes: Mapping[tuple[str, str], AdjustmentClass],
        rarcs: tuple[str, ...],
        stated: Decimal | None,
    ) -> LineOutcome:
        net: dict[tuple[str, str], Decimal] = {}
        for a in adjustments:
            net[a.group, a.carc] = net.get((a.group, a.carc), ZERO) + a.amount
        # Offsets of re-bundled lines net out; what is left negative takes nothing away.
        cuts = sorted(
            (key for key, amount in net.items() if amount > 0),
            key=lambda k: (classes[k] is not AdjustmentClass.DENIAL, -net[k]),
        )
        reasons = [k for k in cuts if classes[k] is AdjustmentClass.DENIAL]
        share = sum((net[k] for k in cuts if classes[k] in _SHARES), ZERO)
        billed = charge > _CENT
        zero = paid <= 0
        denied = billed and zero and bool(reasons)
        why: AdjustmentClass | None = None
        if not billed:
            why = AdjustmentClass.INFORMATIONAL
        elif denied:
            why = AdjustmentClass.DENIAL
        elif zero:
            present = {classes[k] for k in cuts}
            why = next((c for c in _ZERO_REASONS if c in present), None)
        return LineOutcome(
            answered=True,
            denied=denied,
            reduced=billed and not zero and bool(reasons),
            adjustment_class=why,
            category=self.categories.category(reasons[0][1], rarcs) if denied else None,
            carcs=tuple(dict.fromkeys(k[1] for k in cuts)),
            denial_carcs=tuple(dict.fromkeys(k[1] for k in reasons)),
            rarcs=rarcs,
            paid=paid,
            allowed=stated if stated is not None else max(paid, ZERO) + share,
            patient_share=share,
        )


def share_out(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """``amount`` in proportion to ``weights``, to the cent and adding up exactly.

    >>> share_out(Decimal("10.00"), [Decimal(1), Decimal(1), Decimal(1)])
    [Decimal('3.33'), Decimal('3.34'), Decimal('3.33')]
    """
    total = sum(weights, ZERO)
    if not weights:
        return []
    shares: list[Decimal] = []
    given = seen = ZERO
    for weight in weights:
        seen += weight
        part = seen / total if total else Decimal(len(shares) + 1) / len(weights)
        upto = (amount * part).quantize(_CENT, ROUND_HALF_UP)
        shares.append(upto - given)
        given = upto
    return shares


def paid_elsewhere(remittance: Remittance, line: RemittanceLine) -> bool:
    """SVC06 shows that this line's charge was paid under another line of the same code."""
    if not line.submitted_code or line.submitted_code == line.code:
        return False
    return any(x is not line and x.code == line.code and x.paid != 0 for x in remittance.lines)


def _cancel(done: Sequence[Adjudication], payment: Payment, reversal: Remittance) -> None:
    """Marks the adjudication that a reversal takes back: equal amount, else the latest."""
    standing = [a for a in done if a.cancelled is None]
    equal = [a for a in standing if a.paid == -reversal.paid]
    for a in (equal or standing)[-1:]:
        a.cancelled = payment.answered
