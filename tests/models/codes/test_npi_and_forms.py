"""NPI check digit, forms of procedure codes, the modifier table."""

import pytest

from models.codes.hcpcs import HcpcsLevel, hcpcs_level, is_modifier_form
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
        ("99213", HcpcsLevel.CPT), ("0001F", HcpcsLevel.CPT), ("0042T", HcpcsLevel.CPT),
        ("0001U", HcpcsLevel.CPT), ("0001A", HcpcsLevel.CPT), ("J1100", HcpcsLevel.HCPCS),
        ("G0402", HcpcsLevel.HCPCS), ("9921", HcpcsLevel.NEITHER), ("F1234", HcpcsLevel.NEITHER),
        ("99213 ", HcpcsLevel.NEITHER), ("", HcpcsLevel.NEITHER),
    ],
)  # fmt: skip
def test_systems_by_form(code, system):
    assert hcpcs_level(code) is system


def test_modifiers():
    table = load_modifiers()
    assert table["25"].fits == "visit"
    assert table["59"].ncci
    assert not table["76"].ncci
    assert table["LT"].side == "left"
    assert all(is_modifier_form(code) for code in table)
    assert not is_modifier_form("2")
