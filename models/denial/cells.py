"""Denial rates of cells (payer x code x authorization ...), estimated by empirical Bayes.

A cell of three claims is no evidence by itself, but the other cells say what to expect: most
rates are nothing, a few near one, hardly any between. The prior is therefore estimated without
a shape (nonparametric maximum likelihood on a grid, Kiefer & Wolfowitz 1956, fitted by EM as in
Laird 1978), given the estimate of the parent cell (one attribute fewer), so that an unseen cell
falls back on its parent and two denials of two in a place where rules are likely weigh heavily.

A cell's rate q is what it *adds*: a claim that is denied with probability p for other causes is
denied with 1 - (1 - p)(1 - q) (noisy-or, Pearl 1988). So one payer rule is not blamed for
denials that another one explains.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Rates that a cell can have: nothing, and 40 points even in log-odds from 0.02 % to 99 %.
GRID: Floats = np.concatenate([[1e-6], 1.0 / (1.0 + np.exp(-np.linspace(-8.5, 4.6, 40)))])
LOG_MISS: Floats = np.log1p(-GRID)
_SCORES = np.log(GRID) - LOG_MISS

#: Parent estimates (log-odds) at which a prior is held; between them it is interpolated.
NODES: Floats = np.array([-9.0, -7.5, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 2.0])
#: Log-odds below which a rate is taken as nothing.
NOTHING = -12.0

#: Cells' worth of belief, at each node, in "like the parent" before the data speak.
_NODE_STRENGTH = 4.0


def logit(p: Floats) -> Floats:
    """Log-odds."""
    result: Floats = np.log(p) - np.log1p(-p)
    return result


def hazard(log_odds: Floats) -> Floats:
    """-log(1 - p): what adds up over causes, lines and categories."""
    return -np.log1p(-np.minimum(expit(log_odds), 1 - 1e-9))


def expit(x: Floats) -> Floats:
    """Inverse of `logit`."""
    result: Floats = 1.0 / (1.0 + np.exp(-x))
    return result


def hit_log_likelihood(other: Floats) -> Floats:
    """``[denied rows, grid]``: log of the chance of a denial that other causes bring with p.

    Up to a constant a row, so that rows whose denial is explained already say little.
    """
    p = other[:, None]
    return np.log(p + (1 - p) * GRID[None, :])


def _tilted(base: Floats, means: Floats) -> Floats:
    """``base`` tilted exponentially in log-odds to each of ``means``: ``[means, grid]``."""
    low, high = np.full(len(means), -4.0), np.full(len(means), 4.0)
    weights = np.tile(base, (len(means), 1))
    for _ in range(18):
        theta = (low + high) / 2
        exponent = theta[:, None] * _SCORES
        weights = base * np.exp(exponent - exponent.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        less = weights @ GRID < means
        low, high = np.where(less, theta, low), np.where(less, high, theta)
    return weights


def node_weights(parent: Floats) -> tuple[Ints, Floats]:
    """Lower node and the share of the upper one, for parents' log-odds ``[cells]``."""
    clipped = np.clip(parent, NODES[0], NODES[-1])
    lower = np.clip(np.searchsorted(NODES, clipped, "right") - 1, 0, len(NODES) - 2)
    share = (clipped - NODES[lower]) / (NODES[lower + 1] - NODES[lower])
    return lower.astype(np.int64), share


def interpolate(means: Floats, rows: Ints, parent: Floats) -> Floats:
    """Node means of ``rows``, between the two nodes around each parent's log-odds."""
    lower, share = node_weights(parent)
    result: Floats = means[rows, lower] * (1 - share) + means[rows, lower + 1] * share
    return result


class Prior(msgspec.Struct, gc=False):
    """Prior over `GRID` at each of `NODES`: ``weights`` is ``[nodes, grid]``, rows sum to 1."""

    weights: Floats

    def node_means(self, log_likelihood: Floats) -> Floats:
        """Posterior mean rate ``[cells, nodes]`` of cells with these likelihoods."""
        scaled = log_likelihood - log_likelihood.max(axis=1, keepdims=True)
        like = np.exp(scaled)
        result: Floats = ((like * GRID) @ self.weights.T) / (like @ self.weights.T)
        return result


class CellCounts(msgspec.Struct, gc=False):
    """What the cells of one chain have shown.

    ``missed`` ``[cells]`` are rows that were not denied; ``with_hits`` the numbers of the cells
    that have denials, and ``hits`` ``[with_hits, grid]`` those denials' log-likelihoods.
    """

    missed: Floats
    with_hits: Ints
    hits: Floats

    def compact(self) -> tuple[Floats, Ints]:
        """Distinct log-likelihoods ``[rows, grid]`` and each cell's row.

        Cells without a denial differ only in their number of rows, so most are the same.
        """
        levels, inverse = np.unique(self.missed, return_inverse=True)
        rows = inverse.reshape(-1).astype(np.int64)
        rows[self.with_hits] = len(levels) + np.arange(len(self.with_hits))
        table = np.concatenate(
            [
                np.multiply.outer(levels, LOG_MISS),
                np.multiply.outer(self.missed[self.with_hits], LOG_MISS) + self.hits,
            ]
        )
        return table, rows


def count_cells(
    ids: Ints, cells: int, missed: Floats, hit_rows: Ints, hit_weight: Floats, hits: Floats
) -> CellCounts:
    """Counts of cells.

    ``ids`` ``[rows]`` numbers each row's cell below ``cells``; ``missed`` ``[rows]`` is each
    row's weight as not denied; ``hit_rows``, ``hit_weight`` and ``hits`` ``[hit_rows, grid]``
    describe the denied ones (`hit_log_likelihood`).
    """
    total = np.bincount(ids, missed, minlength=cells).astype(float)
    with_hits, inverse = np.unique(ids[hit_rows], return_inverse=True)
    table = np.zeros((len(with_hits), len(GRID)))
    np.add.at(table, inverse.reshape(-1), hits * hit_weight[:, None])
    # Rounding merges cells that differ by an hour of ageing; it cannot move an estimate.
    return CellCounts(np.round(total, 2), with_hits.astype(np.int64), table)


def fit_prior(counts: CellCounts, parent: Floats, *, steps: int = 25) -> tuple[Prior, Floats, Ints]:
    """Nonparametric prior from cells' counts and their parents' log-odds ``[cells]``.

    Each node starts from, and is held by `_NODE_STRENGTH` cells' worth of, the overall prior
    tilted to the node's own rate. Also returns `CellCounts.compact`'s table and rows.
    """
    table, rows = counts.compact()
    like = np.exp(table - table.max(axis=1, keepdims=True))
    flat = np.full(len(GRID), 1.0 / len(GRID))
    lower, share = node_weights(parent)
    weights = np.zeros((len(NODES), len(like)))
    np.add.at(weights, (lower, rows), 1 - share)
    np.add.at(weights, (lower + 1, rows), share)
    overall = _em(like, weights.sum(axis=0)[None, :], flat[None, :], flat[None, :], 1.0, steps)[0]
    # A little of everything stays possible: a rate that no cell has shown yet is not excluded.
    overall = 0.98 * overall + 0.02 * flat
    start = _tilted(overall, expit(NODES))
    return Prior(_em(like, weights, start, start, _NODE_STRENGTH, steps)), table, rows


def _em(
    like: Floats, counts: Floats, start: Floats, hold: Floats, strength: float, steps: int
) -> Floats:
    """EM for mixing weights ``[nodes, grid]`` with a Dirichlet hold towards ``hold``."""
    weights = start
    for _ in range(steps):
        density = weights @ like.T  # [nodes, rows]
        gain = (counts / np.maximum(density, 1e-300)) @ like  # [nodes, grid]
        weights = weights * gain + strength * hold
        weights = weights / weights.sum(axis=1, keepdims=True)
    return weights


class CellLevel(msgspec.Struct, gc=False):
    """Cells of one prefix of a chain: ``keys`` int64 sorted; ``estimate`` log-odds; counts."""

    keys: Ints
    estimate: Floats
    n: Floats
    k: Floats
    unseen: Floats  # [nodes]: log-odds of a cell without counts, by parent


#: Rows up to which single look-ups are quicker than arrays.
FEW = 8
#: Cells that a chain remembers for single look-ups; some 20 MB for a model of twenty chains.
REMEMBERED = 10_000


def _nothing(_: list[int]) -> tuple[()]:
    return ()


class Cell(NamedTuple):
    """One row's cell: log-odds, counts of the finest cell seen, and `hazard` of the log-odds."""

    estimate: float
    n: float
    k: float
    hazard: float


class CellChain(msgspec.Struct, gc=False):
    """A chain of attributes, from the one that says most to the finest cell.

    ``columns`` are attribute numbers, ``sizes`` the vocabulary sizes that make up the keys;
    ``root`` is the log-odds of all rows together.
    """

    columns: tuple[int, ...]
    sizes: tuple[int, ...]
    root: float
    levels: list[CellLevel]
    memory: dict[Any, Cell] = {}
    pick: Callable[[list[int]], Any] = tuple

    def __post_init__(self) -> None:
        """``pick`` takes a row's values of the chain's columns, as the key of ``memory``."""
        self.pick = itemgetter(*self.columns) if self.columns else _nothing

    def cell(self, row: list[int]) -> Cell:
        """What `predict` says of one row of values, remembered: claims are much alike.

        Array calls on one row cost a hundred times what a look-up costs. Nothing is computed
        in another way, so answers are equal to the last bit however claims are grouped.
        """
        key = self.pick(row)
        found = self.memory.get(key)
        if found is None:
            if len(self.memory) >= REMEMBERED:
                self.memory.clear()
            estimate, n, k = self._predict(np.array([row], np.int32))
            size = float(hazard(estimate)[0])
            found = self.memory[key] = Cell(float(estimate[0]), float(n[0]), float(k[0]), size)
        return found

    def predict(self, values: NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
        """Log-odds, and the counts ``n`` and ``k`` of the finest cell seen, for each row."""
        if len(values) > FEW:
            return self._predict(values)
        cells = [self.cell(row) for row in values.tolist()]
        return (
            np.array([c.estimate for c in cells]),
            np.array([c.n for c in cells]),
            np.array([c.k for c in cells]),
        )

    def _predict(self, values: NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
        rows = len(values)
        estimate = np.full(rows, self.root)
        n, k = np.zeros(rows), np.zeros(rows)
        if not self.levels:  # a chain of one attribute without it: all rows are one cell
            return estimate, n, k
        key = np.zeros(rows, np.int64)
        keys = []
        for column, size in zip(self.columns, self.sizes, strict=True):
            key = key * size + values[:, column]
            keys.append(key)
        # The finest level answers for most rows; only what it has not seen walks the chain.
        last = self.levels[-1]
        position, found = _find(last.keys, keys[-1])
        estimate[found] = last.estimate[position[found]]
        n[found], k[found] = last.n[position[found]], last.k[position[found]]
        rest = np.flatnonzero(~found)
        if len(rest):
            partial = np.full(len(rest), self.root)
            for level, level_keys in zip(self.levels, keys, strict=True):
                position, found = _find(level.keys, level_keys[rest])
                fallback = interpolate(
                    level.unseen[None, :], np.zeros(len(rest), np.int64), partial
                )
                partial = np.where(found, level.estimate[position], fallback)
                n[rest] = np.where(found, level.n[position], n[rest])
                k[rest] = np.where(found, level.k[position], k[rest])
            estimate[rest] = partial
        return estimate, n, k


def _find(keys: Ints, wanted: Ints) -> tuple[Ints, Bools]:
    position = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return position, keys[position] == wanted


def fit_chain(
    values: NDArray[np.int32],
    denied: Floats,
    weight: Floats,
    columns: tuple[int, ...],
    sizes: tuple[int, ...],
    other: Floats | None = None,
) -> CellChain:
    """Count and estimate the cells of a chain.

    ``values`` int32 ``[rows, attributes]``; ``denied`` and ``weight`` ``[rows]``: share of the
    row that was denied for the category, and how much the row counts (0: left out, less than 1:
    old); ``other`` ``[rows]``: probability of denial that other chains already explain.
    ``sizes`` are one more than the largest number of each attribute.
    """
    keep = np.flatnonzero(weight > 0)
    values, denied, weight = values[keep], denied[keep], weight[keep]
    other = np.full(len(keep), 1e-9) if other is None else np.maximum(other[keep], 1e-9)
    missed = weight * (1 - denied)
    hit_rows = np.flatnonzero(denied > 0)
    hit_weight = (weight * denied)[hit_rows]
    hits = hit_log_likelihood(other[hit_rows])
    one = count_cells(np.zeros(len(keep), np.int64), 1, missed, hit_rows, hit_weight, hits)
    root = root_log_odds(one)
    key = np.zeros(len(values), np.int64)
    parent_rows = np.full(len(values), root)
    levels = []
    for column, size in zip(columns, sizes, strict=True):
        key = key * size + values[:, column]
        cells, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        ids = inverse.reshape(-1).astype(np.int64)
        counts = count_cells(ids, len(cells), missed, hit_rows, hit_weight, hits)
        parent = parent_rows[first]
        prior, table, rows = fit_prior(counts, parent)
        estimate = logit(interpolate(prior.node_means(table), rows, parent))
        n = np.bincount(ids, weight, minlength=len(cells)).astype(float)
        k = np.bincount(ids[hit_rows], hit_weight, minlength=len(cells)).astype(float)
        unseen = logit(prior.node_means(np.zeros((1, len(GRID))))[0])
        levels.append(CellLevel(cells.astype(np.int64), estimate, n, k, unseen))
        parent_rows = estimate[ids]
    return CellChain(columns, sizes, root, levels)


def root_log_odds(counts: CellCounts) -> float:
    """Log-odds of one cell that holds everything: maximum likelihood on the grid."""
    if not len(counts.with_hits):
        return NOTHING
    table, rows = counts.compact()
    like = table[rows[0]]
    weights = np.exp(like - like.max())
    return float(logit(np.array((weights * GRID).sum() / weights.sum())))
