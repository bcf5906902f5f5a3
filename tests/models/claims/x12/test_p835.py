import datetime as dt
from decimal import Decimal

from models.claims.common import Adjustment, Amount, DatedEvent, Reference
from models.claims.remittance import Payment
from models.errors import Problem
from tests.models.claims.x12.remittances import payment_of, read_835

CLP = "CLP*A1*1*100*60*20*12*ICN1*11*1"
QC = "NM1*QC*1*DOE*JANE****MI*W1"
SVC = "SVC*HC:99213:25*100*60**1"


def problems_of(*segments: str) -> list[str]:
    return [x.code for x in read_835(*segments) if isinstance(x, Problem)]


def test_header_says_who_paid_whom_how_and_when():
    payment = payment_of(read_835())
    assert payment.amount == 100
    assert (payment.date, payment.production_date) == (dt.date(2026, 3, 10), dt.date(2026, 3, 11))
    assert payment.answered == dt.date(2026, 3, 11)
    assert (payment.method, payment.trace, payment.originator) == ("CHK", "CHECK1", "1512345678")
    assert (payment.payer_name, payment.payer_id) == ("ACME HEALTH", "60054")
    assert payment.payer_address is not None
    assert payment.payer_address.city == "DAYTON"
    assert payment.payer_contacts[0].numbers == (("TE", "5550100000"),)
    assert (payment.payee_npi, payment.payee_tax_id) == ("1234567893", "311234567")
    assert payment.source.segment_number == 3


def test_claim_and_line_adjustments_stand_apart():
    payment = payment_of(
        read_835(
            CLP, "CAS*PI*131*5", QC, SVC, "DTM*472*20260302",
            "CAS*CO*45*10*1*253*1.50", "CAS*PR*1*20*", "CAS*CO*97*3.50**A1*-1",
        )
    )  # fmt: skip
    (claim,) = payment.remittances
    assert claim.adjustments == (Adjustment("PI", "131", Decimal(5)),)
    assert claim.lines[0].adjustments == (
        Adjustment("CO", "45", Decimal(10), Decimal(1)),
        Adjustment("CO", "253", Decimal("1.50")),
        Adjustment("PR", "1", Decimal(20)),
        Adjustment("CO", "97", Decimal("3.50")),
        Adjustment("CO", "A1", Decimal(-1)),
    )


def test_six_triplets_of_one_segment_are_read():
    cas = "CAS*CO" + "".join(f"*{n}*{n}*{n}" for n in range(1, 7))
    (claim,) = payment_of(read_835(CLP, QC, cas)).remittances
    assert [a.carc for a in claim.adjustments] == list("123456")
    assert sum(a.amount for a in claim.adjustments) == 21


def test_a_claim_without_service_lines_is_a_claim():
    (claim,) = payment_of(read_835(CLP, "CAS*CO*29*100", QC)).remittances
    assert claim.lines == ()
    assert claim.adjustments[0].carc == "29"


def test_absent_units_mean_one():
    (claim,) = payment_of(read_835(CLP, QC, "SVC*HC:99213*100*60")).remittances
    assert claim.lines[0].units == 1
    assert claim.lines[0].submitted_units is None


def test_rebundled_code_keeps_what_was_submitted():
    svc = "SVC*HC:80053*100*60**1*HC:82947:QW:59*2"
    (line,) = payment_of(read_835(CLP, QC, svc)).remittances[0].lines
    assert (line.code, line.submitted_code) == ("80053", "82947")
    assert line.submitted_modifiers == ("QW", "59")
    assert line.submitted_units == 2


def test_names_of_all_parties():
    (claim,) = payment_of(
        read_835(
            CLP, QC, "NM1*IL*1*DOE*JACK****MI*W0", "NM1*74*1*DOUGH*JANE****C*W2",
            "NM1*82*1*SMITH*ANN****XX*1003000126", "NM1*TT*2*SECOND PLAN*****PI*88888",
            "NM1*PR*2*FIRST PLAN*****PI*77777", "NM1*GB*1*DOE*JIM****MI*W3",
        )
    ).remittances  # fmt: skip
    assert (claim.patient_last_name, claim.member_id) == ("DOE", "W1")
    assert (claim.subscriber_first_name, claim.subscriber_member_id) == ("JACK", "W0")
    assert (claim.corrected_last_name, claim.corrected_member_id) == ("DOUGH", "W2")
    assert claim.rendering_npi == "1003000126"
    assert (claim.crossover_payer, claim.crossover_payer_id) == ("SECOND PLAN", "88888")
    assert (claim.corrected_payer, claim.corrected_payer_id) == ("FIRST PLAN", "77777")
    assert (claim.other_subscriber_last_name, claim.other_subscriber_id) == ("DOE", "W3")


def test_rendering_provider_without_npi_is_kept_as_sent():
    (claim,) = payment_of(read_835(CLP, QC, "NM1*82*2*GROUP*****BS*34426")).remittances
    assert claim.rendering_npi == ""
    assert claim.extra == ("NM1*82*2*GROUP*****BS*34426",)


def test_remark_codes_of_claim_and_line():
    (claim,) = payment_of(
        read_835(CLP, QC, "MOA***MA01*MA130", "MIA*0****N1***************N2*N3",
                 SVC, "LQ*HE*N130", "LQ*HE*M15", "LQ*RX*75")
    ).remittances  # fmt: skip
    assert claim.remark_codes == ("MA01", "MA130", "N1", "N2", "N3")
    assert claim.lines[0].remark_codes == ("N130", "M15")
    assert claim.lines[0].extra == ("LQ*RX*75",)
    assert claim.extra == ("MIA*0****N1***************N2*N3",)


def test_dates_references_amounts_and_quantities():
    (claim,) = payment_of(
        read_835(
            CLP, QC, "REF*EA*MRN1", "DTM*232*20260301", "DTM*050*20260305", "PER*CX**TE*1",
            "AMT*I*0.42", "QTY*CA*2", SVC, "DTM*150*20260301", "DTM*151*20260302", "REF*6R*L1",
            "REF*0K*L33787", "AMT*B6*80", "QTY*ZK*1",
        )
    ).remittances  # fmt: skip
    assert claim.references == (Reference("EA", "MRN1"),)
    assert claim.dates[1] == DatedEvent("050", dt.date(2026, 3, 5))
    assert claim.amounts == (Amount("I", Decimal("0.42")),)
    assert claim.quantities[0].quantity == 2
    assert claim.contacts[0].function == "CX"
    (line,) = claim.lines
    assert (line.service_date, line.service_date_end) == (
        dt.date(2026, 3, 1),
        dt.date(2026, 3, 2),
    )
    assert line.control_number == "L1"
    assert line.allowed == 80
    assert line.reference("0K") == "L33787"


def test_provider_adjustments_come_in_pairs():
    payment = payment_of(
        read_835("PLB*1234567893*20261231*WO:ICN1*50*L6*-1.27*CS:X*0.27", "PLB*2*20261231*72*3")
    )
    assert [(p.reason, p.reference, p.amount) for p in payment.provider_adjustments] == [
        ("WO", "ICN1", Decimal(50)),
        ("L6", "", Decimal("-1.27")),
        ("CS", "X", Decimal("0.27")),
        ("72", "", Decimal(3)),
    ]


def test_institutional_summaries_are_passed_over():
    items = read_835("TS3*1*11*20261231*1*1", "TS2*1", CLP, QC, "LX*2", "TS3*1*11*20261231*1*1",
                     CLP, QC)  # fmt: skip
    assert len(payment_of(items).remittances) == 2
    assert len(items) == 1


def test_unknown_segments_are_kept_where_they_stood():
    payment = payment_of(read_835(CLP, QC, "K3*CLAIM", SVC, "K3*LINE"))
    assert payment.remittances[0].extra == ("K3*CLAIM",)
    assert payment.remittances[0].lines[0].extra == ("K3*LINE",)


def test_a_sender_who_ignores_its_own_component_separator_is_understood():
    items = read_835(CLP, QC, "SVC*HC>99213>25*100*60", "SVC*HC>99214*100*60")
    assert [x.code for x in items if isinstance(x, Problem)] == ["835.component"]
    (claim,) = payment_of(items).remittances
    assert (claim.lines[0].code, claim.lines[0].modifiers) == ("99213", ("25",))


def test_claim_with_unreadable_amount_is_lost_with_its_lines_and_the_rest_kept():
    items = read_835(
        "CLP*A1*1*1O0*60", "CAS*CO*45*1", QC, SVC, "DTM*472*20260302",
        "CLP*A2*1*100*60", QC, SVC,
    )  # fmt: skip
    (problem,) = [x for x in items if isinstance(x, Problem)]
    assert (problem.code, problem.place.field) == ("835.claim", "CLP03")
    assert problem.place.segment_number == 14
    assert "1O0" not in str(problem)
    (claim,) = payment_of(items).remittances
    assert claim.claim_id == "A2"
    assert len(claim.lines) == 1


def test_line_with_unreadable_payment_is_lost_with_what_belongs_to_it():
    items = read_835(CLP, QC, SVC, "SVC*HC:36415*5*x", "CAS*CO*45*5", "DTM*472*20260302",
                     "SVC*HC:36416*5*5")  # fmt: skip
    (claim,) = payment_of(items).remittances
    assert [x.code for x in claim.lines] == ["99213", "36416"]
    assert claim.lines[0].adjustments == ()
    assert [x.code for x in items if isinstance(x, Problem)] == ["835.line"]


def test_damaged_adjustment_amount_loses_only_itself():
    items = read_835(CLP, QC, "CAS*CO*45*x**97*3")
    (claim,) = payment_of(items).remittances
    assert claim.adjustments == (Adjustment("CO", "97", Decimal(3)),)
    (problem,) = [x for x in items if isinstance(x, Problem)]
    assert problem.place.field == "CAS03"


def test_lines_never_hang_on_the_claim_before_when_a_clp_is_damaged():
    for damaged in ("CLQ*A2*1*100*60*0*12", "X*Y"):
        items = read_835(CLP, QC, SVC, damaged, QC, "SVC*HC:36415*5*5", "CLP*A3*1*1*1", QC)
        claims = payment_of(items).remittances
        assert [c.claim_id for c in claims] == ["A1", "A3"]
        assert len(claims[0].lines) == 1
        assert "835.claim" in [x.code for x in items if isinstance(x, Problem)]


def test_damaged_svc_identifier_loses_its_own_line():
    items = read_835(CLP, QC, SVC, "SVX*HC:36415*5*5", "CAS*CO*45*7")
    (claim,) = payment_of(items).remittances
    assert len(claim.lines) == 1
    assert claim.lines[0].adjustments == ()


def test_invalid_dates_are_named_and_others_stand_in():
    items = read_835(
        "ST*835*1", "BPR*I*0*C*NON************20261340", "DTM*405*20260311", "N1*PR*X", CLP, QC,
        "DTM*232*2026", SVC, "DTM*472*20260230",
    )  # fmt: skip
    payment = payment_of(items)
    assert payment.date == dt.date(2026, 3, 11)
    assert [x.place.field for x in items if isinstance(x, Problem)] == ["BPR16", "DTM02", "DTM02"]
    assert payment.remittances[0].lines[0].service_date is None


def test_payment_without_bpr_keeps_its_claims():
    items = read_835("ST*835*1", "N1*PR*X", CLP, QC)
    payment = payment_of(items)
    assert payment.date == dt.date(2026, 3, 12), "GS04 stands in"
    assert payment.amount == 0
    assert len(payment.remittances) == 1
    assert "835.amount" in [x.code for x in items if isinstance(x, Problem)]


def test_absurd_amounts_are_reported_and_kept():
    assert problems_of("CLP*A1*1*999999999999*0", QC) == ["835.amount_size"]
    assert problems_of("CLP*A1*1*1E99*0", QC) == ["835.claim"]
    assert problems_of("CLP*A1*22*-100*-60", QC) == []


def test_zero_payments_are_payments():
    payment = payment_of(read_835("ST*835*1", "BPR*H*0*C*NON************20260310", CLP, QC))
    assert isinstance(payment, Payment)
    assert (payment.handling, payment.method) == ("H", "NON")
    assert payment.amount == 0
