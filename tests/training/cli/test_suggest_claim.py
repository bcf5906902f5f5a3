"""``firstpass suggest --claim``: drafts find their notes, and what differs is told."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from firstpass import app
from models.claims.x12 import write_837p
from models.errors import InputError
from tests.serving.coding.fakes import small_model
from tests.serving.samples import claim

TEXT = "HPI: Established patient.\nA/P:\n1. Hypertension - not at goal. Increase lisinopril 40 mg."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    version = SimpleNamespace(path=tmp_path, version=SimpleNamespace(version=1))
    monkeypatch.setattr("models.registry.load", lambda name, alias: version)
    monkeypatch.setattr(
        "models.coding.artifact.load_artifact", lambda path, model_version: small_model()
    )
    with (tmp_path / "drafts.837").open("wb") as out:
        write_837p([claim(1), claim(2)], out)  # E11.9 and I10, 99213 and 83036
    lines = [
        {"id": "A", "text": TEXT, "claim_id": claim(2).claim_id, "date": "2026-03-02"},
        {"id": "B", "text": TEXT, "claim_id": "nobody's"},
    ]
    (tmp_path / "notes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


def test_notes_find_their_claims_by_id(folder: Path) -> None:
    arguments = ["suggest", str(folder / "notes.jsonl"), "--claim", str(folder / "drafts.837")]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    first, second = said["notes"]
    kinds = {(f["kind"], f["billed"], f["documented"]) for f in first["comparison"]["findings"]}
    assert ("unsupported", "E11.9", "") in kinds
    assert ("unbilled", "99213", "99214") in kinds
    assert first["visit"]["code"] == "99214"
    assert set(second) == {"id", "suggestions"}
    assert "claim_id" in said["problems"][0]


def test_a_person_reads_what_would_support_a_code(folder: Path) -> None:
    (folder / "visit.txt").write_text(TEXT)
    with (folder / "one.837").open("wb") as out:
        write_837p([claim(1)], out)
    arguments = ["suggest", str(folder / "visit.txt"), "--claim", str(folder / "one.837")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "no words were found that support it" in result.stdout
    assert "visit level: 99214 by decisions" in result.stdout
    assert "not checked (the model does not know them): 83036" in result.stdout


def test_a_file_without_claims_is_refused(folder: Path) -> None:
    arguments = ["suggest", str(folder / "notes.jsonl"), "--claim", str(folder / "notes.jsonl")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InputError)
