"""NPI check digit, forms of procedure codes, the modifier table."""

import pytest

from models.codes.hcpcs import CodeSystem, code_system, is_modifier_form
from models.codes.modifiers import load_modifiers
from models.codes.npi import is_npi


@pytest.mark.parametrize("value", ["1234567893", "1003000126"])
def test_right_check_digits(value):
    assert is_npi(value)


@pytest.mark.parametrize(
    "value",
    ["1234567890", "123456789", "12345678931", "", "123456789A", "3234567893", "١٢٣٤٥٦٧٨٩٣"],
)
def test_wrong_numbers(value):
    assert not is_npi(value)


def test_one_wrong_digit_is_always_seen():
    good = "1234567893"
    for place in range(10):
        for digit in "0123456789":
            if digit != good[place]:
                assert not is_npi(good[:place] + digit + good[place + 1 :])


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("99213", CodeSystem.CPT), ("0001F", CodeSystem.CPT), ("0042T", CodeSystem.CPT),
        ("0001U", CodeSystem.CPT), ("0001A", CodeSystem.CPT), ("J1100", CodeSystem.HCPCS),
        ("G0402", CodeSystem.HCPCS), ("9921", CodeSystem.NEITHER), ("F1234", CodeSystem.NEITHER),
        ("99213 ", CodeSystem.NEITHER), ("", CodeSystem.NEITHER),
    ],
)  # fmt: skip
def test_systems_by_form(code, system):
    assert code_system(code) is system


def test_modifiers():
    table = load_modifiers()
    assert table["25"].fits == "visit"
    assert table["59"].ncci
    assert not table["76"].ncci
    assert table["LT"].side == "left"
    assert all(is_modifier_form(code) for code in table)
    assert not is_modifier_form("2")
