"""Drafts written as the `Claim`s that go out."""

from decimal import Decimal

from models.claims.claim import Claim, Diagnosis, Drug, Note, OtherPayer, Provider, ServiceLine
from models.claims.common import DatedEvent, Reference
from training.simulate.calendar import day_date
from training.simulate.draft import Draft, money
from training.simulate.world import World


def build_claim(
    world: World,
    draft: Draft,
    claim_id: str,
    day: int,
    *,
    responsibility: str = "P",
    frequency: str = "1",
    replaces: str = "",
    other_payers: tuple[OtherPayer, ...] = (),
    lines: tuple[ServiceLine, ...] | None = None,
    delay_reason: str = "",
) -> Claim:
    """Write a draft as a `Claim`, submitted on ``day``."""
    visit, coverage = draft.visit, draft.coverage
    payer = coverage.payer
    references = []
    if draft.authorization:
        references.append(Reference("G1", draft.authorization))
    if draft.referring is not None and payer.filing_indicator == "HM":
        references.append(Reference("9F", f"R{visit.number:07d}"))
    if draft.laboratory:
        references.append(Reference("X4", world.laboratory_number))
    if replaces:
        references.append(Reference("F8", replaces))
    dates: tuple[DatedEvent, ...] = ()
    related: tuple[str, ...] = ()
    if any(d.group == "fracture" or d.code[0] == "S" for d in draft.diagnoses):
        dates = (DatedEvent("439", day_date(visit.day - 3)),)
        related = ("OA",)
    notes: tuple[Note, ...] = ()
    if related:
        notes = (Note("ADD", "INJURY AT HOME"),)
    elif visit.number % 61 == 0:
        notes = (Note("ADD", "RECORDS AVAILABLE ON REQUEST"),)
    if lines is None:
        lines = build_lines(draft)
    place = draft.place
    facility: Provider | None = None
    if place in ("22", "24"):
        facility = world.facility
    elif place == "11" and visit.place:
        facility = world.places[visit.place]
    kinds = ("ABK",) + ("ABF",) * 11
    return Claim(
        claim_id=claim_id,
        charge=money(sum(x.charge for x in draft.lines)),
        submitted=day_date(day),
        responsibility=responsibility,
        relationship=coverage.relationship,
        group_number=coverage.group_number,
        filing_indicator=payer.filing_indicator,
        insurance_type="12" if responsibility != "P" and payer.filing_indicator == "MB" else "",
        payer=payer.claim_payer,
        subscriber=coverage.subscriber,
        patient=coverage.patient,
        billing=world.billing,
        rendering=visit.provider.provider,
        referring=draft.referring,
        facility=facility,
        place_of_service=place,
        frequency=frequency,
        signature_on_file="Y",
        assignment="A",
        benefits_assigned="Y",
        release_of_information="Y",
        related_causes=related,
        delay_reason=delay_reason,
        diagnoses=tuple(Diagnosis(k, d.code) for k, d in zip(kinds, draft.diagnoses, strict=False)),
        dates=dates,
        references=tuple(references),
        notes=notes,
        other_payers=other_payers,
        lines=lines,
        submitter_id=world.submitter,
        receiver_id=world.receiver,
        receiver_name="CLEARINGHOUSE",
    )


_DRUG_NUMBERS = {"J3301": "00003029320", "J1010": "00009307301", "J7325": "58468009003"}


def build_lines(draft: Draft) -> tuple[ServiceLine, ...]:
    """The service lines of a draft."""
    number = draft.visit.number
    day = day_date(draft.visit.day)
    found = []
    for position, line in enumerate(draft.lines, 1):
        procedure = line.procedure
        drugs: tuple[Drug, ...] = ()
        if line.drug:
            drugs = (
                Drug(
                    _DRUG_NUMBERS.get(procedure.code, "00409488501"),
                    Decimal(line.units),
                    "ML",
                ),
            )
        found.append(
            ServiceLine(
                number=position,
                code=procedure.code,
                charge=money(line.charge),
                units=Decimal(line.units),
                unit_basis="MJ" if "minutes" in procedure.flags else "UN",
                modifiers=line.modifiers[:4],
                pointers=line.pointers,
                service_date=day,
                control_number=f"{number}{draft.series}{line.number}",
                drugs=drugs,
            )
        )
    return tuple(found)
