"""Mentions: where a note's words resemble a term or a string that coders marked.

The look-up half uses `models.coding.lexicon`, the learnt half `models.coding.history`. Each
mention has a span that holds all the words it rests on.
"""

from collections.abc import Sequence

import msgspec

from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.stretches import Stretch
from models.coding.words import Token, Vocabulary

MOST_TERMS = 40
LEAST_COVERAGE = 0.5
LEAST_DICE = 0.55
#: What is left of the similarity where only words match that name no finding.
ALONE = 0.6


class TermMention(msgspec.Struct, frozen=True, gc=False):
    """Words that resemble a term: ``[begin, end)``, term number, similarity measures.

    ``dice`` of term and words, ``coverage`` of the term, ``mass`` shared (weight), ``words``
    in the window.
    """

    begin: int
    end: int
    term: int
    dice: float
    coverage: float
    mass: float
    words: int
    sentence: int
    section: int


class StringMention(msgspec.Struct, frozen=True, gc=False):
    """A string that coders marked before."""

    begin: int
    end: int
    string: int
    words: int
    sentence: int
    section: int


class _Word(msgspec.Struct, frozen=True, gc=False):
    own: int
    own_weight: float
    parts: tuple[int, ...]


class TermFinder:
    """Finds term mentions; keeps what it looked up per word."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        self.lexicon = lexicon
        self.vocabulary = vocabulary
        self._words: dict[str, _Word] = {}
        numbers = lexicon.concepts
        self._not_alone = frozenset(
            numbers[concept] for concept in vocabulary.not_alone if concept in numbers
        )

    def _word(self, key: str) -> _Word:
        found = self._words.get(key)
        if found is None:
            if len(self._words) > 100_000:  # words come from outside: never grow without end
                self._words.clear()
            concepts = self.vocabulary.parts(key)
            numbers = self.lexicon.concepts
            own = numbers.get(concepts[0], -1)
            parts = tuple(numbers[c] for c in concepts[1:] if c in numbers)
            found = self._words[key] = _Word(own, self.lexicon.weight(concepts[0]), parts)
        return found

    def find(self, stretches: Sequence[Stretch]) -> list[TermMention]:
        """Term mentions in all stretches."""
        vocabulary, lexicon = self.vocabulary, self.lexicon
        held = [[c for t in s.words for c in vocabulary.parts(t.key)] for s in stretches]
        alike = lexicon.resembling(held, most=MOST_TERMS, least_coverage=LEAST_COVERAGE)
        found: list[TermMention] = []
        weights, kinds = lexicon.weights, lexicon.kinds
        sizes = lexicon.sizes
        for stretch, (terms, masses) in zip(stretches, alike, strict=True):
            words = [self._word(t.key) for t in stretch.words]
            places: dict[int, list[int]] = {}
            for position, word in enumerate(words):
                if word.own >= 0:
                    places.setdefault(word.own, []).append(position)
                for part in word.parts:
                    places.setdefault(part, []).append(position)
            for term, mass in zip(terms.tolist(), masses.tolist(), strict=True):
                shared = [c for c in lexicon.concepts_of(term) if c in places]
                low, high = _window(shared, places)
                own = set(shared)
                window = 0.0
                for word in words[low : high + 1]:
                    if word.own in own or not own.intersection(word.parts):
                        window += word.own_weight
                    else:
                        window += sum(float(weights[p]) for p in word.parts)
                size = float(sizes[term])
                dice = 2 * mass / (size + max(window, mass))
                # "Liver" alone is no liver disease; our own list (kind 0) says what it means.
                if own <= self._not_alone and (dice < 0.999 or kinds[term]):
                    dice *= ALONE
                if dice >= LEAST_DICE:
                    found.append(
                        TermMention(
                            stretch.words[low].begin, stretch.words[high].end, term, dice,
                            mass / size, mass, high - low + 1, stretch.sentence, stretch.section,
                        )
                    )  # fmt: skip
        return found


def _window(shared: list[int], places: dict[int, list[int]]) -> tuple[int, int]:
    """Shortest run of positions that has each concept at least once."""
    if len(shared) == 1:
        first = places[shared[0]][0]
        return first, first
    if all(len(places[c]) == 1 for c in shared):
        positions = [places[c][0] for c in shared]
        return min(positions), max(positions)
    marks = sorted((p, c) for c in shared for p in places[c])
    need, count, left = len(shared), dict.fromkeys(shared, 0), 0
    best = (marks[0][0], marks[-1][0])
    held = 0
    for position, concept in marks:
        held += count[concept] == 0
        count[concept] += 1
        while held == need:
            if position - marks[left][0] < best[1] - best[0]:
                best = (marks[left][0], position)
            count[marks[left][1]] -= 1
            held -= count[marks[left][1]] == 0
            left += 1
    return best


def find_strings(
    sentences: Sequence[Sequence[Token]], sections: Sequence[int], history: StringHistory
) -> list[StringMention]:
    """Strings of the history in each sentence's content words."""
    return [
        StringMention(words[i].begin, words[j].end, string, j - i + 1, number, sections[number])
        for number, words in enumerate(sentences)
        for i, j, string in history.find(words)
    ]
