"""Label-wise attention: for every code that was seen often, which words of a note speak for it.

Each code has a query over the note's words (vectors of the encoder, projected); what it attends
to is weighed into one vector, and that into a probability. After CAML (Mullenbach 2018) and LAAT
(Vu 2020). Trained in `training.coding.attention`; here it is a few products of arrays.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.coding.encoder import TextStates
from models.coding.words import Token

Floats = NDArray[np.float32]

#: Neighbours of the most attended word belong to its span from this share of its attention on.
SPAN_SHARE = 0.4
_LONGEST = 6


class Attended(msgspec.Struct, frozen=True, gc=False):
    """What the attention says of one code: probability, and the words that it rests on."""

    code: str
    probability: float
    begin: int
    end: int
    sentence: int


class LabelAttention:
    """The trained head; immutable."""

    def __init__(
        self, codes: Sequence[str], projection: Floats, queries: Floats, outputs: Floats,
        biases: Floats,
    ) -> None:  # fmt: skip
        """``projection [width + 1, hidden]`` (last row: bias), the rest ``[codes, hidden]``."""
        self.codes = list(codes)
        self.projection = projection
        self.queries = queries
        self.outputs = outputs
        self.biases = biases

    def find(
        self, states: TextStates, words: Sequence[Sequence[Token]], least: float = 0.0
    ) -> list[Attended]:
        """Codes of probability ``least`` at least; ``words`` by sentence."""
        flat = [(t, number) for number, sentence in enumerate(words) for t in sentence]
        if not flat or not self.codes:
            return []
        vectors = states.means([(t.begin, t.end) for t, _ in flat])
        hidden = np.tanh(vectors @ self.projection[:-1] + self.projection[-1])
        attention = hidden @ self.queries.T
        attention = np.exp(attention - attention.max(axis=0))
        attention /= attention.sum(axis=0)
        logits = ((attention.T @ hidden) * self.outputs).sum(axis=1) + self.biases
        probabilities = 1 / (1 + np.exp(-logits))
        found = []
        for number in np.flatnonzero(probabilities >= least):
            first, last = _span(attention[:, number], [s for _, s in flat])
            found.append(
                Attended(
                    self.codes[number], float(probabilities[number]),
                    flat[first][0].begin, flat[last][0].end, flat[first][1],
                )
            )  # fmt: skip
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of an ``npz`` file; `from_arrays` reads them."""
        return {
            "codes": np.array("\n".join(self.codes)),
            "projection": self.projection,
            "queries": self.queries,
            "outputs": self.outputs,
            "biases": self.biases,
        }

    @classmethod
    def from_arrays(cls, arrays: Any) -> "LabelAttention":
        """The head that `arrays` described."""
        codes = str(arrays["codes"])
        return cls(
            codes.split("\n") if codes else [],
            arrays["projection"], arrays["queries"], arrays["outputs"], arrays["biases"],
        )  # fmt: skip


def _span(attention: Floats, sentences: Sequence[int]) -> tuple[int, int]:
    """First and last word about the most attended one, within its sentence."""
    first = last = int(attention.argmax())
    least = SPAN_SHARE * attention[first]
    home = sentences[first]
    while last - first + 1 < _LONGEST:
        left = attention[first - 1] if first and sentences[first - 1] == home else 0.0
        right = (
            attention[last + 1]
            if last + 1 < len(attention) and sentences[last + 1] == home
            else 0.0
        )
        if max(left, right) < least:
            break
        if left > right:
            first -= 1
        else:
            last += 1
    return first, last
