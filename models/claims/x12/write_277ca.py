"""Writes 277CA transactions (005010X214) of `Acknowledgement`s.

Consecutive acknowledgements of the same sender, receiver, batch and day make one transaction;
in it, consecutive claims of the same billing provider share that provider's level.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby, islice
from typing import BinaryIO

from models.claims.acknowledgement import AcknowledgedLine, Acknowledgement, ClaimStatus
from models.claims.common import ZERO
from models.claims.x12.writer import Element, Envelope, X12Writer, day, number, period
from models.errors import InputError

VERSION = "005010X214"
# What the envelope levels say: received by the sender of this file; claims speak for themselves.
_RECEIVED = ("A1", "19", "PR")


def write_277ca(
    acknowledgements: Iterable[Acknowledgement],
    out: BinaryIO,
    *,
    envelope: Envelope | None = None,
) -> int:
    """Write one interchange and return the number of acknowledgements; none writes nothing.

    Raises InputError for an acknowledgement without a status: there is no segment for it.
    """
    envelope = envelope or Envelope()
    writer: X12Writer | None = None
    count = 0
    for _, members in groupby(acknowledgements, key=_batch_key):
        while batch := list(islice(members, envelope.per_transaction)):
            if writer is None:
                writer = X12Writer(out, envelope)
                writer.open_interchange(dt.datetime.combine(batch[0].date, dt.time()))
                writer.open_group("HN", VERSION)
            control = writer.open_transaction("277", VERSION)
            _batch(writer, batch, control)
            writer.close_transaction()
            count += len(batch)
    if writer is not None:
        writer.close_interchange()
    return count


def _batch_key(item: Acknowledgement) -> tuple[object, ...]:
    return (
        item.sender_entity, item.sender_name, item.sender_id, item.receiver_name,
        item.receiver_id, item.batch, item.date,
    )  # fmt: skip


def _provider_key(item: Acknowledgement) -> tuple[str, str, str]:
    return item.provider_name, item.provider_npi, item.provider_tax_id


def _batch(writer: X12Writer, batch: Sequence[Acknowledgement], control: str) -> None:
    put = writer.segment
    first = batch[0]
    put("BHT", "0085", "08", first.batch or control, day(first.date), "0000", "TH")
    put("HL", "1", "", "20", "1")
    put("NM1", first.sender_entity, "2", first.sender_name, *[""] * 4, "PI", first.sender_id)
    put("TRN", "1", first.batch or control)
    put("DTP", "050", "D8", day(first.date))
    put("DTP", "009", "D8", day(first.date))
    put("HL", "2", "1", "21", "1")
    put("NM1", "41", "2", first.receiver_name, *[""] * 4, "46", first.receiver_id)
    put("TRN", "2", first.batch or control)
    put("STC", _RECEIVED, day(first.date), "WQ", number(_total(batch)))
    _totals(writer, batch, "90", "AA")
    level = 2
    for key, members in groupby(batch, key=_provider_key):
        level = _provider(writer, key, list(members), level + 1)


def _provider(
    writer: X12Writer, key: tuple[str, str, str], claims: Sequence[Acknowledgement], level: int
) -> int:
    """One billing provider with its claims; returns the last HL number used."""
    put = writer.segment
    name, npi, tax_id = key
    put("HL", str(level), "2", "19", "1")
    qualifier, identifier = ("XX", npi) if npi else ("FI", tax_id)
    put("NM1", "85", "2", name, *[""] * 4, qualifier, identifier)
    put("TRN", "1", "0")
    put("STC", _RECEIVED, "", "WQ", number(_total(claims)))
    if npi and tax_id:
        put("REF", "TJ", tax_id)
    _totals(writer, claims, "QA", "QC")
    for child, claim in enumerate(claims, level + 1):
        put("HL", str(child), str(level), "PT")
        _claim(writer, claim)
    return level + len(claims)


def _claim(writer: X12Writer, claim: Acknowledgement) -> None:
    put = writer.segment
    if not claim.statuses:
        raise InputError("an acknowledgement needs at least one status (STC01)")
    put(
        "NM1", "QC", "1", claim.patient_last_name, claim.patient_first_name, *[""] * 3,
        "MI" if claim.member_id else "", claim.member_id,
    )  # fmt: skip
    put("TRN", "2", claim.claim_id)
    action = "WQ" if claim.accepted else "U"
    _statuses(writer, claim.statuses, day(claim.date), action, number(claim.charge), claim.message)
    if claim.payer_control_number:
        put("REF", "1K", claim.payer_control_number)
    if claim.clearinghouse_number:
        put("REF", "D9", claim.clearinghouse_number)
    if claim.service_date:
        put("DTP", "472", *period(claim.service_date, claim.service_date_end))
    for line in claim.lines:
        _line(writer, line, claim)


def _line(writer: X12Writer, line: AcknowledgedLine, claim: Acknowledgement) -> None:
    writer.segment(
        "SVC", (line.code_qualifier, line.code, *line.modifiers), number(line.charge), "", "",
        "", "", number(line.units),
    )  # fmt: skip
    action = "U" if any(s.rejected for s in line.statuses) else "WQ"
    _statuses(writer, line.statuses, day(claim.date), action, "", "")
    if line.control_number:
        writer.segment("REF", "FJ", line.control_number)
    if line.service_date:
        writer.segment("DTP", "472", "D8", day(line.service_date))


def _statuses(
    writer: X12Writer,
    statuses: Sequence[ClaimStatus],
    date: str,
    action: str,
    charge: str,
    message: str,
) -> None:
    """STC segments with three statuses each: STC01, STC10 and STC11."""
    for first, *others in _threes(statuses):
        more: list[Element] = [_composite(s) for s in others]
        more += [""] * (2 - len(more))
        writer.segment("STC", _composite(first), date, action, charge, *[""] * 5, *more, message)
        message = ""


def _threes(statuses: Sequence[ClaimStatus]) -> Iterator[Sequence[ClaimStatus]]:
    return (statuses[i : i + 3] for i in range(0, len(statuses), 3))


def _composite(status: ClaimStatus) -> Element:
    return status.category, status.status, status.entity


def _total(claims: Sequence[Acknowledgement]) -> Decimal:
    return sum((c.charge or ZERO for c in claims), ZERO)


def _totals(
    writer: X12Writer, claims: Sequence[Acknowledgement], accepted: str, rejected: str
) -> None:
    """Numbers and charges of accepted and rejected claims; a side without claims is left out."""
    yes = [c for c in claims if c.accepted]
    no = [c for c in claims if not c.accepted]
    sides = ((accepted, "YU", yes), (rejected, "YY", no))
    for qualifier, _, members in sides:
        if members:
            writer.segment("QTY", qualifier, str(len(members)))
    for _, qualifier, members in sides:
        if members:
            writer.segment("AMT", qualifier, number(_total(members)))
