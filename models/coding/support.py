"""Whether a note says what one given code says: the words of one of its terms in one sentence.

The coding model ranks codes against each other; a billed code may be right and still lose to its
neighbour. Before it is called unsupported, its own words are looked for: title, inclusion terms,
our clinical names.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from models.codes.icd10cm import Icd10cm
from models.coding.assertion import Assertion, assertions
from models.coding.reading import spelt_out
from models.coding.spans import Note, SectionKind, Span
from models.coding.stretches import sentence_words
from models.coding.suggestion import Evidence
from models.coding.terms import own_names
from models.coding.words import Token, key, tokens, vocabulary

LEAST = 0.75
"""Share of a term's words, synonyms counted, that a sentence must have."""

_UNSAID_WORDS = """
primary unilateral essential mellitus encounter initial closed acquired disorder disease condition
type current injury native vessel artery classified hand side skin region
"""
_UNSAID = frozenset(key(word) for word in _UNSAID_WORDS.split())
"""Words of titles that clinicians leave out."""
_BMI = re.compile(r"\b(?:BMI|body mass index)\b[^\d\n]{0,20}(\d{2,3}(?:\.\d+)?)", re.IGNORECASE)
_BMI_RANGE = re.compile(r"BMI\] (\d+(?:\.\d)?)(?:-(\d+(?:\.\d)?)| or (less|greater))")


class NoteWords:
    """A note's sentences as words, abbreviations spelt out; read once for many codes."""

    def __init__(self, note: Note) -> None:
        known = vocabulary()
        self.note = note
        words = spelt_out(note, sentence_words(note, known), known)
        for sentence, content in zip(note.sentences, words, strict=True):
            content += _letters(note.text, sentence.begin, sentence.end)
        self._sentences: list[tuple[SectionKind | None, list[tuple[Token, set[str]]]]] = [
            (
                note.sections[sentence.section].kind if sentence.section >= 0 else None,
                [(token, set(known.parts(token.key))) for token in content],
            )
            for sentence, content in zip(note.sentences, words, strict=True)
        ]

    def support(
        self, icd10cm: Icd10cm, code: str, sections: Collection[SectionKind | None]
    ) -> tuple[Evidence, ...]:
        """Words of sentences in these sections (``None``: outside all) that say ``code``, if any.

        All sections count where the note has none.
        """
        terms = _wordings(icd10cm, code)
        found = list(self._bmi(icd10cm, code))
        for kind, words in self._sentences:
            if self.note.sections and kind not in sections:
                continue
            held = set().union(*(concepts for _, concepts in words)) if words else set()
            for wanted in terms:
                covered = [parts for parts in wanted if _holds(held, parts)]
                if len(covered) / len(wanted) < LEAST:
                    continue
                own = {c for parts in covered for c in parts}
                used = [t for t, concepts in words if concepts & own]
                begin, end = min(t.begin for t in used), max(t.end for t in used)
                if (said := self._present(begin, end)) is not None:
                    found.append(said)
                    break
        return tuple(found)

    def _present(self, begin: int, end: int) -> Evidence | None:
        [said] = assertions(self.note, [Span(begin, end)])
        if said is not Assertion.PRESENT:
            return None
        return Evidence(begin, end, self.note.text[begin:end])

    def _bmi(self, icd10cm: Icd10cm, code: str) -> Iterator[Evidence]:
        """A body mass index within the code's range (Z68), wherever it was measured."""
        bounds = _BMI_RANGE.search(icd10cm.title(code)) if code.startswith("Z68") else None
        if bounds is None:
            return
        low = 0.0 if bounds[3] == "less" else float(bounds[1])
        high = float(bounds[2] or (bounds[1] if bounds[3] == "less" else 999))
        for mark in _BMI.finditer(self.note.text):
            if low <= round(float(mark[1]), 1) <= high:
                yield Evidence(mark.start(), mark.end(), mark[0])


def _holds(held: set[str], parts: tuple[str, ...]) -> bool:
    """Whether a word is among these concepts, or all of its Greek and Latin parts are."""
    return parts[0] in held or (len(parts) > 2 and held.issuperset(parts[1:]))


def _letters(text: str, begin: int = 0, end: int | None = None) -> list[Token]:
    """Capital letters that stand alone and have no content elsewhere: vitamin D, hepatitis A."""
    return [
        t
        for t in tokens(text, begin, end)
        if t.end - t.begin == 1 and text[t.begin].isupper() and t.word in vocabulary().empty
    ]


@lru_cache(maxsize=4096)
def _wordings(icd10cm: Icd10cm, code: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Terms of a code, each as its words' concepts; the title first."""
    known = vocabulary()
    title = icd10cm.title(code).partition(", initial encounter")[0]
    terms = [title, *icd10cm.notes(code).inclusion_terms, *_names().get(code, ())]
    found: dict[tuple[tuple[str, ...], ...], None] = {}
    for term in terms:
        wanted = tuple(
            known.parts(t.key)
            for t in (*(t for t in tokens(term) if t.word not in known.empty), *_letters(term))
            if t.key not in _UNSAID
        )
        alone = len(wanted) == 1 and wanted[0][0] in known.not_alone
        if wanted and not alone:
            found[wanted] = None
    return tuple(found)


@lru_cache(maxsize=1)
def _names() -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for code, name in own_names():
        found.setdefault(code, []).append(name)
    return dict(found)
