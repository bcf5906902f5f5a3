"""Fixes as a person applies them to a draft: what must be entered, and the claim that results.

What may be proposed, and what each would do, is decided in `models.denial.fixes`.
"""

from collections.abc import Sequence

import msgspec

from models.claims.claim import Claim
from models.codes.icd10cm import Icd10cm
from models.denial.changes import CHANGES, STAND_IN
from models.denial.risk import Fix
from models.errors import InputError
from serving.store.draft_types import DraftFix

#: Numbers that a person has to look up: the field that takes them, and what is asked for.
ENTERED = {
    "authorization_number": ("/references/G1", "authorization number"),
    "referral_number": ("/references/9F", "referral number"),
    "clia_number": ("/references/X4", "CLIA number"),
    "original_number": ("/references/F8", "the payer's claim number"),
    "group_number": ("/group_number", "group number"),
    "referring_provider": ("/referring/npi", "NPI of the referring provider"),
}
_STAND_IN = STAND_IN.encode()
#: The stand-in for a provider who has to be named.
_NOBODY = b"STAND-IN"


def draft_fixes(claim: Claim, fixes: Sequence[Fix], icd10: Icd10cm) -> list[DraftFix]:
    """Fixes of a claim, those that protect most first; ``applies``: a click or a number does it."""
    found = []
    for fix in fixes:
        pointer, needs = ENTERED.get(fix.kind, (fix.path, ""))
        applies = bool(needs) or _changed(claim, fix.kind, fix.path, fix.line, icd10) is not None
        found.append(
            DraftFix(
                id=f"{fix.kind}-{fix.line or 0}",
                kind=fix.kind,
                line=fix.line,
                words=fix.change,
                allowed_if=fix.allowed_if,
                pointer=pointer,
                path=fix.path,
                needs=needs,
                applies=applies,
                probability=fix.denial_probability,
                protects=fix.protects,
                source=fix.source,
            )
        )
    return found


def fixed(claim: Claim, fix: DraftFix, icd10: Icd10cm) -> Claim:
    """The claim with a fix for which nothing has to be entered.

    Raises:
        InputError: the fix does not apply to the claim as it is now.
    """
    changed = _changed(claim, fix.kind, fix.path, fix.line, icd10)
    if changed is None:
        raise InputError("this fix does not apply to the claim any more: change the field itself")
    return changed


def _changed(claim: Claim, kind: str, path: str, line: int | None, icd10: Icd10cm) -> Claim | None:
    """The one way to make a change, where there is one and it needs nothing from a person."""
    if kind not in CHANGES:
        return None
    for change in CHANGES[kind](claim, icd10):
        number = claim.lines[change.line].number if change.line >= 0 else None
        if (change.path, number) != (path, line):
            continue
        if len(change.variants) != 1:
            return None
        content = msgspec.json.encode(change.variants[0])
        if _STAND_IN in content or _NOBODY in content:
            return None
        return change.variants[0]
    return None
