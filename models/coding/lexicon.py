"""Terms of code systems as a lexical index: which terms do these words resemble, and how much.

Every term is a bag of concepts (see `models.coding.words`). A stretch of text and a term are
compared by the weight (squared inverse document frequency over the terms) of the concepts that
they share: **coverage**, the share of the term's weight that the text holds, and the Dice
similarity of the term and the shortest run of words that holds what they share.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
#: Concepts of a term, code, kind (lower is more telling), strength.
Entry = tuple[tuple[str, ...], str, int, float]

#: Weight of a concept that no term holds, as if one term in this many did.
_RAREST = 200_000.0


#: Weight of the commonest concepts ("disease"): enough that a term without one is not the same.
LEAST_WEIGHT = 12.0


class Lexicon:
    """Terms with their codes; immutable, safe beside other threads."""

    def __init__(
        self,
        concepts: Sequence[str],
        weights: Floats,
        postings: tuple[NDArray[np.int64], Ints],
        sizes: Floats,
        codes: Sequence[str],
        code_of: Ints,
        kinds: NDArray[np.int8],
        strengths: Floats,
    ) -> None:
        """Parts as `arrays` gives them.

        ``weights[concept]``; ``postings``: pointers ``[concepts + 1]`` and terms;
        ``sizes[term]``: total weight; ``code_of[term]`` into ``codes``; ``kinds[term]``;
        ``strengths[term]``: how often the term means the code (1 for terms of a code system).
        """
        self.concepts = {concept: number for number, concept in enumerate(concepts)}
        self.weights = weights
        self.pointers, self.terms = postings
        self.sizes = sizes
        self.codes = list(codes)
        self.code_of = code_of
        self.kinds = kinds
        # Single entries are read from lists much faster than from arrays.
        self.code_list: list[int] = code_of.tolist()
        self.kind_list: list[int] = kinds.tolist()
        self.strengths = strengths
        self.unknown = float(np.log(_RAREST) ** 2)
        self._matrix = sp.csr_matrix(
            (
                np.repeat(weights, np.diff(self.pointers)),
                self.terms,
                self.pointers,
            ),
            shape=(len(concepts), len(sizes)),
        )
        forward = self._matrix.tocsc()
        self._term_pointers: list[int] = forward.indptr.tolist()
        self._term_concepts: list[int] = forward.indices.tolist()

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> "Lexicon":
        """Index bags; equal bags of one code are kept once, with the most telling kind."""
        best: dict[tuple[frozenset[str], str], tuple[int, float]] = {}
        for concepts, code, kind, strength in entries:
            where = (frozenset(concepts), code)
            known = best.get(where)
            if known is None or (kind, -strength) < (known[0], -known[1]):
                best[where] = (int(kind), strength)
        ordered = sorted(best.items(), key=lambda pair: (pair[0][1], sorted(pair[0][0])))
        names = sorted({concept for (words, _), _ in ordered for concept in words})
        number = {concept: i for i, concept in enumerate(names)}
        codes = list(dict.fromkeys(code for (_, code), _ in ordered))
        code_number = {code: i for i, code in enumerate(codes)}
        pairs = sorted((number[c], i) for i, ((words, _), _) in enumerate(ordered) for c in words)
        of_concept = np.array([p[0] for p in pairs], np.int64)
        counts = np.bincount(of_concept, minlength=len(names))
        weights = (np.log(max(len(ordered), 2) / np.maximum(counts, 1)) ** 2).astype(np.float32)
        weights = np.maximum(weights, np.float32(LEAST_WEIGHT))
        terms_ = np.array([p[1] for p in pairs], np.int32)
        sizes = np.bincount(terms_, weights[of_concept], len(ordered)).astype(np.float32)
        return cls(
            names,
            weights,
            (np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), terms_),
            sizes,
            codes,
            np.array([code_number[code] for (_, code), _ in ordered], np.int32),
            np.array([kind for _, (kind, _) in ordered], np.int8),
            np.array([strength for _, (_, strength) in ordered], np.float32),
        )

    def weight(self, concept: str) -> float:
        """Weight of a concept."""
        number = self.concepts.get(concept)
        return self.unknown if number is None else float(self.weights[number])

    def resembling(
        self, stretches: Sequence[Iterable[str]], *, most: int, least_coverage: float
    ) -> list[tuple[Ints, Floats]]:
        """For each stretch of concepts: terms it covers at least so far, and the weight shared.

        At most ``most`` terms a stretch, those with the most weight times coverage.
        """
        rows: list[int] = []
        columns: list[int] = []
        for row, stretch in enumerate(stretches):
            for concept in dict.fromkeys(stretch):
                if (number := self.concepts.get(concept)) is not None:
                    rows.append(row)
                    columns.append(number)
        ones = np.ones(len(rows), np.float32)
        held = sp.csr_matrix((ones, (rows, columns)), shape=(len(stretches), len(self.concepts)))
        shared: Any = held @ self._matrix
        result = []
        for row in range(len(stretches)):
            low, high = shared.indptr[row], shared.indptr[row + 1]
            terms, mass = shared.indices[low:high], shared.data[low:high]
            coverage = mass / self.sizes[terms]
            keep = coverage >= least_coverage
            terms, mass, coverage = terms[keep], mass[keep], coverage[keep]
            if len(terms) > most:
                best = np.argpartition(-(mass * coverage * coverage), most)[:most]
                terms, mass = terms[best], mass[best]
            result.append((terms, mass))
        return result

    def concepts_of(self, term: int) -> list[int]:
        """Concept numbers of a term."""
        return self._term_concepts[self._term_pointers[term] : self._term_pointers[term + 1]]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of an ``npz`` file; `from_arrays` reads them."""
        return {
            "concepts": np.array("\n".join(self.concepts)),
            "weights": self.weights,
            "pointers": self.pointers,
            "terms": self.terms,
            "sizes": self.sizes,
            "codes": np.array("\n".join(self.codes)),
            "code_of": self.code_of,
            "kinds": self.kinds,
            "strengths": self.strengths,
        }

    @classmethod
    def from_arrays(cls, arrays: Any) -> "Lexicon":
        """The lexicon that `arrays` described."""
        return cls(
            _lines(arrays["concepts"]),
            arrays["weights"],
            (arrays["pointers"], arrays["terms"]),
            arrays["sizes"],
            _lines(arrays["codes"]),
            arrays["code_of"],
            arrays["kinds"],
            arrays["strengths"],
        )


def _lines(text: Any) -> list[str]:
    return str(text).split("\n") if str(text) else []
