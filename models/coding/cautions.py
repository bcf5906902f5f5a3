"""What a coder must look at before codes are sent: validity, 7th character, order, Excludes1."""

import datetime as dt
from collections.abc import Iterable

from models.codes.icd10cm import CodeStatus, Icd10cm
from models.coding.suggestion import CodeWarning
from models.coding.terms import dotted


def code_warnings(icd: Icd10cm, code: str, on: dt.date) -> list[CodeWarning]:
    """What is wrong with the code by itself: not billable, 7th character, order."""
    bare = code.replace(".", "")
    found = []
    status = icd.status(bare, on)
    if status is not CodeStatus.BILLABLE:
        if len(bare) <= 6 and (seventh := icd.seventh_characters(bare)):
            found.append(
                CodeWarning(
                    "seventh_character", "error",
                    f"{code} needs a 7th character, one of {', '.join(seventh)}",
                )
            )  # fmt: skip
        elif status is CodeStatus.HEADING:
            below = ", ".join(dotted(c) for c in icd.children(bare)[:6])
            found.append(
                CodeWarning(
                    "not_billable", "error", f"{code} is a heading; codes below it: {below}"
                )
            )
        elif status is not CodeStatus.UNSURE:
            found.append(
                CodeWarning(
                    "not_valid",
                    "error",
                    f"{code} is not a valid ICD-10-CM code on {on.isoformat()}",
                )
            )
    if icd.is_manifestation(bare):
        found.append(
            CodeWarning("code_first", "warning", "never first: the underlying disease comes first")
        )
    else:
        for n in range(len(bare), 2, -1):
            if first := icd.notes(bare[:n]).code_first:
                found.append(
                    CodeWarning("code_first", "warning", f"code first: {first[0].lstrip(' ,')}")
                )
                break
    return found


def conflicts(icd: Icd10cm, codes: Iterable[str]) -> dict[str, list[CodeWarning]]:
    """Excludes1 conflicts among codes that would be sent together, by code."""
    kept = list(codes)
    found: dict[str, list[CodeWarning]] = {}
    for i, code in enumerate(kept):
        for other in kept[i + 1 :]:
            if code != other and icd.excludes1(code, other) is not None:
                for one, two in ((code, other), (other, code)):
                    found.setdefault(one, []).append(
                        CodeWarning(
                            "excludes1", "warning",
                            f"Excludes1: not sent with {two} for the same condition",
                        )
                    )  # fmt: skip
    return found
