"""The text encoder: token vectors through onnxruntime, spans pooled from one pass.

A note is encoded once, in windows; the vector of any span is the mean of its tokens' vectors.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
#: Tokens that are encoded together; longer texts are cut into windows.
WINDOW = 128


class TextEncoder:
    """An exported encoder; one thread, safe beside other threads."""

    def __init__(self, folder: Path) -> None:
        """``folder`` holds `ENCODER_FILE` and `TOKENIZER_FILE`."""
        import onnxruntime
        from tokenizers import Tokenizer

        self.files = (folder / ENCODER_FILE, folder / TOKENIZER_FILE)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / ENCODER_FILE), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        first = self._tokenizer.encode("a")
        self._begin, self._end = first.ids[0], first.ids[-1]

    def encode(self, texts: Sequence[str], batch: int = 64) -> Floats:
        """Unit vectors ``[texts, width]`` of short texts (cut at `WINDOW` tokens)."""
        encoded = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
        result: Floats | None = None
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            ids = [encoded[r][:WINDOW] for r in rows]
            states, mask = self._run(ids)
            vectors = (states * mask[:, :, None]).sum(axis=1)
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
            if result is None:
                result = np.zeros((len(texts), vectors.shape[1]), np.float32)
            result[rows] = vectors
        return np.zeros((0, 1), np.float32) if result is None else result

    def read(self, text: str) -> "TextStates":
        """Encode a text once, in windows; spans are pooled from the result."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        offsets = np.array(encoding.offsets or [(0, 0)])
        ids = encoding.ids
        pieces = []
        for begin in range(0, len(ids), WINDOW - 2):
            piece = ids[begin : begin + WINDOW - 2]
            states, _ = self._run([[self._begin, *piece, self._end]])
            pieces.append(states[0, 1:-1])
        states_ = np.vstack(pieces) if pieces else np.zeros((1, 1), np.float32)
        sums = np.vstack([np.zeros((1, states_.shape[1]), np.float32), states_.cumsum(axis=0)])
        return TextStates(offsets, sums)

    def _run(self, ids: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        longest = max(map(len, ids))
        batch = np.zeros((len(ids), longest), np.int64)
        mask = np.zeros((len(ids), longest), np.int64)
        for row, each in enumerate(ids):
            batch[row, : len(each)] = each
            mask[row, : len(each)] = 1
        feed: Any = {"input_ids": batch, "attention_mask": mask}
        return self._session.run(["states"], feed)[0], mask.astype(np.float32)


class TextStates:
    """A text's token vectors, summed from its beginning on, so that any span is one subtraction."""

    def __init__(self, offsets: NDArray[np.int64], sums: Floats) -> None:
        """``offsets [tokens, 2]`` in code points; ``sums [tokens + 1, width]``."""
        self._begins, self._ends = offsets[:, 0], offsets[:, 1]
        self._sums = sums

    def spans(self, spans: Sequence[tuple[int, int]]) -> Floats:
        """Unit vectors ``[spans, width]`` of ``text[begin:end]``, each in its context."""
        vectors, _ = self._pooled(spans)
        result: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return result

    def means(self, spans: Sequence[tuple[int, int]]) -> Floats:
        """Mean token vectors ``[spans, width]``, their length kept."""
        vectors, counts = self._pooled(spans)
        result: Floats = vectors / np.maximum(counts, 1).astype(np.float32)[:, None]
        return result

    def _pooled(self, spans: Sequence[tuple[int, int]]) -> tuple[Floats, NDArray[np.int64]]:
        lows = np.searchsorted(self._ends, [b for b, _ in spans], side="right")
        highs = np.searchsorted(self._begins, [e for _, e in spans], side="left")
        lows = np.minimum(lows, len(self._sums) - 1)
        highs = np.maximum(highs, lows)
        return self._sums[highs] - self._sums[lows], highs - lows
