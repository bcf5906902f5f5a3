"""Mentions of a note with what is said of each: for interfaces that list entities, not codes.

Every mention that a code rests on becomes one entity, also what is denied or a relative's; nested
mentions give way to the longer ones.
"""

import datetime as dt
import re
from collections.abc import Sequence

import msgspec

from models.coding.assertion import Assertion, modifiers
from models.coding.model import ICD10CM, NOT_THE_PATIENTS, CodingModel
from models.coding.note import read_note
from models.coding.reading import read_words
from models.coding.spans import Note, Span
from models.coding.suggestion import Suggestion
from models.coding.words import vocabulary

MOST_CANDIDATES = 100
MOST_CONCEPTS = 5
LEAST_SCORE = 0.1
"""Mentions whose best code is less likely are left out."""
LEAST_SCORE_DENIED = 0.02
"""The same for what is denied or a relative's: its codes are unlikely because of that alone."""


class Concept(msgspec.Struct, frozen=True):
    """A code that the mention may stand for."""

    code: str
    words: str
    score: float


class Attribute(msgspec.Struct, frozen=True):
    """Words beside a mention that say more of it; ``kind``: ``direction`` or ``acuity``."""

    kind: str
    begin: int
    end: int
    text: str


class Entity(msgspec.Struct, frozen=True):
    """A mention ``[begin, end)`` with how it is meant and its likeliest codes, best first.

    ``nature``: ``symptom``, ``sign`` or ``diagnosis``, by the best code's chapter.
    """

    begin: int
    end: int
    text: str
    score: float
    nature: str
    assertions: frozenset[Assertion]
    attributes: tuple[Attribute, ...]
    concepts: tuple[Concept, ...]


def find_entities(model: CodingModel, text: str, date: dt.date | None = None) -> list[Entity]:
    """Entities in the order of the text.

    Raises:
        InputError: the note is empty or too long, or the model has no ICD-10-CM.
    """
    note = read_note(text)
    found = model.suggest_reading(
        read_words(note, vocabulary()), systems=[ICD10CM], limit=MOST_CANDIDATES, date=date
    )
    spans = _spans(found)
    said = modifiers(note, [Span(*span) for span in spans])
    return [
        _entity(note, span, concepts, assertions)
        for (span, concepts), assertions in zip(spans.items(), said, strict=True)
    ]


def _spans(found: Sequence[Suggestion]) -> dict[tuple[int, int], list[Suggestion]]:
    """Suggestions by the words that they rest on, without what lies within other words."""
    by_span: dict[tuple[int, int], list[Suggestion]] = {}
    for suggestion in found:
        for evidence in suggestion.evidence:
            by_span.setdefault((evidence.begin, evidence.end), []).append(suggestion)
    kept: dict[tuple[int, int], list[Suggestion]] = {}
    taken: list[tuple[int, int]] = []
    likely = [span for span, suggestions in by_span.items() if any(map(_likely, suggestions))]
    for span in sorted(likely, key=lambda s: (s[0] - s[1], -_best(by_span[s]), s)):
        if any(a < span[1] and span[0] < b for a, b in taken):
            continue
        taken.append(span)
        kept[span] = by_span[span]
    return dict(sorted(kept.items()))


def _likely(suggestion: Suggestion) -> bool:
    denied = suggestion.assertion in NOT_THE_PATIENTS
    return suggestion.score >= (LEAST_SCORE_DENIED if denied else LEAST_SCORE)


def _best(suggestions: Sequence[Suggestion]) -> float:
    return max(s.score for s in suggestions)


def _entity(
    note: Note,
    span: tuple[int, int],
    suggestions: Sequence[Suggestion],
    assertions: frozenset[Assertion],
) -> Entity:
    ordered = sorted(suggestions, key=lambda s: (-s.score, s.code))[:MOST_CONCEPTS]
    begin, end = span
    return Entity(
        begin,
        end,
        note.text[begin:end],
        ordered[0].score,
        nature(ordered[0].code),
        assertions,
        tuple(_attributes(note, begin, end)),
        tuple(Concept(s.code, s.words, s.score) for s in ordered),
    )


_SYMPTOMS = ("R0", "R1", "R2", "R3", "R4", "R5", "R6", "M25.5", "M54", "G89", "H57.1", "M79.6")
_SIGNS = ("R7", "R8", "R9", "R03", "R01")


def nature(code: str) -> str:
    """What a code stands for.

    >>> nature("R07.9"), nature("R73.9"), nature("I10")
    ('symptom', 'sign', 'diagnosis')
    """
    if code.startswith(_SIGNS):
        return "sign"
    return "symptom" if code.startswith(_SYMPTOMS) else "diagnosis"


_WORDS = re.compile(
    r"\b(?:(?P<direction>left|right|bilateral|both|lt|rt|upper|lower|anterior|posterior|lateral|"
    r"medial)|(?P<acuity>acute|chronic|subacute|recurrent|persistent|intermittent|severe|mild|"
    r"moderate))\b",
    re.IGNORECASE,
)
_BESIDE = 24  # characters before and behind a mention, within its sentence


def _attributes(note: Note, begin: int, end: int) -> list[Attribute]:
    low, high = begin, end
    for sentence in note.sentences:
        if sentence.begin <= begin < sentence.end:
            low = max(sentence.begin, begin - _BESIDE)
            high = min(sentence.end, end + _BESIDE)
            break
    return [
        Attribute(m.lastgroup or "", m.start(), m.end(), m[0])
        for m in _WORDS.finditer(note.text, low, max(high, end))
    ]
