import datetime as dt
from decimal import Decimal

from models.claims.acknowledgement import Acknowledgement, ClaimStatus
from models.errors import Problem
from tests.models.claims.x12.remittances import read_277ca

HEADER = (
    "ST*277*0001*005010X214",
    "BHT*0085*08*B1*20260306*1200*TH",
    "HL*1**20*1",
    "NM1*AY*2*CLEARING CO*****46*CH1",
    "TRN*1*T1",
    "DTP*050*D8*20260306",
    "HL*2*1*21*1",
    "NM1*41*2*NORTH CLINIC*****46*SUB1",
    "TRN*2*BATCH1",
    "STC*A1:19:PR*20260306*WQ*225.5",
    "QTY*90*1",
    "HL*3*2*19*1",
    "NM1*85*2*NORTH CLINIC*****XX*1234567893",
    "TRN*1*0",
    "STC*A1:19:PR**WQ*225.5",
    "REF*TJ*311234567",
)
PATIENT = ("HL*4*3*PT", "NM1*QC*1*DOE*JANE****MI*W1")


def acknowledgements(*segments: str) -> list[Acknowledgement]:
    return [x for x in read_277ca(*HEADER, *segments) if isinstance(x, Acknowledgement)]


def test_accepted_claim_with_everything_around_it():
    (claim,) = acknowledgements(
        *PATIENT, "TRN*2*A1", "STC*A2:20:PR*20260307*WQ*125.5", "REF*1K*ICN1", "REF*D9*CH9",
        "DTP*472*RD8*20260301-20260302",
    )  # fmt: skip
    assert claim.accepted
    assert (claim.claim_id, claim.charge, claim.date) == (
        "A1", Decimal("125.5"), dt.date(2026, 3, 7),
    )  # fmt: skip
    assert claim.statuses == (ClaimStatus("A2", "20", "PR"),)
    assert (claim.payer_control_number, claim.clearinghouse_number) == ("ICN1", "CH9")
    assert (claim.service_date, claim.service_date_end) == (
        dt.date(2026, 3, 1), dt.date(2026, 3, 2),
    )  # fmt: skip
    assert (claim.sender_entity, claim.sender_name) == ("AY", "CLEARING CO")
    assert (claim.batch, claim.receiver_id) == ("BATCH1", "SUB1")
    assert (claim.provider_npi, claim.provider_tax_id) == ("1234567893", "311234567")
    assert (claim.patient_last_name, claim.member_id) == ("DOE", "W1")
    assert claim.source.segment_number == 21


def test_categories_decide():
    for category, accepted in {
        "A0": True, "A1": True, "A2": True, "A5": True,
        "A3": False, "A4": False, "A6": False, "A7": False, "A8": False,
    }.items():  # fmt: skip
        (claim,) = acknowledgements(*PATIENT, "TRN*2*A1", f"STC*{category}:21*20260307**1")
        assert claim.accepted is accepted, category


def test_action_code_u_rejects_whatever_the_category():
    (claim,) = acknowledgements(*PATIENT, "TRN*2*A1", "STC*A1:21*20260307*U*1")
    assert not claim.accepted


def test_second_and_third_status_count():
    (claim,) = acknowledgements(
        *PATIENT, "TRN*2*A1", "STC*A1:19*20260307*WQ*1******A7:507*A6:21:85*FIX IT"
    )
    assert [s.category for s in claim.statuses] == ["A1", "A7", "A6"]
    assert claim.statuses[2].entity == "85"
    assert claim.message == "FIX IT"
    assert not claim.accepted


def test_a_rejected_line_rejects_the_claim():
    (claim,) = acknowledgements(
        *PATIENT, "TRN*2*A1", "STC*A1:19*20260307*WQ*125", "SVC*HC:99213:25*125*****1",
        "STC*A7:507*20260307*U", "REF*FJ*L1", "DTP*472*D8*20260302",
    )  # fmt: skip
    assert not claim.accepted
    (line,) = claim.lines
    assert (line.code, line.modifiers, line.control_number) == ("99213", ("25",), "L1")
    assert line.statuses == (ClaimStatus("A7", "507"),)
    assert line.service_date == dt.date(2026, 3, 2)
    assert claim.service_date is None


def test_several_claims_of_several_patients_and_providers():
    claims = acknowledgements(
        *PATIENT, "TRN*2*A1", "STC*A1:19*20260307*WQ*1", "TRN*2*A2", "STC*A3:21*20260307*U*1",
        "HL*5*2*19*1", "NM1*85*2*SOUTH CLINIC*****FI*999", "TRN*1*0", "STC*A1:19**WQ*1",
        "HL*6*5*PT", "NM1*QC*1*ROE*RAY****MI*W2", "TRN*2*A3", "STC*A1:19*20260307*WQ*1",
    )  # fmt: skip
    assert [(c.claim_id, c.accepted) for c in claims] == [
        ("A1", True), ("A2", False), ("A3", True),
    ]  # fmt: skip
    assert [c.patient_last_name for c in claims] == ["DOE", "DOE", "ROE"]
    assert (claims[2].provider_npi, claims[2].provider_tax_id) == ("", "999")


def test_rejected_batch_is_reported():
    items = read_277ca(*HEADER[:9], "STC*A8:746:40*20260306*U*225.5", "QTY*AA*3")
    (problem,) = items
    assert isinstance(problem, Problem)
    assert problem.code == "277ca.batch_rejected"
    assert problem.place.segment_number == 12


def test_claims_without_number_status_or_date():
    items = read_277ca(*HEADER, *PATIENT, "TRN*2", "STC*A1:19*20260307*WQ*1", "TRN*2*A2",
                       "HL*5*3*PT", "TRN*2*A3", "STC*A1:19*99999999*WQ*x")  # fmt: skip
    assert [x.code for x in items if isinstance(x, Problem)] == [
        "277ca.claim", "277ca.claim", "277ca.date", "277ca.amount",
    ]  # fmt: skip
    (claim,) = [x for x in items if isinstance(x, Acknowledgement)]
    assert claim.claim_id == "A3"
    assert claim.date == dt.date(2026, 3, 6), "BHT04 stands in"
