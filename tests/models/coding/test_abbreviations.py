import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coding.abbreviations import load_abbreviations
from models.coding.note import Span, read_note
from models.errors import InputError

TABLE = load_abbreviations()


def spelt(text: str) -> list[tuple[str, str]]:
    found = TABLE.find(read_note(text))
    assert all(text[a.begin : a.end] == a.short for a in found)
    return [(a.short, a.long) for a in found]


def test_the_common_ones_are_known():
    assert len(TABLE) > 600
    assert TABLE.meanings("T2DM") == ("type 2 diabetes mellitus",)
    assert "pulmonary embolism" in TABLE.meanings("PE")
    assert TABLE.meanings("xyz") == ()


def test_short_forms_of_a_note_are_spelt_out():
    assert spelt("55 yo w/ SOB 2/2 CHF, r/o DVT, s/p CABG; h/o HTN/DM. lap chole 2015") == [
        ("yo", "year old"),
        ("w/", "with"),
        ("SOB", "shortness of breath"),
        ("2/2", "secondary to"),
        ("CHF", "congestive heart failure"),
        ("r/o", "rule out"),
        ("DVT", "deep vein thrombosis"),
        ("s/p", "status post"),
        ("CABG", "coronary artery bypass graft"),
        ("h/o", "history of"),
        ("HTN", "hypertension"),
        ("DM", "diabetes mellitus"),
        ("lap chole", "laparoscopic cholecystectomy"),
    ]


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("PMH: HTN, [RA] on methotrexate", "rheumatoid arthritis"),
        ("EXAM: SpO2 98% on [RA]", "room air"),
        ("Echo: dilated [RA], mild TR", "right atrium"),
        ("Relapsing [MS] with lesions on MRI", "multiple sclerosis"),
        ("Echo shows severe [MS], diastolic murmur", "mitral stenosis"),
        ("[ED] on sildenafil", "erectile dysfunction"),
        ("Seen in the [ED] yesterday", "emergency department"),
        ("PLAN: referral to [PT] for strengthening", "physical therapy"),
        ("RESULTS: [PT] 12.1, INR 1.0", "prothrombin time"),
        ("PHYSICAL EXAM: no [CVA] tenderness", "costovertebral angle"),
        ("PMH: [CVA] in 2019", "cerebrovascular accident"),
        ("1 [PPD] smoker", "packs per day"),
        ("Asthma; vision OD 20/40, [OS] 20/20, lens clear", "left eye"),
        ("Antecedentes personales: [HTA], EPOC", "hipertensión arterial"),
    ],
)
def test_context_decides_between_meanings(text: str, long: str):
    begin = text.index("[")
    plain = text.replace("[", "").replace("]", "")
    found = {a.begin: a for a in TABLE.find(read_note(plain))}
    assert found[begin].long == long
    assert sum(m.share for m in found[begin].meanings) == pytest.approx(1)


@pytest.mark.parametrize(
    "text", ["as well as all of us", "and/or", "PEs", "xHTN", "HTNx", "n/v/x", "COPDish"]
)
def test_words_are_no_short_forms(text: str):
    assert spelt(text) == []


def test_only_the_parts_asked_for_are_looked_at():
    note = read_note("HTN. DM. CKD.")
    assert [a.short for a in TABLE.find(note, [Span(5, 7)])] == ["DM"]


@given(st.text(min_size=1))
def test_any_text_is_searched(text: str):
    if text.strip() and "\x00" not in text:
        with contextlib.suppress(InputError):
            spelt(text)


def test_rows_of_a_practice_come_first(tmp_path: Path):
    path = tmp_path / "ours.csv"
    path.write_text("short,long,near\nHTN,a private meaning,\nQZX,quite something,\n")
    table = load_abbreviations(path)
    assert table.meanings("htn") == ("a private meaning", "hypertension")
    assert table.meanings("qzx") == ("quite something",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("short,long,nearby\na,b,c\n", "unknown column 'nearby'; allowed: short, long, near"),
        ("short,long,case\na,b,upper\n", "case='upper' is unknown; allowed: \\*, exact"),
        ("short,long,sections\na,b,pmh\n", "sections='pmh' is unknown; allowed: chief_complaint"),
        ("short,long\nHTN,\n", "long is empty"),
        ("short,long\n/x,y\n", "short='/x' begins with no letter or digit"),
    ],
)
def test_rows_that_are_not_understood_are_refused(tmp_path: Path, text: str, message: str):
    path = tmp_path / "ours.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_abbreviations(path)
