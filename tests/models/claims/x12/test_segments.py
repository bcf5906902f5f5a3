import io
import tracemalloc
from pathlib import Path

import pytest

from models.claims.x12.segments import CHUNK, SEGMENT_LIMIT, Block, read_segments
from models.errors import Problem
from tests.models.claims.x12.text import CLAIM, HEADER, ISA, SUBSCRIBER, interchange

PLAIN = interchange(HEADER, SUBSCRIBER, CLAIM)


def flat(source: bytes | Path | io.BytesIO) -> list[list[str]]:
    return [s for b in read_segments(source) if isinstance(b, Block) for s in b.segments]


def problems(source: bytes) -> list[Problem]:
    return [b for b in read_segments(source) if isinstance(b, Problem)]


class OneByteAtATime(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(1)


def rewritten(element: str, component: str, terminator: str, line_end: str = "") -> bytes:
    text = PLAIN.decode()
    isa = text[:106].replace("*", element).replace(":", component).replace("~", terminator)
    table = str.maketrans({"*": element, ":": component, "~": terminator + line_end})
    return (isa + line_end + text[106:].translate(table)).encode()


def test_separators_come_from_the_isa() -> None:
    other = flat(rewritten("|", ">", "'"))
    assert [s[0] for s in other] == [s[0] for s in flat(PLAIN)]
    assert other[1:] == [[x.replace(":", ">") for x in s] for s in flat(PLAIN)[1:]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_behind_terminators_are_no_data(line_end: str) -> None:
    assert flat(PLAIN.replace(b"~", b"~" + line_end.encode())) == flat(PLAIN)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_line_end_may_be_the_terminator(line_end: str) -> None:
    assert flat(PLAIN.replace(b"~", line_end.encode())) == flat(PLAIN)


@pytest.mark.parametrize("width", [7, 79, 80, 105, 106])
def test_files_wrapped_at_a_column_read_like_others(width: int) -> None:
    wrapped = b"\n".join(PLAIN[i : i + width] for i in range(0, len(PLAIN), width))
    assert flat(wrapped) == flat(PLAIN)


def test_spaces_before_segments_are_no_data() -> None:
    assert flat(PLAIN.replace(b"~", b"~  \n  ")) == flat(PLAIN)


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(mark: str) -> None:
    assert flat(PLAIN.decode().encode(mark)) == flat(PLAIN)


def test_utf8_and_latin1_names_are_both_read() -> None:
    for encoding in ("utf-8", "latin-1"):
        data = PLAIN.decode().replace("JANE", "JÖRG").encode(encoding)
        assert any("JÖRG" in s for s in flat(data))


def test_reads_paths_bytes_and_streams_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.837"
    path.write_bytes(PLAIN)
    assert flat(path) == flat(PLAIN) == flat(io.BytesIO(PLAIN)) == flat(OneByteAtATime(PLAIN))


def test_numbers_run_through_all_interchanges() -> None:
    blocks = [b for b in read_segments(PLAIN + rewritten("|", ">", "'")) if isinstance(b, Block)]
    count = 0
    for block in blocks:
        assert block.number == count + 1
        count += len(block.segments)
    assert count == 2 * len(flat(PLAIN))


def test_interchanges_may_differ_in_separators() -> None:
    second = rewritten("|", ">", "'", "\n")
    third = rewritten("*", ":", "\n")
    assert flat(PLAIN + b"\r\n" + second + third) == [
        *flat(PLAIN),
        *flat(second),
        *flat(third),
    ]


def test_isa_inside_a_name_is_no_interchange() -> None:
    for name in (b"LISA", b"ISA", b"ISA*ISA*LISA"):
        data = PLAIN.replace(b"JANE", name)
        assert len(flat(data)) == len(flat(PLAIN))
        wrapped = data.replace(name, b"L\n" + name)
        assert len(flat(wrapped)) == len(flat(PLAIN))


def test_isa_with_elements_of_the_wrong_width_is_read() -> None:
    data = PLAIN.replace(b"*00*          *00*          *", b"*00*         *00**")
    assert len(flat(data)) == len(flat(PLAIN))


def test_the_last_terminator_may_be_missing() -> None:
    assert flat(PLAIN.removesuffix(b"~")) == flat(PLAIN)
    assert not problems(PLAIN.removesuffix(b"~") + b"\n\x1a")


def test_padding_behind_the_end_is_no_data() -> None:
    assert not problems(PLAIN + b"\n \x00\x00\x1a")


def test_text_before_the_isa_is_reported() -> None:
    data = b"Subject: claims\n\n" + PLAIN
    assert flat(data) == flat(PLAIN)
    assert [p.code for p in problems(data)] == ["x12.junk_before_isa"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04abc", "ZIP"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"%PDF-1.7 ...", "PDF"),
        (b'{"claim_id": "1"}', "JSON"),
        (b"<html>", "XML or HTML"),
        (b"MSH|^~\\&|A|B", "HL7"),
        (b"UNB+UNOC:3+A+B", "EDIFACT"),
        (b"GS*HC*A*B*20260101*1200*1*X*005010X222A1~", "without its ISA"),
        (b"claim_id,charge\n1,2\n", "plain text or a table"),
        (b"ISA*00~GS*HC~", "ISA segment is damaged"),
    ],
)
def test_what_is_no_x12_is_named(data: bytes, words: str) -> None:
    (problem,) = problems(data)
    assert problem.code == "x12.not_x12"
    assert words in problem.message
    assert problem.lost == "the whole file"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\x00\x00"])
def test_an_empty_file_is_named(data: bytes) -> None:
    assert [p.code for p in problems(data)] == ["x12.empty"]


def test_an_end_inside_a_segment_is_reported() -> None:
    data = PLAIN[: PLAIN.index(b"SV1*HC:99213") + 9]
    (problem,) = problems(data)
    assert problem.code == "x12.truncated"
    assert problem.place.segment_number == len(flat(data)) + 1


def test_a_terminator_that_never_comes_is_reported() -> None:
    data = ISA.encode() + PLAIN[len(ISA) :].replace(b"~", b"!")
    assert [p.code for p in problems(data)] == ["x12.separators"]


def test_a_line_of_20_megabytes_costs_little_memory_and_one_segment() -> None:
    long = b"K3*" + b"X" * 20_000_000 + b"~"
    data = PLAIN.replace(b"LX*1~", long + b"LX*1~")
    tracemalloc.start()
    found = flat(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == flat(PLAIN)
    (problem,) = problems(data)
    assert problem.code == "x12.segment_too_long"
    assert peak < 12 * SEGMENT_LIMIT
    numbers = [b.number for b in read_segments(data) if isinstance(b, Block)]
    assert numbers[-1] > problem.place.segment_number  # type: ignore[operator]


def test_an_interchange_behind_an_endless_line_is_read() -> None:
    data = PLAIN.removesuffix(b"IEA*1*000000007~") + b"X" * 3_000_000 + b"\n" + PLAIN
    assert flat(data)[-len(flat(PLAIN)) :] == flat(PLAIN)


def test_20_megabytes_without_any_isa_cost_little_memory() -> None:
    tracemalloc.start()
    (problem,) = list(read_segments(io.BytesIO(b"Z" * 20_000_000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(problem, Problem)
    assert problem.code == "x12.not_x12"
    assert peak < 25_000_000  # the 20 MB of the stream itself, and little more


def test_a_segment_over_chunk_borders_is_whole() -> None:
    body = PLAIN.replace(b"LX*1~", b"K3*" + b"Y" * (3 * CHUNK) + b"~LX*1~")
    assert ["K3", "Y" * (3 * CHUNK)] in flat(body)


def test_no_problem_repeats_what_the_file_says() -> None:
    for data in (PLAIN[:-300], b"JANE DOE 1970-02-03", b"JANE~" + PLAIN):
        for problem in problems(data):
            assert "JANE" not in str(problem)
            assert "DOE" not in str(problem)
