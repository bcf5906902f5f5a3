"""`firstpass retrain coding`: what it takes from the store, and says where there is little."""

import pytest
from typer.testing import CliRunner

import firstpass
from models.coding.assertion import Assertion
from models.coding.notes_file import NoteRecord
from models.coding.suggestion import Evidence, Suggestion
from serving.store.notes import NewDecision, QueueFilter, Reading
from serving.store.store import open_store
from training.cli.store_export import reviews_of_store

SUGGESTED = Suggestion(
    "ICD-10-CM", "I10", "hypertension", 0.7, Assertion.PRESENT, (Evidence(5, 17, "hypertension"),)
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    for name in ("FIRSTPASS_DATABASE_URL", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def retrain(*arguments):
    return CliRunner().invoke(firstpass.app, ["retrain", "coding", *arguments])


def test_an_empty_store_is_told_apart_from_a_failure(home):
    done = retrain()
    assert done.exit_code == 1
    assert "nobody has reviewed a note to its end yet" in str(done.exception)


def test_submitted_notes_are_taken_and_open_ones_are_not(home):
    store = open_store(home / "state")
    store.notes.load([NoteRecord(f"N{i}", "A/P: hypertension.") for i in range(2)], "1:2")
    for note in store.notes.to_suggest("1", 10):
        store.notes.keep_readings([(note, Reading([SUGGESTED]))], "1")
    token = store.notes.queue(None, QueueFilter(order="oldest"))[0].token
    for decision in (
        NewDecision(kind="accept", system="ICD-10-CM", code="I10", suggestion=SUGGESTED),
        NewDecision(kind="submit"),
    ):
        note = store.notes.get(token, None)
        store.notes.decide(note, decision, actor="a", who="a", revision=note.revision)
    store.close()
    with reviews_of_store() as found:
        assert found.history is None and found.reviewed is not None
        assert len(found.reviewed.read_text().splitlines()) == 1
    done = retrain("--json")
    assert done.exit_code == 1
    assert "1 labelled notes, 30 are the least" in str(done.exception)
