"""Finds codes for what has been typed: by the beginning of a code, or by words of its terms."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from threading import Lock

import numpy as np

from models.codes.system import Term
from models.codes.word_index import WordIndex

_MOST_CODES = 4096
# How much a term of each kind counts beside a title.
_KINDS = {"title": 1.0, "short": 0.95, "inclusion": 0.97, "includes": 0.97, "synonym": 0.97}
_OTHER = 0.9


def bare(code: str) -> str:
    """A code as it is compared: capital letters, no dots, no blanks.

    >>> bare(" e11.9 ")
    'E119'
    """
    return code.replace(".", "").replace(" ", "").upper()


class Finder:
    """Search over one system; the index of words is built at the first search by words."""

    def __init__(
        self,
        codes: Sequence[str],
        terms: Callable[[], Sequence[Term]],
        weak: Collection[str] = (),
    ) -> None:
        """``codes``: bare, sorted; ``terms``: of those codes, asked for once; ``weak``: words."""
        self._codes = codes
        self._make = terms
        self._weak = weak
        self._terms: Sequence[Term] = ()
        self._index: WordIndex | None = None
        self._weights = np.zeros(0, np.float32)
        self._lock = Lock()

    def find(self, query: str, limit: int, fits: Callable[[str], float]) -> list[tuple[str, str]]:
        """Codes best first, each with the term that was found (``""`` for its title or code).

        ``fits``: weight of a code on the date asked for, 0 to leave it out.
        """
        if limit < 1:
            return []
        found = [(code, "") for code in self._by_code(query, limit, fits)]
        if len(found) >= limit:
            return found
        seen = {code for code, _ in found}
        found += [pair for pair in self._by_words(query, limit, fits) if pair[0] not in seen]
        return found[:limit]

    def _by_code(self, query: str, limit: int, fits: Callable[[str], float]) -> list[str]:
        begin = bare(query)
        if not begin or len(query.split()) > 1:
            return []
        first = bisect_left(self._codes, begin)
        result: list[str] = []
        for code in self._codes[first : first + _MOST_CODES]:
            if not code.startswith(begin) or len(result) == limit:
                break
            if fits(code) > 0:
                result.append(code)
        return result

    def _by_words(
        self, query: str, limit: int, fits: Callable[[str], float]
    ) -> list[tuple[str, str]]:
        index = self.index()
        places, scores = index.search(query)
        if not len(places):
            return []
        scores = scores * self._weights[places]
        # More than are asked for: some are of the same code, or not valid on the date.
        most = min(len(places), 8 * limit + 200)
        best = np.argpartition(-scores, most - 1)[:most] if most < len(places) else np.arange(most)
        ranked: dict[str, tuple[float, str, str]] = {}
        for place, score in zip(places[best].tolist(), scores[best].tolist(), strict=True):
            term = self._terms[place]
            weight = score * fits(term.code)
            if weight > 0 and (term.code not in ranked or weight > ranked[term.code][0]):
                ranked[term.code] = weight, term.code, "" if term.kind == "title" else term.words
        ordered = sorted(ranked.values(), key=lambda row: (-row[0], len(row[1]), row[1]))
        return [(code, words) for _, code, words in ordered[:limit]]

    def index(self) -> WordIndex:
        """The index of words, built at the first call."""
        with self._lock:
            if self._index is None:
                self._terms = self._make()
                weights = [_KINDS.get(term.kind, _OTHER) for term in self._terms]
                self._weights = np.array(weights, np.float32)
                self._index = WordIndex((term.words for term in self._terms), self._weak)
            return self._index
