import datetime as dt

import pytest

from models.codes.icd10cm import load_icd10cm
from models.coding.axes import acuity_near, episode, side_near, trimester, visit_words
from models.coding.cautions import conflicts
from models.coding.note import read_note
from models.coding.said import Sentences
from models.coding.specificity import (
    episode_open,
    missing,
    refined,
    with_acuity,
    with_seventh,
    with_side,
    with_trimester,
)

ON = dt.date(2026, 3, 1)
ICD = load_icd10cm()


def marked(text: str) -> tuple[str, tuple[int, int]]:
    """A text without its square brackets, and the span that stood between them."""
    begin, end = text.index("["), text.index("]") - 1
    return text.replace("[", "").replace("]", ""), (begin, end)


def best(code: str, text: str) -> str:
    """Code that ``text`` supports, the evidence in square brackets."""
    plain, span = marked(text)
    return refined(ICD, code, Sentences(read_note(plain)), [span], on=ON)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Right [knee pain].", "right"),
        ("[Knee pain] on the left.", "left"),
        ("Right knee and left [hip pain].", "left"),
        ("Left ankle sprain, right [knee pain].", "right"),
        ("Right and left [knee pain].", "bilateral"),
        ("b/l [knee pain]", "bilateral"),
        ("Bilateral [otitis media].", "bilateral"),
        ("Dolor en rodilla izquierda: [gonalgia].", "left"),
        ("[Knee pain].", ""),
    ],
)
def test_the_nearest_side_counts(text: str, side: str):
    plain, span = marked(text)
    assert side_near(read_note(plain), [span]) == side


def test_placeholders_do_not_hide_the_side():
    assert best("S83.90X", "Right [knee sprain].") == "S83.91X"


def test_two_sides_at_two_places_are_none():
    note = read_note("Right knee pain. Left knee pain.")
    assert side_near(note, [(6, 15), (22, 31)]) == ""


def test_od_and_os_are_sides_of_eyes_only():
    assert best("H25.9", "[Cataract] OD.") == "H25.9"  # no side to choose there
    assert best("H10.30", "[Acute conjunctivitis] OS.") == "H10.32"
    assert best("M25.569", "[Knee pain] OD.") == "M25.569"


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("G2P1 at 10 weeks, nausea.", "first"),
        ("IUP at 13w6d.", "first"),
        ("She is 14 weeks pregnant.", "second"),
        ("EGA 27w6d", "second"),
        ("28 weeks gestation", "third"),
        ("Pregnant, 32 3/7 weeks gestation.", "third"),
        ("Seen in her second trimester.", "second"),
        ("Gestante de 30 semanas.", "third"),
        ("Embarazo, primer trimestre.", "first"),
        ("Prior delivery at 37 weeks gestation in 2019.", ""),
        ("Pregnancy: 2 live births.", ""),
        ("Pregnant, now at 9 weeks.", "first"),
        ("GA: 22", "second"),
        ("Returned after 32 weeks.", ""),
        ("Nausea and vomiting of pregnancy.", ""),
    ],
)
def test_weeks_of_gestation_give_the_trimester(text: str, which: str):
    assert trimester(read_note(text)) == which


def test_the_trimester_chooses_among_siblings():
    assert best("O21.9", "[Vomiting] of pregnancy at 10 weeks gestation.") == "O21.9"
    assert best("O26.899", "[Cramps in pregnancy], 30 weeks gestation.") == "O26.893"
    assert with_trimester(ICD, "O26.899", "") == "O26.899"


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("I50.20", "Acute on chronic [systolic heart failure].", "I50.23"),
        ("I50.20", "Chronic [systolic heart failure].", "I50.22"),
        ("I50.30", "Decompensated [diastolic heart failure].", "I50.33"),
        ("I50.20", "[Systolic heart failure], acute.", "I50.21"),
        ("I50.20", "[Systolic heart failure] with acute kidney injury.", "I50.20"),
        ("K81.9", "Acute [cholecystitis].", "K81.0"),
        ("J96.90", "Acute and chronic [respiratory failure].", "J96.20"),
        ("J96.90", "[Respiratory failure].", "J96.90"),
        ("K81.9", "[Colecistitis] aguda.", "K81.0"),
    ],
)
def test_the_acuity_is_read_beside_the_words(code: str, text: str, expected: str):
    assert best(code, text) == expected


def test_acuity_of_two_kinds_at_two_places_is_none():
    note = read_note("Acute pancreatitis. Chronic pancreatitis.")
    assert acuity_near(note, [(6, 18), (28, 40)]) == ""
    assert with_acuity(ICD, "K81.9", note, [(6, 18), (28, 40)], ON) == "K81.9"


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("J45.909", "[Asthma] with acute exacerbation.", "J45.901"),
        ("J45.909", "[Asthma], no exacerbation.", "J45.909"),
        ("J45.40", "Moderate persistent [asthma] in exacerbation.", "J45.41"),
        ("J44.9", "[COPD] exacerbation.", "J44.1"),
        ("K57.30", "[Diverticulosis] of the colon with bleeding.", "K57.31"),
        ("N30.90", "Acute [cystitis] with hematuria.", "N30.01"),
        ("N30.90", "Acute [cystitis], denies hematuria.", "N30.00"),
        ("J96.00", "Acute [respiratory failure] with hypoxia.", "J96.01"),
        ("G43.909", "Intractable [migraine].", "G43.919"),
        ("G43.909", "[Migraine], refractory to triptans.", "G43.919"),
        ("K40.90", "Recurrent [inguinal hernia] on the left.", "K40.91"),
        ("E11.9", "[Type 2 diabetes] and hypertension.", "E11.9"),
        ("I25.10", "[CAD] with angina.", "I25.119"),
        ("F90.9", "[ADHD], inattentive type.", "F90.0"),
        ("F32.9", "Major [depression], single episode, moderate.", "F32.1"),
        (
            "F32.9",
            "[Depression], follow up after a long winter away, sleeping badly; mild cold.",
            "F32.9",
        ),
    ],
)
def test_complications_that_the_sentence_says_choose_the_code_with_them(
    code: str, text: str, expected: str
):
    assert best(code, text) == expected


@pytest.mark.parametrize(
    ("code", "sentence", "visit", "expected"),
    [
        ("S93.401", "right ankle sprain", "", "S93.401A"),
        ("S93.401", "right ankle sprain", "Follow-up ankle", "S93.401D"),
        ("S93.401", "fell and sprained the right ankle", "Follow-up of diabetes", "S93.401A"),
        ("S93.401", "pain, late effect of ankle sprain", "", "S93.401S"),
        ("S52.501", "right distal radius fracture", "", "S52.501A"),
        ("S52.501", "open fracture of right distal radius", "", "S52.501B"),
        ("S52.501", "open fracture type IIIA", "", "S52.501C"),
        ("S52.501", "recheck of right distal radius fracture", "", "S52.501D"),
        ("S52.501", "distal radius fracture follow-up, delayed healing", "", "S52.501G"),
        ("S52.501", "nonunion of distal radius fracture", "", "S52.501K"),
        ("S52.501", "malunion of distal radius fracture", "", "S52.501P"),
        ("H40.1110", "", "", "H40.1110"),
        ("H40.111", "open-angle glaucoma right eye, severe", "", "H40.1113"),
        ("H40.111", "open-angle glaucoma right eye", "", "H40.1110"),
        ("O36.0110", "", "", "O36.0110"),
    ],
)
def test_the_seventh_character_follows_the_episode_and_the_words(
    code: str, sentence: str, visit: str, expected: str
):
    found = with_seventh(ICD, code, sentence, visit).replace(".", "")
    assert found == expected.replace(".", "")


def test_an_assumed_episode_is_named():
    assert episode("ankle sprain") == ""
    assert episode_open(ICD, "S93.401A", "ankle sprain", "")
    assert not episode_open(ICD, "S93.401A", "twisted his ankle today", "")
    assert not episode_open(ICD, "S93.401D", "ankle sprain", "follow-up")
    assert not episode_open(ICD, "M25.561", "knee pain", "")


def test_the_chief_complaint_tells_what_the_visit_is_for():
    note = read_note("CC: Recheck of wrist.\nHPI: Fell in May.\nA: Colles fracture.")
    assert visit_words(note) == "Recheck of wrist."
    assert visit_words(read_note("Colles fracture.")) == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("M25.569", "laterality"),
        ("O26.899", "trimester"),
        ("I50.20", "acuity"),
        ("I50.9", "acuity"),
        ("J40", "acuity"),
        ("K81.9", "acuity"),
        ("N30.90", "acuity"),
        ("H40.1110", "stage"),
        ("E11.8", "kind of complication"),
        ("J96.00", "hypoxia or hypercapnia"),
    ],
)
def test_what_a_code_leaves_open_is_named(code: str, words: str):
    assert f"{words} not documented" in missing(ICD, code)


@pytest.mark.parametrize("code", ["I10", "I50.23", "M25.561", "E11.9", "J20.9", "O26.892"])
def test_nothing_is_missing_of_a_specific_code(code: str):
    assert missing(ICD, code) == ()


def test_a_side_that_no_sibling_has_changes_nothing():
    assert with_side(ICD, "M25.50", "left") == "M25.50"
    assert with_side(ICD, "I10", "left") == "I10"
    assert with_side(ICD, "NOPE", "left") == "NOPE"


def test_conflicts_name_both_codes():
    found = conflicts(ICD, ["E10.9", "E11.9"])
    assert set(found) == {"E10.9", "E11.9"}
