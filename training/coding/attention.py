"""Training of the label-wise attention (`models.coding.attention`) in torch on the CPU.

Word vectors come from the frozen encoder and are computed once a note. Beside the codes of each
note, the words that coders marked teach where a code's query should look.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.coding.attention import LabelAttention
from models.coding.encoder import TextEncoder
from training.coding.dataset import Ints, LabelledNotes, folds_of

#: Notes of training that must have a code, and the most codes (the most frequent) that are learnt.
LEAST_NOTES = 8
MOST_CODES = 600
#: Notes that are learnt from; of more, these many by chance.
MOST_NOTES = 5000
HIDDEN = 96
EPOCHS = 24
PATIENCE = 4
_BATCH = 12
_MOST_CHECKED = 200
_RATE = 5e-3
_DROPOUT = 0.3
_DECAY = 1e-3
_SPANS = 1.0

Floats = NDArray[np.float32]


class Example(msgspec.Struct):
    """A note: word vectors ``[words, width]``, its codes, for each the words that were marked."""

    vectors: Floats
    codes: frozenset[str]
    marked: dict[str, list[int]]


def examples_of(data: LabelledNotes, encoder: TextEncoder) -> list[Example]:
    """Every note's words, encoded; what was read stays with the note for its later use."""
    found = []
    for reading, codes, spans in zip(data.readings, data.gold, data.spans, strict=True):
        if reading.states is None:
            reading.states = encoder.read(reading.note.text)
        words = [(t.begin, t.end) for sentence in reading.words for t in sentence]
        marked = {
            code: [
                i for i, (b, e) in enumerate(words)
                if any(b < end and begin < e for begin, end in places)
            ]
            for code, places in spans.items()
        }  # fmt: skip
        found.append(Example(reading.states.means(words), codes, marked))
    return found


class NoteAttention:
    """The attention for the notes of a training, each fit when it is asked for.

    Two folds share one fit that saw neither, so that there are half as many.
    """

    def __init__(self, data: LabelledNotes, encoder: TextEncoder) -> None:
        self._examples = examples_of(data, encoder)
        self._group = data.group
        self._fitted: dict[int, LabelAttention | None] = {}

    def without(self, fold: Ints, number: int) -> LabelAttention | None:
        """The head that saw no note of fold ``number``; ``fold`` is each note's."""
        pair = number // 2
        if pair not in self._fitted:
            rows = np.flatnonzero(fold // 2 != pair)
            self._fitted[pair] = fit_attention(
                [self._examples[int(r)] for r in rows], self._group[rows]
            )
        return self._fitted[pair]

    def whole(self) -> LabelAttention | None:
        """The head that saw all notes."""
        return fit_attention(self._examples, self._group)


def fit_attention(examples: Sequence[Example], group: Ints, seed: int = 0) -> LabelAttention | None:
    """The head for codes of `LEAST_NOTES` notes at least; ``None`` if there are none.

    A tenth of the patients is kept aside to stop in time.
    """
    import torch

    counts = Counter(code for e in examples for code in e.codes)
    codes = sorted(c for c, n in counts.most_common(MOST_CODES) if n >= LEAST_NOTES)
    rng = np.random.default_rng(seed)
    rows = [i for i, e in enumerate(examples) if len(e.vectors)]
    if len(rows) > MOST_NOTES:
        rows = sorted(rng.choice(rows, MOST_NOTES, replace=False).tolist())
    if not codes or not rows or len(np.unique(group)) < 10:
        return None
    number = {code: i for i, code in enumerate(codes)}
    fold = folds_of(group, 10, seed)
    learn = [i for i in rows if fold[i] != 0]
    check = [i for i in rows if fold[i] == 0][:_MOST_CHECKED]
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            head = _head(examples[rows[0]].vectors.shape[1], codes, counts, len(examples))
            optimizer = torch.optim.AdamW(
                [{"params": head[:2], "weight_decay": _DECAY}, {"params": head[2:]}], lr=_RATE
            )
            best, kept, waited = float("inf"), [p.detach().clone() for p in head], 0
            for _ in range(EPOCHS):
                for batch in _batches(learn, examples, rng):
                    chosen = [examples[i] for i in batch]
                    optimizer.zero_grad()
                    loss, aside = _losses(head, chosen, number, train=True)
                    (loss + _SPANS * aside).backward()
                    optimizer.step()
                with torch.no_grad():
                    losses = [
                        _losses(head, [examples[i] for i in check[b : b + _BATCH]], number)[
                            0
                        ].item()
                        for b in range(0, len(check), _BATCH)
                    ]
                now = float(np.mean(losses)) if losses else 0.0
                if now < best:
                    best, kept, waited = now, [p.detach().clone() for p in head], 0
                else:
                    waited += 1
                    if waited >= PATIENCE:
                        break
        finally:
            torch.set_num_threads(threads)
    return LabelAttention(codes, *(p.numpy().astype(np.float32) for p in kept))


def _batches(
    rows: Sequence[int], examples: Sequence[Example], rng: np.random.Generator
) -> list[list[int]]:
    """Notes of about the same length together (padding is what costs), in random order."""
    length = np.array([len(examples[i].vectors) for i in rows])
    order = np.argsort(length * rng.uniform(0.8, 1.25, len(rows)))
    batches = [
        [rows[int(i)] for i in order[begin : begin + _BATCH]]
        for begin in range(0, len(order), _BATCH)
    ]
    return [batches[int(i)] for i in rng.permutation(len(batches))]


def _head(width: int, codes: Sequence[str], counts: Counter[str], notes: int) -> list[Any]:
    """Projection, queries, outputs, biases; biases begin at the codes' frequencies."""
    import torch

    projection = torch.randn(width + 1, HIDDEN) / width**0.5
    projection[-1] = 0
    share = torch.tensor([(counts[c] + 0.5) / (notes + 1) for c in codes], dtype=torch.float32)
    head = [
        projection,
        torch.randn(len(codes), HIDDEN) / HIDDEN**0.5,
        torch.randn(len(codes), HIDDEN) / HIDDEN**0.5,
        torch.log(share / (1 - share)),
    ]
    return [p.requires_grad_() for p in head]


def _losses(
    head: Sequence[Any], chosen: Sequence[Example], number: dict[str, int], train: bool = False
) -> tuple[Any, Any]:
    """Cross-entropy of the codes, and of the attention at the words that coders marked."""
    import torch

    projection, queries, outputs, biases = head
    longest = max(len(e.vectors) for e in chosen)
    x = torch.zeros(len(chosen), longest, chosen[0].vectors.shape[1])
    padded = torch.ones(len(chosen), longest, dtype=torch.bool)
    y = torch.zeros(len(chosen), len(number))
    places: list[tuple[int, int]] = []
    marks: list[Any] = []
    for row, example in enumerate(chosen):
        x[row, : len(example.vectors)] = torch.from_numpy(example.vectors)
        padded[row, : len(example.vectors)] = False
        for code in example.codes & number.keys():
            y[row, number[code]] = 1
            if words := example.marked.get(code):
                places.append((row, number[code]))
                mark = torch.zeros(longest)
                mark[words] = 1
                marks.append(mark)
    x = torch.nn.functional.dropout(x, _DROPOUT, train)
    hidden = torch.tanh(x @ projection[:-1] + projection[-1])
    hidden = torch.nn.functional.dropout(hidden, _DROPOUT / 2, train)
    weights = (hidden @ queries.T).masked_fill(padded[:, :, None], float("-inf"))
    attention = weights.softmax(dim=1)
    pooled = attention.transpose(1, 2) @ hidden
    logits = (pooled * outputs).sum(dim=2) + biases
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="sum")
    aside = torch.zeros(())
    if marks:
        at = torch.tensor(places)
        looked = (attention[at[:, 0], :, at[:, 1]] * torch.stack(marks)).sum(dim=1)
        aside = -torch.log(looked + 1e-6).sum()
    return loss / len(chosen), aside / len(chosen)
