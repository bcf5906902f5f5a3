import io
from decimal import Decimal

import msgspec
import pytest

from models.claims.balance import balance_problems
from models.claims.x12.p835 import parse_835
from models.claims.x12.write_835 import write_835
from models.claims.x12.writer import Envelope
from models.errors import InputError
from tests.models.claims.x12.remittances import (
    bytes_835,
    context,
    full_payment,
    payment,
    payment_of,
    pyx12_errors,
    remittance,
    transactions,
    without_source,
)


def read_back(data: bytes):
    return [
        without_source(payment_of(parse_835(iter(t), context(":")))) for t in transactions(data)
    ]


def test_every_field_survives():
    written = full_payment()
    assert read_back(bytes_835(written, payment())) == [written, payment()]


def test_pyx12_accepts_what_is_written():
    # pyx12 4.0.0 takes a second PLB for a second FOOTER loop; the guide allows any number.
    full = full_payment()
    one_plb = msgspec.structs.replace(full, provider_adjustments=full.provider_adjustments[:6])
    assert pyx12_errors(bytes_835(one_plb, payment())) == []


def test_the_full_example_balances():
    assert balance_problems(full_payment()) == []


def test_adjustments_are_packed_six_to_a_segment():
    text = bytes_835(full_payment()).decode()
    assert "CAS*PR*1*1**2*1**3*1**4*1**5*1**6*1~" in text
    assert "CAS*PR*7*1**8*1~" in text
    assert text.count("PLB*1234567893") == 2


def test_equal_payments_give_equal_bytes_without_line_ends_if_wanted():
    out = io.BytesIO()
    assert write_835([payment()], out, envelope=Envelope(line_end="")) == 1
    assert out.getvalue() == bytes_835(payment()).replace(b"\n", b"")


def test_nothing_is_written_for_no_payments():
    out = io.BytesIO()
    assert write_835([], out) == 0
    assert out.getvalue() == b""


def test_more_remark_codes_than_the_format_holds():
    many = remittance(remark_codes=tuple(f"N{n}" for n in range(6)))
    with pytest.raises(InputError, match="6 claim-level remark codes"):
        bytes_835(payment(remittances=(many,)))


def test_separators_inside_data_become_spaces():
    (read,) = read_back(bytes_835(payment(payer_name="A*B~C:D")))
    assert read.payer_name == "A B C D"


def test_debit_payment():
    (read,) = read_back(bytes_835(payment(credit=False, amount=Decimal(5))))
    assert not read.credit
