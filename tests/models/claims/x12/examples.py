"""Hand-made claims for the tests; every name and number is invented."""

import datetime as dt
from decimal import Decimal

from models.claims.claim import (
    Attachment,
    Claim,
    Diagnosis,
    Drug,
    LineAdjudication,
    Note,
    OtherPayer,
    Payer,
    Person,
    Provider,
    ServiceLine,
)
from models.claims.common import Address, Adjustment, Amount, DatedEvent, Reference

HOME = Address(line1="12 OAK ST", city="DAYTON", state="OH", zip="454021234")
BILLING = Provider(
    npi="1234567893",
    name="NORTH CLINIC",
    taxonomy="207Q00000X",
    tax_id="311234567",
    tax_id_qualifier="EI",
    address=Address(line1="1 MAIN ST", line2="STE 4", city="DAYTON", state="OH", zip="454010001"),
    contact_name="PAT BILLER",
    contact_phone="9375550100",
)
PAYER = Payer(name="ACME HEALTH", id_qualifier="PI", id="60054")
SUBSCRIBER = Person(
    last_name="DOE",
    first_name="JANE",
    middle_name="Q",
    member_id="W123456789",
    member_id_qualifier="MI",
    birth_date=dt.date(1970, 2, 3),
    sex="F",
    address=HOME,
)
CHILD = Person(
    last_name="DOE", first_name="JIM", birth_date=dt.date(2015, 6, 7), sex="M", address=HOME
)
DOCTOR = Provider(
    npi="1003000126", entity="1", name="SMITH", first_name="ANN", taxonomy="207Q00000X"
)


def line(number: int = 1, **fields: object) -> ServiceLine:
    """An office visit of 125 dollars, changed by ``fields``."""
    base: dict[str, object] = {
        "number": number,
        "code": "99213",
        "charge": Decimal("125.00"),
        "modifiers": ("25",),
        "pointers": (1,),
        "service_date": dt.date(2026, 3, 2),
        "control_number": f"L{number}",
    }
    return ServiceLine(**{**base, **fields})  # type: ignore[arg-type]


def claim(**fields: object) -> Claim:
    """A plain claim with two lines whose patient is the subscriber, changed by ``fields``."""
    base: dict[str, object] = {
        "claim_id": "A1001",
        "charge": Decimal("165.00"),
        "submitted": dt.date(2026, 3, 5),
        "group_number": "G77",
        "filing_indicator": "CI",
        "payer": PAYER,
        "subscriber": SUBSCRIBER,
        "patient": SUBSCRIBER,
        "billing": BILLING,
        "rendering": DOCTOR,
        "place_of_service": "11",
        "signature_on_file": "Y",
        "assignment": "A",
        "benefits_assigned": "Y",
        "release_of_information": "Y",
        "diagnoses": (Diagnosis("ABK", "E119"), Diagnosis("ABF", "I10")),
        "lines": (line(1), line(2, code="36415", charge=Decimal("40.00"), modifiers=())),
        "submitter_id": "SUB1",
        "receiver_id": "REC1",
        "receiver_name": "CLEARING CO",
    }
    return Claim(**{**base, **fields})  # type: ignore[arg-type]


def full_claim() -> Claim:
    """A dependent's secondary claim that uses every field once."""
    adjudication = LineAdjudication(
        payer_id="99999",
        paid=Decimal("80.00"),
        code="99213",
        modifiers=("25",),
        units=Decimal(1),
        bundled_into="1",
        adjustments=(
            Adjustment("CO", "45", Decimal("20.00")),
            Adjustment("PR", "2", Decimal("25.00"), Decimal(1)),
        ),
        date=dt.date(2026, 2, 20),
        remaining=Decimal("25.00"),
    )
    other = OtherPayer(
        responsibility="P",
        relationship="18",
        group_number="PG1",
        group_name="",
        insurance_type="",
        filing_indicator="MB",
        payer=Payer(
            name="FIRST PLAN", id_qualifier="PI", id="99999", references=(Reference("2U", "77"),)
        ),
        subscriber=Person(
            last_name="DOE", first_name="JACK", member_id="M1", member_id_qualifier="MI"
        ),
        adjustments=(Adjustment("OA", "23", Decimal("10.00")),),
        amounts=(Amount("D", Decimal("80.00")), Amount("EAF", Decimal("25.00"))),
        benefits_assigned="Y",
        release_of_information="Y",
        remark_codes=("MA01", "N22"),
        references=(Reference("F8", "ICN1"),),
        extra=("NM1*82*1", "REF*G2*PROV77"),
    )
    first = line(
        1,
        description="OFFICE VISIT",
        place_of_service="22",
        pointers=(1, 2),
        emergency=True,
        epsdt=True,
        family_planning=True,
        copay_exempt=True,
        service_date_end=dt.date(2026, 3, 3),
        dates=(DatedEvent("304", dt.date(2026, 1, 5)),),
        references=(Reference("G1", "PA1"), Reference("9F", "RF1")),
        amounts=(Amount("T", Decimal("1.25")),),
        notes=(Note("ADD", "SEEN WITH RESIDENT"),),
        attachments=(Attachment("OZ", "EL", "ATT2"),),
        drugs=(Drug("00002143380", Decimal("2.5"), "ML", "RX1"),),
        rendering=DOCTOR,
        purchased=Provider(npi="1003000134", entity="2"),
        facility=Provider(npi="1003000142", name="IMAGING", address=HOME),
        supervising=Provider(npi="1003000159", entity="1", name="GREEN", first_name="AL"),
        ordering=Provider(npi="1003000167", entity="1", name="WHITE", first_name="BO"),
        referring=Provider(npi="1003000175", entity="1", name="BLACK", first_name="CY"),
        adjudications=(adjudication,),
        extra=("QTY*PT*2", "K3*LINE INFO"),
    )
    second = line(
        2, code="00400", charge=Decimal("40"), unit_basis="MJ", units=Decimal(45), modifiers=("QZ",)
    )
    return claim(
        claim_id="B2002",
        responsibility="S",
        relationship="19",
        group_name="",
        insurance_type="",
        payer=Payer(
            name="SECOND PLAN",
            id_qualifier="PI",
            id="88888",
            address=Address(line1="PO BOX 1", city="DAYTON", state="OH", zip="45401"),
            references=(Reference("2U", "5"), Reference("G2", "BILL9")),
        ),
        patient=CHILD,
        pay_to=Provider(address=HOME),
        referring=Provider(npi="1003000183", entity="1", name="REFER", first_name="RAY"),
        primary_care=Provider(npi="1003000191", entity="1", name="PRIM", first_name="PAM"),
        facility=Provider(npi="1003000209", name="SURGERY CENTER", address=HOME),
        supervising=Provider(npi="1003000217", entity="1", name="SUPER", first_name="VI"),
        frequency="7",
        related_causes=("AA",),
        accident_state="OH",
        special_program="02",
        delay_reason="7",
        diagnoses=(*(Diagnosis("ABK", "E119"),), *(Diagnosis("ABF", f"I1{x}") for x in range(3))),
        procedures=(Diagnosis("BP", "33414"),),
        conditions=("AA", "AB"),
        dates=(
            DatedEvent("431", dt.date(2026, 1, 1)),
            DatedEvent("439", dt.date(2026, 1, 2)),
            DatedEvent("314", dt.date(2026, 1, 1), dt.date(2026, 1, 31)),
        ),
        references=(Reference("G1", "PA9"), Reference("F8", "ICN9"), Reference("EA", "MRN1")),
        amounts=(Amount("F5", Decimal("15")),),
        notes=(Note("ADD", "FELL FROM LADDER"),),
        attachments=(Attachment("OZ", "BM", "ATT1"),),
        other_payers=(other,),
        lines=(first, second),
        extra=("K3*SOME INFO", "NM1*PW*2", "N3*5 ELM ST", "N4*DAYTON*OH*45402"),
    )
