import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coding.note import LONGEST_NOTE, Note, SectionKind, decode_note, read_note
from models.errors import InputError

ONE_LINE = (
    "45 yo with cough x3 days, seen by Dr. Smith. PMH: HTN, T2DM Meds: lisinopril 10 mg p.o. daily "
    "Exam: lungs clear. A/P: bronchitis, likely viral."
)


def kinds(note: Note) -> list[str]:
    return [section.kind.value for section in note.sections]


def sentences(text: str) -> list[str]:
    note = read_note(text)
    return [note.words(sentence) for sentence in note.sentences]


def check(note: Note) -> None:
    """What holds of every note, whatever its text."""
    at = 0
    for section in note.sections:
        assert at <= section.heading.begin < section.heading.end <= section.body.begin
        assert section.body.begin <= section.body.end <= len(note.text)
        at = section.body.end
    at = 0
    for sentence in note.sentences:
        assert at <= sentence.begin < sentence.end <= len(note.text)
        words = note.words(sentence)
        assert words == words.strip()
        at = sentence.end
        if sentence.section >= 0:
            body = note.sections[sentence.section].body
            assert body.begin <= sentence.begin
            assert sentence.end <= body.end


@given(st.text())
def test_any_text_is_read_or_refused_in_words(text: str):
    try:
        note = read_note(text)
    except InputError:
        return
    check(note)


PIECES = st.sampled_from(
    (
        *("HPI:", "Plan", "PMH: ", "## ROS", "**A/P:**", "fever", "No", "Dr.", "3.5", "A. "),
        *("\n", "\r\n", "\t", " ", "\u2028", ". ", "1. ", "• ", ":", " - ", "(", '"'),
        *("😷", "e\u0301", "family history"),
    )
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_spans_hold_in_texts_like_notes(text: str):
    if text.strip():
        check(read_note(text))


def test_a_note_of_one_line_has_its_sections():
    note = read_note(ONE_LINE)
    assert kinds(note) == ["past_history", "medications", "exam", "assessment"]
    assert note.words(note.sections[0].body) == "HTN, T2DM"
    assert note.sentences[0].section == -1


@pytest.mark.parametrize(
    "heading",
    [
        "PLAN",
        "Plan:",
        "## Plan",
        "**Plan:**",
        "__Plan__",
        "plan:",
        "Plan -",
        "  PLAN :",
        "3. Plan:",
    ],
)
def test_a_heading_is_known_in_each_manner_of_writing(heading: str):
    note = read_note(f"CC: cough\n\n{heading}\nRest and fluids.")
    assert kinds(note) == ["chief_complaint", "plan"]
    assert note.words(note.sections[1].body) == "Rest and fluids."


def test_spanish_headings_with_or_without_accents():
    note = read_note(
        "Motivo de consulta: tos\nANTECEDENTES FAMILIARES\nMadre con asma.\n"
        "Exploracion física: normal.\nJuicio clínico: bronquitis aguda.\nTratamiento:\nreposo"
    )
    assert kinds(note) == ["chief_complaint", "family_history", "exam", "assessment", "plan"]


def test_items_of_a_plan_are_no_headings():
    note = read_note(
        "ASSESSMENT AND PLAN\nArthritis.\n• Medical Treatment: Tylenol.\n- Medications: same"
    )
    assert kinds(note) == ["assessment"]


def test_parts_of_an_exam_stay_in_it():
    note = read_note("EXAM\nHEENT: normal.\nLUNGS: clear.\nPLAN: rest")
    assert kinds(note) == ["exam", "plan"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BP 120/80. Temp 98.6 F. Seen by Dr. Smith.", 3),
        ("Given 0.5 mg i.v. Then rest.", 1),
        ("Hepatitis C. No jaundice.", 2),
        ("1. HTN\n2. Diabetes\n3. CKD", 3),
        ("- cough\n- fever", 2),
        ("Was she well? No! She coughed.", 3),
        ("Se trata de la Dra. López. Refiere dolor.", 2),
    ],
)
def test_sentences_end_where_their_writer_ended_them(text: str, expected: int):
    assert len(sentences(text)) == expected


def test_a_wrapped_line_goes_on():
    text = (
        "The patient is a 60-year-old man who has had a cough and some\r\n"
        "shortness of breath for three days. He denies fever.\r\nNo rash."
    )
    assert sentences(text)[0].endswith("for three days.")
    assert sentences(text)[1:] == ["He denies fever.", "No rash."]


def test_code_points_are_counted_not_bytes():
    text = "CC: 😷 tos\r\nHPI:\tfie\u0301bre 👩🏽‍⚕️ 38.5. No rash"
    note = read_note(text)
    assert note.words(note.sections[0].body) == "😷 tos"
    assert note.words(note.sentences[1]) == "fie\u0301bre 👩🏽‍⚕️ 38.5."


def test_a_hundred_pages_are_read():
    page = (
        "HPI: cough for 3 days. Denies fever.\nEXAM\nLungs clear.\nA/P:\n1. Bronchitis. Rest.\n\n"
    )
    note = read_note(page * 2500)
    check(note)
    assert len(note.sections) == 3 * 2500


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_an_empty_note_is_refused(text: str):
    with pytest.raises(InputError, match="empty"):
        read_note(text)


def test_a_chart_is_refused():
    with pytest.raises(InputError, match="1,000,001 characters; allowed: 1,000,000"):
        read_note("a" * (LONGEST_NOTE + 1))


@pytest.mark.parametrize("text", ["a\x00b", "\x01\x02\x03\x04 cough", "\ud800\udc00\ud800 a"])
def test_what_is_no_text_is_refused(text: str):
    with pytest.raises(InputError, match="not plain text"):
        read_note(text)


@pytest.mark.parametrize("data", [b"%PDF-1.7 ...", b"PK\x03\x04..", b"a\x00b\x00", b"{\\rtf1 a}"])
def test_another_kind_of_file_is_refused(data: bytes):
    with pytest.raises(InputError, match="plain text"):
        decode_note(data)


def test_mixed_encodings_are_read():
    assert decode_note("Ménière ".encode() + b"Sj\xf6gren \x93x\x94") == "Ménière Sjögren “x”"
    assert decode_note("\ufeffHPI".encode("utf-16")).strip("\ufeff") == "HPI"
    assert decode_note("\ufeffHPI".encode()) == "HPI"


def test_every_kind_of_section_has_a_heading():
    from models.coding.sections import _headings

    assert set(_headings().whole.values()) >= set(SectionKind)


def test_visit_notes_have_their_usual_sections(shared_data):
    seen = 0
    lines = (shared_data / "notes/aci_bench_notes.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        note = read_note(json.loads(line)["text"])
        check(note)
        seen += {"exam", "assessment"} <= set(kinds(note)) or "plan" in kinds(note)
    assert seen / len(lines) > 0.95


def test_problems_marked_with_a_hash_in_the_plan_are_no_headings() -> None:
    text = "A&P:\n# low back pain, progressing despite treatment\n\t- more gabapentin\n# Plan\nrest"
    note = read_note(text)
    assert [(s.kind.value, note.words(s.heading)) for s in note.sections] == [
        ("assessment", "A&P"), ("plan", "Plan"),
    ]  # fmt: skip


def test_the_number_before_a_heading_is_no_sentence_of_the_section_above():
    note = read_note("HPI:\n1. HPI:")
    assert len(note.sections) == 2
    assert note.sentences == ()


def test_a_line_that_ends_with_a_full_stop_ends_the_sentence():
    text = (
        "radiculopathy - doing well, at goal - no treatment needed.\n"
        "viral URI - mild, no complications - no treatment needed.\n"
    )
    note = read_note(text)
    assert [note.words(s) for s in note.sentences] == text.strip().split("\n")
