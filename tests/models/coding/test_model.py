"""The coding model: what it suggests on day one, with which evidence, gaps and warnings."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.coding.artifact import load_artifact, save_artifact
from models.coding.assertion import Assertion
from models.coding.dayone import THRESHOLD, day_one_model
from models.coding.model import CodingModel
from models.coding.suggestion import Suggestion
from models.errors import InputError

NOTE = """\
CC: right knee pain 😀\r
HPI: 58 yo man with T2DM and HTN, pain in the right knee after a fall.\tDenies fever.
Family history: mother with breast cancer.
Assessment and plan:
1. Right ankle sprain
2. CKD stage 3
3. Possible pneumonia
"""


@pytest.fixture(scope="module")
def model() -> CodingModel:
    return day_one_model()


@pytest.fixture(scope="module")
def found(model: CodingModel) -> dict[str, Suggestion]:
    answers = model.suggest(NOTE, limit=60, date=dt.date(2026, 3, 1))
    return {s.code: s for s in answers}


def test_the_clear_diagnoses_come_first(model: CodingModel):
    first = [s.code for s in model.suggest(NOTE, date=dt.date(2026, 3, 1))][:8]
    assert {"E11.9", "I10", "M25.561", "S93.401A", "N18.30"} <= set(first)


def test_every_suggestion_has_evidence_that_is_in_the_note(found: dict[str, Suggestion]):
    for suggestion in found.values():
        assert suggestion.evidence
        for e in suggestion.evidence:
            assert NOTE[e.begin : e.end] == e.text
        assert 0 < suggestion.score < 1


def test_negated_and_a_relatives_findings_are_never_likely(found: dict[str, Suggestion]):
    for code, said in (("R50.9", Assertion.NEGATED), ("C50.919", Assertion.FAMILY)):
        assert found[code].assertion is said
        assert found[code].score <= 0.5


def test_the_side_is_read_and_an_unread_one_is_named(model: CodingModel):
    said = {s.code: s for s in model.suggest("Pain in the left hip.")}
    assert next(iter(said)) == "M25.552"
    unsaid = {s.code: s for s in model.suggest("Assessment: hip pain.")}
    assert "laterality not documented" in unsaid["M25.559"].missing


def test_the_episode_gives_the_seventh_character(model: CodingModel):
    first = model.suggest("Sprain of the right ankle today.")[0]
    later = model.suggest("Follow-up of right ankle sprain, healing well.")
    assert first.code == "S93.401A"
    assert any(s.code == "S93.401D" for s in later)


def test_the_healing_of_a_fracture_is_read_at_any_of_its_mentions(model: CodingModel):
    note = (
        "CC: follow-up of wrist fracture.\nA/P: Right distal radius fracture, delayed healing. "
        "Hypertension."
    )
    assert "S52.501G" in [s.code for s in model.suggest(note)[:3]]


def test_what_the_note_leaves_open_is_named_with_the_suggestion(model: CodingModel):
    note = "Assessment: Right ankle sprain. Systolic heart failure. Migraine, refractory."
    found = {s.code: s for s in model.suggest(note)}
    assert found["S93.401A"].missing == ("episode of care not documented",)
    assert "acuity not documented" in found["I50.20"].missing
    assert "G43.919" in found


def test_order_and_conflicts_are_said(model: CodingModel, found: dict[str, Suggestion]):
    assert any(w.id == "code_first" for w in found["N18.30"].warnings)
    both = {s.code: s for s in model.suggest("Type 1 diabetes mellitus. Type 2 diabetes mellitus.")}
    assert any(w.id == "excludes1" and "E10.9" in w.words for w in both["E11.9"].warnings)


def test_of_a_visit_what_only_a_list_or_a_template_says_is_not_predicted(model: CodingModel):
    note = (
        "HPI: Here for a cough.\nProblem list:\n- Hypothyroidism\nROS: Positive for dizziness. "
        "Denies fever.\nAssessment: 1. Acute bronchitis.\n"
    )
    scores = {s.code: s.score for s in model.suggest(note, limit=60)}
    assert scores["J20.9"] >= THRESHOLD
    assert max(scores[code] for code in ("E03.9", "R42", "R50.9")) < THRESHOLD


def test_an_unknown_system_is_refused_with_the_known_ones(model: CodingModel):
    with pytest.raises(InputError, match=r"'LOINC'; it knows: ICD-10-CM"):
        model.suggest(NOTE, systems=["LOINC"])


@pytest.mark.parametrize("text", ["", "   \n", "\x00\x01\x02"])
def test_what_is_no_note_is_refused(model: CodingModel, text: str):
    with pytest.raises(InputError):
        model.suggest(text)


def test_an_artifact_answers_as_the_model_did(model: CodingModel, tmp_path: Path):
    save_artifact(model, tmp_path / "a")
    again = load_artifact(tmp_path / "a")
    assert again.suggest(NOTE) == model.suggest(NOTE)


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="abc dolor fever knee right,.;\r\n\té😀", min_size=1, max_size=300))
def test_whatever_the_text_the_evidence_stands_in_it(model: CodingModel, text: str):
    if not text.strip():
        return
    for suggestion in model.suggest(text):
        assert all(text[e.begin : e.end] == e.text for e in suggestion.evidence)


def test_suggesting_never_imports_torch():
    code = (
        "import sys; from models.coding.dayone import day_one_model;"
        "from models.coding import artifact, pyfunc;"
        "day_one_model().suggest('Fever and cough.');"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
