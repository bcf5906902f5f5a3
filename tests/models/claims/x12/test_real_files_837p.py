"""Other people's 837 files of many shapes; they are not part of the repository."""

import io
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.x12 import SkippedTransaction, read_x12, write_837p
from models.errors import Problem

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "x12"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/data/x12 beside the tree")

# Pattern of the name -> claims, lines, transactions passed over, codes of problems.
EXPECTED: dict[str, tuple[int, int, int, tuple[str, ...]]] = {
    r"demo-file__demo\.837$": (1, 4, 0, ()),
    "demo-file__demo.837i": (0, 0, 1, ()),
    "837_004010X096A1": (0, 0, 1, ()),
    "837_004010X098A1": (0, 0, 1, ()),
    "837_005010X223A3": (0, 0, 1, ()),
    "demo.ambulance.example5": (1, 4, 0, ()),
    "demo.autoaccident": (1, 2, 0, ()),
    "demo.cob.2ndary.example4": (1, 1, 0, ("837p.component",)),
    "demo.cob.example3.A": (1, 3, 0, ()),
    "demo.cob.example3.B": (1, 3, 0, ()),
    "demo.cob.example3.C": (1, 3, 0, ()),
    "demo.cob.example4": (1, 1, 0, ()),
    "demo.drug.example10.1": (1, 2, 0, ()),
    "demo.drug.example10.2": (1, 6, 0, ()),
    "demo.drug.example10.3": (1, 6, 0, ()),
    r"demo.example1\.837": (1, 4, 0, ()),
    "demo.example11": (1, 2, 0, ("837p.component",)),
    "demo.example12": (1, 1, 0, ("837p.component",)),
    "demo.example2": (1, 4, 0, ()),
    "demo.example7": (1, 2, 0, ()),
    "demo.example8": (1, 1, 0, ()),
    "demo.example9": (1, 1, 0, ("837p.component",)),
    "x12_ambiguous_loop": (1, 1, 0, ("x12.se_count",)),
    "x12_bad_first_line": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_bad_segment_identifier": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_bad_valid_code": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_complex": (6, 10, 0, ("837p.code", "x12.ge_count", "x12.se_count")),
    "x12_loop_errors1": (1, 1, 0, ("837p.code", "x12.se_count")),
    "x12_loop_errors2": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_loop_errors3": (1, 1, 0, ("837p.code", "x12.se_count")),
    "x12_many_claims": (820, 820, 0, ("837p.code", "x12.se_count")),
    "x12_missing_elements": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_missing_required_loop_in": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_missing_required_loops": (5, 5, 0, ("837p.code", "837p.line", "x12.se_count")),
    "x12_multiple_gs": (6, 6, 0, ("837p.code", "x12.iea_count", "x12.se_count")),
    "x12_multiple_isa": (4, 4, 0, ("837p.code", "x12.se_count")),
    "x12_multiple_st": (4, 4, 0, ("837p.code", "x12.ge_count", "x12.se_count")),
    "x12_multiple_transactions": (624, 624, 0, ("837p.code", "x12.se_count")),
    "x12_no_errors": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_no_isa_line": (0, 0, 0, ("x12.not_x12",)),
    "x12_segment_errors": (1, 1, 0, ("x12.se_count",)),
    "x12_segments_out_of_order": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_valid_different": (2, 2, 0, ("837p.code", "x12.se_count")),
    "x12_writer_test": (1, 1, 0, ("x12.se_count",)),
    "x223-test": (0, 0, 1, ("x12.se_count",)),
}


@pytest.mark.parametrize("part", EXPECTED)
def test_claims_lines_and_problems_of_each_file(part: str) -> None:
    paths = [x for x in FOLDER.iterdir() if re.search(part, x.name)]
    assert paths
    for path in paths:
        items = list(read_x12(path))
        kinds = Counter(type(x) for x in items)
        lines = sum(len(x.lines) for x in items if isinstance(x, Claim))
        codes = tuple(sorted({x.code for x in items if isinstance(x, Problem)}))
        assert (kinds[Claim], lines, kinds[SkippedTransaction], codes) == EXPECTED[part]


def test_every_claim_is_written_and_read_equal() -> None:
    seen = 0
    for path in sorted(FOLDER.iterdir()):
        claims = [
            msgspec.structs.replace(x, source=Source())
            for x in read_x12(path)
            if isinstance(x, Claim)
        ]
        if claims:
            out = io.BytesIO()
            write_837p(claims, out)
            again = [x for x in read_x12(out.getvalue()) if isinstance(x, Claim)]
            assert [msgspec.structs.replace(x, source=Source()) for x in again] == claims
            seen += len(claims)
    assert seen > 1000


def test_an_ambulance_claim_keeps_what_has_no_field() -> None:
    (claim,) = read_x12(next(FOLDER.glob("*demo.ambulance.example5*")))
    assert isinstance(claim, Claim)
    assert claim.place_of_service == "41"
    assert claim.related_causes == ("OA",)
    assert [x.split("*")[0] for x in claim.extra] == ["CR1", "CRC", "CRC"] + ["NM1", "N3", "N4"] * 2
    assert [x.split("*")[0] for x in claim.lines[0].extra] == ["QTY"]


def test_a_secondary_claim_keeps_the_first_payers_adjudication() -> None:
    (claim,) = read_x12(next(FOLDER.glob("*demo.cob.example3.C*")))
    assert isinstance(claim, Claim)
    assert claim.responsibility == "S"
    (other,) = claim.other_payers
    assert [(x.group, x.carc, str(x.amount)) for x in other.adjustments] == [
        ("PR", "1", "21.89"),
        ("PR", "2", "15.00"),
    ]
    assert [str(x.adjudications[0].paid) for x in claim.lines] == ["40.00", "15.00", "21.04"]
    assert claim.patient.first_name != claim.subscriber.first_name
