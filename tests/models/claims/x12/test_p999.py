"""999: which sets a receiver took, which it refused and why, with file and segment."""

import datetime as dt
import io
import logging

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from pyx12.params import params
from pyx12.x12n_document import x12n_document

from models.claims.common import Source
from models.claims.set_acknowledgement import (
    ElementError,
    SegmentError,
    SetAcknowledgement,
    error_words,
)
from models.claims.x12 import read_x12, write_999
from models.errors import Problem
from tests.models.claims.x12.examples import claim
from tests.models.claims.x12.test_write_837p import pyx12_errors, written

DAY = dt.date(2026, 3, 6)


def file_of(*segments: str, day: str = "20260306") -> bytes:
    body = "".join(f"{x}~" for x in segments)
    return (
        "ISA*00*          *00*          *ZZ*HOUSE          *ZZ*PRACTICE       *260306*1200*^*00501"
        f"*000000009*0*P*:~GS*FA*HOUSE*PRACTICE*{day}*1200*1*X*005010X231A1~"
        f"ST*999*0001*005010X231A1~{body}SE*{len(segments) + 2}*0001~GE*1*1~IEA*1*000000009~"
    ).encode()


def responses(data: bytes) -> list[SetAcknowledgement]:
    return [x for x in read_x12(data, name="a.999") if isinstance(x, SetAcknowledgement)]


def problems(data: bytes) -> list[tuple[str, int | None]]:
    found = [x for x in read_x12(data, name="a.999") if isinstance(x, Problem)]
    return [(x.code, x.place.segment_number) for x in found]


MIXED = (
    "AK1*HC*17456*005010X222A1",
    "AK2*837*0001*005010X222A1", "IK5*A",
    "AK2*837*0002*005010X222A1",
    "IK3*CLM*22**8", "CTX*CLM01:A77", "IK4*2*782*1",
    "IK3*NM1*31*2310B*8", "CTX*PATIENT NAME NM109:W123", "IK4*9:1*67*7*SECRET",
    "IK5*R*5",
    "AK2*837*0003*005010X222A1", "IK3*REF*57*2300*3", "CTX*SITUATIONAL TRIGGER*CLM*43**5:3",
    "IK5*E*5",
    "AK9*P*3*3*2",
)  # fmt: skip


def test_each_set_has_its_answer_with_the_notes():
    first, second, third = responses(file_of(*MIXED))
    assert (first.transaction, first.code, first.accepted, first.errors) == ("0001", "A", True, ())
    assert (first.group, first.functional, first.date) == ("17456", "HC", DAY)
    assert (first.sender_id, first.receiver_id) == ("HOUSE", "PRACTICE")
    assert (second.accepted, second.code, second.reasons) == (False, "R", ("5",))
    assert second.errors == (
        SegmentError("CLM", 22, "8", "", "A77", (ElementError(2, "1", 0, "782"),)),
        SegmentError("NM1", 31, "8", "2310B", "", (ElementError(9, "7", 1, "67"),)),
    )
    assert (second.source.file, second.source.segment_number) == ("a.999", 7)
    assert third.accepted
    assert third.errors[0].code == "3"
    assert "SECRET" not in repr(second)
    assert "W123" not in repr(second)
    assert problems(file_of(*MIXED)) == []


def test_faults_in_words_name_the_place_and_no_content():
    _, second, third = responses(file_of(*MIXED))
    assert error_words(second.errors[0]) == (
        "CLM (segment 22 of the set): CLM02 a needed element is missing"
    )
    assert error_words(second.errors[1]) == (
        "NM1 (loop 2310B, segment 31 of the set): NM109-1 the code is not allowed"
    )
    assert error_words(third.errors[0]).endswith("a needed segment is missing")
    unknown = SegmentError("NM1", 3, "8", elements=(ElementError(3, "Z9"),))
    assert error_words(unknown).endswith("element error Z9")


def test_a_group_without_named_sets_has_one_answer():
    (whole,) = responses(file_of("AK1*HC*12*005010X222A1", "AK9*A*2*2*2"))
    assert (whole.transaction, whole.group, whole.accepted) == ("", "12", True)
    (refused,) = responses(file_of("AK1*HC*12*005010X222A1", "AK9*R*2*2*0*4"))
    assert (refused.accepted, refused.reasons) == (False, ("4",))


def test_what_cannot_be_used_is_reported_where_it_stands():
    broken = (
        "AK1*HC*12",
        "AK2*837*0001",
        "AK2*837*",
        "IK5*A",
        "AK2*837*0003",
        "IK5*A",
        "AK9*A*3*3*3",
    )
    assert [x.transaction for x in responses(file_of(*broken))] == ["0003"]
    assert problems(file_of(*broken)) == [("999.response", 5), ("999.response", 7)]
    assert problems(file_of("AK1*HC*12", "AK2*837*0001", "IK5*A")) == [("999.group", 6)]
    assert problems(file_of("AK1*HC*12", "AK9*A*1*1*1", day="2026")) == [("999.response", 5)]
    assert problems(file_of("AK2*837*0001", "IK5*A", "AK9*A*1*1*1")) == [("999.response", 4)]
    odd = file_of("AK1*HC*12", "AK2*837*0001", "IK3*CLM*x**8", "IK4*y*1*1", "IK5*R", "AK9*R*1*1*0")
    assert problems(odd) == [("999.position", 6), ("999.position", 7)]


def test_the_999_that_pyx12_writes_about_a_damaged_file_is_read():
    data = written([claim(), claim(claim_id="A2")]).replace(b"CLM*A2*", b"CLM*A2*x", 1)
    out = io.StringIO()
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    x12n_document(
        param=params(), src_file=io.StringIO(data.decode()), fd_997=out, fd_html=None, fd_json=None
    )
    found = responses(out.getvalue().encode())
    assert found
    assert not any(x.accepted for x in found if x.transaction)
    assert {e.segment for x in found for e in x.errors} == {"CLM"}
    assert {(x.group, x.transaction) for x in found if x.transaction} == {("1", "0001")}


TEXT = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=8)
ERRORS = st.builds(
    SegmentError,
    segment=st.sampled_from(["CLM", "NM1", "SV1"]),
    position=st.integers(1, 99999),
    code=st.sampled_from(["1", "8", "I9"]),
    loop=st.sampled_from(["", "2300", "2010BA"]),
    claim_id=st.one_of(st.just(""), TEXT),
    elements=st.lists(
        st.builds(
            ElementError, st.integers(1, 20), st.sampled_from(["1", "7"]), st.integers(0, 5),
            st.sampled_from(["", "782"]),
        ),
        max_size=3,
    ).map(tuple),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("AERX"), st.lists(ERRORS, max_size=3)), max_size=5))
def test_what_is_written_is_read_again(sets: list[tuple[str, list[SegmentError]]]):
    made = [
        SetAcknowledgement(
            group="7", code=code, accepted=code in "AE", date=DAY, transaction=f"{i:04d}",
            functional="HC", kind="837", version="005010X222A1", errors=tuple(errors),
            sender_id="FIRSTPASS", receiver_id="RECEIVER",
        )
        for i, (code, errors) in enumerate(sets, 1)
    ]  # fmt: skip
    out = io.BytesIO()
    assert write_999(made, out) == len(made)
    back = [
        msgspec.structs.replace(x, source=Source())
        for x in responses(out.getvalue())
        if x.transaction
    ]
    assert back == made


def test_pyx12_accepts_what_is_written():
    made = responses(file_of(*MIXED[:3], "AK9*A*1*1*1"))
    out = io.BytesIO()
    write_999(made, out)
    assert pyx12_errors(out.getvalue()) == []
