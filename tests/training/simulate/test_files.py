"""The files that a practice has: read back, validated, and labelled as the truth says."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from firstpass import app
from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12 import read_x12, write_277ca, write_835, write_837p
from models.errors import InputError
from models.history import read_history
from tests.models.claims.x12.remittances import pyx12_errors as pyx12_remittance_errors
from tests.models.claims.x12.test_write_837p import pyx12_errors as pyx12_claim_errors
from training.simulate import SimulatedPractice, simulate
from training.simulate.files import write_practice
from training.simulate.truth import LEDGER_COLUMNS, RULE_COLUMNS, TRUTH_COLUMNS


@pytest.fixture(scope="module")
def folder(practice: SimulatedPractice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "practice"
    write_practice(practice, path)
    return path


def items(folder: Path, pattern: str, kind: type) -> list[object]:
    found: list[object] = []
    for path in sorted(folder.glob(pattern)):
        if "copy" not in path.name:
            found += [x for x in read_x12(path) if isinstance(x, kind)]
    return found


def bare(claim: Claim) -> Claim:
    return msgspec.structs.replace(claim, source=Source())


def test_files_hold_what_was_simulated(practice: SimulatedPractice, folder: Path) -> None:
    history = [bare(c) for c in items(folder, "history/*.837", Claim)]  # type: ignore[arg-type]
    future = [bare(c) for c in items(folder, "future/*.837", Claim)]  # type: ignore[arg-type]
    assert history == practice.claims()
    assert future == practice.claims(future=True)
    payments = items(folder, "history/*.835", Payment)
    assert [p.amount for p in payments] == [p.amount for p in practice.payments]  # type: ignore[attr-defined]
    answers = items(folder, "history/*.277", Acknowledgement)
    assert len(answers) == len(practice.acknowledgements)


def test_every_set_that_was_sent_has_its_999(folder: Path) -> None:
    responses = items(folder, "history/*.999", SetAcknowledgement)
    sets = {
        (x.source.file, x.source.transaction)  # type: ignore[attr-defined]
        for x in items(folder, "history/*.837", Claim)
    }
    assert len(responses) == len(sets)
    history = read_history([folder / "history"])
    assert history.report.set_acknowledgements_unmatched == 0
    assert all(len(s.set_acknowledgements) == 1 for s in history.submissions)


def test_files_have_nothing_to_complain_of(folder: Path) -> None:
    kinds = Counter(type(x).__name__ for p in sorted(folder.rglob("*.8*")) for x in read_x12(p))
    assert set(kinds) == {"Claim", "Payment"}


def test_a_remittance_file_comes_twice(folder: Path) -> None:
    copies = list((folder / "history").glob("*-copy.835"))
    assert len(copies) == 1
    original = copies[0].with_name(copies[0].name.replace("-copy", ""))
    assert copies[0].read_bytes() == original.read_bytes()


def test_tables_have_their_columns(practice: SimulatedPractice, folder: Path) -> None:
    for name, columns in (
        ("truth.csv", TRUTH_COLUMNS),
        ("rules.csv", RULE_COLUMNS),
        ("ledger.csv", LEDGER_COLUMNS),
    ):
        with (folder / name).open(newline="") as file:
            rows = list(csv.reader(file))
        assert tuple(rows[0]) == columns
        assert len(rows) > 100
    with (folder / "truth.csv").open(newline="") as file:
        truth = list(csv.DictReader(file))
    assert len(truth) == sum(s.accepted for s in practice.submissions)
    keys = {(r["claim_id"], r["submitted"], r["responsibility"]) for r in truth}
    assert len(keys) == len(truth)


@pytest.mark.parametrize("profile", ["easy", "typical", "hard"])
def test_labels_read_from_the_files_are_the_truth(profile: str, tmp_path: Path) -> None:
    write_practice(simulate(profile, claims=2500, months=9, seed=6), tmp_path / "out")
    with (tmp_path / "out" / "truth.csv").open(newline="") as file:
        truth = {
            (r["claim_id"], r["submitted"], r["responsibility"]): r
            for r in csv.DictReader(file)
            if r["window"] == "history"
        }
    history = read_history([tmp_path / "out" / "history"])
    compared = 0
    for s in history.submissions:
        row = truth.get((s.claim.claim_id, s.claim.submitted.isoformat(), s.claim.responsibility))
        if row is None:  # rejected; the acknowledgement may still be on its way
            assert s.first is None
            continue
        assert (s.first is not None) == bool(row["answered"])
        if s.first is None:
            continue
        compared += 1
        assert s.first.denied == (row["denied"] == "1"), row
        if s.first.denied:
            # two denied lines of equal charge may be told apart by no one
            several = sum(x.denied for x in s.first.lines) > 1
            assert s.first.category is not None
            assert several or s.first.category.value == row["category"], row
    assert compared > 2000


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["easy", "typical", "hard"])
def test_files_are_valid_for_pyx12(profile: str) -> None:
    made = simulate(profile, claims=250, months=6, seed=8)

    def written(write: object, records: object) -> bytes:
        out = io.BytesIO()
        write(records, out)  # type: ignore[operator]
        return out.getvalue()

    assert pyx12_claim_errors(written(write_837p, made.claims())) == []
    assert pyx12_remittance_errors(written(write_835, made.payments)) == []
    assert pyx12_remittance_errors(written(write_277ca, made.acknowledgements)) == []


def test_a_folder_in_use_is_refused(practice: SimulatedPractice, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="not an empty folder"):
        write_practice(practice, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_the_command_writes_a_practice(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["simulate", str(out), "--claims", "200", "--months", "4", "--seed", "3"]
    result = CliRunner().invoke(app, [*arguments, "--profile", "hard", "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["profile"] == "hard"
    assert said["submissions"] >= 200
    assert {p.name for p in out.iterdir()} == {
        "history",
        "future",
        "truth.csv",
        "rules.csv",
        "ledger.csv",
        "patient_payments.csv",
        "notes.jsonl",
        "future_notes.jsonl",
        "notes_truth.csv",
    }
    assert {p.suffix for p in (out / "history").iterdir()} == {".837", ".999", ".277", ".835"}


def test_equal_commands_write_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_practice(simulate("easy", claims=150, months=4, seed=2), tmp_path / name)
    one, two = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.*")}
        for n in ("one", "two")
    )
    assert one == two
