import datetime as dt
from decimal import Decimal

import pytest

from models.claims.claim import Claim, Diagnosis, Person
from models.claims.common import Address, Adjustment, Amount, DatedEvent, Reference
from models.claims.x12 import read_x12
from models.errors import Problem
from tests.models.claims.x12.text import CLAIM, HEADER, SUBSCRIBER, interchange

DEPENDENT = """
HL*2*1*22*1
SBR*P**G77******CI
PAT*****D8*20260101
NM1*IL*1*DOE*JANE****MI*W123456789
NM1*PR*2*ACME HEALTH*****PI*60054
HL*3*2*23*0
PAT*19********Y
NM1*QC*1*DOE*JIM
N3*12 OAK ST
N4*DAYTON*OH*45402
DMG*D8*20150607*M
"""


def read(*parts: str) -> tuple[list[Claim], list[Problem]]:
    items = list(read_x12(interchange(HEADER, *parts)))
    claims = [x for x in items if isinstance(x, Claim)]
    return claims, [x for x in items if isinstance(x, Problem)]


def one(*parts: str) -> Claim:
    claims, problems = read(*parts)
    assert problems == []
    (claim,) = claims
    return claim


def changed(old: str, new: str) -> tuple[list[Claim], list[Problem]]:
    text = SUBSCRIBER + CLAIM
    assert old in text
    return read(text.replace(old, new))


def test_header_and_levels_are_on_the_claim() -> None:
    claim = one(SUBSCRIBER, CLAIM)
    assert claim.submitted == dt.date(2026, 3, 4)
    assert (claim.submitter_id, claim.receiver_id, claim.receiver_name) == (
        "SUB1",
        "REC1",
        "CLEARING CO",
    )
    assert claim.billing.npi == "1234567893"
    assert claim.billing.taxonomy == "207Q00000X"
    assert (claim.billing.tax_id_qualifier, claim.billing.tax_id) == ("EI", "311234567")
    assert claim.practice == "1234567893:311234567"
    assert (claim.responsibility, claim.relationship, claim.group_number) == ("P", "18", "G77")
    assert (claim.payer.id_qualifier, claim.payer.id) == ("PI", "60054")
    assert claim.patient is claim.subscriber
    assert claim.patient == Person(
        last_name="DOE",
        first_name="JANE",
        member_id="W123456789",
        member_id_qualifier="MI",
        birth_date=dt.date(1970, 2, 3),
        sex="F",
        address=Address("12 OAK ST", "", "DAYTON", "OH", "45402"),
    )


def test_claim_and_line_elements() -> None:
    claim = one(SUBSCRIBER, CLAIM)
    assert (claim.claim_id, claim.charge) == ("A1", Decimal(125))
    assert (claim.place_of_service, claim.frequency) == ("11", "1")
    assert claim.diagnoses == (Diagnosis("ABK", "E119"),)
    (line,) = claim.lines
    assert (line.number, line.code, line.modifiers, line.charge) == (
        1,
        "99213",
        ("25",),
        Decimal(125),
    )
    assert (line.units, line.unit_basis, line.pointers) == (Decimal(1), "UN", (1,))
    assert line.service_date == dt.date(2026, 3, 2)


def test_a_dependent_is_the_patient_and_the_subscriber_stays() -> None:
    claim = one(DEPENDENT, CLAIM)
    assert claim.relationship == "19"
    assert claim.subscriber.first_name == "JANE"
    assert claim.subscriber.death_date == dt.date(2026, 1, 1)
    assert claim.patient.first_name == "JIM"
    assert claim.patient.pregnant
    assert claim.patient.death_date is None


def test_levels_do_not_leak_into_the_next_ones() -> None:
    second = SUBSCRIBER.replace("JANE", "ANN").replace("SBR*P*18*G77", "SBR*S*18*")
    claims, problems = read(DEPENDENT, CLAIM, CLAIM, second, CLAIM)
    assert problems == []
    assert [x.patient.first_name for x in claims] == ["JIM", "JIM", "ANN"]
    assert [x.relationship for x in claims] == ["19", "19", "18"]
    assert [x.group_number for x in claims] == ["G77", "G77", ""]
    assert not claims[2].patient.pregnant


def test_accident_special_program_and_delay() -> None:
    text = CLAIM.replace("Y*A*Y*Y", "Y*A*Y*Y*P*AA:OA::OH*02********7")
    claim = one(SUBSCRIBER, text)
    assert claim.related_causes == ("AA", "OA")
    assert (claim.accident_state, claim.special_program, claim.delay_reason) == ("OH", "02", "7")


def test_all_hi_codes_are_kept_with_qualifiers() -> None:
    hi = "HI*ABK:E119*ABF:I10*BF:4010~HI*BP:33414*BO:33420~HI*BG:AA*BG:AB~HI*ZZZ:1"
    claim = one(SUBSCRIBER, CLAIM.replace("HI*ABK:E119", hi.replace("~", "\n")))
    assert claim.diagnoses == (
        Diagnosis("ABK", "E119"),
        Diagnosis("ABF", "I10"),
        Diagnosis("BF", "4010"),
    )
    assert claim.procedures == (Diagnosis("BP", "33414"), Diagnosis("BO", "33420"))
    assert claim.conditions == ("AA", "AB")
    assert claim.extra == ("HI*ZZZ:1",)


def test_claim_level_facts() -> None:
    more = """
DTP*431*D8*20260105
DTP*314*RD8*20260101-20260131
DTP*435*DT*202601061230
PWK*OZ*EL***AC*ATT1
AMT*F5*15.00
REF*G1*PA1
REF*9F*RF1
REF*F8*ICN1
K3*FREE TEXT
NTE*ADD*SOME NOTE
"""
    claim = one(SUBSCRIBER, CLAIM.replace("HI*", more + "HI*"))
    assert claim.dates == (
        DatedEvent("431", dt.date(2026, 1, 5)),
        DatedEvent("314", dt.date(2026, 1, 1), dt.date(2026, 1, 31)),
        DatedEvent("435", dt.date(2026, 1, 6)),
    )
    assert claim.amounts == (Amount("F5", Decimal("15.00")),)
    assert str(claim.amounts[0].amount) == "15.00"
    assert (claim.prior_authorization, claim.referral_number) == ("PA1", "RF1")
    assert claim.payer_control_number == "ICN1"
    assert claim.attachments[0].control_number == "ATT1"
    assert claim.notes[0].text == "SOME NOTE"
    assert claim.extra == ("K3*FREE TEXT",)


def test_claim_level_providers() -> None:
    more = """
NM1*DN*1*REFER*RAY****XX*1003000183
NM1*P3*1*PRIM*PAM****XX*1003000191
NM1*82*1*SMITH*ANN****XX*1003000126
PRV*PE*PXC*207Q00000X
REF*G2*OLD1
NM1*77*2*CENTER*****XX*1003000209
N3*5 ELM ST
N4*DAYTON*OH*45402
PER*IC*DESK*TE*5550100
NM1*DQ*1*SUPER*VI****24*123456789
NM1*PW*2
N3*6 ELM ST
N4*DAYTON*OH*45402
NM1*82*1*SECOND*DOC****XX*1003000134
"""
    claim = one(SUBSCRIBER, CLAIM.replace("LX*1", more + "LX*1"))
    assert claim.referring is not None and claim.referring.npi == "1003000183"
    assert claim.primary_care is not None and claim.primary_care.name == "PRIM"
    assert claim.rendering is not None and claim.rendering.taxonomy == "207Q00000X"
    assert claim.rendering.references == (Reference("G2", "OLD1"),)
    assert claim.facility is not None and claim.facility.contact_phone == "5550100"
    assert claim.facility.address == Address("5 ELM ST", "", "DAYTON", "OH", "45402")
    assert claim.supervising is not None and claim.supervising.npi == ""
    assert (claim.supervising.tax_id_qualifier, claim.supervising.tax_id) == ("EI", "123456789")
    assert claim.extra == (
        "NM1*PW*2",
        "N3*6 ELM ST",
        "N4*DAYTON*OH*45402",
        "NM1*82*1*SECOND*DOC****XX*1003000134",
    )


def test_line_facts() -> None:
    more = """
REF*6R*L1
REF*G1*PA2
REF*G1*PA3**2U:999
DTP*304*D8*20260105
AMT*T*1.25
NTE*ADD*LINE NOTE
K3*X
LIN**N4*00002143380
CTP****2.5*ML
REF*XZ*RX1
NM1*82*1*SMITH*ANN****XX*1003000126
NM1*DK*1*WHITE*BO****XX*1003000167
NM1*P3*1*PRIM*PAM
"""
    text = CLAIM.replace("UN*1***1", "MJ*45*22**1:2**Y**Y*Y***0").replace("HC:99213:25", "ER:X:1:2")
    claim = one(SUBSCRIBER, text, more)
    (line,) = claim.lines
    assert (line.unit_basis, line.units, line.place_of_service) == ("MJ", Decimal(45), "22")
    assert (line.code_qualifier, line.code, line.modifiers) == ("ER", "X", ("1", "2"))
    assert (line.emergency, line.epsdt, line.family_planning, line.copay_exempt) == (True,) * 4
    assert line.pointers == (1, 2)
    assert line.control_number == "L1"
    assert line.references == (Reference("G1", "PA2"),)
    assert line.dates == (DatedEvent("304", dt.date(2026, 1, 5)),)
    assert line.amounts == (Amount("T", Decimal("1.25")),)
    (drug,) = line.drugs
    assert (drug.ndc, drug.quantity, drug.unit, drug.prescription) == (
        "00002143380",
        Decimal("2.5"),
        "ML",
        "RX1",
    )
    assert line.rendering is not None and line.rendering.npi == "1003000126"
    assert line.ordering is not None and line.ordering.name == "WHITE"
    assert line.extra == ("REF*G1*PA3**2U:999", "K3*X", "NM1*P3*1*PRIM*PAM")


def test_other_payers_and_their_adjudication_of_lines() -> None:
    other = """
SBR*P*18*PG1******MB
CAS*CO*45*10*1*97*5.5
CAS*PR*1*1**2*2**3*3**66*4**100*5**122*6
AMT*D*80
AMT*EAF*25
OI***Y***Y
MOA*0.5**MA01*N22
NM1*IL*1*DOE*JACK****MI*M1
NM1*PR*2*FIRST PLAN*****PI*99999
DTP*573*D8*20260220
REF*2U*77
REF*F8*ICN1
NM1*82*1
REF*G2*P77
"""
    line = """
SVD*99999*80*HC:99213:25**1*2
CAS*CO*45*20
CAS*PR*2*25*1
DTP*573*D8*20260220
AMT*EAF*25
SVD*88888*0*HC:99213**1
"""
    claim = one(SUBSCRIBER, CLAIM.replace("LX*1", other + "LX*1"), line)
    (payer,) = claim.other_payers
    assert (payer.responsibility, payer.group_number, payer.filing_indicator) == ("P", "PG1", "MB")
    assert payer.adjustments[:2] == (
        Adjustment("CO", "45", Decimal(10), Decimal(1)),
        Adjustment("CO", "97", Decimal("5.5")),
    )
    assert [x.carc for x in payer.adjustments[2:]] == ["1", "2", "3", "66", "100", "122"]
    assert payer.amounts == (Amount("D", Decimal(80)), Amount("EAF", Decimal(25)))
    assert payer.remark_codes == ("MA01", "N22")
    assert payer.payer is not None and payer.payer.references == (Reference("2U", "77"),)
    assert payer.references == (Reference("F8", "ICN1"),)
    assert payer.date == dt.date(2026, 2, 20)
    assert payer.subscriber is not None and payer.subscriber.member_id == "M1"
    assert payer.extra == ("NM1*82*1", "REF*G2*P77")
    first, second = claim.lines[0].adjudications
    assert (first.payer_id, first.paid, first.modifiers, first.bundled_into) == (
        "99999",
        Decimal(80),
        ("25",),
        "2",
    )
    assert [x.carc for x in first.adjustments] == ["45", "2"]
    assert (first.date, first.remaining) == (dt.date(2026, 2, 20), Decimal(25))
    assert (second.payer_id, second.paid, second.adjustments) == ("88888", Decimal(0), ())


@pytest.mark.parametrize("amount", ["", "12,5", "NaN", "Infinity", "1E3", "١٢", "$5", "1_0", "-"])
def test_a_claim_without_a_readable_charge_is_lost_and_said_so(amount: str) -> None:
    claims, (problem,) = changed("CLM*A1*125*", f"CLM*A1*{amount}*")
    assert claims == []
    assert (problem.code, problem.place.field) == ("837p.amount", "CLM02")
    assert problem.lost == "this claim"
    assert problem.place.segment_number == 21


def test_a_claim_without_a_number_is_lost_and_the_next_one_read() -> None:
    claims, problems = read(SUBSCRIBER, CLAIM.replace("CLM*A1", "CLM*"), CLAIM)
    assert len(claims) == 1
    assert len(claims[0].lines) == 1
    assert [(x.code, x.lost) for x in problems] == [("837p.claim", "this claim")]


@pytest.mark.parametrize(("amount", "words"), [("-125", "negative"), ("10000001", "over")])
def test_negative_and_absurd_amounts_are_kept_and_reported(amount: str, words: str) -> None:
    for old in ("CLM*A1*125", "25*125"):
        (claim,), (problem,) = changed(old, old.replace("125", amount))
        assert problem.code == "837p.amount_size"
        assert words in problem.message
        assert amount not in problem.message
        assert problem.lost == ""
        assert Decimal(amount) in (claim.charge, claim.lines[0].charge)


def test_a_line_without_a_readable_charge_is_lost_from_its_claim() -> None:
    text = CLAIM + "LX*2\nSV1*HC:99214*x*UN*1\nLX*3\nLX*4\nSV1*HC:99215*5*UN*1\n"
    (claim,), problems = read(SUBSCRIBER, text)
    assert [x.number for x in claim.lines] == [1, 4]
    assert [(x.code, x.lost) for x in problems] == [
        ("837p.amount", "this service line"),
        ("837p.line", "this service line"),
    ]


def test_a_service_without_lx_is_a_line_all_the_same() -> None:
    (claim,), problems = read(SUBSCRIBER, CLAIM.replace("LX*1\n", ""), "SV1*HC:2*5*UN*1")
    assert [(x.number, x.code) for x in claim.lines] == [(1, "99213"), (2, "2")]
    assert [x.code for x in problems] == ["837p.line"] * 2


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("DMG*D8*19700203", "DMG*D8*19700231", "DMG02"),
        ("DTP*472*D8*20260302", "DTP*472*D8*2026030", "DTP03"),
        ("DTP*472*D8*20260302", "DTP*472*RD8*20260302-20269999", "DTP03"),
        ("HI*ABK:E119", "DTP*431*D8*00000000", "DTP03"),
    ],
)
def test_unreadable_dates_are_absent_and_reported(old: str, new: str, field: str) -> None:
    claims, (problem,) = changed(old, new)
    assert len(claims) == 1
    assert (problem.code, problem.place.field) == ("837p.date", field)
    assert new.split("*")[-1] not in str(problem)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("UN*1***1", "UN*x***1", "SV104"),
        ("UN*1***1", "UN*-1***1", "SV104"),
        ("UN*1***1", "UN*1***1:x", "SV107"),
        ("UN*1***1", "UN*1***0", "SV107"),
        ("LX*1", "LX*one", "LX01"),
    ],
)
def test_unreadable_numbers_are_reported(old: str, new: str, field: str) -> None:
    (claim,), (problem,) = changed(old, new)
    assert (problem.code, problem.place.field) == ("837p.number", field)
    assert len(claim.lines) == 1


def test_units_and_pointers_with_decimals_are_read() -> None:
    claim = one(SUBSCRIBER, CLAIM.replace("UN*1***1", "UN*1.50***1.0:2.00"))
    assert (claim.lines[0].units, claim.lines[0].pointers) == (Decimal("1.50"), (1, 2))


def test_bht_date_else_group_date_else_nothing_can_be_submitted() -> None:
    header = HEADER.replace("20260304", "2026")
    (problem, claim) = read_x12(interchange(header, SUBSCRIBER, CLAIM))
    assert isinstance(claim, Claim) and claim.submitted == dt.date(2026, 3, 5)
    assert isinstance(problem, Problem) and "GS04 is taken" in problem.message
    data = interchange(header, SUBSCRIBER, CLAIM, CLAIM).replace(b"*20260305*1200*11", b"**1200*11")
    items = list(read_x12(data))
    assert [x.code for x in items if isinstance(x, Problem)] == ["837p.date", "837p.submitted"]
    assert len(items) == 2


def test_levels_that_are_missing_are_reported_and_cost_no_claim() -> None:
    bare = HEADER[: HEADER.index("HL*1")]
    items = list(read_x12(interchange(bare, SUBSCRIBER, CLAIM)))
    assert [type(x) for x in items] == [Problem, Claim]
    assert isinstance(items[0], Problem)
    assert items[0].code == "837p.hierarchy"
    items = list(read_x12(interchange(HEADER, "HL*3*1*23*0\nPAT*19\nNM1*QC*1*X*Y", CLAIM)))
    assert [type(x) for x in items] == [Problem, Claim]


def test_a_component_separator_other_than_isa16_is_found_and_reported() -> None:
    claims, problems = changed("CLM", "CLM")
    text = (SUBSCRIBER + CLAIM).replace(":", ">")
    (claim,), (problem,) = read(text)
    assert problem.code == "837p.component"
    assert (claim.place_of_service, claim.frequency) == ("11", "1")
    assert claim.lines == claims[0].lines
    assert claim.diagnoses == claims[0].diagnoses
    assert problems == []


def test_codes_without_qualifier_are_kept_as_text() -> None:
    (claim,), (problem,) = changed("HI*ABK:E119", "HI*ABK*E119")
    assert claim.diagnoses == ()
    assert claim.extra == ("HI*ABK", "HI*E119")
    assert problem.code == "837p.code"


def test_unknown_segments_cost_nothing() -> None:
    text = SUBSCRIBER + CLAIM
    noisy = "\n".join(f"{x}\nQQQ*1*2" for x in text.strip().splitlines() if x)
    claim, plain = one(noisy), one(text)
    assert claim.lines[0].service_date == plain.lines[0].service_date
    assert claim.lines[0].extra == ("QQQ*1*2",) * 3
    assert claim.extra == ("QQQ*1*2",) * 2
    assert claim.subscriber.last_name == "DOE"


def test_kept_text_has_the_same_separators_for_every_file() -> None:
    data = interchange(HEADER, SUBSCRIBER, CLAIM, "MEA*TR*R1*2\nSV5*HC:A4*DA*1").decode()
    table = str.maketrans({"*": "|", ":": ">", "~": "!"})
    (other,) = list(read_x12(data.translate(table).encode()))
    (plain,) = list(read_x12(data.encode()))
    assert isinstance(other, Claim) and isinstance(plain, Claim)
    assert other.lines[0].extra == plain.lines[0].extra == ("MEA*TR*R1*2", "SV5*HC:A4*DA*1")
