import datetime as dt
import io
import json
import logging
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from pyx12.params import params
from pyx12.x12n_document import x12n_document

from models.claims.claim import Claim, Note, Provider
from models.claims.common import Source
from models.claims.x12 import Envelope, read_x12, write_837p
from models.claims.x12.segments import Block, read_segments
from tests.models.claims.x12.examples import CHILD, PAYER, SUBSCRIBER, claim, full_claim, line


def written(claims: Iterable[Claim], **envelope: Any) -> bytes:
    out = io.BytesIO()
    write_837p(claims, out, envelope=Envelope(**envelope))
    return out.getvalue()


def without_source(items: Iterable[object]) -> list[object]:
    return [
        msgspec.structs.replace(x, source=Source()) if isinstance(x, Claim) else x for x in items
    ]


def again(claims: Iterable[Claim], **envelope: Any) -> list[object]:
    return without_source(read_x12(written(claims, **envelope)))


def identifiers(data: bytes) -> list[str]:
    return [s[0] for b in read_segments(data) if isinstance(b, Block) for s in b.segments]


def segments(data: bytes, identifier: str) -> list[list[str]]:
    return [
        s
        for b in read_segments(data)
        if isinstance(b, Block)
        for s in b.segments
        if s[0] == identifier
    ]


def pyx12_errors(data: bytes) -> list[str]:
    """What pyx12's maps of the guides object to; empty: valid."""
    report = io.StringIO()
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    valid = x12n_document(
        param=params(),
        src_file=io.StringIO(data.decode()),
        fd_997=io.StringIO(),
        fd_html=None,
        fd_json=report,
    )

    def texts(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [str(node["err_str"])] if "err_str" in node else []
            return own + [y for x in node.values() for y in texts(x)]
        return [y for x in node for y in texts(x)] if isinstance(node, list) else []

    return [] if valid else texts(json.loads(report.getvalue())) or ["invalid"]


def test_every_field_comes_back_equal() -> None:
    claims = [claim(), full_claim(), claim(claim_id="A1002"), full_claim()]
    assert again(claims) == claims
    assert written(claims) == written(claims)


def test_written_files_are_valid_005010() -> None:
    dependent = claim(claim_id="D1", patient=CHILD, relationship="19")
    claims = [claim(), claim(claim_id="A2"), dependent, full_claim(), full_claim(), dependent]
    assert pyx12_errors(written(claims, per_transaction=2)) == []


def test_pyx12_does_object_to_a_damaged_file() -> None:
    assert pyx12_errors(written([claim()]).replace(b"*XX*1234567893", b"*ZZZ*1234567893")) != []


@pytest.mark.parametrize(
    "envelope",
    [
        {"element": "|", "component": ">", "repetition": "!", "terminator": "'"},
        {"line_end": ""},
        {"line_end": "\r\n"},
        {"element": "\x1d", "component": "\x1f", "repetition": "\x1e", "terminator": "\x1c"},
    ],
)
def test_other_separators_and_line_ends(envelope: dict[str, str]) -> None:
    claims = [claim(), full_claim()]
    assert again(claims, **envelope) == claims


def test_neighbours_share_their_levels() -> None:
    other = msgspec.structs.replace(SUBSCRIBER, member_id="W2")
    claims = [
        claim(claim_id="1"),
        claim(claim_id="2"),
        claim(claim_id="3", subscriber=other, patient=other),
        claim(claim_id="4", subscriber=other, patient=CHILD, relationship="19"),
        claim(claim_id="5", subscriber=other, patient=CHILD, relationship="19"),
        claim(claim_id="6", billing=Provider(npi="1003000126", name="OTHER")),
    ]
    data = written(claims)
    levels = [tuple(x[1:]) for x in segments(data, "HL")]
    assert levels == [
        ("1", "", "20", "1"),
        ("2", "1", "22", "0"),
        ("3", "1", "22", "0"),
        ("4", "1", "22", "1"),
        ("5", "4", "23", "0"),
        ("6", "", "20", "1"),
        ("7", "6", "22", "0"),
    ]
    assert again(claims) == claims


def test_transactions_are_bounded_and_split_by_day_and_receiver() -> None:
    days = [claim(claim_id=str(i), submitted=dt.date(2026, 3, 1 + i // 5)) for i in range(10)]
    data = written([*days, claim(receiver_id="X")], per_transaction=3)
    assert [x[2] for x in segments(data, "ST")] == ["0001", "0002", "0003", "0004", "0005"]
    assert again([*days, claim(receiver_id="X")], per_transaction=3) == [
        *days,
        claim(receiver_id="X"),
    ]


def test_a_level_holds_100_claims_at_most() -> None:
    for fields in ({}, {"patient": CHILD, "relationship": "19"}):
        claims = [claim(claim_id=str(i), **fields) for i in range(250)]
        data = written(claims)
        assert again(claims) == claims
        assert len(segments(data, "HL")) == (4 if not fields else 5)


def test_returns_the_count_and_streams() -> None:
    out = io.BytesIO()
    assert write_837p((claim(claim_id=str(i)) for i in range(7)), out) == 7
    assert write_837p([], out := io.BytesIO()) == 0
    assert identifiers(out.getvalue()) == ["ISA", "IEA"]
    assert list(read_x12(out.getvalue())) == []


def test_separators_in_data_become_spaces() -> None:
    noted = claim(notes=(Note("ADD", "A*B:C~D^E\nF"),), claim_id="X:1")
    (found,) = read_x12(written([noted]))
    assert isinstance(found, Claim)
    assert found.notes == (Note("ADD", "A B C D E F"),)
    assert found.claim_id == "X 1"
    (other,) = read_x12(written([noted], element="|", component=">", repetition="!", line_end=""))
    assert isinstance(other, Claim)
    assert other.notes == (Note("ADD", "A*B:C D^E F"),)


def test_amounts_are_written_as_they_are_without_exponent() -> None:
    amounts = [Decimal("125.00"), Decimal("1E+3"), Decimal("0.10"), Decimal("100")]
    claims = [claim(charge=x, lines=(line(charge=x),)) for x in amounts]
    data = written(claims)
    assert [x[2] for x in segments(data, "CLM")] == ["125.00", "1000", "0.10", "100"]


def test_an_empty_submitter_and_receiver_are_the_envelopes() -> None:
    data = written(
        [claim(submitter_id="", receiver_id="", receiver_name="")],
        sender_id="ME",
        receiver_id="YOU",
        receiver_name="YOU INC",
    )
    (found,) = read_x12(data)
    assert isinstance(found, Claim)
    assert (found.submitter_id, found.receiver_id, found.receiver_name) == ("ME", "YOU", "YOU INC")


def test_text_outside_latin_letters_comes_back() -> None:
    named = msgspec.structs.replace(PAYER, name="ÄÖÜ 健康 \ud800")
    (found,) = read_x12(written([claim(payer=named)]))
    assert isinstance(found, Claim)
    assert found.payer.name == "ÄÖÜ 健康 ?"


@pytest.mark.parametrize(
    "fields",
    [
        {"element": "A"},
        {"element": ":", "component": ":"},
        {"terminator": ""},
        {"line_end": " "},
        {"per_transaction": 0},
    ],
)
def test_an_envelope_that_nobody_could_read_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="separators|line_end|per_transaction"):
        Envelope(**fields)
