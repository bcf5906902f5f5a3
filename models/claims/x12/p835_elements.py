"""Amounts, dates and composites of remittance segments, and the text that X12 wants for them.

Readers return ``None`` for what cannot be read: the caller knows the place and reports it.
"""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache

from models.claims.common import Address
from models.claims.x12.context import Segment

# X12 type R, at most 18 digits; Decimal() alone would also take "NaN", "1_0" and other digits.
_NUMBER = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,18}(?:\.[0-9]{0,9})?")
LARGEST_AMOUNT = Decimal("99999999.99")
"""The 005010 guides allow amounts of ten characters; more than that is a damaged element."""


@lru_cache(maxsize=1 << 16)
def read_number(text: str) -> Decimal | None:
    """Decimal number (X12 type R), or ``None`` where the text is none.

    >>> read_number("-12.50"), read_number("1E5"), read_number("")
    (Decimal('-12.50'), None, None)
    """
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=1 << 14)
def read_date(text: str) -> dt.date | None:
    """Date CCYYMMDD between 1900 and 2199, or ``None``.

    >>> read_date("20240229"), read_date("20230229")
    (datetime.date(2024, 2, 29), None)
    """
    if len(text) != 8 or not (text.isascii() and text.isdigit()) or not "19" <= text[:2] <= "21":
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def element(segment: Segment, position: int) -> str:
    """Element ``position`` (01 is 1), ``""`` where the segment ends before it."""
    return segment[position] if position < len(segment) else ""


def split_composite(text: str, separator: str) -> list[str]:
    """Components, also of a sender who does not use the separator that its ISA declares.

    A product or service composite starts with a two-letter qualifier, so a third character
    that is neither letter nor digit can only be the sender's own separator.

    >>> split_composite("HC>99213>25", ":")
    ['HC', '99213', '25']
    """
    if separator in text:
        return text.split(separator)
    if len(text) > 3 and text[:2].isalnum() and not text[2].isalnum() and text[2] not in " .-":
        return text.split(text[2])
    return [text]


def read_address(street: Segment | None, city: Segment | None) -> Address | None:
    """Address from N3 and N4, ``None`` where neither says anything."""
    n3, n4 = street or [], city or []
    address = Address(
        element(n3, 1), element(n3, 2), element(n4, 1), element(n4, 2), element(n4, 3),
        element(n4, 4),
    )  # fmt: skip
    return None if address == Address() else address


def read_period(text: str) -> tuple[dt.date, dt.date | None] | None:
    """One day (CCYYMMDD) or a range (CCYYMMDD-CCYYMMDD); ``None`` where neither."""
    first, dash, last = text.partition("-")
    begin, end = read_date(first), read_date(last) if dash else None
    return None if begin is None or (dash and end is None) else (begin, end)
