"""National Provider Identifier: ten digits, the last of which checks the others."""

from functools import lru_cache

_PREFIX_SUM = 24
"""Luhn sum of 80840, the prefix under which NPIs are issued (45 CFR 162.406)."""


@lru_cache(maxsize=65_536)
def is_npi(value: str) -> bool:
    """Whether ``value`` has the form of an NPI and a right check digit.

    Individuals and organisations have numbers that begin with 1 or 2.

    >>> is_npi("1234567893"), is_npi("1234567890")
    (True, False)
    """
    if len(value) != 10 or not (value.isascii() and value.isdigit()) or value[0] not in "12":
        return False
    total = _PREFIX_SUM
    for place, digit in enumerate(value):
        number = int(digit) * (2 - place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0
