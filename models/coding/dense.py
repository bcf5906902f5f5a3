"""Vectors of terms: which terms mean about the same as these words, whatever their letters.

Vectors are projected to fewer dimensions (principal components of the terms) and kept as bytes.
Terms of one code stand together.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]

DIMENSIONS = 160
_SCALE = 127.0
#: Terms that are compared at a time: their cosines stay in the processor's cache.
_BLOCK = 1024


class Projection:
    """Centre and axes fitted on term vectors; the same for terms and words."""

    def __init__(self, centre: Floats, axes: Floats) -> None:
        """``centre [width]``, ``axes [width, dimensions]``."""
        self.centre = centre
        self.axes = axes

    @classmethod
    def fit(cls, vectors: Floats, dimensions: int = DIMENSIONS) -> "Projection":
        """Principal axes of ``vectors [n, width]``."""
        centre = vectors.mean(axis=0)
        centred = vectors - centre
        values, axes = np.linalg.eigh(centred.T @ centred)
        order = np.argsort(-values)[:dimensions]
        return cls(centre.astype(np.float32), axes[:, order].astype(np.float32))

    def apply(self, vectors: Floats) -> Floats:
        """Unit vectors in the projected space."""
        found = (vectors - self.centre) @ self.axes
        result: Floats = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return result


class DenseIndex:
    """Projected term vectors by code; immutable."""

    def __init__(
        self, codes: Sequence[str], pointers: NDArray[np.int64], vectors: Bytes, strengths: Floats
    ) -> None:
        """Rows ``pointers[i]:pointers[i + 1]`` of ``vectors [terms, dimensions]`` are code i's."""
        self.codes = list(codes)
        self.pointers = pointers
        self.vectors = vectors
        self.strengths = strengths
        self.code_number = {code: i for i, code in enumerate(self.codes)}
        self._code_of = np.repeat(np.arange(len(self.codes)), np.diff(pointers))
        self._floats: Floats | None = None

    @classmethod
    def build(
        cls, vectors: Floats, codes: Sequence[str], strengths: Sequence[float]
    ) -> "DenseIndex":
        """``vectors [terms, dimensions]`` (projected, unit), each term's code and strength."""
        order = sorted(range(len(codes)), key=lambda i: codes[i])
        names = sorted(set(codes))
        number = {code: i for i, code in enumerate(names)}
        counts = np.bincount([number[c] for c in codes], minlength=len(names))
        packed = np.clip(np.rint(vectors[order] * _SCALE), -127, 127).astype(np.int8)
        return cls(
            names,
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            packed,
            np.array([strengths[i] for i in order], np.float32),
        )

    def nearest(
        self, queries: Floats, most: int, least: float = -1.0
    ) -> list[tuple[NDArray[np.int64], Floats]]:
        """For each query, its nearest terms of cosine ``least`` at least, best first."""
        if not len(self.vectors) or not len(queries):
            return [(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in queries]
        if self._floats is None:
            self._floats = self.vectors.astype(np.float32) / _SCALE
        columns = np.ascontiguousarray(queries.T)
        found: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []
        for begin in range(0, len(self._floats), _BLOCK):
            block = (self._floats[begin : begin + _BLOCK] @ columns).ravel()
            # Few terms are that near: much cheaper than partitioning all of them.
            near = np.flatnonzero(block >= least)
            rows, query = np.divmod(near, len(queries))
            found.append((query, rows + begin, block[near]))
        queries_, terms, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((terms, -scores, queries_))
        cuts = np.searchsorted(queries_[order], np.arange(len(queries) + 1))
        result = []
        for low, high in pairwise(cuts.tolist()):
            best = order[low : min(high, low + most)]
            result.append((terms[best], scores[best]))
        return result

    def code_of(self, term: int) -> int:
        """Number of a term's code."""
        return int(self._code_of[term])

    def likeness(self, code: str, queries: Floats) -> float:
        """Best cosine of any query to any term of a code; 0 for codes without terms."""
        number = self.code_number.get(code)
        if number is None:
            return 0.0
        rows = self.vectors[self.pointers[number] : self.pointers[number + 1]]
        return float((queries @ (rows.astype(np.float32).T / _SCALE)).max(initial=0.0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of an ``npz`` file; `from_arrays` reads them."""
        return {
            "codes": np.array("\n".join(self.codes)),
            "pointers": self.pointers,
            "vectors": self.vectors,
            "strengths": self.strengths,
        }

    @classmethod
    def from_arrays(cls, arrays: Any) -> "DenseIndex":
        """The index that `arrays` described."""
        codes = str(arrays["codes"])
        return cls(
            codes.split("\n") if codes else [],
            arrays["pointers"], arrays["vectors"], arrays["strengths"],
        )  # fmt: skip
