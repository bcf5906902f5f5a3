"""Writes claims as an 837P interchange (005010X222A1)."""

import datetime as dt
from collections.abc import Iterable
from typing import BinaryIO

from models.claims.claim import Claim, Person
from models.claims.x12.write_837p_claim import write_claim
from models.claims.x12.write_837p_parties import write_payer, write_person, write_provider
from models.claims.x12.writer import DEFAULT_ENVELOPE, Envelope, X12Writer, day

VERSION = "005010X222A1"
_CLAIMS_PER_LEVEL = 100  # the guide's limit for loop 2300 within one HL


def write_837p(
    claims: Iterable[Claim], out: BinaryIO, *, envelope: Envelope = DEFAULT_ENVELOPE
) -> int:
    """Write ``claims`` as one interchange and return how many were written.

    Claims keep their order; neighbours with the same billing provider, subscriber and patient
    share their HL loops, and a transaction ends after ``envelope.per_transaction`` claims or
    where `Claim.submitted`, submitter or receiver changes. An empty submitter or receiver is
    filled from the envelope. Separators inside data become spaces. Memory does not grow with
    the number of claims.
    """
    writer = X12Writer(out, envelope)
    hierarchy = _Hierarchy(writer)
    for claim in claims:
        hierarchy.add(claim)
    if not hierarchy.total:
        writer.open_interchange(dt.datetime(1970, 1, 1))
    writer.close_interchange()
    return hierarchy.total


class _Hierarchy:
    """The transaction and HL loops that are open, told apart by what they say."""

    def __init__(self, writer: X12Writer) -> None:
        self._writer = writer
        self.total = 0
        self._in_transaction = 0
        self._in_level = 0
        self._level = 0
        self._billing_level = 0
        self._subscriber_level = 0
        self._header: object = None
        self._billing: object = None
        self._subscriber: object = None
        self._patient: object = None

    def add(self, claim: Claim) -> None:
        """Write one claim, opening what it needs that is not open."""
        header = (claim.submitted, claim.submitter_id, claim.receiver_id, claim.receiver_name)
        if header != self._header or self._in_transaction >= self._writer.envelope.per_transaction:
            self._open_transaction(claim)
            self._header = header
            self._billing = None
        billing = (claim.billing, claim.pay_to)
        if billing != self._billing:
            self._open_billing(claim)
            self._billing = billing
            self._subscriber = None
        dependent = claim.patient != claim.subscriber or claim.relationship not in ("18", "")
        subscriber = (
            dependent, "" if dependent else claim.relationship, claim.subscriber, claim.payer,
            claim.responsibility, claim.group_number, claim.group_name, claim.insurance_type,
            claim.filing_indicator,
        )  # fmt: skip
        full = self._in_level >= _CLAIMS_PER_LEVEL
        if subscriber != self._subscriber or (full and not dependent):
            self._open_subscriber(claim, dependent)
            self._subscriber = subscriber
            self._patient = None
        patient = (claim.relationship, claim.patient)
        if dependent and (patient != self._patient or full):
            self._open_patient(claim)
            self._patient = patient
        write_claim(self._writer, claim)
        self.total += 1
        self._in_transaction += 1
        self._in_level += 1

    def _open_transaction(self, claim: Claim) -> None:
        writer, envelope = self._writer, self._writer.envelope
        if not self.total:
            writer.open_interchange(dt.datetime.combine(claim.submitted, dt.time()))
            writer.open_group("HC", VERSION)
        control = writer.open_transaction("837", VERSION)
        batch = f"{envelope.control_number}-{control}"
        writer.segment("BHT", "0019", "00", batch, day(claim.submitted), "0000", "CH")
        submitter = claim.submitter_id or envelope.sender_id
        writer.segment("NM1", "41", "2", envelope.submitter_name, "", "", "", "", "46", submitter)
        writer.segment("PER", "IC", envelope.contact_name, "TE", envelope.contact_phone)
        receiver = claim.receiver_id or envelope.receiver_id
        receiver_name = claim.receiver_name or envelope.receiver_name
        writer.segment("NM1", "40", "2", receiver_name, "", "", "", "", "46", receiver)
        self._in_transaction = 0
        self._level = 0

    def _open_level(self, parent: int, code: str, has_child: bool) -> int:
        self._level += 1
        self._in_level = 0
        self._writer.segment(
            "HL", str(self._level), str(parent or ""), code, "1" if has_child else "0"
        )
        return self._level

    def _open_billing(self, claim: Claim) -> None:
        self._billing_level = self._open_level(0, "20", has_child=True)
        if claim.billing.taxonomy:
            self._writer.segment("PRV", "BI", "PXC", claim.billing.taxonomy)
        write_provider(self._writer, "85", claim.billing)
        if claim.pay_to is not None:
            write_provider(self._writer, "87", claim.pay_to)

    def _open_subscriber(self, claim: Claim, dependent: bool) -> None:
        self._subscriber_level = self._open_level(self._billing_level, "22", dependent)
        self._writer.segment(
            "SBR", claim.responsibility, "" if dependent else claim.relationship,
            claim.group_number, claim.group_name, claim.insurance_type, "", "", "",
            claim.filing_indicator,
        )  # fmt: skip
        self._write_patient_information("", claim.subscriber)
        write_person(self._writer, "IL", claim.subscriber)
        write_payer(self._writer, claim.payer)

    def _open_patient(self, claim: Claim) -> None:
        self._open_level(self._subscriber_level, "23", has_child=False)
        self._write_patient_information(claim.relationship, claim.patient)
        write_person(self._writer, "QC", claim.patient)

    def _write_patient_information(self, relationship: str, person: Person) -> None:
        if relationship or person.death_date or person.pregnant:
            self._writer.segment(
                "PAT", relationship, "", "", "", "D8" if person.death_date else "",
                day(person.death_date), "", "", "Y" if person.pregnant else "",
            )  # fmt: skip
