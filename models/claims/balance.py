"""Whether a remittance balances, and at which level it does not (835 guide, 1.10.2.1).

Line: SVC02 less its CAS is SVC03. Claim: CLP03 less all CAS, of the claim and of its lines, is
CLP04; where there are lines, their charges add up to CLP03. Payment: the CLP04 less the PLB
is BPR02, so that a positive PLB lowers the payment. AMT segments (interest I, allowed B6, ...)
are informational and take no part.
"""

from decimal import Decimal

from models.claims.common import ZERO, Adjustment
from models.claims.remittance import Payment, Remittance
from models.errors import Place, Problem


def balance_problems(payment: Payment) -> list[Problem]:
    """One `Problem` per level that does not balance, lines before their claim.

    Codes are ``balance.line``, ``balance.services`` (line charges against the claim's),
    ``balance.claim`` and ``balance.payment``; the place is the CLP's segment, or the ST's for
    the payment. Nothing is lost by an imbalance: the amounts stand as the payer sent them.
    """
    problems = [p for claim in payment.remittances for p in claim_balance_problems(claim)]
    paid = sum((r.paid for r in payment.remittances), ZERO)
    taken = sum((a.amount for a in payment.provider_adjustments), ZERO)
    stated = payment.amount if payment.credit else -payment.amount
    if paid - taken != stated:
        place = Place(
            payment.source.file, payment.source.segment_number or None, "BPR", None, "BPR02"
        )
        message = (
            f"claim payments less provider adjustments (PLB) differ from the payment by "
            f"{_dollars(paid - taken - stated)}"
        )
        problems.append(Problem(place, "balance.payment", message))
    return problems


def claim_balance_problems(claim: Remittance) -> list[Problem]:
    """Problems of one claim payment and its lines; see `balance_problems`."""
    problems: list[Problem] = []
    number = claim.source.segment_number or None

    def report(code: str, field: str, message: str, difference: Decimal) -> None:
        place = Place(claim.source.file, number, field[:3], None, field)
        problems.append(Problem(place, code, f"{message} by {_dollars(difference)}"))

    for position, line in enumerate(claim.lines, 1):
        difference = line.charge - _taken(line.adjustments) - line.paid
        if difference:
            report(
                "balance.line", "SVC03",
                f"service {position} of the claim: charge less adjustments differs from the "
                "payment", difference,
            )  # fmt: skip
    if claim.lines:
        difference = sum((x.charge for x in claim.lines), ZERO) - claim.charge
        if difference:
            report(
                "balance.services", "CLP03", "service charges differ from the claim's charge",
                difference,
            )  # fmt: skip
    taken = _taken(claim.adjustments) + sum((_taken(x.adjustments) for x in claim.lines), ZERO)
    difference = claim.charge - taken - claim.paid
    if difference:
        report(
            "balance.claim", "CLP04", "charge less adjustments differs from the payment", difference
        )
    return problems


def _taken(adjustments: tuple[Adjustment, ...]) -> Decimal:
    return sum((a.amount for a in adjustments), ZERO)


def _dollars(amount: Decimal) -> str:
    return f"{amount:.2f}"
