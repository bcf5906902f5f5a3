"""Procedure codes: HCPCS Level I (CPT) and Level II by their form.

Which codes exist, and when, is known from imported tables only: CPT belongs to the AMA, and
Level II changes every quarter.
"""

import re
from enum import StrEnum

_CPT = re.compile(r"\d{4}[0-9AFTUM]")
_HCPCS = re.compile(r"[A-EGHJ-MP-V]\d{4}")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")


class CodeSystem(StrEnum):
    """Who issues a code of this form."""

    CPT = "cpt"
    HCPCS = "hcpcs"
    NEITHER = ""


def code_system(code: str) -> CodeSystem:
    """System that a code's form belongs to.

    >>> code_system("99213"), code_system("J1100"), code_system("9921")
    (<CodeSystem.CPT: 'cpt'>, <CodeSystem.HCPCS: 'hcpcs'>, <CodeSystem.NEITHER: ''>)
    """
    if _CPT.fullmatch(code):
        return CodeSystem.CPT
    return CodeSystem.HCPCS if _HCPCS.fullmatch(code) else CodeSystem.NEITHER


def is_modifier_form(modifier: str) -> bool:
    """Whether it is two capital letters or digits."""
    return _MODIFIER.fullmatch(modifier) is not None
