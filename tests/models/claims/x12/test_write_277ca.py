import io

import msgspec
import pytest

from models.claims.acknowledgement import Acknowledgement
from models.claims.common import Source
from models.claims.x12.p277ca import parse_277ca
from models.claims.x12.write_277ca import write_277ca
from models.claims.x12.writer import Envelope
from models.errors import InputError
from tests.models.claims.x12.remittances import (
    acknowledgement,
    bytes_277ca,
    context,
    pyx12_errors,
    rejection,
    transactions,
)


def read_back(data: bytes) -> list[Acknowledgement]:
    items = [x for t in transactions(data) for x in parse_277ca(iter(t), context(":"))]
    claims = [x for x in items if isinstance(x, Acknowledgement)]
    assert len(claims) == len(items)
    return [msgspec.structs.replace(x, source=Source()) for x in claims]


def several() -> list[Acknowledgement]:
    return [
        acknowledgement(),
        rejection(),
        acknowledgement(claim_id="A3", provider_npi="", provider_name="SOUTH CLINIC"),
        acknowledgement(claim_id="A4", batch="BATCH2", sender_entity="AY"),
    ]


def test_every_field_survives():
    assert read_back(bytes_277ca(*several())) == several()


def test_pyx12_accepts_what_is_written():
    assert pyx12_errors(bytes_277ca(*several())) == []


def test_totals_of_accepted_and_rejected():
    text = bytes_277ca(*several()).decode()
    assert "QTY*90*2~\nQTY*AA*1~\nAMT*YU*251.00~\nAMT*YY*125.50~" in text


def test_transactions_are_bounded():
    out = io.BytesIO()
    count = write_277ca(
        (acknowledgement(claim_id=str(n)) for n in range(5)),
        out,
        envelope=Envelope(per_transaction=2),
    )
    assert count == 5
    assert out.getvalue().count(b"ST*277") == 3
    assert len(read_back(out.getvalue())) == 5


def test_status_is_needed():
    with pytest.raises(InputError, match="at least one status"):
        bytes_277ca(acknowledgement(statuses=()))
