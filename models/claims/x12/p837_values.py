"""Elements of 837P segments as values; what repeats from claim to claim is built once.

Caches are bounded and hold codes, dates, amounts and providers: nothing that names a patient.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from models.claims.claim import Diagnosis, Provider
from models.claims.common import Adjustment, DatedEvent, Reference
from models.claims.x12.context import Segment
from models.claims.x12.p835_elements import (
    element,
    read_address,
    read_number,
    read_period,
    split_composite,
)

AMOUNT_LIMIT = Decimal(10_000_000)
"""A professional claim or service over ten million dollars is a damaged amount."""

PADDING = [""] * 21
"""``segment + PADDING`` has all the elements that any 837P segment may have."""

TAX_QUALIFIERS = {"24": "EI", "34": "SY"}
"""NM108 of senders that put a tax number into NM109, and the REF01 that belongs to it."""

_POINTERS = frozenset(range(1, 100))
_PROVIDERS_KEPT = 1 << 14


class Service(NamedTuple):
    """SV101 or SVD03."""

    qualifier: str
    code: str
    modifiers: tuple[str, ...]
    description: str


class Composites:
    """Reads composite elements with one component separator; equal texts share one value."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        self.service = lru_cache(maxsize=1 << 14)(self._service)
        self.diagnosis = lru_cache(maxsize=1 << 15)(self._diagnosis)
        self.pointers = lru_cache(maxsize=1 << 12)(self._pointers)
        self.facility = lru_cache(maxsize=1 << 12)(self._facility)

    def split(self, text: str) -> list[str]:
        """Components of any composite."""
        return text.split(self.separator)

    def _service(self, text: str) -> Service:
        parts = (split_composite(text, self.separator) + PADDING)[:7]
        modifiers = parts[2:6]
        while modifiers and not modifiers[-1]:
            modifiers.pop()
        return Service(parts[0], parts[1], tuple(modifiers), parts[6])

    def _diagnosis(self, text: str) -> Diagnosis:
        parts = split_composite(text, self.separator)
        return Diagnosis(parts[0], parts[1] if len(parts) > 1 else "")

    def _pointers(self, text: str) -> tuple[tuple[int, ...], bool]:
        """SV107: the readable pointers, and whether there are others."""
        parts = [x for x in self.split(text) if x]
        values = [read_number(x) for x in parts]  # some senders write 1.00
        good = tuple(int(x) for x in values if x is not None and x in _POINTERS)
        return good, len(good) != len(parts)

    def _facility(self, text: str) -> tuple[str, str]:
        """CLM05: place of service and frequency code."""
        parts = (self.split(text) + PADDING)[:3]
        return parts[0], parts[2]


@lru_cache(maxsize=16)
def composites(separator: str) -> Composites:
    """The reader of composites with this separator."""
    return Composites(separator)


def sender_separator(facility: str, separator: str) -> str:
    """Component separator that CLM05 shows, where the sender does not keep to its own ISA16.

    >>> sender_separator("11>B>1", ":")
    '>'
    >>> sender_separator("11:B:1", ":"), sender_separator("11", ":")
    (':', ':')
    """
    if separator not in facility and len(facility) > 3:
        found = facility[2]
        if not found.isalnum() and not found.isspace():
            return found
    return separator


@lru_cache(maxsize=1 << 16)
def read_amount(text: str) -> tuple[Decimal | None, str, str]:
    """Amount or ``None``, with the kind and the words of what is wrong (``""``: nothing)."""
    value = read_number(text)
    if value is None:
        return None, "837p.amount", "is no amount" if text else "is missing"
    if value < 0:
        return value, "837p.amount_size", "is negative"
    if value > AMOUNT_LIMIT:
        return value, "837p.amount_size", f"is over {AMOUNT_LIMIT} dollars"
    return value, "", ""


@lru_cache(maxsize=1 << 14)
def read_days(text: str) -> tuple[dt.date, dt.date | None] | None:
    """First and last day of a DTP03 (D8, RD8, or DT, whose time is dropped)."""
    if len(text) == 12 and text.isdigit():
        text = text[:8]
    return read_period(text)


@lru_cache(maxsize=1 << 14)
def read_event(qualifier: str, text: str) -> DatedEvent | None:
    """A DTP as `DatedEvent`, ``None`` where its date is unreadable."""
    days = read_days(text)
    return None if days is None else DatedEvent(qualifier, *days)


def read_adjustments(segment: Segment) -> tuple[list[Adjustment], list[int]]:
    """CAS: its adjustments, and the positions of amounts and quantities that are unreadable."""
    found: list[Adjustment] = []
    bad: list[int] = []
    for start in range(2, len(segment), 3):
        carc, amount, quantity = (segment[start : start + 3] + PADDING)[:3]
        if not (carc or amount or quantity):
            continue
        value = read_number(amount)
        if value is None:
            bad.append(start + 1)
            continue
        units = read_number(quantity)
        if quantity and units is None:
            bad.append(start + 2)
        found.append(Adjustment(segment[1], carc, value, units))
    return found, bad


_providers: dict[tuple[tuple[str, ...], ...], Provider] = {}


def read_provider(segments: Sequence[Segment]) -> Provider:
    """The provider that an NM1 and the PRV, N3, N4, REF and PER behind it tell of."""
    key = tuple(map(tuple, segments))
    known = _providers.get(key)
    if known is None:
        if len(_providers) >= _PROVIDERS_KEPT:
            _providers.clear()
        known = _providers[key] = _build_provider(segments)
    return known


def _build_provider(segments: Sequence[Segment]) -> Provider:
    name = segments[0] + PADDING
    npi, tax_id, tax_qualifier, taxonomy, contact, phone = "", "", "", "", "", ""
    references: list[Reference] = []
    street: Segment | None = None
    city: Segment | None = None
    if name[8] == "XX":
        npi = name[9]
    elif name[8] in TAX_QUALIFIERS:
        tax_id, tax_qualifier = name[9], TAX_QUALIFIERS[name[8]]
    elif name[9]:
        references.append(Reference(name[8], name[9]))
    for segment in segments[1:]:
        identifier, first, second = (segment + PADDING)[:3]
        if identifier == "REF":
            if first in ("EI", "SY") and second and not tax_id:
                tax_id, tax_qualifier = second, first
            else:
                references.append(Reference(first, second))
        elif identifier == "N3":
            street = segment
        elif identifier == "N4":
            city = segment
        elif identifier == "PRV":
            taxonomy = element(segment, 3)
        elif identifier == "PER" and not (contact or phone):
            contact = second
            phone = next(
                (element(segment, i + 1) for i in (3, 5, 7) if element(segment, i) == "TE"), ""
            )
    return Provider(
        npi=npi,
        entity=name[2],
        name=name[3],
        first_name=name[4],
        middle_name=name[5],
        suffix=name[7],
        taxonomy=taxonomy,
        tax_id=tax_id,
        tax_id_qualifier=tax_qualifier,
        address=read_address(street, city),
        references=tuple(references),
        contact_name=contact,
        contact_phone=phone,
    )
