"""Whether a note says what one given code says."""

import pytest

from models.codes.icd10cm import load_icd10cm
from models.coding.note import read_note
from models.coding.spans import SectionKind
from models.coding.support import find_support

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
    ],
)
def test_the_words_of_a_title_in_one_sentence(text: str, code: str, words: str) -> None:
    found = find_support(read_note(text), load_icd10cm(), code, SECTIONS)
    assert [e.text for e in found] == ([words] if words else [])
    assert all(text[e.begin : e.end] == e.text for e in found)
