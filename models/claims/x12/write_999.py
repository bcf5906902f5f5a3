"""Writes 999 transactions (005010X231A1) of `SetAcknowledgement`s.

Responses to the same group on the same day make one transaction.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import BinaryIO

from models.claims.set_acknowledgement import SegmentError, SetAcknowledgement
from models.claims.x12.writer import Envelope, X12Writer

VERSION = "005010X231A1"


def write_999(
    acknowledgements: Iterable[SetAcknowledgement],
    out: BinaryIO,
    *,
    envelope: Envelope | None = None,
) -> int:
    """Write one interchange and return the number of responses; none writes nothing.

    The date of a 999 is its group's (GS04): another day begins another group.
    """
    writer: X12Writer | None = None
    count = 0
    for date, of_day in groupby(acknowledgements, key=lambda x: x.date):
        when = dt.datetime.combine(date, dt.time())
        if writer is None:
            writer = X12Writer(out, envelope or Envelope())
            writer.open_interchange(when)
        writer.open_group("FA", VERSION, when)
        for _, members in groupby(of_day, key=lambda x: (x.group, x.functional)):
            sets = list(members)
            _group(writer, sets)
            count += len(sets)
    if writer is not None:
        writer.close_interchange()
    return count


def _group(writer: X12Writer, sets: Sequence[SetAcknowledgement]) -> None:
    put = writer.segment
    first = sets[0]
    writer.open_transaction("999", VERSION)
    put("AK1", first.functional or "HC", first.group, first.version)
    single = [x for x in sets if x.transaction]
    for x in single:
        put("AK2", x.kind or "837", x.transaction, x.version)
        for error in x.errors:
            _error(writer, error)
        put("IK5", x.code, *x.reasons)
    whole = next((x for x in sets if not x.transaction), None)
    accepted = sum(x.accepted for x in single)
    if whole is not None:
        code = whole.code
    elif accepted == len(single):
        code = "E" if any(x.code == "E" for x in single) else "A"
    else:
        code = "P" if accepted else "R"
    number = str(len(single) or 1)
    put("AK9", code, number, number, str(accepted), *(whole.reasons if whole else ()))
    writer.close_transaction()


def _error(writer: X12Writer, error: SegmentError) -> None:
    writer.segment("IK3", error.segment, str(error.position), error.loop, error.code)
    if error.claim_id:
        writer.segment("CTX", ("CLM01", error.claim_id))
    for x in error.elements:
        position = (str(x.position), str(x.component)) if x.component else str(x.position)
        writer.segment("IK4", position, x.reference, x.code)
