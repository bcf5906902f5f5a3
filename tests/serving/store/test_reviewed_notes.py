"""Submitted notes as something to train from, and those that a payer's denial brings back."""

import datetime as dt

import msgspec
import pytest

from models.coding.assertion import Assertion
from models.coding.notes_file import NoteCode, NoteRecord, read_notes
from models.coding.reviewed import read_reviewed
from models.coding.suggestion import Evidence, Suggestion
from models.errors import InputError
from serving.store.denied_notes import flag_denied_notes
from serving.store.notes import NewDecision, Notes, QueueFilter, Reading
from serving.store.outcomes import Outcomes
from serving.store.review_state import Code, review_state
from serving.store.reviewed_notes import export_reviewed
from tests.serving.store.records import load
from tests.serving.store.samples import FIRST_DAY, PRACTICE, claim, payment, remittance

TEXT = "A/P: 1. Diabetes. 2. Hypertension, stable. 3. Cough."
ANSWER = FIRST_DAY + dt.timedelta(20)


def suggested(code, words, *places):
    evidence = tuple(Evidence(b, b + len(words), words) for b in (TEXT.index(words), *places))
    return Suggestion("ICD-10-CM", code, words, 0.7, Assertion.PRESENT, evidence)


DIABETES, PRESSURE = suggested("E11.9", "Diabetes"), suggested("I10", "Hypertension")


def filled(database, claims=1):
    """Claims, each with a note that the model has read; nothing is answered yet."""
    filed = [claim(i) for i in range(1, claims + 1)]
    load(database, filed)
    notes = Notes(database)
    records = [NoteRecord(f"N{c.claim_id}", TEXT, claim_id=c.claim_id) for c in filed]
    notes.load(records)
    read = [(x, Reading([DIABETES, PRESSURE])) for x in notes.to_suggest("3", 100)]
    notes.keep_readings(read, "3")
    return filed, notes


def review(notes, token, *decisions, submit=True):
    for decision in [*decisions, *([NewDecision(kind="submit")] if submit else [])]:
        note = notes.get(token, None)
        decision = msgspec.structs.replace(decision, model_version="3")
        notes.decide(note, decision, actor="user:1", who="A Coder", revision=note.revision)


def accept(x):
    return NewDecision(kind="accept", system=x.system, code=x.code, suggestion=x)


def added(code, begin, end, system="ICD-10-CM"):
    return NewDecision(kind="add", system=system, code=code, begin=begin, end=end)


REJECTED = NewDecision(
    kind="reject", system="ICD-10-CM", code="I10", reason="not documented", suggestion=PRESSURE
)


def tokens(notes):
    return [x.token for x in notes.queue(None, QueueFilter(order="oldest"))]


def test_submitted_codes_keep_their_evidence_and_every_decision_its_suggestion(database, tmp_path):
    _, notes = filled(database, 2)
    one, two = tokens(notes)
    review(notes, one, accept(DIABETES), REJECTED, added("R05.9", 46, 51))
    review(notes, two, accept(DIABETES), submit=False)
    path = tmp_path / "reviewed.jsonl"
    assert export_reviewed(database, path) == 1
    (found,) = read_reviewed(path)
    assert found.codes == (
        NoteCode("E11.9", "ICD-10-CM", 8, 16),
        NoteCode("R05.9", "ICD-10-CM", 46, 51),
    )
    for code in found.codes:
        assert TEXT[code.begin : code.end] in ("Diabetes", "Cough")
    kinds = [(x.kind, x.code, x.score, x.reason, x.model_version) for x in found.decisions]
    assert kinds == [
        ("accept", "E11.9", 0.7, "", "3"),
        ("reject", "I10", 0.7, "not documented", "3"),
        ("add", "R05.9", None, "", "3"),
    ]
    assert found.sex == claim(1).patient.sex and found.age == 76
    assert found.decisions[0].reviewer == "user:1"
    # The documented notes JSONL, for whoever reads it as that; and the same bytes again.
    assert read_notes([path]).notes[0].codes == found.codes
    before = path.read_bytes()
    export_reviewed(database, path)
    assert path.read_bytes() == before


def test_what_was_taken_back_or_replaced_is_not_taught(database, tmp_path):
    _, notes = filled(database)
    (token,) = tokens(notes)
    review(notes, token, accept(PRESSURE), submit=False)
    last = notes.decisions(notes.get(token, None).id)[-1]
    review(
        notes,
        token,
        NewDecision(kind="undo", undoes=last.id, system=last.system, code=last.code),
        NewDecision(
            kind="replace", system="ICD-10-CM", code="I16.0", begin=22, end=34,
            replaces="ICD-10-CM I10", suggestion=PRESSURE,
        ),
    )  # fmt: skip
    export_reviewed(database, tmp_path / "reviewed.jsonl")
    (found,) = read_reviewed(tmp_path / "reviewed.jsonl")
    assert found.codes == (NoteCode("I16.0", "ICD-10-CM", 22, 34),)
    assert [(x.kind, x.replaces) for x in found.decisions] == [("replace", "ICD-10-CM I10")]


def answered(database, filed, carc):
    """The payer denies the first line of each claim."""
    parts = []
    for one in filed:
        whole = remittance(one, denied=True)
        first = whole.lines[0]
        refused = msgspec.structs.replace(first.adjustments[0], carc=carc)
        lines = (msgspec.structs.replace(first, adjustments=(refused,)), *whole.lines[1:])
        parts.append(msgspec.structs.replace(whole, lines=lines))
    load(database, [payment(tuple(parts), trace="T1", day=ANSWER)])


def flag(database):
    history = Outcomes(database).history(PRACTICE)
    return flag_denied_notes(database, PRACTICE, history.submissions)


def test_a_code_that_was_accepted_and_then_denied_comes_back_and_is_not_taught(database, tmp_path):
    filed, notes = filled(database)
    (token,) = tokens(notes)
    review(notes, token, accept(DIABETES), accept(PRESSURE))
    answered(database, filed, "11")
    assert flag(database) == 1
    note = notes.get(token, None)
    assert note.state == "open"
    assert tokens(notes) == [token]
    state = review_state(notes.decisions(note.id))
    assert not state.submitted
    assert set(state.denied) == {Code("ICD-10-CM", "E11.9"), Code("ICD-10-CM", "I10")}
    assert "CARC 11" in state.denied[Code("ICD-10-CM", "I10")]
    assert export_reviewed(database, tmp_path / "reviewed.jsonl") == 0
    # Once for one denial: who submits it again has looked.
    assert flag(database) == 0
    review(notes, token, REJECTED)
    assert flag(database) == 0
    assert review_state(notes.decisions(note.id)).denied == {}
    assert export_reviewed(database, tmp_path / "reviewed.jsonl") == 1


@pytest.mark.parametrize(("carc", "codes"), [("4", {"93000"}), ("197", set()), ("27", set())])
def test_a_denial_for_the_procedure_speaks_of_it_and_other_denials_of_no_code(
    database, carc, codes
):
    filed, notes = filled(database)
    (token,) = tokens(notes)
    review(notes, token, accept(DIABETES), added("93000", 0, 3, "CPT"))
    answered(database, filed, carc)
    assert flag(database) == bool(codes)
    state = review_state(notes.decisions(notes.get(token, None).id))
    assert {x.code for x in state.denied} == codes


def test_a_denial_that_was_overturned_flags_nothing(database):
    filed, notes = filled(database)
    (token,) = tokens(notes)
    review(notes, token, accept(DIABETES))
    answered(database, filed, "11")
    paid = payment((remittance(filed[0]),), trace="T2", day=ANSWER + dt.timedelta(30))
    load(database, [paid])
    assert flag(database) == 0


def test_a_damaged_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "reviewed.jsonl"
    path.write_text('{"id": "1"}\n')
    with pytest.raises(InputError, match=r"reviewed\.jsonl line 1 is no reviewed note"):
        read_reviewed(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_reviewed(tmp_path / "absent")
