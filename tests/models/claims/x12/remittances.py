"""Hand-made remittances and acknowledgements for the tests; every name and number is invented."""

import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec
import pyx12.params
import pyx12.x12n_document

from models.claims.acknowledgement import AcknowledgedLine, Acknowledgement, ClaimStatus
from models.claims.common import Address, Adjustment, Amount, DatedEvent, Reference, Source
from models.claims.remittance import (
    Contact,
    Payment,
    ProviderAdjustment,
    Quantity,
    Remittance,
    RemittanceLine,
)
from models.claims.x12.context import Item, Segment, TransactionContext
from models.claims.x12.p277ca import parse_277ca
from models.claims.x12.p835 import parse_835
from models.claims.x12.segments import Block, read_segments
from models.claims.x12.write_277ca import write_277ca
from models.claims.x12.write_835 import write_835

DAY = dt.date(2026, 3, 2)
HEADER = (
    "ST*835*0001",
    "BPR*I*100*C*CHK************20260310",
    "TRN*1*CHECK1*1512345678",
    "DTM*405*20260311",
    "N1*PR*ACME HEALTH*XV*60054",
    "N3*1 PLAN WAY",
    "N4*DAYTON*OH*45401",
    "PER*BL*EDI DESK*TE*5550100000",
    "N1*PE*NORTH CLINIC*XX*1234567893",
    "REF*TJ*311234567",
    "LX*1",
)


def read_835(*segments: str, component: str = ":") -> list[Item]:
    """Items of one transaction given as segments with ``*``; the header is added if absent."""
    if not segments or not segments[0].startswith("ST"):
        segments = HEADER + segments
    return list(parse_835(_numbered(segments), context(component)))


def read_277ca(*segments: str) -> list[Item]:
    return list(parse_277ca(_numbered(segments), context(":")))


def payment_of(items: Iterable[Item]) -> Payment:
    """The one payment among the items."""
    (payment,) = [x for x in items if isinstance(x, Payment)]
    return payment


def _numbered(segments: Iterable[str]) -> Iterator[tuple[int, Segment]]:
    return iter([(n, s.split("*")) for n, s in enumerate(segments, 3)])


def context(component: str) -> TransactionContext:
    return TransactionContext("f.835", component, "^", "1", "1", "0001", "", dt.date(2026, 3, 12))


def bytes_835(*payments: Payment) -> bytes:
    out = io.BytesIO()
    write_835(payments, out)
    return out.getvalue()


def bytes_277ca(*acknowledgements: Acknowledgement) -> bytes:
    out = io.BytesIO()
    write_277ca(acknowledgements, out)
    return out.getvalue()


def transactions(data: bytes) -> Iterator[list[tuple[int, Segment]]]:
    """Numbered segments of each ST..SE in well-formed data."""
    current: list[tuple[int, Segment]] = []
    for block in read_segments(data):
        assert isinstance(block, Block)
        for number, segment in enumerate(block.segments, block.number):
            if segment[0] == "SE":
                yield current
                current = []
            elif segment[0] not in ("ISA", "GS", "GE", "IEA"):
                current.append((number, segment))


def without_source(payment: Payment) -> Payment:
    remittances = tuple(msgspec.structs.replace(r, source=Source()) for r in payment.remittances)
    return msgspec.structs.replace(payment, source=Source(), remittances=remittances)


def pyx12_errors(data: bytes) -> list[str]:
    """What pyx12 has to say against a file; empty where it accepts it."""
    report = io.StringIO()
    text = io.StringIO(data.decode())
    good = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), text, None, None, fd_json=report
    )
    found = [] if good else [report.getvalue()]
    for interchange in json.loads(report.getvalue())["interchanges"]:
        found += [str(x) for x in interchange["errors"]]
        for group in interchange["groups"]:
            found += [str(x) for x in group["errors"]]
            for transaction in group["transactions"]:
                found += [str(x) for x in transaction["errors"] + transaction["segments"]]
    return found


def remittance(**fields: object) -> Remittance:
    """An office visit paid in part: 125 charged, 60 paid, 25 copay, 40 contractual."""
    line = RemittanceLine(
        code="99213",
        charge=Decimal(125),
        paid=Decimal(60),
        modifiers=("25",),
        service_date=DAY,
        control_number="L1",
        adjustments=(Adjustment("CO", "45", Decimal(40)), Adjustment("PR", "3", Decimal(25))),
        amounts=(Amount("B6", Decimal(85)),),
    )
    base: dict[str, object] = {
        "claim_id": "A1001",
        "status": "1",
        "charge": Decimal(125),
        "paid": Decimal(60),
        "patient_responsibility": Decimal(25),
        "filing_indicator": "12",
        "payer_control_number": "ICN1",
        "patient_last_name": "DOE",
        "patient_first_name": "JANE",
        "member_id": "W123456789",
        "lines": (line,),
    }
    return Remittance(**{**base, **fields})  # type: ignore[arg-type]


def payment(**fields: object) -> Payment:
    """A check for one claim, with everything that the guide requires."""
    base: dict[str, object] = {
        "amount": Decimal(60),
        "date": dt.date(2026, 3, 10),
        "method": "CHK",
        "trace": "CHECK1",
        "originator": "1512345678",
        "payer_name": "ACME HEALTH",
        "payer_address": Address("1 PLAN WAY", "", "DAYTON", "OH", "45401"),
        "payer_contacts": (Contact("BL", "EDI DESK", (("TE", "5550100000"),)),),
        "payee_name": "NORTH CLINIC",
        "payee_npi": "1234567893",
        "payee_tax_id": "311234567",
        "remittances": (remittance(),),
    }
    return Payment(**{**base, **fields})  # type: ignore[arg-type]


def full_payment() -> Payment:
    """A payment that uses every field that an 835 can carry, and balances."""
    line = RemittanceLine(
        code="99213",
        charge=Decimal("125.50"),
        paid=Decimal(0),
        modifiers=("25", "95"),
        units=Decimal(2),
        submitted_code="99214",
        submitted_modifiers=("25",),
        submitted_units=Decimal(3),
        service_date=DAY,
        service_date_end=DAY + dt.timedelta(days=1),
        control_number="L1",
        adjustments=(
            Adjustment("CO", "45", Decimal("120.50"), Decimal(1)),
            Adjustment("OA", "94", Decimal("-20")),
            *(Adjustment("PR", str(n), Decimal(1)) for n in range(1, 9)),
            Adjustment("CO", "197", Decimal(17)),
        ),
        remark_codes=("N130", "M15"),
        references=(
            Reference("LU", "11"),
            Reference("HPI", "1003000126"),
            Reference("0K", "L33787"),
        ),
        amounts=(Amount("B6", Decimal(85)), Amount("KH", Decimal("-3"))),
        quantities=(Quantity("ZK", Decimal(2)),),
    )
    claim = remittance(
        status="22",
        charge=Decimal("125.50"),
        paid=Decimal("-4.50"),
        place_of_service="11",
        frequency="1",
        member_id_qualifier="HN",
        subscriber_last_name="DOE",
        subscriber_first_name="JACK",
        subscriber_member_id="W1",
        corrected_last_name="DOUGH",
        corrected_first_name="JANE",
        corrected_member_id="W2",
        rendering_npi="1003000126",
        crossover_payer="SECOND PLAN",
        crossover_payer_id="88888",
        corrected_payer="FIRST PLAN",
        corrected_payer_id="77777",
        other_subscriber_last_name="DOE",
        other_subscriber_first_name="JIM",
        other_subscriber_id="W3",
        adjustments=(Adjustment("PI", "131", Decimal("4.50")),),
        remark_codes=("MA01", "MA130"),
        dates=(
            DatedEvent("232", DAY),
            DatedEvent("233", DAY),
            DatedEvent("036", DAY),
            DatedEvent("050", DAY),
        ),
        references=(Reference("EA", "MRN1"), Reference("1D", "MCD7")),
        amounts=(Amount("AU", Decimal(85)), Amount("I", Decimal("0.42"))),
        quantities=(Quantity("CA", Decimal(1)),),
        contacts=(Contact("CX", "CLAIMS", (("TE", "5550100001"), ("EX", "12"))),),
        lines=(line,),
    )
    return payment(
        amount=Decimal("55.25"),
        method="CHK",
        originator_supplement="999",
        production_date=dt.date(2026, 3, 11),
        receiver_id="030240928",
        payer_id_qualifier="XV",
        payer_id="60054",
        payer_references=(Reference("2U", "60054"), Reference("NF", "12345")),
        payer_contacts=(
            Contact("CX", "CLAIMS", (("TE", "5550100001"), ("EX", "12"))),
            Contact("BL", "EDI DESK", (("TE", "5550100000"), ("EM", "EDI@PLAN.EXAMPLE"))),
            Contact("IC", "", (("UR", "PLAN.EXAMPLE"),)),
        ),
        payee_references=(Reference("PQ", "11861"),),
        payee_address=Address("2 MAIN ST", "STE 4", "DAYTON", "OH", "45402"),
        remittances=(claim, remittance(claim_id="A1002")),
        provider_adjustments=(
            ProviderAdjustment("1234567893", dt.date(2026, 12, 31), "L6", "ICN1", Decimal("-0.75")),
            *(
                ProviderAdjustment(
                    "1234567893", dt.date(2026, 12, 31), "FB", f"F{n}", Decimal(n - 3)
                )
                for n in range(7)
            ),
            ProviderAdjustment("1003000126", dt.date(2026, 12, 31), "WO", "", Decimal(1)),
        ),
    )


def acknowledgement(**fields: object) -> Acknowledgement:
    """A claim that the payer has taken into adjudication."""
    base: dict[str, object] = {
        "claim_id": "A1001",
        "statuses": (ClaimStatus("A2", "20", "PR"),),
        "accepted": True,
        "date": dt.date(2026, 3, 6),
        "charge": Decimal("125.50"),
        "payer_control_number": "ICN1",
        "clearinghouse_number": "CH1",
        "service_date": DAY,
        "patient_last_name": "DOE",
        "patient_first_name": "JANE",
        "member_id": "W123456789",
        "provider_name": "NORTH CLINIC",
        "provider_npi": "1234567893",
        "provider_tax_id": "311234567",
        "batch": "BATCH1",
        "receiver_name": "NORTH CLINIC",
        "receiver_id": "SUB1",
        "sender_name": "ACME HEALTH",
        "sender_id": "60054",
    }
    return Acknowledgement(**{**base, **fields})  # type: ignore[arg-type]


def rejection(**fields: object) -> Acknowledgement:
    """A claim that was rejected, with the line at fault."""
    line = AcknowledgedLine(
        "99213",
        Decimal("125.50"),
        modifiers=("25",),
        units=Decimal(1),
        control_number="L1",
        statuses=(ClaimStatus("A7", "507"),),
        service_date=DAY,
    )
    base: dict[str, object] = {
        "claim_id": "A1002",
        "accepted": False,
        "statuses": tuple(ClaimStatus("A7", s) for s in ("21", "507", "255", "254")),
        "message": "SEE LINE",
        "lines": (line,),
        "service_date_end": DAY + dt.timedelta(days=2),
    }
    return acknowledgement(**{**base, **fields})
