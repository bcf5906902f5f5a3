"""Claims as a source of habits and of labels; nothing of a note's own claim among its features."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from models.claims.claim import Claim, Diagnosis, Person, Provider, ServiceLine
from models.claims.tabular import write_jsonl
from models.codes.system import CPT, HCPCS, ICD10CM
from models.coding.assertion import AssertionRules
from models.coding.features import COLUMN
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.notes_file import NoteCode, NoteRecord
from models.coding.words import vocabulary
from models.errors import InputError
from training.coding import fit
from training.coding.dataset import label
from training.coding.visits import Billed, read_billed

EYE = "207W00000X"


def claim(number: int, *codes: str, frequency: str = "1", day: int = 0) -> Claim:
    on = dt.date(2026, 1, 1) + dt.timedelta(days=day or number)
    return Claim(
        f"C{number}",
        Decimal(100),
        on,
        frequency=frequency,
        subscriber=Person("Doe", f"P{number}", birth_date=dt.date(1980, 1, 1), sex="F"),
        billing=Provider("1234567893"),
        rendering=Provider("1245319599", taxonomy=EYE),
        diagnoses=(Diagnosis("ABK", "H5203"),),
        lines=tuple(
            ServiceLine(i, code, Decimal(50), service_date=on) for i, code in enumerate(codes, 1)
        ),
    )


def billed(tmp_path: Path, claims: list[Claim], notes: list[NoteRecord]) -> Billed:
    with (tmp_path / "claims.jsonl").open("wb") as out:
        write_jsonl(claims, out)
    return read_billed([tmp_path / "claims.jsonl"], notes)


def note(number: int, text: str = "Seen.", codes: tuple[NoteCode, ...] | None = None) -> NoteRecord:
    day = dt.date(2026, 1, 1) + dt.timedelta(days=number)
    return NoteRecord(f"n{number}", text, day, "eye care", "", f"C{number}", codes)


def test_a_note_takes_its_claims_codes_of_systems_that_nobody_labelled(tmp_path: Path):
    own = (NoteCode("H52.4"),)
    found = billed(tmp_path, [claim(1, "92014", "V2020"), claim(2, "92002")],
                   [note(1, codes=own), note(2), note(7)])  # fmt: skip
    first, second, third = found.notes
    assert [(c.system, c.code) for c in first.codes or ()] == [
        (ICD10CM, "H52.4"), (CPT, "92014"), (HCPCS, "V2020"),
    ]  # fmt: skip
    assert [(c.system, c.code, c.begin) for c in second.codes or ()] == [
        (CPT, "92002", None), (ICD10CM, "H52.03", None),
    ]  # fmt: skip
    assert third.codes is None
    assert found.silver == {CPT: {"n1", "n2"}, HCPCS: {"n1", "n2"}, ICD10CM: {"n2"}}


def test_a_visit_counts_once_and_a_void_not_at_all(tmp_path: Path):
    again = [claim(1, "92014"), claim(1, "92014", frequency="7"), claim(2, "92002"),
             claim(2, "92002", frequency="8"), claim(3, "92014")]  # fmt: skip
    found = billed(tmp_path, again, [])
    assert len(found.visits.visits) == 2
    assert found.visits.habits(CPT).visits == {"": 2, EYE.lower(): 2}


def test_the_practices_word_for_a_specialty_is_learnt_from_notes(tmp_path: Path):
    claims = [claim(n, "92014") for n in range(1, 6)]
    found = billed(tmp_path, claims, [note(1), note(2)])
    assert found.visits.habits(CPT).names == {"eye care": EYE.lower()}


def test_a_notes_own_claim_is_not_among_its_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Only its own claim bills the code: its note must not see that, others do."""
    monkeypatch.setattr("models.coding.habits.LEAST_VISITS", 1)
    text = "Zebra lens fitted. Odd frame sold."
    claims = [claim(n, "92014") for n in range(1, 11)] + [claim(11, "92310")]
    labels = (NoteCode("92310", CPT, 0, 10), NoteCode("92014", CPT, 19, 28))
    notes = [note(n, text, labels) for n in range(1, 12)]
    found = billed(tmp_path, claims, notes)
    data = label(found.notes, CPT)
    nothing = TermFinder(Lexicon.build([]), vocabulary())
    tables = fit.out_of_fold(data, nothing, AssertionRules.default(), visits=found.visits)
    seen = [t.table[t.codes.index("92310"), COLUMN["habit_practice"]] for t in tables]
    assert seen[10] == 0
    assert min(seen[:10]) > 0
    assert StringHistory.build(data.marked).notes == 11


def test_a_test_knows_no_later_day_and_no_test_patient(tmp_path: Path):
    found = billed(tmp_path, [claim(n, "92014") for n in range(1, 11)], [note(3), note(9)])
    kept = found.visits.without(found.notes[:1]).before(dt.date(2026, 1, 7))
    assert [v.day.day for v in kept.visits if v.day] == [2, 3, 5, 6]


def test_a_history_without_claims_is_refused(tmp_path: Path):
    (tmp_path / "empty.txt").write_text("nothing")
    with pytest.raises(InputError):
        read_billed([tmp_path / "empty.txt"], [])
