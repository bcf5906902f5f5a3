"""Synthetic claims, payments and acknowledgements for the tests of the store."""

import datetime as dt
from decimal import Decimal

import msgspec

from models.claims.acknowledgement import Acknowledgement, ClaimStatus
from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.common import Address, Adjustment, Reference, Source
from models.claims.remittance import Payment, Remittance, RemittanceLine

FIRST_DAY = dt.date(2026, 1, 5)
PRACTICE = "1234567893:123456789"
OTHER_PRACTICE = "1679576722:987654321"

BILLING = Provider(
    npi="1234567893",
    name="EXAMPLE FAMILY PRACTICE",
    taxonomy="207Q00000X",
    tax_id="123456789",
    tax_id_qualifier="EI",
    address=Address("1 MAIN ST", "", "SPRINGFIELD", "IL", "627010000"),
)
OTHER_BILLING = msgspec.structs.replace(
    BILLING, npi="1679576722", tax_id="987654321", name="ANOTHER PRACTICE"
)
PAYERS = (Payer("UNITED EXAMPLE", "PI", "87726"), Payer("EXAMPLE BLUE", "PI", "00570"))
CODES = ("99213", "93000", "81002", "36415", "73721", "99214")


def claim(number: int, *, billing: Provider = BILLING, days: int = 0, lines: int = 3) -> Claim:
    """The claim with this number; ``days`` after `FIRST_DAY` it is filed."""
    patient = Person(
        last_name=f"EXAMPLE{number % 997}",
        first_name=f"TEST{number % 89}",
        member_id=f"M{number % 997:08}",
        member_id_qualifier="MI",
        birth_date=dt.date(1950, 1, 1) + dt.timedelta(number % 20_000),
        sex="F" if number % 2 else "M",
        address=Address("2 SIDE ST", "", "SPRINGFIELD", "IL", "62701"),
    )
    day = FIRST_DAY + dt.timedelta(days)
    service = day - dt.timedelta(2)
    items = tuple(
        ServiceLine(
            number=i + 1,
            code=CODES[(number + i) % len(CODES)],
            charge=Decimal(100 + 10 * i),
            modifiers=("25",) if i == 0 else (),
            pointers=(1, 2),
            service_date=service,
            control_number=f"{number}L{i + 1}",
        )
        for i in range(lines)
    )
    return Claim(
        claim_id=f"C{number:07}",
        charge=sum((x.charge for x in items), Decimal(0)),
        submitted=day,
        filing_indicator="CI",
        payer=PAYERS[number % 2],
        subscriber=patient,
        patient=patient,
        billing=billing,
        rendering=Provider(npi="1316007404", entity="1", name="RENDERER", first_name="ANY"),
        place_of_service="11",
        signature_on_file="Y",
        assignment="A",
        benefits_assigned="Y",
        release_of_information="Y",
        diagnoses=(Diagnosis("ABK", "E119"), Diagnosis("ABF", "I10"), Diagnosis("ABF", "Z0000")),
        references=(Reference("D9", f"CH{number}"),),
        lines=items,
        submitter_id="SUB1",
        receiver_id="REC1",
        source=Source("example.837", 10 + number, "000000001", "1", "0001"),
    )


def remittance(of: Claim, *, denied: bool = False) -> Remittance:
    """An answer to a claim: paid at its charge less a contractual cut, or its first line denied."""
    cut = Decimal("20.00")

    def line(item: ServiceLine) -> RemittanceLine:
        if denied and item.number == 1:
            adjustments = (Adjustment("CO", "197", item.charge),)
            paid = Decimal(0)
        else:
            adjustments = (Adjustment("CO", "45", cut),)
            paid = item.charge - cut
        return RemittanceLine(
            code=item.code,
            charge=item.charge,
            paid=paid,
            modifiers=item.modifiers,
            service_date=item.service_date,
            control_number=item.control_number,
            adjustments=adjustments,
        )

    lines = tuple(line(x) for x in of.lines)
    return Remittance(
        claim_id=of.claim_id,
        status="1",
        charge=of.charge,
        paid=sum((x.paid for x in lines), Decimal(0)),
        filing_indicator="12",
        payer_control_number=f"ICN{of.claim_id}",
        lines=lines,
        source=Source("example.835", 5, "000000002", "1", "0001"),
    )


def payment(
    remittances: tuple[Remittance, ...], *, trace: str, day: dt.date, payer: Payer = PAYERS[0]
) -> Payment:
    """A payment of these remittances to the example practice."""
    return Payment(
        amount=sum((r.paid for r in remittances), Decimal(0)),
        date=day,
        method="ACH",
        trace=trace,
        originator="1999999999",
        production_date=day,
        payer_name=payer.name,
        payer_id=payer.id,
        payer_references=(Reference("2U", payer.id),),
        payee_name=BILLING.name,
        payee_npi=BILLING.npi,
        payee_tax_id="12-3456789",
        remittances=remittances,
        source=Source("example.835", 3, "000000002", "1", "0001"),
    )


def acknowledgement(of: Claim, *, accepted: bool = True) -> Acknowledgement:
    """What a clearinghouse says about a claim's arrival."""
    return Acknowledgement(
        claim_id=of.claim_id,
        statuses=(ClaimStatus("A2" if accepted else "A7", "20"),),
        accepted=accepted,
        date=of.submitted + dt.timedelta(1),
        charge=of.charge,
        provider_npi=of.billing.npi,
        source=Source("example.277", 9, "000000003", "1", "0001"),
    )
