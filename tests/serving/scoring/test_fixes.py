"""Fixes as they are applied to a draft."""

import msgspec
import pytest

from models.claims.claim import Diagnosis
from models.codes.icd10cm import load_icd10cm
from models.denial.changes import CHANGES, STAND_IN
from models.denial.risk import Fix
from models.errors import InputError
from serving.scoring.fixes import draft_fixes, fixed
from tests.serving.samples import claim


def told(kind, path, line=None):
    return Fix(kind, path, line, "change", "only if so", 0.1, 10.0, (), "source")


def test_a_number_is_asked_for_and_a_modifier_is_put_with_a_click():
    base = claim(1)
    line = msgspec.structs.replace(base.lines[0], code="20610", modifiers=())
    own = msgspec.structs.replace(
        base, lines=(line,), diagnoses=(Diagnosis("ABK", "M1711"),), references=()
    )
    icd = load_icd10cm()
    (change,) = CHANGES["modifier_repeat"](own, icd)
    fixes = [told("authorization_number", "/references"), told("modifier_repeat", change.path, 1)]
    number, modifier = draft_fixes(own, fixes, icd)
    assert (number.pointer, number.needs, number.applies) == (
        "/references/G1",
        "authorization number",
        True,
    )
    assert modifier.applies == (len(change.variants) == 1)
    if modifier.applies:
        assert fixed(own, modifier, icd) == change.variants[0]


def test_what_stands_in_for_a_number_never_gets_into_a_claim():
    own = msgspec.structs.replace(claim(1), references=())
    icd = load_icd10cm()
    for kind, find in CHANGES.items():
        for change in find(own, icd):
            number = own.lines[change.line].number if change.line >= 0 else None
            (fix,) = draft_fixes(own, [told(kind, change.path, number)], icd)
            if fix.needs or not fix.applies:
                continue
            assert STAND_IN not in msgspec.json.encode(fixed(own, fix, icd)).decode()


def test_a_fix_that_no_longer_applies_is_refused():
    (fix,) = draft_fixes(claim(1), [told("original_claim", "/frequency")], load_icd10cm())
    assert not fix.applies
    with pytest.raises(InputError, match="does not apply"):
        fixed(claim(1), fix, load_icd10cm())
