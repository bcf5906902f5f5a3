"""Small value types shared by claims, remittances and acknowledgements."""

import datetime as dt
from decimal import Decimal

import msgspec

ZERO = Decimal("0")


class Value(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Base of the claim's value types: immutable, compared by value, JSON by msgspec."""


class Reference(Value, frozen=True, gc=False):
    """REF: ``qualifier`` (REF01, for instance G1) and ``value`` (REF02)."""

    qualifier: str
    value: str


class DatedEvent(Value, frozen=True, gc=False):
    """DTP/DTM: ``qualifier`` (431 onset, 439 accident, ...), first day, last day of a range."""

    qualifier: str
    begin: dt.date
    end: dt.date | None = None


class Amount(Value, frozen=True, gc=False):
    """AMT: ``qualifier`` (AMT01) and ``amount`` in dollars."""

    qualifier: str
    amount: Decimal


class Adjustment(Value, frozen=True, gc=False):
    """One triplet of a CAS segment (835 and the COB loops of an 837).

    ``group`` is the claim adjustment group code (CO, PR, OA, PI, CR), ``carc`` the claim
    adjustment reason code, ``amount`` dollars taken off the charge (negative: added back),
    ``quantity`` units taken off, or ``None``.
    """

    group: str
    carc: str
    amount: Decimal
    quantity: Decimal | None = None


class Address(Value, frozen=True, gc=False):
    """N3/N4."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class Source(Value, frozen=True, gc=False):
    """Where a record was read: file, number of its first segment (or row), control numbers."""

    file: str = ""
    segment_number: int = 0
    interchange: str = ""
    group: str = ""
    transaction: str = ""
