"""Writes 835 transactions (005010X221A1): one ST..SE per `Payment`.

What the guide requires is written as far as the payment holds it: a compliant file needs a
payer address, a technical contact (``Contact("BL", ...)`` among ``payer_contacts``), a trace
number with its originator, and a payee identifier. ``extra`` segments are not written: where
they stood is not known.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import BinaryIO

from models.claims.common import Address, Adjustment, Reference
from models.claims.remittance import Contact, Payment, Remittance, RemittanceLine
from models.claims.x12.writer import Element, Envelope, X12Writer, day, number
from models.errors import InputError

VERSION = "005010X221A1"
_MOST_REMARKS = 5  # MOA03..07


def write_835(
    payments: Iterable[Payment], out: BinaryIO, *, envelope: Envelope | None = None
) -> int:
    """Write one interchange with all payments and return their number; none writes nothing.

    Raises InputError for a claim with more than the five remark codes that MOA holds.
    """
    writer: X12Writer | None = None
    count = 0
    for payment in payments:
        if writer is None:
            writer = X12Writer(out, envelope or Envelope())
            writer.open_interchange(dt.datetime.combine(payment.answered, dt.time()))
            writer.open_group("HP", VERSION)
        writer.open_transaction("835", "")  # ST03 is not used in an 835
        _payment(writer, payment)
        writer.close_transaction()
        count += 1
    if writer is not None:
        writer.close_interchange()
    return count


def _payment(writer: X12Writer, payment: Payment) -> None:
    put = writer.segment
    put(
        "BPR", payment.handling, number(payment.amount), "C" if payment.credit else "D",
        payment.method, *[""] * 11, day(payment.date),
    )  # fmt: skip
    put("TRN", "1", payment.trace, payment.originator, payment.originator_supplement)
    if payment.currency:
        put("CUR", "PR", payment.currency)
    if payment.receiver_id:
        put("REF", "EV", payment.receiver_id)
    if payment.production_date:
        put("DTM", "405", day(payment.production_date))
    put("N1", "PR", payment.payer_name, payment.payer_id_qualifier, payment.payer_id)
    _address(writer, payment.payer_address)
    _references(writer, payment.payer_references)
    for contact in payment.payer_contacts:
        _contact(writer, contact)
    if payment.payee_npi:
        put("N1", "PE", payment.payee_name, "XX", payment.payee_npi)
    else:
        qualifier = "FI" if payment.payee_tax_id else ""
        put("N1", "PE", payment.payee_name, qualifier, payment.payee_tax_id)
    _address(writer, payment.payee_address)
    if payment.payee_npi and payment.payee_tax_id:
        put("REF", "TJ", payment.payee_tax_id)
    _references(writer, payment.payee_references)
    if payment.remittances:
        put("LX", "1")
    for remittance in payment.remittances:
        _remittance(writer, remittance)
    _provider_adjustments(writer, payment)


def _remittance(writer: X12Writer, claim: Remittance) -> None:
    put = writer.segment
    put(
        "CLP", claim.claim_id, claim.status, number(claim.charge), number(claim.paid),
        number(claim.patient_responsibility) if claim.patient_responsibility else "",
        claim.filing_indicator, claim.payer_control_number, claim.place_of_service,
        claim.frequency,
    )  # fmt: skip
    _adjustments(writer, claim.adjustments)
    _name(
        writer, "QC", "1", claim.patient_last_name, claim.patient_first_name,
        claim.member_id_qualifier, claim.member_id, always=True,
    )  # fmt: skip
    _name(
        writer, "IL", "1", claim.subscriber_last_name, claim.subscriber_first_name, "MI",
        claim.subscriber_member_id,
    )  # fmt: skip
    _name(
        writer, "74", "1", claim.corrected_last_name, claim.corrected_first_name, "C",
        claim.corrected_member_id,
    )  # fmt: skip
    _name(writer, "82", "1", "", "", "XX", claim.rendering_npi)
    _name(writer, "TT", "2", claim.crossover_payer, "", "PI", claim.crossover_payer_id)
    _name(writer, "PR", "2", claim.corrected_payer, "", "PI", claim.corrected_payer_id)
    _name(
        writer, "GB", "1", claim.other_subscriber_last_name, claim.other_subscriber_first_name,
        "MI", claim.other_subscriber_id,
    )  # fmt: skip
    if len(claim.remark_codes) > _MOST_REMARKS:
        raise InputError(
            f"{len(claim.remark_codes)} claim-level remark codes; an 835 holds {_MOST_REMARKS}: "
            "put the others on service lines"
        )
    if claim.remark_codes:
        put("MOA", "", "", *claim.remark_codes)
    _references(writer, claim.references)
    for event in claim.dates:
        put("DTM", event.qualifier, day(event.begin))
    for contact in claim.contacts:
        _contact(writer, contact)
    for amount in claim.amounts:
        put("AMT", amount.qualifier, number(amount.amount))
    for quantity in claim.quantities:
        put("QTY", quantity.qualifier, number(quantity.quantity))
    for line in claim.lines:
        _line(writer, line)


def _line(writer: X12Writer, line: RemittanceLine) -> None:
    put = writer.segment
    submitted: Element = ""
    if line.submitted_code:
        submitted = (
            line.submitted_code_qualifier, line.submitted_code, *line.submitted_modifiers,
        )  # fmt: skip
    put(
        "SVC", (line.code_qualifier, line.code, *line.modifiers), number(line.charge),
        number(line.paid), line.revenue_code, number(line.units), submitted,
        number(line.submitted_units),
    )  # fmt: skip
    if line.service_date_end:
        if line.service_date:
            put("DTM", "150", day(line.service_date))
        put("DTM", "151", day(line.service_date_end))
    elif line.service_date:
        put("DTM", "472", day(line.service_date))
    _adjustments(writer, line.adjustments)
    if line.control_number:
        put("REF", "6R", line.control_number)
    _references(writer, line.references)
    for amount in line.amounts:
        put("AMT", amount.qualifier, number(amount.amount))
    for quantity in line.quantities:
        put("QTY", quantity.qualifier, number(quantity.quantity))
    for code in line.remark_codes:
        put("LQ", "HE", code)


def _adjustments(writer: X12Writer, adjustments: Sequence[Adjustment]) -> None:
    """CAS segments of up to six triplets; the order of the adjustments is kept."""
    for group, members in groupby(adjustments, key=lambda a: a.group):
        triplets = [(a.carc, number(a.amount), number(a.quantity)) for a in members]
        for i in range(0, len(triplets), 6):
            writer.segment("CAS", group, *[x for t in triplets[i : i + 6] for x in t])


def _provider_adjustments(writer: X12Writer, payment: Payment) -> None:
    """PLB segments of up to six pairs; an unknown fiscal period ends on December 31 (guide)."""
    year_end = dt.date(payment.date.year, 12, 31)
    for (provider, end), members in groupby(
        payment.provider_adjustments, key=lambda a: (a.provider_id, a.fiscal_period_end)
    ):
        pairs = [((a.reason, a.reference), number(a.amount)) for a in members]
        for i in range(0, len(pairs), 6):
            flat = [x for pair in pairs[i : i + 6] for x in pair]
            writer.segment("PLB", provider, day(end or year_end), *flat)


def _name(
    writer: X12Writer,
    entity: str,
    kind: str,
    last: str,
    first: str,
    qualifier: str,
    identifier: str,
    always: bool = False,
) -> None:
    if always or last or first or identifier:
        tail = (qualifier, identifier) if identifier else ()
        writer.segment("NM1", entity, kind, last, first, "", "", "", *tail)


def _address(writer: X12Writer, address: Address | None) -> None:
    if address is None:
        return
    if address.line1 or address.line2:
        writer.segment("N3", address.line1, address.line2)
    if address.city or address.state or address.zip or address.country:
        writer.segment("N4", address.city, address.state, address.zip, address.country)


def _references(writer: X12Writer, references: Sequence[Reference]) -> None:
    for reference in references:
        writer.segment("REF", reference.qualifier, reference.value)


def _contact(writer: X12Writer, contact: Contact) -> None:
    flat = [x for pair in contact.numbers[:3] for x in pair]
    writer.segment("PER", contact.function, contact.name, *flat)
