"""``data_samples/`` is what its README says, and what the simulator writes today."""

from pathlib import Path

import pytest

from models.history import read_history
from training.simulate.notes_files import NOTE_TRUTH_COLUMNS
from training.simulate.samples import write_samples
from training.simulate.truth import LEDGER_COLUMNS, RULE_COLUMNS, TRUTH_COLUMNS

SAMPLES = Path(__file__).parents[3] / "data_samples"
TEXT = (
    "claims.837",
    "future.837",
    "syntax.999",
    "status.277",
    "remittances.835",
    "claims.csv",
    "remittances.csv",
    "acknowledgements.csv",
    "history.jsonl",
    "truth.csv",
    "rules.csv",
    "ledger.csv",
    "notes.jsonl",
    "future_notes.jsonl",
    "notes_truth.csv",
)
FORMS = (
    ("claims.837", "status.277", "remittances.835"),
    ("claims.csv", "acknowledgements.csv", "remittances.csv"),
    ("claims.parquet", "acknowledgements.parquet", "remittances.parquet"),
    ("history.jsonl",),
)


def test_samples_are_what_the_simulator_writes(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} | {"README.md"} == {
        p.name for p in SAMPLES.iterdir()
    }
    for name in TEXT:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name


@pytest.mark.parametrize("files", FORMS[1:])
def test_every_form_holds_the_same_history(files: tuple[str, ...]) -> None:
    first = read_history([SAMPLES / name for name in FORMS[0]])
    other = read_history([SAMPLES / name for name in files])
    assert first.report.problems == other.report.problems == {}
    assert [(s.claim.claim_id, s.accepted, s.first is not None) for s in first.submissions] == [
        (s.claim.claim_id, s.accepted, s.first is not None) for s in other.submissions
    ]
    assert any(s.first is not None and s.first.denied for s in first.submissions)


def test_the_readme_explains_every_file_and_column() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for column in (*TRUTH_COLUMNS, *RULE_COLUMNS, *LEDGER_COLUMNS, *NOTE_TRUTH_COLUMNS):
        assert f"`{column}`" in text, column
    for name in TEXT:
        assert f"`{name}`" in text, name
