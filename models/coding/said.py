"""Whether the sentences of some evidence say given words, of the patient and now."""

import re
from collections.abc import Sequence
from functools import lru_cache

from models.coding.assertion import Assertion, AssertionRules, modifiers
from models.coding.spans import Note, Span
from models.coding.terms import bag
from models.coding.words import tokens, vocabulary

Spans = Sequence[tuple[int, int]]
_NOT_NOW = frozenset(
    {Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL, Assertion.UNCERTAIN}
)
_IMPLIED = frozenset({"pectoris"})  # left out in notes: "angina"
#: ICD-10-CM takes these for "intractable" (notes at G40 and G43).
_SAME = {"intractable": ("intractable", "refractory", "pharmacoresistant", "treatment resistant")}


class Sentences:
    """What the sentences of a note say, each read when it is first asked for."""

    def __init__(self, note: Note, rules: AssertionRules | None = None) -> None:
        self.note = note
        self._rules = rules
        self._held: dict[tuple[int, int], dict[str, Span]] = {}

    def say(self, spans: Spans, what: str, near: int | None = None) -> int:
        """How many words of ``what`` the sentences of the evidence say of the patient.

        0: not all. Of "hypoxia or hypercapnia" one is enough. ``near``: characters about the
        evidence, by default the whole sentence.
        """
        for begin, last in spans:
            sentence = next((s for s in self.note.sentences if s.begin <= begin < s.end), None)
            if sentence is None:
                continue
            low, high = sentence.begin, sentence.end
            if near is not None:
                low, high = max(low, begin - near), min(high, last + near)
            held = self._read(low, high)
            for wanted in _wanted(what):
                if not wanted or any(concept not in held for concept in wanted):
                    continue
                meant = modifiers(self.note, [held[concept] for concept in wanted], self._rules)
                if not any(m & _NOT_NOW for m in meant):
                    return len(wanted)
        return 0

    def _read(self, low: int, high: int) -> dict[str, Span]:
        """Concepts between two places, each with its first word."""
        held = self._held.get((low, high))
        if held is None:
            words = vocabulary()
            held = self._held[low, high] = {}
            for token in tokens(self.note.text, low, high):
                for concept in words.parts(token.key):
                    held.setdefault(concept, Span(token.begin, token.end))
        return held


@lru_cache(maxsize=8192)
def _wanted(what: str) -> tuple[tuple[str, ...], ...]:
    """Concepts of each way to say something."""
    words = vocabulary()
    return tuple(
        tuple(concept for concept in bag(phrase, words) if concept not in _IMPLIED)
        for part in re.split(r",| or ", what)
        for phrase in _SAME.get(part.strip(), (part,))
    )
