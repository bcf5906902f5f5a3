from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coding.assertion import Assertion, AssertionRules, assertions, language_of, modifiers
from models.coding.note import Span, read_note
from models.errors import InputError


def meant(text: str) -> str:
    """Assertion of what stands between square brackets."""
    begin, end = text.index("["), text.index("]") - 1
    plain = text.replace("[", "").replace("]", "")
    return assertions(read_note(plain), [Span(begin, end)])[0].value


@pytest.mark.parametrize(
    "text",
    [
        "No [fever].",
        "Denies fever, chills, or [night sweats].",
        "Chest x-ray negative for [pneumonia].",
        "There is no evidence of [fracture].",
        "Lungs clear without [wheezes] or rales.",
        "[Pneumonia] was ruled out.",
        "[Edema]: none.",
        "DVT: no. [Edema] is absent.",
        "She doesn't have [diabetes].",
        "no family history of [breast cancer]",
        "Mother denies [fever].",
        "Denies:\n- fever\n- [chest pain]",
        "Niega [fiebre] y tos.",
        "Sin [adenopatías] palpables.",
        "No se observa [derrame pleural].",
        "Se descarta [neumonía].",
    ],
)
def test_negated(text: str):
    assert meant(text) == "negated"


@pytest.mark.parametrize(
    "text",
    [
        "No fever but has a [cough].",
        "No change in [chronic back pain].",
        "Gram negative [sepsis].",
        "Positive for [dyspnea], no cough.",
        "No fever, reports [headache].",
        "Not taking metformin for her [diabetes].",
        "3-day history of [cough].",
        "A 60 year old with [angina].",
        "Mother reports [cough] for two days.",
        "Here with his mother for [otitis media].",
        "Type 2 [diabetes] without complications.",
        "Refiere [disnea] sin fiebre.",
        "No fiebre, pero [tos] productiva.",
        "[Hypertension], not well controlled.",
    ],
)
def test_present(text: str):
    assert meant(text) == "present"


@pytest.mark.parametrize(
    "text",
    [
        "Possible [pneumonia].",
        "r/o [DVT]",
        "Findings consistent with [appendicitis].",
        "[Pulmonary embolism] cannot be excluded.",
        "Bronchitis vs [pneumonia].",
        "[Migraine] is suspected.",
        "? [UTI]",
        "Sospecha de [apendicitis].",
        "Cuadro compatible con [brucelosis].",
    ],
)
def test_uncertain(text: str):
    assert meant(text) == "uncertain"


@pytest.mark.parametrize(
    "text",
    [
        "History of [stroke].",
        "s/p [cholecystectomy] in 2015",
        "h/o [breast cancer]",
        "PMH: HTN, [MI]",
        "Has a [psychiatric history].",
        "[Ankle fracture] in 2003.",
        "Prior CT showed a [renal cyst].",
        "Used to have [migraines].",
        "PAST MEDICAL HISTORY\n1. HTN\n2. [Gout]",
        "[Appendectomy] 20 years ago.",
        "Antecedentes de [ictus].",
        "ANTECEDENTES PERSONALES:\n[Apendicectomía].",
    ],
)
def test_historical(text: str):
    assert meant(text) == "historical"


@pytest.mark.parametrize(
    "text",
    [
        "FAMILY HISTORY\nMother: [breast cancer], living.",
        "Family history of [colon cancer].",
        "Her father had [diabetes].",
        "[Asthma] in her brother.",
        "FH: [CAD]",
        "Antecedentes familiares: madre con [asma].",
        "Su padre falleció de [infarto].",
    ],
)
def test_of_a_relative(text: str):
    assert meant(text) == "family"


@pytest.mark.parametrize(
    "text",
    [
        "Return if [fever] or vomiting.",
        "Call the office for any [bleeding].",
        "Call if you have:\n- fever\n- [rash]",
        "Ibuprofen prn for [pain].",
        "At risk for [falls].",
        "Volver en caso de [fiebre].",
    ],
)
def test_hypothetical(text: str):
    assert meant(text) == "hypothetical"


def test_words_of_two_languages_are_read_in_the_notes_own():
    assert meant("Los hallazgos son [masas] en el tórax.") == "present"
    assert meant("Her son has [asthma].") == "family"
    assert meant("Meloxicam once a day to treat the [pain].") == "present"
    assert language_of("De-ID status of the patient") == "en"


@pytest.mark.parametrize(
    "text",
    [
        "[Hypertension] diagnosed in 2003.",
        "On treatment for [hypothyroidism] since 2011.",
        "Took 2000 mg for [pain] in 2 doses.",
        "1) History of stroke 2) [Cellulitis] of the left leg",
        "The x-ray shows a [healed fracture].",
    ],
)
def test_not_historical(text: str):
    assert meant(text) == "present"


def test_the_reach_ends_with_the_next_clause():
    assert meant("History of MI, now presents with [chest pain].") == "present"
    assert meant("Mother had asthma; patient has [eczema].") == "present"
    assert meant("If febrile, return. [Cough] for 3 days.") == "present"


def test_all_that_is_said_is_told():
    text = "no family history of breast cancer"
    found = modifiers(read_note(text), [Span(21, 34)])[0]
    assert found == {Assertion.NEGATED, Assertion.FAMILY}


@given(st.text(min_size=1), st.integers(0, 50), st.integers(0, 50))
def test_any_text_and_span_has_an_answer(text: str, begin: int, length: int):
    try:
        note = read_note(text)
    except InputError:
        return
    assert len(assertions(note, [Span(begin, begin + length)])) == 1


def test_rules_of_a_practice_come_over_ours(tmp_path: Path):
    path = tmp_path / "ours.toml"
    path.write_text('[[rules]]\nmeaning = "negated"\nphrases = ["nary a"]\n')
    note = read_note("Nary a fever. No cough.")
    spans = [Span(7, 12), Span(17, 22)]
    assert assertions(note, spans) == ["present", "negated"]
    assert assertions(note, spans, AssertionRules.load(path)) == ["negated", "negated"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]]", "key 'rule' is unknown; allowed: classes, sections, rules"),
        ('[[rules]]\nmening = "negated"', "key 'mening' is unknown; allowed: meaning, direction"),
        ('[[rules]]\nmeaning = "denied"', "meaning 'denied' is unknown; allowed: negated, family"),
        ('[[rules]]\nmeaning = "negated"\ninside = 1', "inside=1 is neither true nor false"),
        ('[[rules]]\nmeaning = "negated"\ndirection = "up"', "allowed: forward, backward, both"),
        ('[[rules]]\nmeaning = "negated"\nreach = 0', "reach=0"),
        ('[[rules]]\nmeaning = "stop"\nstops = ["x"]', "stops 'x' is unknown"),
        ('[[rules]]\nmeaning = "negated"\nphrases = ["{aunt} x"]', "class 'aunt' is unknown"),
        ('[sections]\nfamily = "family"', "section 'family' is unknown; allowed: chief_complaint"),
        ("rules", "cannot be read"),
    ],
)
def test_rules_that_are_not_understood_are_refused(tmp_path: Path, text: str, message: str):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        AssertionRules.load(path)
