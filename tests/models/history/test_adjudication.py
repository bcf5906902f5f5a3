"""The denial label, from hand-written X12 (BILLING.md, "Denied, paid, reduced")."""

from decimal import Decimal

import pytest

from models.history import HistoryOptions, Outcome
from tests.models.history.x12_text import LATER, filed, history, only, remitted

OFFICE = ("99213*100", "85025*40")


def claim(*lines: str, **how: str) -> str:
    return filed("A1", "20260105", *(lines or OFFICE), **how)  # type: ignore[arg-type]


def answer(segments: str, **how: str) -> str:
    return remitted("20260119", segments, **how)  # type: ignore[arg-type]


def test_a_line_paid_zero_for_a_denial_reason_denies_the_claim() -> None:
    s = only(
        claim(),
        answer(
            "CLP*A1*1*140*60**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*40~"
            "SVC*HC:85025*40*0~CAS*CO*97*40~LQ*HE*M15~"
        ),
    )
    assert s.first is not None
    assert s.outcome is Outcome.DENIED
    assert [x.denied for x in s.first.lines] == [False, True]
    assert s.first.category == "coding_bundling"
    assert s.first.denial_carcs == ("97",)
    assert s.first.lines[1].rarcs == ("M15",)
    assert s.first.lines[0].allowed == 60


@pytest.mark.parametrize(
    ("status", "cas", "words"),
    [
        ("1", "CAS*PR*1*100~", "patient_share"),
        ("1", "CAS*CO*45*20~CAS*PR*1*80~", "patient_share"),
        ("4", "CAS*PR*1*100~", "patient_share"),
        ("1", "CAS*CO*24*100~", "prepaid"),
        ("2", "CAS*OA*23*100~", "prior_payer"),
        ("1", "CAS*CO*45*100~", "contractual"),
        ("1", "CAS*OA*209*100~", "share_not_billable"),
        ("1", "CAS*PR*2*100~LQ*HE*N782~", "share_not_billable"),
        ("1", "CAS*CO*246*100~", "informational"),
    ],
)
def test_zero_payments_that_are_no_denials(status: str, cas: str, words: str) -> None:
    role = "S" if status == "2" else "P"
    s = only(
        claim("99213*100", role=role),
        answer(f"CLP*A1*{status}*100*0**12*CN1~SVC*HC:99213*100*0~{cas}"),
    )
    assert s.outcome is Outcome.NOT_DENIED
    assert s.first is not None
    assert s.first.lines[0].adjustment_class == words


@pytest.mark.parametrize("status", ["1", "2", "3", "4"])
@pytest.mark.parametrize("cas", ["CAS*CO*50*100~", "CAS*PR*204*100~", "CAS*OA*109*100~"])
def test_a_denial_is_one_in_any_group_and_under_any_claim_status(status: str, cas: str) -> None:
    role = {"2": "S", "3": "T"}.get(status, "P")
    s = only(
        claim("99213*100", role=role),
        answer(f"CLP*A1*{status}*100*0*100*12*CN1~SVC*HC:99213*100*0~{cas}"),
    )
    assert s.outcome is Outcome.DENIED


@pytest.mark.parametrize(("filing", "denied"), [("HM", False), ("16", False), ("MB", True)])
def test_carc_24_is_prepaid_from_a_plan_and_a_denial_from_medicare(
    filing: str, denied: bool
) -> None:
    s = only(
        claim("99213*100"),
        answer(f"CLP*A1*1*100*0**{filing}*CN1~SVC*HC:99213*100*0~CAS*CO*24*100~"),
    )
    assert s.denied is denied
    assert s.first is not None
    assert s.first.category == ("eligibility" if denied else None)


def test_the_claims_filing_indicator_stands_in_for_an_absent_one() -> None:
    s = only(
        claim("99213*100", filing="MB"),
        answer("CLP*A1*1*100*0***CN1~SVC*HC:99213*100*0~CAS*CO*24*100~"),
    )
    assert s.denied


def test_a_quality_code_at_no_charge_is_informational() -> None:
    s = only(
        claim("99213*100", "3074F*0"),
        answer(
            "CLP*A1*1*100*60**MB*CN1~SVC*HC:99213*100*60~CAS*CO*45*40~"
            "SVC*HC:3074F*0*0~CAS*CO*96*0.01**97*-0.01~LQ*HE*N620~"
        ),
    )
    assert s.outcome is Outcome.NOT_DENIED
    assert s.first is not None
    assert s.first.lines[1].adjustment_class == "informational"


def test_a_penny_line_is_not_billed() -> None:
    s = only(
        claim("99213*100", "G8427*0.01"),
        answer(
            "CLP*A1*1*100.01*60**MB*CN1~SVC*HC:99213*100*60~CAS*CO*45*40~"
            "SVC*HC:G8427*0.01*0~CAS*CO*96*0.01~"
        ),
    )
    assert s.denied is False


def test_a_cut_on_a_paid_line_is_reduced_and_not_denied() -> None:
    s = only(
        claim("99213*100"),
        answer("CLP*A1*1*100*30**12*CN1~SVC*HC:99213*100*30~CAS*CO*45*40**151*30~"),
    )
    assert s.denied is False
    assert s.first is not None
    assert s.first.reduced
    assert s.first.lines[0].denial_carcs == ("151",)


def test_multiple_procedure_rules_reduce_a_paid_line_contractually() -> None:
    paid, zero = (
        only(
            claim("99213*100"),
            answer(f"CLP*A1*1*100*{p}**12*CN1~SVC*HC:99213*100*{p}~CAS*CO*59*{100 - p}~"),
        )
        for p in (50, 0)
    )
    assert paid.first is not None
    assert not paid.first.reduced
    assert zero.denied


def test_claim_level_adjustments_alone_decide_for_every_line() -> None:
    s = only(claim(), answer("CLP*A1*4*140*0**12*CN1~CAS*CO*29*140~MOA***MA130~"))
    assert s.first is not None
    assert [(x.denied, x.shared, x.category) for x in s.first.lines] == [
        (True, True, "timely_filing"),
        (True, True, "timely_filing"),
    ]
    assert s.first.lines[0].rarcs == ("MA130",)


def test_a_claim_paid_without_lines_shares_its_payment_out_by_charge() -> None:
    s = only(claim(), answer("CLP*A1*1*140*70*14*12*CN1~CAS*CO*45*56~CAS*PR*2*14~"))
    assert s.first is not None
    assert s.denied is False
    assert [x.paid for x in s.first.lines] == [Decimal(50), Decimal(20)]
    assert [x.allowed for x in s.first.lines] == [Decimal(60), Decimal(24)]


def test_claim_level_adjustments_explain_lines_that_have_none_of_their_own() -> None:
    s = only(
        claim(),
        answer("CLP*A1*4*140*0**12*CN1~CAS*PR*27*140~SVC*HC:99213*100*0~SVC*HC:85025*40*0~"),
    )
    assert s.first is not None
    assert [x.category for x in s.first.lines] == ["eligibility", "eligibility"]


def test_a_zero_payment_without_a_reason_is_no_denial_and_is_counted() -> None:
    h = history(claim("99213*100"), answer("CLP*A1*4*100*0**12*CN1~SVC*HC:99213*100*0~"))
    assert h.submissions[0].denied is False
    assert h.report.zero_paid_without_reason == 1
    assert h.report.unbalanced == {"balance.claim": 1, "balance.line": 1}


def test_an_unknown_carc_counts_as_denial_and_is_reported() -> None:
    h = history(
        claim("99213*100"), answer("CLP*A1*1*100*0**12*CN1~SVC*HC:99213*100*0~CAS*CO*987*100~")
    )
    assert h.submissions[0].denied
    assert h.report.unknown_carcs == {"987": 1}
    assert h.report.denied_by_category == {"other": 1}


def test_rebundled_lines_were_paid_under_another_line() -> None:
    s = only(
        claim("80048*30", "84443*50"),
        answer(
            "CLP*A1*1*80*60**12*CN1~"
            "SVC*HC:80050*30*60**1*HC:80048~CAS*CO*94*-50**45*20~"
            "SVC*HC:80050*50*0**1*HC:84443~CAS*CO*97*50~"
        ),
    )
    assert s.denied is False
    assert s.first is not None
    assert [x.paid for x in s.first.lines] == [Decimal(60), Decimal(0)]
    assert s.first.lines[1].adjustment_class == "contractual"


def test_a_bundled_line_whose_code_stands_is_denied() -> None:
    s = only(
        claim("80048*30", "84443*50"),
        answer(
            "CLP*A1*1*80*20**12*CN1~SVC*HC:80048*30*20~CAS*CO*45*10~"
            "SVC*HC:84443*50*0**1*HC:84443~CAS*CO*97*50~"
        ),
    )
    assert s.denied


def test_a_split_line_is_paid_when_one_part_is() -> None:
    s = only(
        claim("97110*120"),
        answer(
            "CLP*A1*1*120*50**12*CN1~SVC*HC:97110*60*50**1**3~CAS*CO*45*10~"
            "SVC*HC:97110*60*0**2**3~CAS*CO*119*60~"
        ),
    )
    assert s.first is not None
    assert s.denied is False
    assert s.first.reduced
    assert s.first.lines[0].paid == 50


def test_the_allowed_amount_is_what_the_payer_states() -> None:
    s = only(
        claim("99213*100"),
        answer("CLP*A1*1*100*48**MB*CN1~SVC*HC:99213*100*48~CAS*CO*45*40~CAS*PR*2*12~AMT*B6*61~"),
    )
    assert s.first is not None
    assert s.first.allowed == 61


def test_the_category_of_a_claim_is_that_of_its_largest_denied_charge() -> None:
    s = only(
        claim(),
        answer(
            "CLP*A1*4*140*0**12*CN1~SVC*HC:85025*40*0~CAS*CO*18*40~"
            "SVC*HC:99213*100*0~CAS*CO*16*100~LQ*HE*N286~"
        ),
    )
    assert s.first is not None
    assert s.first.category == "missing_information"
    assert [x.category for x in s.first.lines] == ["missing_information", "duplicate"]


def test_overrides_of_classes_and_categories_change_the_label(tmp_path) -> None:
    classes = tmp_path / "classes.csv"
    classes.write_text("carc,payer,class\n197,60054,contractual\n")
    categories = tmp_path / "categories.csv"
    categories.write_text("carc,category\n50,noncovered\n")
    h = history(
        claim(),
        answer(
            "CLP*A1*4*140*0**12*CN1~SVC*HC:99213*100*0~CAS*CO*197*100~"
            "SVC*HC:85025*40*0~CAS*CO*50*40~"
        ),
        options=HistoryOptions(classes=classes, categories=categories, as_of=LATER),
    )
    first = h.submissions[0].first
    assert first is not None
    assert [x.denied for x in first.lines] == [False, True]
    assert first.category == "noncovered"


def test_lines_are_matched_by_control_number_before_code() -> None:
    lines = (
        "SV1*HC:97110*60*UN*1***1~DTP*472*D8*20260102~REF*6R*L1~",
        "SV1*HC:97110*60*UN*1***1~DTP*472*D8*20260102~REF*6R*L2~",
    )
    s = only(
        claim(*lines),
        answer(
            "CLP*A1*1*120*50**12*CN1~SVC*HC:97110*60*50~CAS*CO*45*10~REF*6R*L2~"
            "SVC*HC:97110*60*0~CAS*CO*151*60~REF*6R*L1~"
        ),
    )
    assert s.first is not None
    assert [x.denied for x in s.first.lines] == [True, False]


def test_lines_of_one_code_are_told_apart_by_modifier_date_and_charge() -> None:
    lines = (
        "SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260102~",
        "SV1*HC:99213:25*100*UN*1***1~DTP*472*D8*20260102~",
        "SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260103~",
    )
    s = only(
        claim(*lines),
        answer(
            "CLP*A1*1*300*120**12*CN1~"
            "SVC*HC:99213*100*0~DTM*472*20260103~CAS*CO*18*100~"
            "SVC*HC:99213:25*100*60~DTM*472*20260102~CAS*CO*45*40~"
            "SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
        ),
    )
    assert s.first is not None
    assert [x.denied for x in s.first.lines] == [False, False, True]


def test_a_code_changed_without_a_word_is_still_the_only_line() -> None:
    s = only(
        claim("99214*150"),
        answer("CLP*A1*1*150*70**12*CN1~SVC*HC:99213*150*70~CAS*CO*45*80~"),
    )
    assert s.first is not None
    assert s.first.lines[0].paid == 70
