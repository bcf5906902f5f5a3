"""The attention learns which words speak for a code, and numpy serves what torch trained."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from models.coding.attention import LabelAttention
from training.coding import attention as module
from training.coding.attention import Example, fit_attention

torch = pytest.importorskip("torch", reason="torch is not installed: nothing can be trained")

WIDTH = 12


def examples(count: int) -> list[Example]:
    """Every note has ten words; one of kind 1 or 2 says the code, the others say nothing."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        vectors = 0.3 * rng.normal(size=(10, WIDTH)).astype(np.float32)
        at, kind = int(rng.integers(10)), 1 + number % 2
        vectors[at, kind] += 3
        code = ("A00", "B00", "C00")[kind]
        found.append(Example(vectors, frozenset({code, "RARE"} if number < 3 else {code}),
                             {code: [at]}))  # fmt: skip
    return found


def served(head: LabelAttention, chosen: Sequence[Example]) -> float:
    """Loss of the head as numpy computes it."""
    losses = []
    for example in chosen:
        hidden = np.tanh(example.vectors @ head.projection[:-1] + head.projection[-1])
        weights = np.exp(hidden @ head.queries.T)
        pooled = (weights / weights.sum(axis=0)).T @ hidden
        p = 1 / (1 + np.exp(-((pooled * head.outputs).sum(axis=1) + head.biases)))
        y = np.array([c in example.codes for c in head.codes])
        losses.append(-np.log(np.where(y, p, 1 - p)).sum())
    return float(np.mean(losses))


def test_frequent_codes_are_learnt_alike_every_time():
    notes = examples(120)
    head = fit_attention(notes, np.arange(120))
    assert head is not None
    assert head.codes == ["B00", "C00"]
    assert served(head, notes) < 0.3
    tensors = [torch.from_numpy(a) for a in (head.projection, head.queries, head.outputs,
                                             head.biases)]  # fmt: skip
    loss, _ = module._losses(tensors, notes, {"B00": 0, "C00": 1})
    assert loss.item() == pytest.approx(served(head, notes), rel=1e-3)
    again = fit_attention(notes, np.arange(120))
    assert again is not None
    assert np.array_equal(head.outputs, again.outputs)


def test_a_fold_is_answered_by_a_head_that_did_not_see_it(monkeypatch: pytest.MonkeyPatch):
    seen: list[list[int]] = []

    def fit(chosen: Sequence[Example], group: np.ndarray) -> None:
        seen.append(group.tolist())

    notes = examples(8)
    monkeypatch.setattr(module, "examples_of", lambda *_: notes)
    monkeypatch.setattr(module, "fit_attention", fit)
    data = SimpleNamespace(group=np.arange(8))
    attention = module.NoteAttention(data, None)  # type: ignore[arg-type]
    fold = np.array([0, 1, 2, 3, 0, 1, 2, 3])
    for number in (0, 1, 2, 0):
        attention.without(fold, number)
    assert seen == [[2, 3, 6, 7], [0, 1, 4, 5]]


def test_nothing_is_learnt_of_few_notes():
    assert fit_attention(examples(12), np.arange(12)) is None
    assert fit_attention([], np.zeros(0, np.int64)) is None
