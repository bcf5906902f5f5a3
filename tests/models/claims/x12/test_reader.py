import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.claims.claim import Claim
from models.claims.x12 import Item, SkippedTransaction, read_x12, reader
from models.claims.x12.context import Segment, TransactionContext
from models.errors import Problem
from tests.models.claims.x12.text import CLAIM, GS, HEADER, ISA, SUBSCRIBER, interchange

PLAIN = interchange(HEADER, SUBSCRIBER, CLAIM)
TRANSACTION = PLAIN[len(ISA) + len(GS) : PLAIN.index(b"GE*")]


def claims(data: bytes) -> list[Claim]:
    return [x for x in read_x12(data) if isinstance(x, Claim)]


def codes(data: bytes) -> list[str]:
    return [x.code for x in read_x12(data) if isinstance(x, Problem)]


def in_group(body: bytes, group: str = GS, count: int = 1) -> bytes:
    return (ISA + group).encode() + body + f"GE*{count}*11~IEA*1*000000007~".encode()


def test_a_sound_file_has_claims_and_no_problems() -> None:
    (claim,) = list(read_x12(PLAIN, name="day.837"))
    assert isinstance(claim, Claim)
    source = claim.source
    assert (source.file, source.interchange, source.group, source.transaction) == (
        "day.837",
        "000000007",
        "11",
        "0001",
    )
    assert source.segment_number == 21


def test_a_path_gives_its_file_name_to_places(tmp_path: Path) -> None:
    path = tmp_path / "x.837"
    path.write_bytes(PLAIN)
    (claim,) = list(read_x12(path))
    assert isinstance(claim, Claim)
    assert claim.source.file == "x.837"


def test_many_interchanges_groups_and_transactions() -> None:
    two = in_group(TRANSACTION * 2, count=2)
    groups = PLAIN[: PLAIN.index(b"IEA")] + GS.encode() + TRANSACTION + b"GE*1*11~IEA*2*000000007~"
    assert len(claims(PLAIN + two + groups)) == 5
    assert codes(PLAIN + two + groups) == []


@pytest.mark.parametrize(
    ("kind", "version", "named"),
    [
        ("837", "005010X223A2", "837I"),
        ("837", "005010X224A2", "837D"),
        ("837", "004010X098A1", "837P 4010"),
        ("837", "004010X096A1", "837I 4010"),
        ("835", "004010X091A1", "835 4010"),
        ("277", "005010X212", "277 claim status response"),
        ("997", "005010", "997"),
        ("270", "005010X279A1", "270"),
        ("JANE DOE", "JANE DOE", "unknown"),
    ],
)
def test_other_transactions_are_named_and_passed_over(kind: str, version: str, named: str) -> None:
    body = f"ST*{kind}*0002*{version}~X*1~Y*2~SE*4*0002~".encode()
    items = list(read_x12(in_group(TRANSACTION + body + TRANSACTION, count=3)))
    assert [type(x) for x in items] == [Claim, SkippedTransaction, Claim]
    skipped = items[1]
    assert isinstance(skipped, SkippedTransaction)
    assert skipped.kind == named
    assert skipped.place.segment_number == 27
    assert "JANE" not in skipped.reason


def test_the_version_of_the_group_counts_where_st_has_none() -> None:
    assert len(claims(PLAIN.replace(b"ST*837*0001*005010X222A1", b"ST*837*0001"))) == 1
    group = GS.replace("005010X222A1", "")
    body = TRANSACTION.replace(b"*005010X222A1", b"")
    (item,) = list(read_x12(in_group(body, group)))
    assert isinstance(item, SkippedTransaction)
    assert item.reason == "neither ST03 nor GS08 names a version"


def test_ta1_is_named() -> None:
    data = PLAIN.replace(GS.encode(), b"TA1*000000001*260305*1200*A*000~" + GS.encode())
    assert [type(x) for x in read_x12(data)] == [SkippedTransaction, Claim]


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        (b"SE*24*0001", b"SE*99*0001", "x12.se_count"),
        (b"SE*24*0001", b"SE**0001", "x12.se_count"),
        (b"SE*24*0001", b"SE*24*0002", "x12.se_control"),
        (b"GE*1*11", b"GE*2*11", "x12.ge_count"),
        (b"GE*1*11", b"GE*1*12", "x12.ge_control"),
        (b"IEA*1*", b"IEA*9*", "x12.iea_count"),
        (b"IEA*1*000000007", b"IEA*1*000000008", "x12.iea_control"),
        (b"SE*24*0001~", b"", "x12.missing_se"),
        (b"GE*1*11~", b"", "x12.missing_ge"),
        (b"IEA*1*000000007~", b"", "x12.missing_iea"),
        (b"SE*24*0001~", b"SE*24*0001~SE*1*1~", "x12.se_without_st"),
        (b"GE*1*11~", b"GE*1*11~GE*1*11~", "x12.ge_without_gs"),
        (b"IEA*1*000000007~", b"IEA*1*000000007~IEA*1*1~", "x12.iea_without_isa"),
        (b"GE*1*11~", b"XX*1~XX*2~GE*1*11~", "x12.outside_transaction"),
    ],
)
def test_damaged_envelopes_are_reported_and_cost_no_claim(
    right: bytes, wrong: bytes, code: str
) -> None:
    assert right in PLAIN
    data = PLAIN.replace(right, wrong)
    assert codes(data) == [code]
    assert len(claims(data)) == 1
    assert len(claims(data + PLAIN)) == 2


def test_a_transaction_without_a_group_is_read_and_reported() -> None:
    data = PLAIN.replace(GS.encode(), b"").replace(b"GE*1*11~IEA*1", b"IEA*0")
    assert len(claims(data)) == 1
    assert codes(data) == ["x12.st_without_gs"]


def test_a_truncated_file_keeps_its_claims() -> None:
    data = in_group(TRANSACTION * 2, count=2)
    cut = data[: data.rindex(b"SV1*") + 7]
    found = claims(cut)
    assert [len(x.lines) for x in found] == [1, 0]
    assert codes(cut) == ["x12.truncated", "837p.line", "x12.missing_se"]
    assert codes(cut + PLAIN) == [
        "x12.truncated",
        "837p.line",
        "x12.missing_se",
        "x12.missing_ge",
        "x12.missing_iea",
    ]


def test_separators_that_do_not_fit_are_said() -> None:
    data = ISA.encode() + PLAIN[len(ISA) :].replace(b"*", b"|")
    assert codes(data)[0] == "x12.separators"
    assert codes(data + PLAIN)[-1] != "x12.separators"
    assert len(claims(data + PLAIN)) == 1


def test_a_defect_of_a_parser_costs_one_transaction_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(numbered: tuple[int, Segment]) -> Item:
        raise ValueError("JANE DOE")

    def broken(
        segments: Iterator[tuple[int, Segment]], context: TransactionContext
    ) -> Iterator[Item]:
        return map(fail, segments)

    monkeypatch.setitem(reader._PARSERS, ("837", "005010X222"), broken)
    (problem,) = list(read_x12(PLAIN))
    assert isinstance(problem, Problem)
    assert problem.code == "x12.transaction_failed"
    assert problem.lost == "the rest of this transaction"
    assert "JANE" not in str(problem)


def test_an_unreadable_stream_is_no_damage_of_the_file() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError("device")
            return super().read(400)

    with pytest.raises(OSError, match="device"):
        list(read_x12(Broken(PLAIN)))


def test_reading_is_lazy() -> None:
    class Endless(io.BytesIO):
        served = 0

        def read(self, size: int | None = -1) -> bytes:
            self.served += 1
            return PLAIN if self.served < 1000 else b""

    stream = Endless()
    items = read_x12(stream)
    assert isinstance(next(items), Claim)
    assert stream.served < 10


def test_memory_does_not_grow_with_the_file() -> None:
    class Repeated(io.BytesIO):
        left = 0

        def read(self, size: int | None = -1) -> bytes:
            self.left -= 1
            return PLAIN * 50 if self.left >= 0 else b""

    def peak(times: int) -> int:
        stream = Repeated()
        stream.left = times
        tracemalloc.start()
        assert sum(isinstance(x, Claim) for x in read_x12(stream)) == 50 * times
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    # forty times the claims; what the collector has not looked at yet varies by half
    assert peak(160) < 4 * peak(4)
