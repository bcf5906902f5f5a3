from decimal import Decimal

from models.claims.balance import balance_problems
from models.claims.common import Adjustment, Amount
from models.claims.remittance import Payment, ProviderAdjustment, RemittanceLine
from tests.models.claims.x12.remittances import payment, remittance


def codes(x: Payment) -> list[str]:
    return [p.code for p in balance_problems(x)]


def plb(amount: str) -> ProviderAdjustment:
    return ProviderAdjustment("1234567893", None, "WO", "", Decimal(amount))


def test_balanced():
    assert codes(payment()) == []
    assert payment().balances


def test_positive_plb_lowers_the_payment():
    assert codes(payment(amount=Decimal(50), provider_adjustments=(plb("10"),))) == []
    assert codes(payment(amount=Decimal(70), provider_adjustments=(plb("-10"),))) == []
    assert codes(payment(amount=Decimal(70), provider_adjustments=(plb("10"),))) == [
        "balance.payment"
    ]


def test_interest_amount_is_informational():
    claim = remittance(amounts=(Amount("I", Decimal("4.20")),))
    assert codes(payment(remittances=(claim,))) == []


def test_claim_and_line_adjustments_count_once_each():
    claim = remittance(paid=Decimal(50), adjustments=(Adjustment("CO", "A2", Decimal(10)),))
    assert codes(payment(amount=Decimal(50), remittances=(claim,))) == []


def test_adjustments_at_claim_level_only():
    claim = remittance(
        lines=(), paid=Decimal(0), adjustments=(Adjustment("CO", "29", Decimal(125)),)
    )
    assert codes(payment(amount=Decimal(0), remittances=(claim,))) == []


def test_each_level_is_named():
    line = RemittanceLine("99213", Decimal(100), Decimal(60))
    claim = remittance(lines=(line,))
    problems = balance_problems(payment(amount=Decimal(61), remittances=(claim,)))
    assert [p.code for p in problems] == [
        "balance.line", "balance.services", "balance.claim", "balance.payment",
    ]  # fmt: skip
    assert "service 1" in problems[0].message
    assert "by 40.00" in problems[0].message
    assert "by -25.00" in problems[1].message
    assert "by 65.00" in problems[2].message
    assert "by -1.00" in problems[3].message
    assert all(p.lost == "" for p in problems)


def test_negative_adjustment_and_reversal():
    line = RemittanceLine(
        "99213", Decimal(-125), Decimal(-60), adjustments=(Adjustment("CO", "45", Decimal(-65)),)
    )
    claim = remittance(status="22", charge=Decimal(-125), paid=Decimal(-60), lines=(line,))
    assert codes(payment(amount=Decimal(0), remittances=(claim, remittance()))) == []


def test_debit_payment_takes_money_back():
    claim = remittance(
        charge=Decimal(-125), paid=Decimal(-60), lines=(),
        adjustments=(Adjustment("CO", "45", Decimal(-65)),),
    )  # fmt: skip
    assert codes(payment(amount=Decimal(60), credit=False, remittances=(claim,))) == []
