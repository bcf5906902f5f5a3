"""Which submission a remittance answers, from hand-written X12."""

import datetime as dt

import pytest

from models.history import Outcome
from tests.models.history.x12_text import filed, history, only, remitted

SVC = "SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
DENIED = "SVC*HC:99213*100*0~DTM*472*20260102~CAS*CO*50*100~"
LONG = "PRACTICE1234567890ABCDEF"


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("000123456", "123456"),
        ("A-000123", "A123"),
        ("ab12345", "AB12345"),
        (LONG, LONG[:20]),
        ("AB1234", "AB123401"),
        ("AB1234X2", "AB1234"),
        ("FP-AB1234", "AB1234"),
    ],
)
def test_changed_account_numbers_match_with_date_and_charge(sent: str, returned: str) -> None:
    h = history(
        filed(sent, "20260105", "99213*100"),
        remitted("20260119", f"CLP*{returned}*1*100*60**12*CN1~{SVC}"),
    )
    assert h.report.matched == {"account_normalised": 1}
    assert h.submissions[0].denied is False


def test_changed_account_numbers_need_date_and_charge() -> None:
    h = history(
        filed("000123456", "20260105", "99213*100", charge="100"),
        remitted("20260119", f"CLP*123456*1*110*60**12*CN1~{SVC.replace('100', '110')}"),
    )
    assert h.report.matched == {}
    assert h.report.unmatched == {"other_date_and_charge": 1}


@pytest.mark.parametrize(
    ("on_claim", "on_remittance", "key"),
    [
        ("REF*D9*CH77~", "REF*D9*CH77~", "clearinghouse_number"),
        ("REF*EA*MR55~", "REF*EA*MR55~", "record_number"),
    ],
)
def test_references_match_where_the_account_number_is_lost(
    on_claim: str, on_remittance: str, key: str
) -> None:
    h = history(
        filed("A1", "20260105", "99213*100", claim_segments=on_claim),
        remitted("20260119", f"CLP*UNKNOWN*1*100*60**12*CN1~{on_remittance}{SVC}"),
    )
    assert h.report.matched == {key: 1}


def test_the_payers_control_number_matches_a_later_word_on_the_claim() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", f"CLP*A1*1*100*0**12*CN1~{DENIED}"),
        remitted("20260301", f"CLP*XX*1*100*60**12*CN1~{SVC}"),
    )
    assert h.report.matched == {"account": 1, "payer_control_number": 1}
    assert h.submissions[0].overturned


def test_a_reused_account_number_is_no_chain_and_takes_no_answer_of_the_other() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed("A1", "20260305", "99214*150", served="20260302"),
        remitted("20260119", f"CLP*A1*1*100*0**12*CN1~{DENIED}"),
        remitted(
            "20260319",
            "CLP*A1*1*150*90**12*CN2~SVC*HC:99214*150*90~DTM*472*20260302~CAS*CO*45*60~",
        ),
    )
    assert [s.denied for s in h.submissions] == [True, False]
    assert [s.position for s in h.submissions] == [0, 0]
    assert h.report.chains == 2


def test_an_answer_of_another_date_and_charge_stays_unmatched() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted(
            "20260119", "CLP*A1*1*150*90**12*CN2~SVC*HC:99214*150*90~DTM*472*20251202~CAS*CO*45*60~"
        ),
    )
    assert h.report.unmatched == {"other_date_and_charge": 1}
    assert h.submissions[0].outcome is Outcome.UNANSWERED


def test_an_answer_before_the_submission_is_not_its_answer() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260104", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
    )
    assert h.report.unmatched == {"before_submission": 1}


def test_a_remittance_without_its_claim_is_counted() -> None:
    h = history(remitted("20260104", f"CLP*A1*1*100*60**12*CN1~{SVC}"))
    assert h.submissions == []
    assert h.report.unmatched == {"no_such_account": 1}
    assert h.unmatched[0].reason == "no_such_account"


def test_a_crossover_remittance_is_a_unit_of_its_own() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted(
            "20260119",
            "CLP*A1*19*100*48*12*MB*CN1~SVC*HC:99213*100*48~DTM*472*20260102~CAS*CO*45*40~"
            "CAS*PR*2*12~",
        ),
        remitted(
            "20260125",
            "CLP*A1*2*100*0**ZZ*XO9~SVC*HC:99213*100*0~DTM*472*20260102~CAS*OA*23*88~"
            "CAS*PR*204*12~",
            payer="MEDIGAP PLUS",
            originator="1999999999",
        ),
    )
    (s,) = h.submissions
    assert s.denied is False
    assert len(s.adjudications) == 1
    assert h.report.unmatched == {"other_responsibility": 1}


def test_a_crossover_denial_without_a_responsibility_is_known_by_the_claims_other_payer() -> None:
    other = (
        "SBR*S*18*******ZZ~OI***Y***Y~NM1*IL*1*DOE*JAN****MI*W9~NM1*PR*2*MEDIGAP PLUS*****PI*88888~"
    )
    h = history(
        filed("A1", "20260105", "99213*100", other_payer=other),
        remitted("20260119", f"CLP*A1*1*100*60**MB*CN1~{SVC}"),
        remitted(
            "20260125", f"CLP*A1*4*100*0**ZZ*XO9~{DENIED}", payer="MEDIGAP PLUS", originator="19"
        ),
    )
    (s,) = h.submissions
    assert len(s.adjudications) == 1
    assert h.report.unmatched == {"other_responsibility": 1}


def test_a_secondary_claim_takes_the_secondary_answer() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed(
            "A1",
            "20260122",
            "99213*100",
            role="S",
            payer="NM1*PR*2*MEDIGAP PLUS*****PI*88888~",
            number=2,
        ),
        remitted(
            "20260119",
            "CLP*A1*1*100*48*12*MB*CN1~SVC*HC:99213*100*48~DTM*472*20260102~CAS*CO*45*40~"
            "CAS*PR*2*12~",
        ),
        remitted(
            "20260205",
            "CLP*A1*2*100*0**ZZ*XO9~SVC*HC:99213*100*0~DTM*472*20260102~CAS*OA*23*88~"
            "CAS*PR*204*12~",
            payer="MEDIGAP PLUS",
            originator="1999999999",
        ),
    )
    primary, secondary = h.submissions
    assert primary.denied is False
    assert secondary.denied is True
    assert primary.chain != secondary.chain
    assert (primary.payer, secondary.payer) == ("60054", "88888")


def test_a_forwarded_claim_is_not_adjudicated() -> None:
    s = only(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", f"CLP*A1*23*100*0**12*CN1~{DENIED}"),
    )
    assert s.outcome is Outcome.UNANSWERED
    assert s.forwarded == dt.date(2026, 1, 19)


def test_a_predetermination_is_left_out() -> None:
    s = only(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", "CLP*A1*25*100*0**12*CN1~SVC*HC:99213*100*0~CAS*OA*101*100~"),
        remitted("20260219", f"CLP*A1*1*100*60**12*CN2~{SVC}"),
    )
    assert s.predetermined
    assert s.first is not None
    assert s.first.answered == dt.date(2026, 2, 19)


def test_payments_split_over_two_remittances_are_one_adjudication() -> None:
    s = only(
        filed("A1", "20260105", "99213*100", "85025*40"),
        remitted("20260119", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
        remitted(
            "20260126", "CLP*A1*1*40*0**12*CN2~SVC*HC:85025*40*0~DTM*472*20260102~CAS*CO*97*40~"
        ),
    )
    assert len(s.adjudications) == 1
    assert s.first is not None
    assert [x.denied for x in s.first.lines] == [False, True]
    assert (s.first.began, s.first.answered) == (dt.date(2026, 1, 19), dt.date(2026, 1, 26))
    assert len(s.first.remittances) == 2


def test_answers_are_ordered_by_production_date_and_not_by_arrival() -> None:
    late = remitted("20260301", f"CLP*A1*1*100*60**12*CN1~{SVC}", produced="20260301")
    early = remitted("20260304", f"CLP*A1*4*100*0**12*CN1~{DENIED}", produced="20260120")
    s = only(filed("A1", "20260105", "99213*100"), late, early)
    assert s.denied
    assert s.overturned


def test_a_reversal_with_correction_leaves_the_first_adjudication_the_label() -> None:
    s = only(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", f"CLP*A1*4*100*0**12*CN1~{DENIED}"),
        remitted(
            "20260301",
            "CLP*A1*22*-100*0**12*CN1~SVC*HC:99213*-100*0~DTM*472*20260102~CAS*CR*50*-100~"
            f"CLP*A1*1*100*60**12*CN2~{SVC}",
        ),
    )
    assert s.first is not None
    assert s.denied
    assert s.first.cancelled == dt.date(2026, 3, 1)
    assert s.reversed == dt.date(2026, 3, 1)
    assert s.overturned
    assert s.last is not None
    assert s.last.paid == 60


def test_a_paid_claim_reversed_and_denied_later_was_not_denied_at_first() -> None:
    s = only(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
        remitted(
            "20260301",
            "CLP*A1*22*-100*-60**12*CN1~SVC*HC:99213*-100*-60~DTM*472*20260102~CAS*CO*45*-40~"
            f"CLP*A1*4*100*0**12*CN2~{DENIED}",
        ),
    )
    assert s.denied is False
    assert s.last is not None
    assert s.last.denied


def test_a_reversal_alone_is_never_first() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted(
            "20260119",
            "CLP*A1*22*-100*-60**12*CN1~SVC*HC:99213*-100*-60~DTM*472*20260102~CAS*CO*45*-40~",
        ),
    )
    assert h.submissions[0].outcome is Outcome.UNANSWERED
    assert h.report.unmatched == {"reversal_without_payment": 1}


def test_a_replacement_takes_the_answer_that_follows_it() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed("A1", "20260125", "99213*100", frequency="7", claim_segments="REF*F8*CN1~", number=2),
        remitted("20260119", f"CLP*A1*4*100*0**12*CN1~{DENIED}"),
        remitted("20260208", f"CLP*A1*1*100*60**12*CN2~{SVC}"),
    )
    assert [s.denied for s in h.submissions] == [True, False]
    assert [s.position for s in h.submissions] == [0, 1]
    assert h.report.resubmissions == 1


def test_two_filings_under_way_are_answered_one_by_one() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed("A1", "20260112", "99213*100", number=2),
        remitted("20260119", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
        remitted("20260126", f"CLP*A1*4*100*0**12*CN2~{DENIED.replace('50*', '18*')}"),
    )
    assert [s.denied for s in h.submissions] == [False, True]


def test_a_lost_filing_stays_unanswered() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed("A1", "20260305", "99213*100", number=2),
        remitted("20260319", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
    )
    assert [s.outcome for s in h.submissions] == [Outcome.UNANSWERED, Outcome.NOT_DENIED]


def test_another_practices_account_number_is_not_ours() -> None:
    h = history(
        filed("A1", "20260105", "99213*100", npi="1444455555"),
        filed("A1", "20260105", "99213*100", npi="1999996666", number=2),
        remitted("20260119", f"CLP*A1*4*100*0**12*CN1~{DENIED}"),
    )
    assert {s.claim.billing.npi: s.denied for s in h.submissions} == {
        "1444455555": None,
        "1999996666": True,
    }


def test_a_late_second_part_goes_to_the_submission_that_the_first_part_answered() -> None:
    h = history(
        filed("A1", "20260105", "99213*100", "85025*40"),
        remitted("20260119", "CLP*A1*1*100*0**12*CN1~SVC*HC:99213*100*0~CAS*CO*16*100~"),
        filed(
            "A1",
            "20260122",
            "99213*100",
            "85025*40",
            frequency="7",
            claim_segments="REF*F8*CN1~",
            number=2,
        ),
        remitted("20260126", "CLP*A1*1*40*30**12*CN2~SVC*HC:85025*40*30~CAS*CO*45*10~"),
        remitted("20260205", "CLP*A1*4*140*0**12*CN3~CAS*CO*18*140~"),
    )
    first, second = h.submissions
    assert len(first.adjudications) == len(second.adjudications) == 1
    assert first.first is not None
    assert [x.denied for x in first.first.lines] == [True, False]
    assert second.denied
