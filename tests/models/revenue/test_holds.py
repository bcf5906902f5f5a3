"""Who may not be billed yet, and credits that must go back."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from models.claims.claim import ServiceLine
from models.claims.common import Adjustment
from models.claims.remittance import Remittance, RemittanceLine
from models.revenue.holds import WORDS, Hold, Standing, credits_of, holds
from models.revenue.law import law, load_law
from models.revenue.ledger import post_history
from tests.models.history.x12_text import filed, history, remitted

OWED = Decimal(20)


def line(*modifiers: str) -> ServiceLine:
    day = dt.date(2026, 1, 2)
    return ServiceLine(1, "99213", Decimal(100), modifiers=modifiers, service_date=day)


def answer(
    *codes: str, remarks: tuple[str, ...] = (), paid: int = 60
) -> tuple[Remittance, RemittanceLine]:
    adjustments = tuple(Adjustment(c[:2], c[3:], Decimal(20)) for c in codes)
    own = RemittanceLine(
        "99213", Decimal(100), Decimal(paid), adjustments=adjustments, remark_codes=remarks
    )
    return Remittance("A1", "1", Decimal(100), Decimal(paid), lines=(own,)), own


def found(*answers: Any, modifiers: tuple[str, ...] = (), **how: Any) -> list[Hold]:
    standing = Standing(**({"patient": OWED} | how))
    return holds(standing, line(*modifiers), answers or (answer("PR-2"),))


def test_a_plain_share_may_be_billed() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("how", "hold"),
    [
        ({"patient": Decimal(0)}, Hold.NOTHING_OWED),
        ({"insurance": OWED}, Hold.INSURANCE_OPEN),
        ({"next_payer": OWED}, Hold.SECONDARY_PENDING),
        ({"appeal_open": True}, Hold.APPEAL_OPEN),
        ({"denied": OWED}, Hold.DENIED),
        ({"filing_indicators": frozenset(("CI", "MC"))}, Hold.MEDICAID_IN_FULL),
        ({"limiting_fee": Decimal(10)}, Hold.LIMITING_CHARGE),
    ],
)
def test_what_is_not_done_is_not_billed(how: dict[str, Any], hold: Hold) -> None:
    assert found(**how) == [hold]


@pytest.mark.parametrize("remark", ["N781", "N782", "N783"])
def test_a_qualified_medicare_beneficiary_owes_nothing(remark: str) -> None:
    assert found(answer("PR-2", remarks=(remark,))) == [Hold.QMB]
    assert found(answer("OA-209")) == [Hold.QMB]


def test_the_no_surprises_act_allows_the_stated_share_only() -> None:
    told = answer("PR-2", remarks=("N860",))
    assert found(told) == [Hold.NO_SURPRISES_ACT]
    assert found(told, stated_share=OWED) == []
    assert found(told, stated_share=Decimal(10)) == [Hold.NO_SURPRISES_ACT]


def test_what_medicare_does_not_cover_needs_a_notice() -> None:
    medicare: dict[str, Any] = {"filing_indicators": frozenset(("MB",))}
    denied = answer("PR-50", paid=0)
    assert found(denied, **medicare) == [Hold.NO_VALID_ABN]
    assert found(denied, modifiers=("GA",), **medicare) == []
    assert found(denied, modifiers=("GY",), **medicare) == []
    assert found(denied, modifiers=("GZ",), **medicare) == [Hold.PROVIDER_LIABLE]
    advantage: dict[str, Any] = {"filing_indicators": frozenset(("16",))}
    assert found(denied, modifiers=("GA",), **advantage) == [Hold.NO_VALID_ABN]
    assert found(denied, filing_indicators=frozenset(("CI",))) == []


def test_a_capitated_visit_is_paid_but_its_copay_is_owed() -> None:
    assert found(answer("CO-24", paid=0)) == [Hold.CAPITATED]
    assert found(answer("CO-24", "PR-3", paid=0)) == []


def test_every_hold_has_words_and_every_figure_of_law_a_source() -> None:
    assert set(WORDS) == set(Hold)
    assert all(row.source for rows in load_law().values() for row in rows)
    assert law("overpayment_days", dt.date(2015, 1, 1)) is None


def test_a_credit_of_a_federal_payer_is_due_in_sixty_days() -> None:
    paid = "CLP*A1*1*100*80**MB*C1~SVC*HC:99213*100*80~CAS*CO*45*20~"
    twice = "CLP*A1*1*100*90**MB*C2~SVC*HC:99213*100*90~CAS*CO*45*10~"
    h = history(
        filed("A1", "20260105", "99213*100", filing="MB"),
        remitted("20260120", paid, amount="80"),
        remitted("20260201", twice, amount="90"),
    )
    (credit,) = credits_of(h, post_history(h))
    assert (credit.amount, credit.federal) == (Decimal(80), True)
    assert credit.since == dt.date(2026, 2, 1)
    assert credit.due == dt.date(2026, 4, 2)
    assert credit.days_left(dt.date(2026, 4, 3)) == -1
