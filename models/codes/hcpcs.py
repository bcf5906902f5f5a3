"""Procedure codes: HCPCS Level I (CPT) and Level II by their form.

Which codes exist, and when, is known from imported tables only: CPT belongs to the AMA, and
Level II changes every quarter.
"""

import re
from enum import StrEnum
from functools import lru_cache

_CPT = re.compile(r"\d{4}[0-9AFTUM]")
_HCPCS = re.compile(r"[A-EGHJ-MP-V]\d{4}")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")


class HcpcsLevel(StrEnum):
    """Who issues a code of this form."""

    CPT = "cpt"
    HCPCS = "hcpcs"
    NEITHER = ""


@lru_cache(maxsize=50_000)
def hcpcs_level(code: str) -> HcpcsLevel:
    """Level that a code's form belongs to.

    >>> hcpcs_level("99213"), hcpcs_level("J1100"), hcpcs_level("9921")
    (<HcpcsLevel.CPT: 'cpt'>, <HcpcsLevel.HCPCS: 'hcpcs'>, <HcpcsLevel.NEITHER: ''>)
    """
    if _CPT.fullmatch(code):
        return HcpcsLevel.CPT
    return HcpcsLevel.HCPCS if _HCPCS.fullmatch(code) else HcpcsLevel.NEITHER


def is_modifier_form(modifier: str) -> bool:
    """Whether it is two capital letters or digits."""
    return _MODIFIER.fullmatch(modifier) is not None
