"""What every X12 writer shares: envelopes, control numbers, counts, clean elements.

X12 has no escape character: a separator that occurs inside data cannot be written. Such a
character, and any line end, is replaced with a space.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import BinaryIO

import msgspec

Element = str | tuple[str, ...]
"""A plain element, or the components of a composite one."""

_FLUSH_AT = 1 << 18


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who sends to whom, with which separators, in which portions.

    ``created`` fills ISA09/10 and GS04/05; ``None`` takes the first record's date, so that
    equal records give equal bytes. ``per_transaction`` bounds the records of one ST..SE.
    """

    sender_id: str = "FIRSTPASS"  # ISA06, at most 15 characters
    sender_qualifier: str = "ZZ"  # ISA05
    receiver_id: str = "RECEIVER"  # ISA08
    receiver_qualifier: str = "ZZ"  # ISA07
    application_sender: str = ""  # GS02; empty: sender_id
    application_receiver: str = ""  # GS03; empty: receiver_id
    created: dt.datetime | None = None
    control_number: int = 1  # ISA13; GS06 and ST02 count from 1 inside it
    usage: str = "P"  # ISA15: P production, T test
    submitter_name: str = "FIRSTPASS"  # NM1*41 of an 837
    contact_name: str = "BILLING OFFICE"  # PER02
    contact_phone: str = "5550100000"  # PER04
    receiver_name: str = "RECEIVER"  # NM1*40 of an 837, where the claim names none
    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"
    line_end: str = "\n"  # after every terminator; may be empty
    per_transaction: int = 5000

    def __post_init__(self) -> None:
        """Raise ValueError for separators that a reader could not tell apart."""
        separators = (self.element, self.component, self.repetition, self.terminator)
        if any(len(x) != 1 or x.isalnum() or x in " .-" for x in separators):
            raise ValueError("separators must be single characters that are no letter or digit")
        if len(set(separators)) != len(separators):
            raise ValueError("separators must differ from each other")
        if self.line_end.strip("\r\n"):
            raise ValueError(f"line_end={self.line_end!r}; allowed: '', '\\n', '\\r\\n'")
        if self.per_transaction < 1:
            raise ValueError(f"per_transaction={self.per_transaction}; at least 1")


DEFAULT_ENVELOPE = Envelope()


class X12Writer:
    """Writes segments of one interchange to a binary stream and keeps its counts.

    Use: ``open_interchange``, then per group ``open_group``, per transaction
    ``open_transaction``, ``segment`` ..., and the ``close_`` methods in reverse order.
    ``close_interchange`` closes whatever is still open.
    """

    def __init__(self, out: BinaryIO, envelope: Envelope) -> None:
        self._out = out
        self.envelope = envelope
        self._buffer: list[str] = []
        self._buffered = 0
        self._end = envelope.terminator + envelope.line_end
        specials = envelope.element + envelope.component + envelope.repetition + envelope.terminator
        self._clean_table = str.maketrans(dict.fromkeys(specials + "\r\n", " "))
        self._dirty = re.compile("[" + re.escape(specials.replace(envelope.element, "")) + "\r\n]")
        self._groups = 0
        self._group_transactions = 0
        self._in_group = False
        self._in_transaction = False
        self.transaction_segments = 0

    def open_interchange(self, created: dt.datetime) -> None:
        """Write the ISA; ``created`` is used where the envelope has no date of its own."""
        e = self.envelope
        self._created = e.created or created
        fields = (
            "ISA", "00", " " * 10, "00", " " * 10,
            _fixed(self._clean(e.sender_qualifier), 2), _fixed(self._clean(e.sender_id), 15),
            _fixed(self._clean(e.receiver_qualifier), 2), _fixed(self._clean(e.receiver_id), 15),
            f"{self._created:%y%m%d}", f"{self._created:%H%M}", e.repetition, "00501",
            f"{e.control_number % 1_000_000_000:09d}", "0", e.usage, e.component,
        )  # fmt: skip
        self._put(e.element.join(fields) + self._end)

    def open_group(
        self, functional_id: str, version: str, created: dt.datetime | None = None
    ) -> None:
        """Write a GS: ``functional_id`` GS01 (HC, HP, HN, FA), ``version`` GS08.

        ``created``: the group's own date, without it the interchange's.
        """
        created = created or self._created
        self.close_group()
        self._groups += 1
        self._group_transactions = 0
        self._in_group = True
        e = self.envelope
        self.segment(
            "GS",
            functional_id,
            e.application_sender or e.sender_id,
            e.application_receiver or e.receiver_id,
            f"{created:%Y%m%d}",
            f"{created:%H%M}",
            str(self._groups),
            "X",
            version,
        )

    def open_transaction(self, kind: str, version: str) -> str:
        """Write an ST and return its control number: ``kind`` ST01, ``version`` ST03."""
        self.close_transaction()
        self._group_transactions += 1
        self._in_transaction = True
        self.transaction_segments = 0
        control = f"{self._group_transactions:04d}"
        self.segment("ST", kind, control, version)
        return control

    def segment(self, *elements: Element) -> None:
        """Write one segment; trailing empty elements and components are left out."""
        e = self.envelope
        try:
            line = e.element.join(elements)  # type: ignore[arg-type]
        except TypeError:  # a composite among the elements
            line = e.element.join([self._element(x) for x in elements])
        else:
            if line.count(e.element) != len(elements) - 1 or self._dirty.search(line):
                line = e.element.join([self._element(x) for x in elements])
        self._put(line.rstrip(e.element) + self._end)
        self.transaction_segments += 1

    def close_transaction(self) -> None:
        """Write the SE of the open transaction, if one is open."""
        if self._in_transaction:
            count = str(self.transaction_segments + 1)
            self.segment("SE", count, f"{self._group_transactions:04d}")
            self._in_transaction = False

    def close_group(self) -> None:
        """Write the GE of the open group, if one is open."""
        self.close_transaction()
        if self._in_group:
            self.segment("GE", str(self._group_transactions), str(self._groups))
            self._in_group = False

    def close_interchange(self) -> None:
        """Close what is open, write the IEA and hand everything to the stream."""
        self.close_group()
        control = f"{self.envelope.control_number % 1_000_000_000:09d}"
        self.segment("IEA", str(self._groups), control)
        self._flush()

    def _element(self, value: Element) -> str:
        if isinstance(value, str):
            return self._clean(value)
        component = self.envelope.component
        return component.join([self._clean(x) for x in value]).rstrip(component)

    def _clean(self, value: str) -> str:
        return value.translate(self._clean_table)

    def _put(self, text: str) -> None:
        self._buffer.append(text)
        self._buffered += len(text)
        if self._buffered > _FLUSH_AT:
            self._flush()

    def _flush(self) -> None:
        # A lone surrogate cannot be encoded; it must not stop a file of good claims.
        self._out.write("".join(self._buffer).encode("utf-8", "replace"))
        self._buffer.clear()
        self._buffered = 0


def number(value: Decimal | int | None) -> str:
    """An amount or quantity without exponent; ``""`` for ``None``."""
    return "" if value is None else format(value, "f")


def day(value: dt.date | None) -> str:
    """A date as CCYYMMDD; ``""`` for ``None``."""
    return "" if value is None else f"{value.year:04d}{value.month:02d}{value.day:02d}"


def period(begin: dt.date, end: dt.date | None) -> tuple[str, str]:
    """Date format qualifier (D8 or RD8) and text of one day or a range."""
    if end is None:
        return "D8", day(begin)
    return "RD8", f"{day(begin)}-{day(end)}"


def _fixed(value: str, width: int) -> str:
    return value[:width].ljust(width)
