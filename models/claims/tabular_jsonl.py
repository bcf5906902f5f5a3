"""JSONL: one full `Claim`, `Payment`, `Acknowledgement` or `SetAcknowledgement` per line.

A line is the record's own fields with ``"type": "claim"``, ``"payment"``, ``"acknowledgement"``
or ``"set_acknowledgement"`` before them; fields at their default are left out. Amounts are strings
(numbers are read too), dates ``YYYY-MM-DD``.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.tabular_levels import Record as TableRecord
from models.errors import InputError, Place, Problem

Record = TableRecord | SetAcknowledgement

LINE_LIMIT = 1 << 26
"""Bytes of one line; a payment of some ten thousand claims takes about ten million."""


class _Claim(Claim, frozen=True, gc=False, tag_field="type", tag="claim"):
    """A claim's JSON form."""


class _Payment(Payment, frozen=True, gc=False, tag_field="type", tag="payment"):
    """A payment's JSON form."""


class _Acknowledgement(
    Acknowledgement, frozen=True, gc=False, tag_field="type", tag="acknowledgement"
):
    """An acknowledgement's JSON form."""


class _SetAcknowledgement(
    SetAcknowledgement, frozen=True, gc=False, tag_field="type", tag="set_acknowledgement"
):
    """A transaction set's response's JSON form."""


_TAGS: tuple[tuple[type[Record], bytes], ...] = (
    (Claim, b'{"type":"claim",'),
    (Payment, b'{"type":"payment",'),
    (Acknowledgement, b'{"type":"acknowledgement",'),
    (SetAcknowledgement, b'{"type":"set_acknowledgement",'),
)
_PLAIN: dict[type, type[Record]] = {
    _Claim: Claim, _Payment: Payment, _Acknowledgement: Acknowledgement,
    _SetAcknowledgement: SetAcknowledgement,
}  # fmt: skip
_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    _Claim | _Payment | _Acknowledgement | _SetAcknowledgement
)
_PATH = re.compile(r" - at `(\$[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([a-z_]{1,40})`")
_NOT_FINITE = re.compile(rb'"[+-]?(?:s?nan\d*|inf(?:inity)?)"', re.IGNORECASE)


def write_jsonl(records: Iterable[Record], out: BinaryIO) -> int:
    """Write one line per record, kinds in any mix, and return their number."""
    count = 0
    for record in records:
        tag = next((t for kind, t in _TAGS if isinstance(record, kind)), None)
        if tag is None:
            raise InputError(f"a {type(record).__name__} is no claim, payment or acknowledgement")
        out.write(tag + _ENCODER.encode(record)[1:] + b"\n")
        count += 1
    return count


def read_jsonl(stream: BinaryIO, name: str) -> Iterator[Record | Problem]:
    """Yield records and problems in order; a damaged line costs only itself.

    A problem names the line and the JSON path of what is wrong, never its content. Empty lines
    are passed over. Memory is bounded by the longest line, and that by `LINE_LIMIT`.
    """
    number = 0
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(LINE_LIMIT)
            yield _problem(name, number, "", "jsonl.long", f"longer than {LINE_LIMIT} bytes")
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _record(line, name, number)


def _record(line: bytes, name: str, number: int) -> Record | Problem:
    try:
        tagged = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        text = str(error)
        path = _PATH.search(text)
        return _problem(
            name, number, path[1] if path else "$", "jsonl.field", _words(_PATH.sub("", text))
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not valid JSON"
        return _problem(name, number, "", "jsonl.json", message)
    if _NOT_FINITE.search(line) and (place := _not_finite_path(tagged)):
        return _problem(name, number, place, "jsonl.field", "not a finite number")
    record = _PLAIN[type(tagged)](*msgspec.structs.astuple(tagged))
    if record.source == Source():
        record = msgspec.structs.replace(record, source=Source(name, number))
    return record


def _words(message: str) -> str:
    """The decoder's message without anything that stood in the line."""
    if message.startswith("Invalid value"):
        kinds = "claim, payment, acknowledgement or set_acknowledgement"
        return f'not one of the allowed values; "type" is {kinds}'
    if "unknown field" in message:
        known = _UNKNOWN.search(message)
        return f"unknown field {known[1]}" if known else "unknown field"
    return message[:1].lower() + message[1:]


def _not_finite_path(value: Any, path: str = "$") -> str:
    """JSON path of the first amount that is NaN or infinite, ``""`` where there is none."""
    if isinstance(value, msgspec.Struct):
        pairs = [(f"{path}.{f}", getattr(value, f)) for f in value.__struct_fields__]
    elif isinstance(value, tuple):
        pairs = [(f"{path}[{i}]", x) for i, x in enumerate(value)]
    else:
        return "" if getattr(value, "is_finite", lambda: True)() else path
    return next((found for p, x in pairs if (found := _not_finite_path(x, p))), "")


def _problem(file: str, row: int, field: str, code: str, message: str) -> Problem:
    return Problem(Place(file, row=row, field=field), code, message, "this line")
