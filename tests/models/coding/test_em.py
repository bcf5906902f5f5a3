"""Office visit levels by rule: time, decision making, new or established, add-ons."""

import datetime as dt

import pytest

from models.coding.em import VisitLevel, visit_level
from models.coding.em_elements import Condition
from models.coding.em_rules import Degree, is_office_visit, level_rules, nature_of
from models.coding.em_time import find_time
from models.coding.note import read_note
from training.simulate import simulate
from training.simulate.notes import simulate_notes
from training.simulate.notes_files import dotted

DAY = dt.date(2026, 3, 1)


def level(
    text: str, *billed: str, date: dt.date = DAY, modifiers: tuple[str, ...] = ()
) -> VisitLevel:
    note = read_note(text)
    found = visit_level(note, date=date, billed=billed, modifiers=modifiers)
    assert found is not None
    for evidence in (*found.evidence, *(e for x in found.elements for e in x.evidence)):
        assert text[evidence.begin : evidence.end] == evidence.text
    return found


@pytest.mark.parametrize(
    ("new", "minutes", "code"),
    [
        (True, 14, ""), (True, 15, "99202"), (True, 29, "99202"), (True, 30, "99203"),
        (True, 45, "99204"), (True, 59, "99204"), (True, 60, "99205"),
        (False, 9, ""), (False, 10, "99212"), (False, 20, "99213"), (False, 29, "99213"),
        (False, 30, "99214"), (False, 39, "99214"), (False, 40, "99215"),
    ],
)  # fmt: skip
def test_minutes_are_met_or_exceeded(new: bool, minutes: int, code: str) -> None:
    patient = "New patient." if new else "Established patient."
    found = level(f"HPI: {patient}\nTotal time today {minutes} minutes.", "99213")
    assert found.by_time == code


def test_there_is_no_rule_before_its_first_day() -> None:
    note = read_note("Established patient. Total time 30 minutes.")
    assert visit_level(note, date=dt.date(2020, 12, 31)) is None
    assert visit_level(note, date=dt.date(2021, 1, 1)) is not None


@pytest.mark.parametrize(
    ("sentence", "minutes"),
    [
        ("I spent 32 min total on the date of the visit (excl. staff time).", 32),
        ("Total time: 1 hour 5 minutes including chart review.", 65),
        ("45 minutes were spent on the day of the visit.", 45),
        ("Total time spent was 30-39 minutes.", 30),
        ("Nurse spent 20 minutes teaching.", 0),
        ("I spent 5 minutes on smoking cessation.", 0),
        ("Time spent in psychotherapy: 45 minutes.", 0),
        ("I spent 20 minutes yesterday reviewing the chart.", 0),
        ("Return in 30 minutes if worse.", 0),
        ("BP 130/80, pulse 72.", 0),
    ],
)
def test_only_the_physicians_minutes_on_the_day_count(sentence: str, minutes: int) -> None:
    assert find_time(read_note(sentence)).minutes == minutes


def test_minutes_that_do_not_count_are_named() -> None:
    found = level(
        "Established patient.\nTotal time today 22 minutes.\nMA spent 15 minutes rooming.", "99213"
    )
    assert [n.id for n in found.notes] == ["time_staff"]
    assert found.code == "99213"


@pytest.mark.parametrize(
    ("assessment", "code"),
    [
        ("1. Wart - minor, reassured. Observe.", "99212"),
        ("1. HTN - stable, at goal. OTC aspirin.", "99213"),
        ("1. HTN - stable. Continue lisinopril 20 mg daily.", "99213"),
        ("1. HTN - stable. Continue lisinopril 20 mg daily.\n2. DM2 - at goal. Continue metformin.",
         "99214"),
        ("1. HTN - not at goal. Increase lisinopril to 40 mg daily.", "99214"),
        ("1. HTN - not at goal. Rest.", "99212"),
        ("1. CHF - severe exacerbation. Direct admission to hospital.", "99215"),
        ("1. Chest pain - cause unclear, needs workup. CBC, BMP, troponin, EKG.", "99214"),
    ],
)  # fmt: skip
def test_two_of_three_elements_decide(assessment: str, code: str) -> None:
    assert level(f"HPI: Known to me.\nASSESSMENT AND PLAN:\n{assessment}", "99213").code == code


def test_each_element_has_its_words() -> None:
    text = (
        "HPI: Known to me.\nA/P:\n1. HTN - not at goal. Increase lisinopril to 40 mg daily.\n"
        "Labs: CBC, BMP. ER note reviewed."
    )
    found = level(text, "99214")
    problems, data, risk = found.elements
    assert (problems.degree, [e.text for e in problems.evidence]) == (
        Degree.MODERATE, ["not at goal"],
    )  # fmt: skip
    assert data.degree is Degree.MODERATE  # two tests and a document
    assert [e.text for e in risk.evidence] == ["Increase lisinopril to 40 mg"]
    assert found.basis == "decisions"


def test_what_did_not_happen_does_not_count() -> None:
    text = (
        "HPI: Known to me.\nPMH: severe exacerbation of CHF in 2010.\n"
        "MEDS: lisinopril 20 mg daily\n"
        "A/P:\n1. Cough - improving. OTC syrup. Return if worse, consider CXR."
    )
    found = level(text, "99213")
    assert [e.degree for e in found.elements] == [
        Degree.LOW, Degree.STRAIGHTFORWARD, Degree.LOW,
    ]  # fmt: skip


def test_a_test_that_is_billed_with_its_reading_is_no_data() -> None:
    text = "HPI: Known to me.\nRESULTS: EKG normal.\nA/P:\n1. HTN - stable. CBC."
    assert level(text, "99213").elements[1].degree is Degree.LOW
    assert level(text, "99213", "93000").elements[1].degree is Degree.STRAIGHTFORWARD


def test_a_chronic_condition_without_a_state_counts_as_stable() -> None:
    text = "HPI: Known to me.\nA/P:\n1. HTN. Continue lisinopril 20 mg daily."
    begin = text.index("HTN")
    note = read_note(text)
    bare = visit_level(note, date=DAY, billed=["99213"])
    known = visit_level(
        note, date=DAY, billed=["99213"], conditions=[Condition(begin, begin + 3, "I10")]
    )
    assert bare is not None and known is not None
    assert (bare.code, known.code) == ("99212", "99213")
    assert [nature_of(c) for c in ("I10", "J20.9", "B07.0", "Z23")] == [
        "chronic", "acute", "minor", "none",
    ]  # fmt: skip


def test_new_or_established_is_what_the_note_says_then_what_the_claim_says() -> None:
    said = level("New patient, establishing care.\nTotal time 30 minutes.", "99213")
    assert (said.code, said.patient) == ("99203", "stated")
    claimed = level("Total time 30 minutes.", "99204")
    assert (claimed.code, claimed.patient) == ("99203", "claim")
    assumed = level("Total time 30 minutes.")
    assert (assumed.code, assumed.patient) == ("99214", "assumed")


def test_the_answer_says_what_another_level_would_need_up_and_down() -> None:
    found = level("Established patient. Total time 22 minutes.", "99213")
    up, down = found.needed
    assert up.startswith("99214 would need 30 minutes") and "moderate" in up
    assert down.startswith("99212 would be too low") and "22 minutes" in down
    assert len(level("Established patient. Total time 50 minutes.", "99215").needed) == 1
    assert len(level("Established patient. Total time 10 minutes.", "99212").needed) == 1


def test_prolonged_time_differs_between_cpt_and_medicare() -> None:
    found = level("Established patient. Total time 70 minutes.", "99215")
    assert {(n.code, n.words.split(" reach ")[1][0]) for n in found.notes} == {
        ("99417", "2"), ("G2212", "1"),
    }  # fmt: skip
    assert not level("Established patient. Total time 54 minutes.", "99215").notes
    one = level("Established patient. Total time 60 minutes.", "99215").notes
    assert [n.code for n in one] == ["99417"]


def test_longitudinal_care_and_modifier_25() -> None:
    text = "Established patient. Ongoing longitudinal care. Total time 30 minutes."
    ids = [n.id for n in level(text, "99214", "G2211").notes]
    assert ids == ["longitudinal"]
    with_25 = level(text, "99214", "G2211", "20610", modifiers=("25",))
    assert [n.id for n in with_25.notes] == ["longitudinal_with_25"]
    vaccine = level(text, "99214", "G2211", "90471", modifiers=("25",))
    assert [n.id for n in vaccine.notes] == ["longitudinal"]
    before = level(text, "99214", "G2211", "90471", modifiers=("25",), date=dt.date(2024, 6, 1))
    assert [n.id for n in before.notes] == ["longitudinal_with_25"]
    silent = level("Established patient. Total time 30 minutes.", "99214", "G2211")
    assert [n.id for n in silent.notes] == ["longitudinal_not_documented"]


def test_a_note_without_a_visit_has_no_level() -> None:
    assert visit_level(read_note("MRI knee without contrast: no tear."), date=DAY) is None
    assert is_office_visit("99205") and not is_office_visit("99396")
    assert len(level_rules(DAY, new=True)) == len(level_rules(DAY, new=False)) == 4


def test_levels_of_simulated_notes_are_read_as_they_were_written() -> None:
    practice = simulate("typical", claims=400, months=4, seed=21)
    right = seen = 0
    for made in simulate_notes(practice):
        if not made.plan.level:
            continue
        billed = [line.code for line in made.submission.claim.lines]
        conditions = [
            Condition(begin, end, dotted(code)) for code, begin, end in made.marks
            if "." in dotted(code) or code == "I10"
        ]  # fmt: skip
        found = visit_level(read_note(made.text), date=DAY, billed=billed, conditions=conditions)
        seen += 1
        right += found is not None and found.code == made.plan.visit_code
    assert seen > 200
    assert right / seen >= 0.95
