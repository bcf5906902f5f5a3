"""Whether a note says what one given code says."""

import pytest

from models.codes.icd10cm import load_icd10cm
from models.coding.note import read_note
from models.coding.spans import SectionKind
from models.coding.support import NoteWords

SECTIONS = (SectionKind.ASSESSMENT, SectionKind.PLAN, None)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("A/P: left knee pain, improving", "M25.562", "left knee pain"),
        ("A/P: right knee pain", "M25.562", ""),
        ("A/P: osteoarthritis of the right knee", "M17.11", "osteoarthritis of the right knee"),
        ("A/P: T2DM, at goal", "E11.65", ""),
        ("A/P: no left knee pain", "M25.562", ""),
        ("PMH: left knee pain\nA/P: rest", "M25.562", ""),
        ("left knee pain", "M25.562", "left knee pain"),
        ("A/P: fever, pain", "M25.562", ""),
        ("A/P: neck supple", "M54.2", ""),
        ("A/P: cervicalgia", "M54.2", "cervicalgia"),
        ("A/P: low vitamin B12", "E55.9", ""),
        ("A/P: low vitamin D", "E55.9", "low vitamin D"),
        ("A/P: DJD R knee", "M17.11", "DJD R knee"),
        ("A/P: underactive thyroid", "E03.9", "underactive thyroid"),
        ("A/P: obesity, BMI 35.8", "Z68.35", "BMI 35.8"),
        ("A/P: obesity, BMI 36.1", "Z68.35", ""),
    ],
)
def test_the_words_of_a_title_in_one_sentence(text: str, code: str, words: str) -> None:
    found = NoteWords(read_note(text)).support(load_icd10cm(), code, SECTIONS)
    assert [e.text for e in found] == ([words] if words else [])
    assert all(text[e.begin : e.end] == e.text for e in found)
