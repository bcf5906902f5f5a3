"""Search as you type over the terms of a code system.

Every word of a query must be the beginning of a word of the term, in any order; a word that
begins none is taken as misspelt and replaced by the words next to it. Terms are ranked by how
much of them the query says, rare words counting more.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"[^\W_]+")
_AFTER = "\U0010ffff"  # sorts behind every letter
_EXACT, _PREFIX, _NEAR = 1.0, 0.75, 0.5
_WEAK = 0.2
_MOST_NEAR = 12  # words that a misspelt one may stand for
_LONGEST_QUERY = 16  # words

_Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int32]


def words_of(text: str) -> list[str]:
    """Words as they are compared: no case, no accents, letters and digits only.

    >>> words_of("Ménière's disease, left ear")
    ['meniere', 's', 'disease', 'left', 'ear']
    """
    text = text.casefold()
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in parts if not unicodedata.combining(c))
    return _WORD.findall(text)


class WordIndex:
    """Inverted index of terms; numbers of terms are their places in what it was built of."""

    def __init__(self, terms: Iterable[str], weak: Collection[str] = ()) -> None:
        """Build it: about a second for the 110,000 terms of ICD-10-CM.

        ``weak``: words that hardly count, such as "unspecified".
        """
        vocabulary: dict[str, int] = {}
        places: list[int] = []
        counts: list[int] = []
        for term in terms:
            numbers = {vocabulary.setdefault(w, len(vocabulary)) for w in words_of(term)}
            places.extend(numbers)
            counts.append(len(numbers))
        self.size = len(counts)
        self._words = sorted(vocabulary)
        order = np.empty(len(vocabulary), np.int32)
        order[[vocabulary[w] for w in self._words]] = np.arange(len(vocabulary), dtype=np.int32)
        words = order[np.array(places, np.int32)] if places else np.zeros(0, np.int32)
        owners = np.repeat(np.arange(self.size, dtype=np.int32), counts)
        by_word = np.argsort(words, kind="stable")
        self._terms: _Ints = owners[by_word]
        uses = np.bincount(words, minlength=len(self._words))
        self._starts = np.concatenate(([0], np.cumsum(uses))).tolist()
        self._weights: _Floats = np.log1p(self.size / np.maximum(uses, 1)).astype(np.float32)
        for word in weak:
            at = bisect_left(self._words, word)
            if self._words[at : at + 1] == [word]:
                self._weights[at] *= _WEAK
        self._sums: _Floats = np.bincount(
            owners, weights=self._weights[words], minlength=self.size
        ).astype(np.float32)
        self._lengths = np.array([len(w) for w in self._words], np.int32)
        self._letters = np.array([_letters(w) for w in self._words], np.uint64)

    def search(self, query: str) -> tuple[_Ints, _Floats]:
        """Numbers of the terms that hold every word of the query, and their scores (0 to 1).

        In no order. A query without a word finds nothing.
        """
        total: _Floats | None = None
        asked = 0.0
        for word in dict.fromkeys(words_of(query)[:_LONGEST_QUERY]):
            found, weight = self._word(word)
            if found is None:
                return np.zeros(0, np.int32), np.zeros(0, np.float32)
            asked += weight
            if total is not None:
                found = np.where((total > 0) & (found > 0), total + found, 0)
            total = found
        if total is None:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        places = np.flatnonzero(total).astype(np.int32)
        scores = total[places] / (asked + np.maximum(self._sums[places], 1e-6) - total[places])
        return places, np.clip(scores, 0, 1).astype(np.float32)

    def _word(self, word: str) -> tuple[_Floats | None, float]:
        """What each term has of one word of the query, and the most that it could have."""
        first = bisect_left(self._words, word)
        last = bisect_left(self._words, word + _AFTER)
        if first < last:
            near = [(number, _PREFIX) for number in range(first, last)]
            if self._words[first] == word:
                near[0] = first, _EXACT
        else:
            near = [(n, _NEAR) for n in self._near(word)]
        if not near:
            return None, 0.0
        found = np.zeros(self.size, np.float32)
        # The whole word last: it counts most.
        for number, share in reversed(near) if len(near) <= 64 else ():
            found[self._terms[self._starts[number] : self._starts[number + 1]]] = (
                share * self._weights[number]
            )
        if len(near) > 64:  # a few letters only: all their words at once
            uses = np.diff(np.array(self._starts[first : last + 1]))
            weights = np.repeat(self._weights[first:last] * _PREFIX, uses)
            found[self._terms[self._starts[first] : self._starts[last]]] = weights
            if self._words[first] == word:
                exact = self._terms[self._starts[first] : self._starts[first + 1]]
                found[exact] = self._weights[first]
        return found, float(found.max())

    def _near(self, word: str) -> list[int]:
        """Words next to a misspelt one: one slip, in words of eight letters or more two."""
        if len(word) < 4 or len(word) > 40 or word.isdigit():
            return []
        slips = 1 if len(word) < 8 else 2
        differing = np.bitwise_count(self._letters ^ np.uint64(_letters(word)))
        likely = np.flatnonzero(
            (np.abs(self._lengths - len(word)) <= slips) & (differing <= 2 * slips)
        )
        ranked = []
        for number in likely.tolist():
            other = self._words[number]
            distance = slip_distance(word, other, slips)
            if distance <= slips:
                ranked.append((distance + (other[0] != word[0]) * 0.5, number))
        ranked.sort()
        best = ranked[0][0] if ranked else 0.0
        return [number for distance, number in ranked[:_MOST_NEAR] if distance <= best + 0.5]


def _letters(word: str) -> int:
    """Which letters and digits a word has, as bits."""
    bits = 0
    for character in word:
        bits |= 1 << (ord(character) % 63)
    return bits


def slip_distance(one: str, other: str, most: int) -> int:
    """Letters wrong, missing, added or swapped with the next; more than ``most`` is not told apart.

    >>> slip_distance("diabtes", "diabetes", 2), slip_distance("hypretension", "hypertension", 2)
    (1, 1)
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: Sequence[int] = ()
    row: Sequence[int] = range(len(other) + 1)
    for i, a in enumerate(one, 1):
        above, before2, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before2[j - 2] + 1)
            row.append(cost)
        before = above
        if min(row) > most:
            return most + 1
    return row[-1]
