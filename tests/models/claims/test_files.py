import gzip
import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.files import FilesSummary, read_files
from models.claims.remittance import Payment
from models.claims.tabular import write_csv, write_jsonl, write_parquet
from models.claims.x12 import Item, SkippedTransaction, write_837p
from models.errors import InputError, Problem
from tests.models.claims.x12.examples import claim
from tests.models.claims.x12.remittances import (
    acknowledgement,
    bytes_277ca,
    bytes_835,
    payment,
)


def bytes_837(*claims: Claim) -> bytes:
    out = io.BytesIO()
    write_837p(claims, out)
    return out.getvalue()


def kinds(items: list[Item]) -> list[str]:
    return [x.code if isinstance(x, Problem) else type(x).__name__ for x in items]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A folder as a practice might have it: all forms, names that say nothing, and other files."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_bytes(bytes_837(claim()))
    (tmp_path / "in" / "b").write_bytes(b"\xef\xbb\xbf" + bytes_835(payment()))
    (tmp_path / "in" / "deep" / "c.277").write_bytes(bytes_277ca(acknowledgement()))
    with (tmp_path / "in" / "d.dat").open("wb") as out:
        write_parquet([claim(claim_id="D")], out, "claims")
    with (tmp_path / "in" / "e.csv").open("wb") as out:
        write_csv([payment(trace="E")], out, "remittances")
    with (tmp_path / "in" / "f.json").open("wb") as out:
        write_jsonl([claim(claim_id="F"), payment(trace="F")], out)
    return tmp_path


def test_all_forms_are_read_in_order_of_their_names(history):
    summary = FilesSummary()
    items = list(read_files([history], summary=summary))
    assert kinds(items) == [
        "Claim", "Payment", "Claim", "Acknowledgement", "Payment", "Claim", "Payment",
    ]  # fmt: skip
    assert [x.source.file for x in items if isinstance(x, Claim)] == [
        "in/a.txt", "in/d.dat", "in/f.json",
    ]  # fmt: skip
    assert summary.files == {"X12": 3, "Parquet": 1, "CSV": 1, "JSONL": 1}
    assert (summary.claims, summary.payments, summary.remittances) == (3, 3, 3)
    assert summary.acknowledgements == 1


def test_copies_are_read_once_and_both_names_said(history):
    (history / "in" / "z.837").write_bytes((history / "in" / "a.txt").read_bytes())
    summary = FilesSummary()
    items = list(read_files([history], summary=summary))
    (problem,) = [x for x in items if isinstance(x, Problem)]
    assert problem.code == "file.duplicate"
    assert str(problem) == "in/z.837: the same bytes as in/a.txt (this copy)"
    assert summary.files_passed_over == [("in/z.837", "the same bytes as in/a.txt")]
    assert len([x for x in items if isinstance(x, Claim)]) == 3


def test_the_same_path_twice_is_a_copy(history):
    file = history / "in" / "a.txt"
    assert kinds(list(read_files([file, file]))) == ["Claim", "file.duplicate"]


def test_what_is_no_claim_data_is_named_and_passed_over(history):
    (history / "truth.csv").write_text("claim_id,denied,probability\nA1,1,0.5\n")
    (history / "notes.jsonl").write_text(json.dumps({"id": "1", "text": "SECRET"}) + "\n")
    (history / "README.md").write_text("The ISA segment, and more.\n")
    (history / ".hidden").write_text("x")
    (history / "picture.png").write_bytes(b"\x89PNG\r\n")
    summary = FilesSummary()
    items = list(read_files([history], summary=summary))
    skipped = [x for x in items if isinstance(x, SkippedTransaction)]
    assert [x.place.file for x in skipped] == [
        "README.md", "notes.jsonl", "picture.png", "truth.csv",
    ]  # fmt: skip
    assert not any(isinstance(x, Problem) for x in items)
    assert len(summary.files_passed_over) == 4


def test_a_file_given_by_name_must_be_claim_data(tmp_path):
    file = tmp_path / "x.txt"
    file.write_text("hello\n")
    items = read_files([file])
    problem = next(items)
    assert isinstance(problem, Problem)
    assert problem.code == "file.unknown"
    assert "837P" in problem.message
    with pytest.raises(InputError, match="none of the 1 files"):
        next(items)


def test_x12_by_name_only_is_reported_as_damaged_x12(history):
    (history / "in" / "x.837").write_text("no X12 at all")
    assert "x12.not_x12" in kinds(list(read_files([history])))


def test_empty_and_damaged_files(history):
    (history / "in" / "g.837").write_bytes(b"")
    good = (history / "in" / "a.txt").read_bytes()
    (history / "in" / "h.gz").write_bytes(gzip.compress(good)[:-20])
    (history / "in" / "i.zip").write_bytes(b"PK\x03\x04 and nothing more")
    found = kinds(list(read_files([history])))
    assert "file.empty" in found
    assert found.count("file.unreadable") == 2
    assert found.count("Payment") == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_without_permission(history):
    (history / "in" / "a.txt").chmod(0)
    assert "file.unreadable" in kinds(list(read_files([history])))


def test_archives_are_looked_into(tmp_path):
    (tmp_path / "a.837.gz").write_bytes(gzip.compress(bytes_837(claim())))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x/one.835", bytes_835(payment()))
        archive.writestr("two.277", bytes_277ca(acknowledgement()))
        archive.writestr("readme.txt", "hello")
    items = list(read_files([tmp_path]))
    assert kinds(items) == ["Claim", "SkippedTransaction", "Acknowledgement", "Payment"]
    assert [x.source.file for x in items if isinstance(x, Payment)] == ["b.zip/x/one.835"]
    assert [x.source.file for x in items if isinstance(x, Acknowledgement)] == ["b.zip/two.277"]


def test_empty_folder_says_what_is_expected(tmp_path):
    with pytest.raises(InputError, match=r"no files were found; expected are 837P, 835, 277CA"):
        read_files([tmp_path])


def test_path_that_does_not_exist(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        read_files([tmp_path / "nowhere"])


def test_passed_over_transactions_are_counted_with_reason(tmp_path):
    (tmp_path / "a.837").write_bytes(bytes_837(claim()).replace(b"005010X222A1", b"005010X223A2"))
    summary = FilesSummary()
    list(read_files([tmp_path], summary=summary))
    ((kind, _),) = summary.transactions_passed_over
    assert kind == "837I"
