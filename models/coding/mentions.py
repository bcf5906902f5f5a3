"""Mentions: where a note's words resemble a term or a string that coders marked.

The look-up half uses `models.coding.lexicon`, the learnt half `models.coding.history`. Each
mention has a span that holds all the words it rests on.
"""

from collections.abc import Sequence
from itertools import accumulate

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
        kinds = lexicon.kind_list
        for stretch, (terms, masses) in zip(stretches, alike, strict=True):
            words = [self._word(t.key) for t in stretch.words]
            places: dict[int, list[int]] = {}
            for position, word in enumerate(words):
                if word.own >= 0:
                    places.setdefault(word.own, []).append(position)
                for part in word.parts:
                    places.setdefault(part, []).append(position)
            # Weights up to each position: a window's is one subtraction, but for compounds of
            # which a term holds parts.
            upto = list(accumulate((word.own_weight for word in words), initial=0.0))
            compounds = [position for position, word in enumerate(words) if word.parts]
            sizes = lexicon.sizes[terms].tolist()
            for term, mass, size in zip(terms.tolist(), masses.tolist(), sizes, strict=True):
                shared = [c for c in lexicon.concepts_of(term) if c in places]
                low, high = _window(shared, places)
                own = set(shared)
                window = upto[high + 1] - upto[low]
                for position in compounds:
                    if low <= position <= high:
                        window += self._taken_apart(words[position], own)
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

    def _taken_apart(self, word: _Word, own: set[int]) -> float:
        """What a compound weighs more or less where a term holds its parts and not itself."""
        if word.own in own or own.isdisjoint(word.parts):
            return 0.0
        return sum(float(self.lexicon.weights[p]) for p in word.parts) - word.own_weight


def _window(shared: list[int], places: dict[int, list[int]]) -> tuple[int, int]:
    """Shortest run of positions that has each concept at least once."""
    if len(shared) == 1:
        first = places[shared[0]][0]
        return first, first
    held = [places[c] for c in shared]
    if sum(map(len, held)) == len(held):
        positions = [where[0] for where in held]
        return min(positions), max(positions)
    marks = sorted((p, c) for c in shared for p in places[c])
    need, count, left = len(shared), dict.fromkeys(shared, 0), 0
    best = (marks[0][0], marks[-1][0])
    seen = 0
    for position, concept in marks:
        seen += count[concept] == 0
        count[concept] += 1
        while seen == need:
            if position - marks[left][0] < best[1] - best[0]:
                best = (marks[left][0], position)
            count[marks[left][1]] -= 1
            seen -= count[marks[left][1]] == 0
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
