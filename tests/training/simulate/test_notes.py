"""Visit notes: what they document is known to the character, and they leave the claims alone."""

import csv
import datetime as dt
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firstpass import app
from models.codes.icd10cm import CodeStatus, load_icd10cm
from training.simulate import SimulatedPractice, simulate
from training.simulate.files import write_practice
from training.simulate.notes import SimulatedNote, simulate_notes
from training.simulate.notes_files import (
    NOTE_TRUTH_COLUMNS,
    dotted,
    hcpcs_level,
    note_record,
    truth_rows,
)
from training.simulate.notes_tables import conditions, materials, statements, styles
from training.simulate.tables import diagnoses, procedures


@pytest.fixture(scope="module")
def notes(practice: SimulatedPractice) -> list[SimulatedNote]:
    return list(simulate_notes(practice))


def test_everything_that_can_be_billed_can_be_told() -> None:
    assert {d.code for members in diagnoses().values() for d in members} == set(conditions())
    assert set(diagnoses()) == set(materials())
    levels = {c for c in procedures() if c.startswith(("9920", "9921"))}
    assert set(procedures()) == set(statements()) | levels
    for statement in statements().values():
        assert all(evidence for _, evidence, _ in statement.sentences), statement.code


def test_phrases_are_our_own_and_several() -> None:
    table = load_icd10cm()
    single = 0
    for condition in conditions().values():
        single += len(condition.phrases) < 2
        title = table.title(condition.code).lower()
        for phrase in condition.phrases:
            # some symptoms have only one name ("palpitations"); longer titles never appear
            assert phrase.lower() != title or len(title.split()) <= 3, condition.code
    assert single <= len(conditions()) * 0.1


def test_more_specific_codes_are_billable_and_have_phrases() -> None:
    table, day = load_icd10cm(), dt.date(2026, 6, 30)
    for condition in conditions().values():
        for code in condition.specific:
            assert code in conditions()
            assert table.status(code, day) is CodeStatus.BILLABLE


def test_every_visit_has_a_note_and_spans_hold_their_words(
    practice: SimulatedPractice, notes: list[SimulatedNote]
) -> None:
    assert len(notes) == sum(not c.duplicate for c in practice.chains)
    assert len({n.id for n in notes}) == len(notes)
    for note in notes:
        for code, begin, end in note.marks:
            words = note.text[begin:end]
            assert words and words == words.strip(), code
            assert "{" not in words
        assert "{" not in note.text and "\0" not in note.text
    assert any("\r\n" in n.text for n in notes)


def test_what_is_marked_is_what_the_truth_calls_documented(notes: list[SimulatedNote]) -> None:
    reasons: Counter[str] = Counter()
    for note in notes:
        rows = [dict(zip(NOTE_TRUTH_COLUMNS, row, strict=True)) for row in truth_rows(note)]
        documented = {r["code"] for r in rows if r["documented"] == "1"}
        marked = {dotted(code) for code, _, _ in note.marks}
        # a level that rests on very little has no words of its own
        assert documented - marked <= {note.plan.visit_code}
        assert marked <= documented
        for row in rows:
            assert row["billed"] == "1" or row["documented"] == "1"
            reasons[row["reason"]] += row["billed"] == "1"
            if row["begin"]:
                assert (row["code"].replace(".", ""), int(row["begin"]), int(row["end"])) in (
                    note.marks
                )
    total = reasons.total()
    assert 0.85 < reasons[""] / total < 0.97
    for reason in ("absent", "problem_list_only", "uncertain", "historical", "less_specific",
                   "level_higher", "level_lower"):  # fmt: skip
        assert reasons[reason] > 10, reason


def test_billed_codes_of_the_truth_are_those_of_the_claim(notes: list[SimulatedNote]) -> None:
    for note in notes:
        claim = note.submission.claim
        billed = {d.code for d in claim.diagnoses} | {line.code for line in claim.lines}
        assert {r[4].replace(".", "") for r in truth_rows(note) if r[5] == "1"} == billed


def test_providers_write_in_their_own_styles(notes: list[SimulatedNote]) -> None:
    assert len(styles()) >= 4
    first_words: defaultdict[int, set[str]] = defaultdict(set)
    for note in notes:
        provider = note.submission.chain.visit.provider.index
        first_words[provider].add(note.text.split(":")[0].split("\n")[0].strip())
    assert all(1 <= len(words) <= 2 for words in first_words.values())
    assert len(set().union(*first_words.values())) > 2


def test_one_condition_is_told_in_several_ways(notes: list[SimulatedNote]) -> None:
    said: defaultdict[str, set[str]] = defaultdict(set)
    for note in notes:
        for code, begin, end in note.marks:
            said[code].add(note.text[begin:end])
    assert len(said["I10"]) >= 4


def test_notes_leave_the_claims_alone(tmp_path: Path) -> None:
    made = [simulate("easy", claims=150, months=4, seed=2) for _ in range(2)]
    write_practice(made[0], tmp_path / "with")
    write_practice(made[1], tmp_path / "without", notes=0)
    paths = {p.relative_to(tmp_path / "without") for p in (tmp_path / "without").rglob("*.*")}
    for path in paths:
        assert (tmp_path / "with" / path).read_bytes() == (tmp_path / "without" / path).read_bytes()
    more = {p.name for p in (tmp_path / "with").iterdir()} - {
        p.name for p in (tmp_path / "without").iterdir()
    }
    assert more == {"notes.jsonl", "future_notes.jsonl", "notes_truth.csv"}


def test_a_limit_keeps_the_notes_of_future_claims(practice: SimulatedPractice) -> None:
    every = list(simulate_notes(practice))
    future = sum(n.future for n in every)
    some = list(simulate_notes(practice, future * 4))
    assert len(some) == future * 4
    assert sum(n.future for n in some) == future
    few = list(simulate_notes(practice, 10))
    assert [n.future for n in few] == [False] * 5 + [True] * 5
    by_id = {n.id: n.text for n in every}
    assert all(by_id[n.id] == n.text for n in some)


def test_lines_are_notes_jsonl_and_future_ones_wait_to_be_coded(
    notes: list[SimulatedNote],
) -> None:
    for note in (notes[0], notes[-1]):
        record = json.loads(json.dumps(note_record(note)))
        assert ("codes" in record) is not note.future
        dt.date.fromisoformat(record["date"])
        assert record["claim_id"] == note.submission.claim.claim_id
        for code in record.get("codes", ()):
            assert record["text"][code["begin"] : code["end"]]
    assert [hcpcs_level(c) for c in ("E119", "99213", "G2211", "J3301", "3074F", "L3908")] == [
        "ICD-10-CM", "CPT", "HCPCS", "HCPCS", "CPT", "HCPCS",
    ]  # fmt: skip
    assert hcpcs_level("L0291") == "ICD-10-CM" and hcpcs_level("G5600") == "ICD-10-CM"


def test_the_command_writes_as_many_notes_as_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["simulate", str(out), "--claims", "200", "--months", "4", "--notes", "50"]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["notes"] == 50
    lines = [
        line for name in ("notes.jsonl", "future_notes.jsonl")
        for line in (out / name).read_text(encoding="utf-8").splitlines()
    ]  # fmt: skip
    assert len(lines) == 50
    with (out / "notes_truth.csv").open(newline="") as file:
        assert {row["note_id"] for row in csv.DictReader(file)} == {
            json.loads(line)["id"] for line in lines
        }
