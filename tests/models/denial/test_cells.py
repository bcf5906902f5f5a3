import numpy as np
import pytest

from models.denial.cells import CellChain, expit, fit_chain


def chain_of(values: list[list[int]], denied: list[int]) -> CellChain:
    table = np.array(values, np.int32)
    sizes = tuple(int(c.max()) + 1 for c in table.T)
    hit = np.array(denied, float)
    return fit_chain(table, hit, np.ones(len(hit)), tuple(range(table.shape[1])), sizes)


def test_two_denials_of_two_weigh_heavily_where_rules_are_likely() -> None:
    rng = np.random.default_rng(0)
    cell = np.repeat(np.arange(1, 401), rng.integers(1, 30, 400))
    rate = np.where(rng.random(402) < 0.15, 0.9, 0.01)
    denied = (rng.random(len(cell)) < rate[cell]).astype(int)
    cell = np.concatenate([cell, [401, 401, 402, 402]])
    chain = chain_of(cell[:, None].tolist(), [*denied.tolist(), 1, 1, 0, 0])
    both, none = expit(chain.predict(np.array([[401], [402]], np.int32))[0])
    assert both > 0.8
    assert none < 0.05


def test_a_denial_that_others_explain_says_little() -> None:
    values = np.array([[1]] * 40 + [[2]] * 40, np.int32)
    hit = np.array([1.0] * 20 + [0.0] * 20 + [0.0] * 40)
    sizes = (3,)
    alone = fit_chain(values, hit, np.ones(80), (0,), sizes)
    explained = fit_chain(values, hit, np.ones(80), (0,), sizes, np.where(hit > 0, 0.99, 0.5))
    one = np.array([[1]], np.int32)
    assert expit(alone.predict(one)[0])[0] > 0.4
    assert expit(explained.predict(one)[0])[0] < 0.1


def test_unseen_cells_fall_back_on_their_parent() -> None:
    rng = np.random.default_rng(1)
    payer = rng.integers(1, 4, 3000)
    code = rng.integers(1, 30, 3000)
    denied = (rng.random(3000) < np.where(payer == 2, 0.4, 0.02)).astype(int)
    chain = chain_of(np.stack([payer, code], 1).tolist(), denied.tolist())
    estimate, n, k = chain.predict(np.array([[2, 0], [1, 0], [0, 0]], np.int32))
    assert expit(estimate)[0] == pytest.approx(0.4, abs=0.1)
    assert expit(estimate)[1] < 0.06
    assert n[0] == pytest.approx((payer == 2).sum())
    assert k[2] == 0


def test_left_out_rows_do_not_count() -> None:
    values = np.array([[1], [1], [2], [2]], np.int32)
    hit = np.array([1.0, 1.0, 0.0, 0.0])
    chain = fit_chain(values, hit, np.array([0.0, 0.0, 1.0, 1.0]), (0,), (3,))
    assert chain.predict(values)[1].tolist() == [0, 0, 2, 2]


def test_estimates_are_calibrated_over_cells() -> None:
    rng = np.random.default_rng(2)
    cell = rng.integers(1, 400, 20_000)
    rate = np.where(rng.random(400) < 0.1, 0.7, 0.03)
    denied = rng.random(20_000) < rate[cell - 1]
    chain = chain_of(cell[:, None].tolist(), denied.astype(int).tolist())
    p = expit(chain.predict(np.arange(1, 400, dtype=np.int32)[:, None])[0])
    assert np.abs(p - rate[:399]).mean() < 0.05


def test_a_chain_without_attributes_is_one_cell() -> None:
    chain = fit_chain(np.zeros((4, 1), np.int32), np.array([1.0, 0, 0, 0]), np.ones(4), (), ())
    estimate, n, _ = chain.predict(np.zeros((2, 1), np.int32))
    assert (expit(estimate) > 0.05).all()
    assert n.tolist() == [0, 0]
