"""Posting, from hand-written X12."""

from decimal import Decimal

import pytest

from models.revenue.entries import Account, Kind
from tests.models.history.x12_text import filed, remitted
from tests.models.revenue.ledgers import dollars, entries, paid, posted, services, totals

OFFICE = ("99213*100", "85025*40")
PAID = (
    "CLP*A1*1*140*90**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"
    "SVC*HC:85025*40*30~CAS*CO*45*10~"
)
DENIED = (
    "CLP*A1*1*140*60**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"
    "SVC*HC:85025*40*0~CAS*CO*197*40~"
)


def claim(day: str = "20260105", **how: str) -> str:
    return filed("A1", day, *OFFICE, **how)  # type: ignore[arg-type]


def answer(segments: str, day: str = "20260119", amount: str = "", **how: str) -> str:
    return remitted(day, segments, amount=amount or paid(segments), **how)  # type: ignore[arg-type]


def test_a_charge_is_with_the_payer_until_it_answers() -> None:
    ledger = posted(claim())
    assert totals(ledger) == {Account.INSURANCE: 140, Account.CHARGES: -140}
    first, second = services(ledger)
    assert (first.insurance, second.insurance) == dollars(100, 40)
    assert first.open[0].owner == "60054"
    assert str(first.open[0].since) == "2026-01-05"


def test_an_answer_is_posted_line_by_line() -> None:
    ledger = posted(claim(), answer(PAID))
    assert totals(ledger) == {
        Account.CHARGES: -140,
        Account.CONTRACTUAL: 30,
        Account.PATIENT: 20,
        Account.BANK: 90,
    }
    first, second = services(ledger)
    assert (first.paid_primary, first.contractual, first.patient) == dollars(60, 20, 20)
    assert (second.paid_primary, second.contractual, second.balance) == dollars(30, 10, 0)
    assert not ledger.held


def test_every_entry_names_the_file_and_segment_that_it_rests_on() -> None:
    ledger = posted(claim(), answer(PAID))
    for x in entries(ledger):
        assert x.source.segment_number > 0
        assert x.source.file == ("file0.edi" if x.kind is Kind.CHARGE else "file1.edi")
        assert x.amount > 0
    contractual = next(x for x in entries(ledger) if x.kind is Kind.CONTRACTUAL)
    assert (contractual.reason, contractual.control) == ("CO-45", "CN1")


def test_the_same_payment_in_two_files_is_posted_once() -> None:
    once, twice = posted(claim(), answer(PAID)), posted(claim(), answer(PAID), answer(PAID))
    assert once.balances() == twice.balances()
    assert len(entries(once)) == len(entries(twice))


def test_a_denied_line_waits_as_denied_and_goes_back_to_the_payer_when_it_is_sent_again() -> None:
    ledger = posted(claim(), answer(DENIED))
    assert totals(ledger)[Account.DENIED] == 40
    again = posted(
        claim(),
        answer(DENIED),
        filed("A1", "20260201", *OFFICE, frequency="7", claim_segments="REF*F8*CN1~"),
    )
    assert Account.DENIED not in totals(again)
    assert totals(again)[Account.INSURANCE] == 40
    assert any(x.kind is Kind.REBILLED and x.amount == 40 for x in entries(again))


def test_a_reversal_and_its_correction_net_out() -> None:
    reversal = (
        "CLP*A1*22*-140*-60**12*CN1~SVC*HC:99213*-100*-60~CAS*CO*45*-20~CAS*PR*3*-20~"
        "SVC*HC:85025*-40*0~CAS*CO*197*-40~"
    )
    corrected = PAID.replace("CN1", "CN2")
    ledger = posted(claim(), answer(DENIED), answer(reversal + corrected, "20260301"))
    assert {k: v for k, v in totals(ledger).items() if k is not Account.BANK} == {
        Account.CHARGES: -140,
        Account.CONTRACTUAL: 30,
        Account.PATIENT: 20,
    }
    first, second = services(ledger)
    assert (first.paid_primary, first.taken_back, second.paid_primary) == dollars(60, 60, 30)
    assert totals(ledger)[Account.BANK] == 90


def test_a_reversal_alone_puts_the_claim_back_to_the_payer() -> None:
    reversal = PAID.replace("*1*140*90", "*22*-140*-90")
    for amount in ("100*60", "40*30", "45*20", "3*20", "45*10"):
        a, _, b = amount.partition("*")
        signs = f"-{a}*-{b}" if a not in ("45", "3") else f"{a}*-{b}"
        reversal = reversal.replace(f"*{amount}~", f"*{signs}~")
    plb = "PLB*1999996666*20261231*FB:CN1*-90~"
    ledger = posted(claim(), answer(PAID), answer(reversal + plb, "20260301", amount="0"))
    assert totals(ledger) == {
        Account.CHARGES: -140,
        Account.INSURANCE: 140,
        Account.BANK: 90,
        Account.PAYER_BALANCE: -90,
    }
    assert sum(x.taken_back for x in services(ledger)) == 90


def test_what_a_payer_carried_forward_is_settled_when_it_holds_back() -> None:
    forward = "PLB*1999996666*20261231*FB:B1*-25~"
    ledger = posted(answer(forward, amount="25"), answer("PLB*1999996666*20261231*WO:B1*25~"
                    + "CLP*X9*1*50*50**12*CN9~", "20260201", amount="25"))  # fmt: skip
    assert Account.PAYER_BALANCE not in totals(ledger)
    assert totals(ledger) == {Account.BANK: 50, Account.SUSPENSE: -50}


def test_interest_is_posted_apart_from_the_claim() -> None:
    ledger = posted(claim(), answer(PAID + "PLB*1999996666*20261231*L6:CN1*-3.17~"))
    assert totals(ledger)[Account.INTEREST] == Decimal("-3.17")
    assert totals(ledger)[Account.BANK] == Decimal("93.17")
    assert services(ledger)[0].paid_primary == 60


def test_the_share_that_a_next_payer_is_named_for_does_not_go_to_the_patient() -> None:
    named = (
        "SBR*S*18*******MC~OI***Y***Y~NM1*IL*1*DOE*JAN****MI*S9~"
        "NM1*PR*2*STATE MEDICAID*****PI*77001~"
    )
    ledger = posted(claim(other_payer=named), answer(PAID))
    (patient,) = services(ledger)[0].open
    assert (patient.account, patient.owner, patient.amount) == (
        Account.INSURANCE,
        "77001",
        Decimal(20),
    )
    second = (
        "CLP*A1*2*140*5**MC*SN1~SVC*HC:99213*100*5~CAS*OA*23*80~CAS*CO*45*15~"
        "SVC*HC:85025*40*0~CAS*OA*23*40~"
    )
    done = posted(
        claim(other_payer=named),
        answer(PAID),
        answer(second, "20260210", payer="STATE MEDICAID", originator="1990000000"),
    )
    first, _ = services(done)
    assert (first.paid_later, first.contractual, first.balance) == dollars(5, 35, 0)
    assert not done.held


def test_an_answer_of_a_payer_that_was_not_billed_belongs_to_the_claim_that_crossed_over() -> None:
    crossed = PAID.replace("*1*140", "*19*140")
    second = (
        "CLP*A1*2*140*20**CI*SN1~SVC*HC:99213*100*20~CAS*OA*23*80~SVC*HC:85025*40*0~CAS*OA*23*40~"
    )
    ledger = posted(
        claim(filing="MB"),
        answer(crossed),
        answer(second, "20260210", payer="GAP PLAN", originator="1990000000"),
    )
    first, _ = services(ledger)
    assert (first.paid_primary, first.paid_later, first.patient) == dollars(60, 20, 0)
    assert not ledger.held


def test_a_claim_that_does_not_balance_is_held_and_the_others_are_posted() -> None:
    wrong = PAID.replace("CAS*CO*45*20~", "CAS*CO*45*19~")
    other = "CLP*B2*1*50*50**12*CN2~SVC*HC:99212*50*50~"
    ledger = posted(
        claim(), filed("B2", "20260105", "99212*50"), answer(wrong + other, amount="140")
    )
    (held,) = ledger.held
    assert (held.reason, held.claim_id, held.amount) == ("balance.line", "A1", Decimal(90))
    assert held.releasable
    assert held.source.segment_number > 0
    assert "1.00" in held.words
    assert totals(ledger)[Account.SUSPENSE] == -90
    assert totals(ledger)[Account.INSURANCE] == 140
    assert [x.paid_primary for x in services(ledger)] == [*dollars(0, 0, 50)]

    released = posted(
        claim(), filed("B2", "20260105", "99212*50"), answer(wrong + other, amount="140"),
        released=frozenset((held.key,)),
    )  # fmt: skip
    assert [x.released for x in released.held] == [True]
    assert Account.SUSPENSE not in totals(released)
    first = services(released)[0]  # nobody explains the last dollar
    assert (first.paid_primary, first.insurance) == dollars(60, 1)


def test_a_payment_that_differs_from_its_claims_is_held_whole() -> None:
    ledger = posted(claim(), answer(PAID, amount="95"))
    (held,) = ledger.held
    assert (held.reason, held.key, held.amount) == ("balance.payment", held.deposit, Decimal(95))
    assert totals(ledger) == {
        Account.INSURANCE: 140, Account.CHARGES: -140, Account.BANK: 95, Account.SUSPENSE: -95,
    }  # fmt: skip
    released = posted(claim(), answer(PAID, amount="95"), released=frozenset((held.key,)))
    assert totals(released)[Account.UNRECONCILED] == -5
    assert sum(x.paid_primary for x in services(released)) == 90


def test_a_released_claim_that_was_paid_beyond_its_lines_leaves_no_cent_between() -> None:
    wrong = PAID.replace("CLP*A1*1*140*90*", "CLP*A1*1*140*92*")
    (held,) = posted(claim(), answer(wrong, amount="92")).held
    assert held.releasable
    released = posted(claim(), answer(wrong, amount="92"), released=frozenset((held.key,)))
    assert totals(released)[Account.BANK] == 92
    assert totals(released)[Account.UNRECONCILED] == -2
    assert Account.CLEARING not in totals(released)
    assert sum(x.paid_primary for x in services(released)) == 90


def test_money_for_a_claim_that_is_not_ours_waits_until_the_claim_is_loaded() -> None:
    ledger = posted(answer(PAID))
    (held,) = ledger.held
    assert held.reason == "unmatched.no_such_account"
    assert not held.releasable
    assert totals(ledger) == {Account.BANK: 90, Account.SUSPENSE: -90}
    assert not posted(answer(PAID), claim()).held


def test_a_denial_as_a_duplicate_takes_nothing_from_what_was_paid() -> None:
    duplicate = (
        "CLP*A1*4*140*0**12*CN7~SVC*HC:99213*100*0~CAS*OA*18*100~SVC*HC:85025*40*0~CAS*OA*18*40~"
    )
    ledger = posted(claim(), answer(PAID), claim("20260201"), answer(duplicate, "20260215"))
    assert [x.paid_primary for x in services(ledger)] == [*dollars(60, 30)]
    assert [x.denied for x in services(ledger)] == [*dollars(0, 0)]
    assert totals(ledger)[Account.CHARGES] == -140


def test_claim_level_denials_go_to_the_lines_by_their_charges() -> None:
    ledger = posted(claim(), answer("CLP*A1*4*140*0**12*CN1~CAS*CO*29*140~"))
    assert [x.denied for x in services(ledger)] == [*dollars(100, 40)]


def test_a_replacement_that_bills_less_corrects_the_charge_and_a_void_ends_it() -> None:
    changed = filed(
        "A1", "20260201", "99213*80", "85025*40", frequency="7", claim_segments="REF*F8*CN1~"
    )
    ledger = posted(claim(), answer(DENIED), changed)
    assert totals(ledger)[Account.CHARGES] == -120
    void = filed("A1", "20260201", *OFFICE, frequency="8", claim_segments="REF*F8*CN1~")
    gone = posted(claim(), answer("CLP*A1*4*140*0**12*CN1~CAS*CO*29*140~"), void)
    assert Account.CHARGES not in totals(gone)
    assert sum(x.balance for x in services(gone)) == 0


def test_rebilling_another_payer_moves_what_is_open() -> None:
    other = claim("20260201", payer="NM1*PR*2*OTHER PLAN*****PI*77002~")
    ledger = posted(claim(), answer("CLP*A1*4*140*0**12*CN1~CAS*CO*27*140~"), other)
    assert {x.owner for b in services(ledger) for x in b.open} == {"77002"}


def test_no_answer_yet_says_nothing() -> None:
    forwarded = "CLP*A1*23*140*0**12*CN1~CAS*OA*109*140~"
    ledger = posted(claim(), answer(forwarded))
    assert totals(ledger)[Account.INSURANCE] == 140
    assert not ledger.held


@pytest.mark.parametrize("amount", ["1e9", "NaN"])
def test_absurd_amounts_do_not_break_the_ledger(amount: str) -> None:
    posted(claim(), answer(PAID, amount=amount))
