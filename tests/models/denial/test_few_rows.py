"""Few rows are looked up one by one, many by arrays: the answers are the same to the last bit."""

import numpy as np
import pytest

import models.denial.category as category_module
import models.denial.cells as cells_module
from models.denial.category import Background, CategoryModel, Cause, ChainPlan, HazardModel
from models.denial.cells import CellChain, CellLevel, hazard
from models.denial.explain import _few_shares, _largest, _shares
from models.denial.features import FeatureBatch


def chain(generator: np.random.Generator, columns: tuple[int, ...], size: int) -> CellChain:
    levels = []
    for depth in range(1, len(columns) + 1):
        keys = np.unique(generator.integers(0, size**depth, 3 * depth))
        n = generator.integers(1, 50, len(keys)).astype(float)
        levels.append(
            CellLevel(
                keys,
                generator.normal(-3, 2, len(keys)),
                n,
                np.floor(n / 3),
                generator.normal(-3, 2, len(cells_module.NODES)),
            )
        )
    return CellChain(columns, (size,) * len(columns), -2.0, levels)


@pytest.mark.parametrize("lines", [1, 2, 5, 8])
def test_few_rows_get_the_answers_of_many(lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(lines)
    plan = ChainPlan((0,), None)

    def cause(columns: tuple[int, ...]) -> Cause:
        return Cause(plan, chain(generator, columns, 4), [])

    model = HazardModel(
        Background(cause((0, 1)), 1, generator.dirichlet(np.ones(3), 4)),
        [
            CategoryModel("a", "claim", [cause((0,)), cause((1, 2))]),
            CategoryModel("b", "line", [cause((2, 0, 1)), cause((1,))]),
            CategoryModel("c", "line", []),
        ],
    )
    owner = np.sort(generator.integers(0, 2, lines)).astype(np.int32)
    owner -= owner[0]
    first = np.flatnonzero(np.diff(owner, prepend=-1)).astype(np.int32)
    batch = FeatureBatch(
        generator.integers(0, 4, (lines, 3)).astype(np.int32),
        owner,
        first,
        np.zeros(len(first), np.int32),
        generator.random(lines) < 0.8,
    )
    few = model.hazards(batch)
    again = model.hazards(batch)
    monkeypatch.setattr(cells_module, "FEW", 0)
    monkeypatch.setattr(category_module, "FEW", 0)
    many = model.hazards(batch)
    for mine, repeated, theirs in zip(few, again, many, strict=True):
        assert mine.tobytes() == theirs.tobytes() == repeated.tobytes()


def test_a_remembered_cell_says_what_the_arrays_say(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    found = chain(generator, (1, 0), 5)
    values = generator.integers(0, 5, (8, 2)).astype(np.int32)
    few = found.predict(values)
    monkeypatch.setattr(cells_module, "FEW", 0)
    many = found.predict(values)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(few, many, strict=True))
    sizes = np.array([found.cell(row).hazard for row in values.tolist()])
    assert sizes.tobytes() == hazard(many[0]).tobytes()


def test_reasons_of_few_rows_are_those_of_many() -> None:
    generator = np.random.default_rng(3)
    columns = (1, 0, 2)
    without = [chain(generator, tuple(c for c in columns if c != left), 4) for left in columns]
    cause = Cause(ChainPlan(columns, None), chain(generator, columns, 4), without)
    other = Cause(ChainPlan((0,), None), chain(generator, (0,), 4), [chain(generator, (), 4)])
    values = generator.integers(0, 4, (8, 3)).astype(np.int32)
    total = np.append(generator.normal(0, 1, 7), 0.0)
    shares, n, k = _shares(cause, values, total)
    few_shares, few_n, few_k = _few_shares(cause, values, total)
    assert np.array(few_shares).tobytes() == np.array(shares).tobytes()
    assert (few_n, few_k) == (n, k)
    largest = _largest([cause, other], values)
    many = np.stack([hazard(x.chain.predict(values)[0]) for x in (cause, other)], axis=1)
    assert largest.tolist() == many.argmax(axis=1).tolist()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_module, "REMEMBERED", 3)
    found = chain(np.random.default_rng(0), (0,), 50)
    for value in range(50):
        found.cell([value])
    assert len(found.memory) <= 3
