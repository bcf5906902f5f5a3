"""Writes loop 2300 of an 837P: one claim with its other payers and service lines."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from models.claims.claim import (
    Attachment,
    Claim,
    Diagnosis,
    Drug,
    LineAdjudication,
    Note,
    OtherPayer,
    ServiceLine,
)
from models.claims.common import Adjustment, Amount, DatedEvent
from models.claims.x12.write_837p_parties import (
    split_extra,
    write_payer,
    write_person,
    write_provider,
    write_references,
)
from models.claims.x12.writer import Element, X12Writer, day, number, period

_CODES_PER_HI = 12
_TRIPLETS_PER_CAS = 6

_CLAIM_ORDER = ("PWK", "CN1", "AMT", "REF", "K3", "NTE", "CR1", "CR2", "CRC", "HI", "HCP")
_LINE_ORDER = (
    "SV5", "PWK", "CR1", "CR3", "CRC", "DTP", "QTY", "MEA", "CN1", "REF", "AMT", "K3", "NTE",
    "PS1", "HCP",
)  # fmt: skip


def write_claim(writer: X12Writer, claim: Claim) -> None:
    """CLM and everything below it, in the guide's order."""
    causes = (*claim.related_causes, "", "", "")[:3]
    writer.segment(
        "CLM", claim.claim_id, number(claim.charge), "", "",
        (claim.place_of_service, "B", claim.frequency),
        claim.signature_on_file, claim.assignment, claim.benefits_assigned,
        claim.release_of_information, "", (*causes, claim.accident_state),
        claim.special_program, "", "", "", "", "", "", "", claim.delay_reason,
    )  # fmt: skip
    alone, loops = split_extra(claim.extra)
    _write_dates(writer, claim.dates)
    parts: dict[str, Callable[[], None]] = {
        "PWK": lambda: _write_attachments(writer, claim.attachments),
        "AMT": lambda: _write_amounts(writer, claim.amounts),
        "REF": lambda: write_references(writer, claim.references),
        "NTE": lambda: _write_notes(writer, claim.notes),
        "HI": lambda: _write_codes(writer, claim),
    }
    _write_in_order(writer, _CLAIM_ORDER, parts, alone)
    for code, provider, role in (
        ("DN", claim.referring, ""),
        ("P3", claim.primary_care, ""),
        ("82", claim.rendering, "PE"),
        ("77", claim.facility, ""),
        ("DQ", claim.supervising, ""),
    ):
        if provider is not None:
            write_provider(writer, code, provider, role)
    for segment in loops:
        writer.segment(*segment)
    for other in claim.other_payers:
        _write_other_payer(writer, other)
    for line in claim.lines:
        _write_line(writer, line)


def _write_line(writer: X12Writer, line: ServiceLine) -> None:
    writer.segment("LX", str(line.number))
    modifiers = (*line.modifiers, "", "", "", "")[:4]
    writer.segment(
        "SV1", (line.code_qualifier, line.code, *modifiers, line.description),
        number(line.charge), line.unit_basis, number(line.units), line.place_of_service, "",
        tuple(map(str, line.pointers)), "", _flag(line.emergency), "", _flag(line.epsdt),
        _flag(line.family_planning), "", "", "0" if line.copay_exempt else "",
    )  # fmt: skip
    alone: list[tuple[Element, ...]] = []
    loops: list[tuple[Element, ...]] = []
    if line.extra:
        alone, loops = split_extra(line.extra)
    parts: dict[str, Callable[[], None]] = {
        "PWK": lambda: _write_attachments(writer, line.attachments),
        "DTP": lambda: _write_line_dates(writer, line),
        "REF": lambda: _write_line_references(writer, line),
        "AMT": lambda: _write_amounts(writer, line.amounts),
        "NTE": lambda: _write_notes(writer, line.notes),
    }
    _write_in_order(writer, _LINE_ORDER, parts, alone)
    for drug in line.drugs:
        _write_drug(writer, drug)
    for code, provider, role in (
        ("82", line.rendering, "PE"),
        ("QB", line.purchased, ""),
        ("77", line.facility, ""),
        ("DQ", line.supervising, ""),
        ("DK", line.ordering, ""),
        ("DN", line.referring, ""),
    ):
        if provider is not None:
            write_provider(writer, code, provider, role)
    for segment in loops:
        if segment[0] not in ("LQ", "FRM"):
            writer.segment(*segment)
    for adjudication in line.adjudications:
        _write_adjudication(writer, adjudication)
    for segment in loops:
        if segment[0] in ("LQ", "FRM"):
            writer.segment(*segment)


def _write_in_order(
    writer: X12Writer,
    order: Sequence[str],
    parts: dict[str, Callable[[], None]],
    alone: list[tuple[Element, ...]],
) -> None:
    """Fields and kept raw segments by the guide's order of identifiers; unknown ones last."""
    if not alone:
        for write in parts.values():
            write()
        return
    for identifier in order:
        if identifier in parts:
            parts[identifier]()
        for segment in alone:
            if segment[0] == identifier:
                writer.segment(*segment)
    for segment in alone:
        if segment[0] not in order:
            writer.segment(*segment)


def _write_other_payer(writer: X12Writer, other: OtherPayer) -> None:
    writer.segment(
        "SBR", other.responsibility, other.relationship, other.group_number, other.group_name,
        other.insurance_type, "", "", "", other.filing_indicator,
    )  # fmt: skip
    _write_adjustments(writer, other.adjustments)
    _write_amounts(writer, other.amounts)
    if other.benefits_assigned or other.release_of_information:
        writer.segment("OI", "", "", other.benefits_assigned, "", "", other.release_of_information)
    for start in range(0, len(other.remark_codes), 5):
        writer.segment("MOA", "", "", *other.remark_codes[start : start + 5])
    if other.subscriber is not None:
        write_person(writer, "IL", other.subscriber)
    if other.payer is not None:
        payer = other.payer
        write_payer(writer, payer)
    if other.date is not None:
        writer.segment("DTP", "573", "D8", day(other.date))
    write_references(writer, other.references)
    for segment in split_extra(other.extra)[1]:
        writer.segment(*segment)


def _write_adjudication(writer: X12Writer, adjudication: LineAdjudication) -> None:
    code = (adjudication.code_qualifier, adjudication.code, *adjudication.modifiers)
    writer.segment(
        "SVD", adjudication.payer_id, number(adjudication.paid), code, "",
        number(adjudication.units), adjudication.bundled_into,
    )  # fmt: skip
    _write_adjustments(writer, adjudication.adjustments)
    if adjudication.date is not None:
        writer.segment("DTP", "573", "D8", day(adjudication.date))
    if adjudication.remaining is not None:
        writer.segment("AMT", "EAF", number(adjudication.remaining))


def _write_adjustments(writer: X12Writer, adjustments: Iterable[Adjustment]) -> None:
    for group, members in groupby(adjustments, key=lambda x: x.group):
        triplets = [y for x in members for y in (x.carc, number(x.amount), number(x.quantity))]
        for start in range(0, len(triplets), 3 * _TRIPLETS_PER_CAS):
            writer.segment("CAS", group, *triplets[start : start + 3 * _TRIPLETS_PER_CAS])


def _write_codes(writer: X12Writer, claim: Claim) -> None:
    _write_hi(writer, claim.diagnoses)
    _write_hi(writer, claim.procedures)
    _write_hi(writer, [Diagnosis("BG", x) for x in claim.conditions])


def _write_hi(writer: X12Writer, codes: Sequence[Diagnosis]) -> None:
    for start in range(0, len(codes), _CODES_PER_HI):
        part = codes[start : start + _CODES_PER_HI]
        writer.segment("HI", *[(x.qualifier, x.code) for x in part])


def _write_dates(writer: X12Writer, dates: Iterable[DatedEvent]) -> None:
    for date in dates:
        writer.segment("DTP", date.qualifier, *period(date.begin, date.end))


def _write_line_dates(writer: X12Writer, line: ServiceLine) -> None:
    if line.service_date is not None:
        writer.segment("DTP", "472", *period(line.service_date, line.service_date_end))
    _write_dates(writer, line.dates)


def _write_line_references(writer: X12Writer, line: ServiceLine) -> None:
    if line.control_number:
        writer.segment("REF", "6R", line.control_number)
    write_references(writer, line.references)


def _write_amounts(writer: X12Writer, amounts: Iterable[Amount]) -> None:
    for amount in amounts:
        writer.segment("AMT", amount.qualifier, number(amount.amount))


def _write_notes(writer: X12Writer, notes: Iterable[Note]) -> None:
    for note in notes:
        writer.segment("NTE", note.qualifier, note.text)


def _write_attachments(writer: X12Writer, attachments: Iterable[Attachment]) -> None:
    for x in attachments:
        control = ("", "", "AC", x.control_number) if x.control_number else ()
        writer.segment("PWK", x.report_type, x.transmission, *control)


def _write_drug(writer: X12Writer, drug: Drug) -> None:
    writer.segment("LIN", "", "N4", drug.ndc)
    if drug.quantity is not None or drug.unit:
        writer.segment("CTP", "", "", "", number(drug.quantity), drug.unit)
    if drug.prescription:
        writer.segment("REF", "XZ", drug.prescription)


def _flag(value: bool) -> str:
    return "Y" if value else ""
