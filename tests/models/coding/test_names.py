"""Our list of clinical names: real codes, each name once."""

from collections import Counter

from models.codes.icd10cm import load_icd10cm
from models.coding.terms import own_names


def test_every_code_exists():
    icd = load_icd10cm()
    wrong = [
        code
        for code, _ in own_names()
        if code.replace(".", "") not in icd and not icd.seventh_characters(code)
    ]
    assert wrong == []


def test_no_name_stands_for_two_codes():
    counts = Counter({name: len(codes) for name, codes in _codes_by_name().items()})
    assert [name for name, count in counts.items() if count > 1] == []


def _codes_by_name() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for code, name in own_names():
        found.setdefault(name, set()).add(code)
    return found
