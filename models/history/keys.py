"""Account numbers as receivers return them: cut, stripped of zeros, with case or suffix changed."""

import re

KEPT_LENGTH = 20
"""Receivers need keep no more characters of CLM01 (835 guide, CLP01)."""

_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_PUNCTUATION = re.compile(r"[^A-Z0-9]+")
# A shorter common part would let unrelated numbers pass for one with a suffix.
_SHORTEST = 4
_LONGEST_ADDITION = 4


def plain_account(number: str) -> str:
    """An account number for comparison.

    >>> plain_account("000123-a")
    '123A'
    """
    return _PUNCTUATION.sub("", _ZEROS.sub("", number[:KEPT_LENGTH].upper()))


def alike(one: str, other: str) -> bool:
    """Whether two plain account numbers are equal but for a suffix, a prefix or a cut end.

    >>> alike("AB1234", "AB123401")
    True
    """
    short, long = sorted((one, other), key=len)
    added = len(long) - len(short)
    if len(short) < _SHORTEST or added > _LONGEST_ADDITION:
        return False
    return long.startswith(short) or long.endswith(short)
