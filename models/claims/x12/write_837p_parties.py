"""Writes the loops of an 837P that name somebody: providers, persons, payers."""

from collections.abc import Iterable

from models.claims.claim import Payer, Person, Provider
from models.claims.common import Address, Reference
from models.claims.x12.writer import Element, X12Writer, day


def write_provider(writer: X12Writer, entity_code: str, provider: Provider, role: str = "") -> None:
    """NM1 (NM101 ``entity_code``), PRV where ``role`` (PRV01) is given, N3, N4, REF, PER."""
    writer.segment(
        "NM1", entity_code, provider.entity, provider.name, provider.first_name,
        provider.middle_name, "", provider.suffix, "XX" if provider.npi else "", provider.npi,
    )  # fmt: skip
    if role and provider.taxonomy:
        writer.segment("PRV", role, "PXC", provider.taxonomy)
    write_address(writer, provider.address)
    if provider.tax_id:
        writer.segment("REF", provider.tax_id_qualifier or "EI", provider.tax_id)
    write_references(writer, provider.references)
    if provider.contact_name or provider.contact_phone:
        phone = ("TE", provider.contact_phone) if provider.contact_phone else ()
        writer.segment("PER", "IC", provider.contact_name, *phone)


def write_person(writer: X12Writer, entity_code: str, person: Person) -> None:
    """NM1, N3, N4, DMG and REF of a subscriber or patient."""
    writer.segment(
        "NM1", entity_code, person.entity, person.last_name, person.first_name,
        person.middle_name, "", person.suffix, person.member_id_qualifier, person.member_id,
    )  # fmt: skip
    write_address(writer, person.address)
    if person.birth_date or person.sex:
        form = "D8" if person.birth_date else ""
        writer.segment("DMG", form, day(person.birth_date), person.sex)
    write_references(writer, person.references)


def write_payer(writer: X12Writer, payer: Payer) -> None:
    """NM1*PR, N3, N4 and REF."""
    writer.segment("NM1", "PR", "2", payer.name, "", "", "", "", payer.id_qualifier, payer.id)
    write_address(writer, payer.address)
    write_references(writer, payer.references)


def write_address(writer: X12Writer, address: Address | None) -> None:
    """N3 and N4, each only where it says something."""
    if address is None:
        return
    if address.line1 or address.line2:
        writer.segment("N3", address.line1, address.line2)
    if address.city or address.state or address.zip or address.country:
        writer.segment("N4", address.city, address.state, address.zip, address.country)


def write_references(writer: X12Writer, references: Iterable[Reference]) -> None:
    """One REF each."""
    for reference in references:
        writer.segment("REF", reference.qualifier, reference.value)


def split_extra(
    extra: Iterable[str],
) -> tuple[list[tuple[Element, ...]], list[tuple[Element, ...]]]:
    """Kept raw segments: those that stand alone, and those of loops begun by NM1, LIN or LQ."""
    alone: list[tuple[Element, ...]] = []
    loops: list[tuple[Element, ...]] = []
    in_loop = False
    for text in extra:
        fields = text.split("*")
        segment = tuple(tuple(x.split(":")) if ":" in x else x for x in fields)
        if fields[0] in ("NM1", "LIN", "LQ"):
            in_loop = True
        elif fields[0] not in ("N2", "N3", "N4", "REF", "PER", "PRV", "CTP", "FRM"):
            in_loop = False
        (loops if in_loop else alone).append(segment)
    return alone, loops
