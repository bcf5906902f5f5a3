"""From reviewers' decisions to a challenger: the coding loop on made-up notes."""

import datetime as dt

import msgspec
import numpy as np
import pytest

from models.coding.dayone import day_one_model
from models.coding.learnt import note_mark, read_learnt
from models.coding.model import CodingModel, SystemPart
from models.coding.notes_file import NoteCode
from models.coding.ranker import PriorRanker
from models.coding.reviewed import ReviewedNote, ReviewerDecision
from models.errors import InputError, NotEnoughDataError, RegistryError
from models.registry import CHALLENGER, CHAMPION, find, load, promote
from training.card import OWNER_FILE, owner_template
from training.coding import fit
from training.coding import train as train_module
from training.coding.train import train_coding
from training.loop.gate import CODING_GATE_FILE, read_coding_gate
from training.loop.retrain import only_one, registered
from training.loop.retrain_coding import retrain_coding
from training.loop.reviewed import decided, training_records, write_records

FINDINGS = (
    ("sugar sickness", "E11.9"),
    ("tight pressure", "I10"),
    ("bad cough", "R05.9"),
    ("ZEBRA spell", "R56.9"),
    ("knee trouble", "M25.569"),
)
BEGIN = dt.date(2026, 1, 1)


def reviewed(count, start=0, findings=FINDINGS, seed=0):
    """Notes as a reviewer submitted them: one code accepted, the other added by hand."""
    rng = np.random.default_rng(seed + start)
    found = []
    for number in range(start, start + count):
        text, codes, decisions = f"Seen today, visit {number}. ", [], []
        for i, kind in zip(
            rng.choice(len(findings), 2, replace=False), ("accept", "add"), strict=True
        ):
            words, code = findings[i]
            begin = len(text)
            text += f"{words} noted. "
            codes.append(NoteCode(code, "ICD-10-CM", begin, begin + len(words)))
            decisions.append(ReviewerDecision(kind, "ICD-10-CM", code, "user:1", "1", score=0.6))
        day = BEGIN + dt.timedelta(days=number)
        found.append(
            ReviewedNote(
                id=f"n{number}", text=text, date=day, specialty="family_medicine",
                patient_id=f"p{number}", codes=tuple(codes), practice="1:2",
                submitted=dt.datetime.combine(day, dt.time(12), dt.UTC),
                decisions=tuple(decisions), age=30 + number % 40, sex="FM"[number % 2],
            )
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def terms():
    return day_one_model().parts["ICD-10-CM"].sources


@pytest.fixture
def own_home(tmp_path, monkeypatch, terms):
    """A store of its own; words only and few rounds: what is tested does not hang on them."""
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    (tmp_path / "home").mkdir()
    part = SystemPart(terms, PriorRanker(), 0.25)
    monkeypatch.setattr(
        train_module, "day_one_model", lambda *_, **__: CodingModel({"ICD-10-CM": part})
    )
    monkeypatch.setattr(train_module, "dense_terms", lambda *_: (None, ""))
    for name, small in (("ROUNDS", 40), ("FOLDS", 3), ("VALIDATION_FOLDS", 2)):
        monkeypatch.setattr(fit, name, small)
    return tmp_path / "home"


@pytest.fixture
def gate(tmp_path):
    """As it ships, but for few notes."""
    path = tmp_path / "gate.toml"
    text = CODING_GATE_FILE.read_text().replace("least_notes = 50", "least_notes = 20")
    path.write_text(text.replace("least_codes = 100", "least_codes = 30"))
    return path


def verdicts(result):
    assert result.training is not None and result.training.gate is not None
    return {c.name: c.verdict for c in result.training.gate.criteria}


def day_one():
    version = train_coding([]).version
    assert version is not None
    promote("coding", version.version, reason="day one")


@pytest.mark.slow
def test_the_loop(own_home, gate):
    day_one()
    notes = reviewed(90)
    result = retrain_coding(notes, promote_it=True, gate_file=gate)
    assert result.training is not None and result.comparison is not None
    # Most of the made-up words are in no code system, so the day-one version misses them.
    assert result.comparison.champion.map < 0.5 < 0.9 < result.comparison.challenger.map
    assert result.comparison.notes == 20
    assert {g.attribute for g in result.comparison.groups} == {"specialty"}
    assert verdicts(result)["period"] == verdicts(result)["better"] == "passed"
    # The owner has not filled in the card, so the champion stays, whatever was asked.
    assert verdicts(result)["card"] == "failed"
    assert not result.training.promoted
    assert (find("coding", CHAMPION).version, find("coding", CHALLENGER).version) == (1, 2)
    with pytest.raises(RegistryError, match="failed the gate"):
        promote("coding", 2)
    (counts,) = result.decided
    assert (counts.notes, counts.accepted, counts.added, counts.accepted_share) == (90, 90, 90, 1)
    # The whole model has learnt from the held notes too, and says from which.
    loaded = load("coding", 2)
    assert read_learnt(loaded.path) == {note_mark(n.text) for n in notes}

    again = retrain_coding(notes, gate_file=gate)
    assert again.training is None
    assert "version 2 was trained on the same labelled notes" in again.words

    (own_home / OWNER_FILE).write_text(owner_template().replace('= ""', '= "known"'))
    promote("coding", 2, reason="to begin with", despite_gate=True)
    later = [*notes[10:], *reviewed(60, start=90)]
    second = retrain_coding(later, gate_file=gate)
    assert second.training is not None and second.comparison is not None
    assert second.training.card is not None
    # Only notes that version 2 does not know decide, and it knows these words already.
    assert second.comparison.notes == 28
    assert second.forgotten == 10
    assert second.training.card.missing == []
    assert verdicts(second)["better"] == "failed"


def test_without_a_champion_a_first_version_may_pass(own_home, gate):
    (own_home / OWNER_FILE).write_text(owner_template().replace('= ""', '= "known"'))
    result = retrain_coding(reviewed(80), promote_it=True, gate_file=gate)
    assert verdicts(result) == {"better": "passed", "card": "passed"}
    assert find("coding", CHAMPION).version == 1


def test_labelled_files_teach_beside_the_decisions_which_win(own_home, gate, tmp_path):
    notes = reviewed(60)
    files = training_records(reviewed(50, start=60, seed=7))
    wrong = msgspec.structs.replace(
        training_records(notes[:1])[0], codes=(NoteCode("Z00.00"),), id="n0"
    )
    path = write_records(tmp_path / "labelled.jsonl", [*files, wrong])
    result = retrain_coding(notes, [path], gate_file=gate)
    assert result.training is not None
    assert result.training.notes == 110


def test_nothing_to_learn_from_says_what_is_missing(own_home):
    with pytest.raises(NotEnoughDataError, match="nobody has reviewed a note"):
        retrain_coding([])


def test_a_second_retraining_waits_for_the_first(own_home):
    with only_one("coding"), pytest.raises(RegistryError, match="another retraining"):
        retrain_coding(reviewed(40))


def test_what_fails_leaves_the_champion_alone(own_home, gate, monkeypatch):
    day_one()

    def fails(*_, **__):
        raise RegistryError("the disk is full")

    monkeypatch.setattr(train_module, "save_artifact", fails)
    with pytest.raises(RegistryError, match="disk is full"):
        retrain_coding(reviewed(80), promote_it=True, gate_file=gate)
    assert find("coding", CHAMPION).version == 1
    assert len(registered("coding")) == 1


def test_ids_of_two_practices_stay_apart_and_a_note_without_date_is_as_late_as_its_review():
    one, two = reviewed(1)[0], msgspec.structs.replace(reviewed(1)[0], practice="3:4", date=None)
    first, second = training_records([one, two])
    assert (first.id, second.id) == ("1:2 n0", "3:4 n0")
    assert second.date == one.submitted.date()
    assert [x.model_version for x in decided([one, two])] == ["1"]


def test_an_unknown_name_in_the_gate_is_refused(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(CODING_GATE_FILE.read_text().replace("least_notes", "least_claims"))
    with pytest.raises(InputError, match="gate_coding"):
        read_coding_gate(path)
