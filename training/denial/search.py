"""Which attributes, together, say that a payer will deny for a category.

A category has several causes (a code set without authorization, a pair of codes without a
modifier, a payer's plain noise). They are found one after the other: a beam search looks for the
chain of one to four attributes that explains most of what the chains so far do not. A chain is
judged as it would be used: the history is cut into blocks of time, and each claim's cell is
estimated from answers that had arrived before its block began (prequential log-loss, Dawid 1984),
so that a chain that only remembers, or that needs more claims than there are, loses by itself.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.denial.attributes import INDEX
from models.denial.cells import (
    GRID,
    LOG_MISS,
    Bools,
    Floats,
    Ints,
    count_cells,
    expit,
    fit_prior,
    hit_log_likelihood,
    interpolate,
    logit,
    root_log_odds,
)

_EM_STEPS = 10
#: Chains that are extended further, those remembered as alternatives, and the most attributes.
BEAM = 3
BEAM_REMEMBERED = 8
MOST_ATTRIBUTES = 5
#: Attributes without a price: every rule is some payer's and about some procedure, and a cell
#: that has too few claims for it falls back on the coarser one anyway.
_BACK_OFF = frozenset(INDEX[n] for n in ("kind", "family", "code", "filing_indicator", "payer"))
#: Nats that each attribute of a chain must bring: the best of many useless ones looks useful.
ATTRIBUTE_PRICE = 4.0
#: Nats within which a chain is an alternative to the best, at most so many; and by which its
#: weight in the average falls to a third.
ALTERNATIVE_NATS = 6.0
MOST_ALTERNATIVES = 2
MOST_ACCOUNTS = 3
AVERAGING_NATS = 4.0
#: Days in which a count loses half its weight, for payers that change their minds.
HALF_LIVES = (60.0, 150.0)
#: Nats that ageing must bring: without a change it only throws evidence away.
AGEING_PRICE = 1.5


class SearchData(msgspec.Struct, gc=False):
    """Rows to search on; all arrays have one entry a row.

    ``block`` is the time block of the submission (0: only learnt from), ``available`` the first
    block that the answer preceded (``blocks``: none).
    """

    values: NDArray[np.int32]
    sizes: tuple[int, ...]
    block: Ints
    available: Ints
    blocks: int
    block_days: float


class Found(msgspec.Struct, gc=False):
    """A chain, how its counts age, its prequential log-loss gain in nats, and its estimates.

    ``forward`` ``[rows]`` is each row's log-odds before its block; rows of the first block,
    which nothing preceded, have the estimate from everything.
    """

    columns: tuple[int, ...]
    half_life: float | None
    gain: float
    forward: Floats
    weight: float = 1.0


class _State(msgspec.Struct, gc=False):
    columns: tuple[int, ...]
    ids: Ints
    forward: Floats  # [rows] log-odds before each row's block
    full: Floats  # [rows] log-odds on everything
    loss: float


class Target(msgspec.Struct, gc=False):
    """One category's rows, and what other chains already explain of them."""

    hit: Floats
    missed: Floats
    other: Floats
    judged: Ints
    hit_rows: Ints
    hit_weight: Floats
    hits: Floats


def _penalised(state: _State) -> float:
    steps = len(set(state.columns) - _BACK_OFF)
    return state.loss + ATTRIBUTE_PRICE * steps


def _alternatives(best: _State, states: Sequence[_State]) -> list[_State]:
    """States nearly as good as the best, with other attributes, none an extension of another."""
    limit = _penalised(best) + ALTERNATIVE_NATS
    near = sorted((s for s in states if s.columns and _penalised(s) < limit), key=_penalised)
    chosen = [best]
    for state in near:
        if len(chosen) > MOST_ALTERNATIVES:
            break
        own = set(state.columns)
        if all(not own <= set(c.columns) and not own >= set(c.columns) for c in chosen):
            chosen.append(state)
    return chosen[1:]


class ChainSearch:
    """Searches chains on the same rows for several categories; cell numbers are shared."""

    def __init__(self, data: SearchData) -> None:
        self.data = data
        self._ids: dict[frozenset[int], tuple[Ints, int]] = {}

    def useful(self, columns: Sequence[int]) -> tuple[int, ...]:
        """Columns that have more than one value, each kind of content once."""
        kept: dict[bytes, int] = {}
        for column in columns:
            codes, uniques = pd.factorize(self.data.values[:, column])
            if len(uniques) > 1:
                kept.setdefault(codes.astype(np.int32).tobytes(), column)
        return tuple(kept.values())

    def target(self, hit: Floats, weight: Floats, judged: Bools, other: Floats) -> Target:
        """Prepare a category: ``hit`` 0..1, ``weight`` 0 or 1, ``other`` probability explained."""
        rows = np.flatnonzero((hit > 0) & (weight > 0))
        return Target(
            hit,
            weight * (1 - hit),
            np.maximum(other, 1e-9),
            np.flatnonzero(judged & (weight > 0)),
            rows,
            (weight * hit)[rows],
            hit_log_likelihood(np.maximum(other[rows], 1e-9)),
        )

    def search(
        self, target: Target, seeds: Sequence[tuple[int, ...]], columns: Sequence[int]
    ) -> list[Found]:
        """The chain that explains most of what is left, and others that do nearly as well.

        None if nothing explains any of it. The best come first, with weights that sum to 1: the
        data seldom say for sure which of several chains is the cause, and their average foretells
        better than the best of them (Hoeting et al. 1999, "Bayesian model averaging").
        ``seeds`` are tried first, the best of them are then extended by any of ``columns``.
        """
        base = self._base(target)
        states: dict[tuple[int, ...], _State] = {(): base}
        for seed in seeds:
            for length in range(1, len(seed) + 1):
                prefix = seed[:length]
                if prefix not in states:
                    states[prefix] = self._extend(states[prefix[:-1]], prefix[-1], target)
        frontier = sorted(states.values(), key=_penalised)[:BEAM]
        best = frontier[0]
        tried: list[_State] = []
        while frontier:
            grown: dict[frozenset[int], _State] = {}
            for state in frontier:
                for column in columns if len(state.columns) < MOST_ATTRIBUTES else ():
                    key = frozenset((*state.columns, column))
                    if column not in state.columns and key not in grown:
                        grown[key] = self._extend(state, column, target)
            tried = sorted([*tried, *grown.values()], key=_penalised)[:BEAM_REMEMBERED]
            better = [s for s in grown.values() if _penalised(s) < _penalised(best)]
            frontier = sorted(better, key=_penalised)[:BEAM]
            best = min([best, *frontier], key=_penalised)
        if not best.columns:
            return []
        accounts = [(best, _penalised(best), None), *self._aged(best, base, target)]
        half_life = min(accounts, key=lambda a: a[1])[2]
        for state in _alternatives(best, [*states.values(), *tried]):
            own = self._walk(state.columns, base, target, half_life) if half_life else state
            accounts.append((own, _penalised(own), half_life))
        accounts.sort(key=lambda a: a[1])
        least = accounts[0][1]
        near = [a for a in accounts if a[1] < least + ALTERNATIVE_NATS][:MOST_ACCOUNTS]
        weights = np.exp([(least - loss) / AVERAGING_NATS for _, loss, _ in near])
        return [
            self._found(state, age, base, target, float(weight))
            for (state, _, age), weight in zip(near, weights / weights.sum(), strict=True)
        ]

    @staticmethod
    def _found(
        state: _State, half_life: float | None, base: _State, target: Target, weight: float
    ) -> Found:
        forward = state.full.copy()
        forward[target.judged] = state.forward[target.judged]
        gain = base.loss - _penalised(state)
        return Found(state.columns, half_life, gain, forward, weight)

    def _walk(
        self, columns: tuple[int, ...], base: _State, target: Target, half_life: float | None
    ) -> _State:
        state = base
        for column in columns:
            state = self._extend(state, column, target, half_life)
        return state

    def fixed(self, target: Target, columns: tuple[int, ...]) -> Found:
        """A given chain, estimated as `search` would."""
        base = state = self._base(target)
        for column in columns:
            state = self._extend(state, column, target)
        forward = state.full.copy()
        forward[target.judged] = state.forward[target.judged]
        return Found(columns, None, base.loss - state.loss, forward)

    def _aged(
        self, best: _State, base: _State, target: Target
    ) -> list[tuple[_State, float, float | None]]:
        """The same chain with counts that age, for payers that may have changed their minds."""
        found: list[tuple[_State, float, float | None]] = []
        for half_life in HALF_LIVES:
            state = self._walk(best.columns, base, target, half_life)
            found.append((state, _penalised(state) + AGEING_PRICE, half_life))
        return found

    def _base(self, target: Target) -> _State:
        rows = len(target.hit)
        ids = np.zeros(rows, np.int64)
        one = count_cells(ids, 1, target.missed, target.hit_rows, target.hit_weight, target.hits)
        root = np.full(rows, root_log_odds(one))
        nothing = np.full(rows, -20.0)
        return _State((), ids, root, root, self._loss(target, nothing[target.judged]))

    @staticmethod
    def _loss(target: Target, forward: Floats) -> float:
        rows = target.judged
        p = 1 - (1 - target.other[rows]) * (1 - expit(forward))
        return log_loss(target.hit[rows], p)

    def _cells(self, columns: tuple[int, ...], parent: Ints) -> tuple[Ints, int]:
        key = frozenset(columns)
        if key not in self._ids:
            last = columns[-1]
            mixed = parent * self.data.sizes[last] + self.data.values[:, last]
            codes, uniques = pd.factorize(mixed)
            self._ids[key] = (codes.astype(np.int64), len(uniques))
        return self._ids[key]

    def _extend(
        self, state: _State, column: int, target: Target, half_life: float | None = None
    ) -> _State:
        columns = (*state.columns, column)
        ids, cells = self._cells(columns, state.ids)
        first = np.zeros(cells, np.int64)
        first[ids[::-1]] = np.arange(len(ids) - 1, -1, -1)
        counts = count_cells(
            ids, cells, target.missed, target.hit_rows, target.hit_weight, target.hits
        )
        parent = state.full[first]
        prior, table, rows = fit_prior(counts, parent, steps=_EM_STEPS)
        full = logit(interpolate(prior.node_means(table), rows, parent))[ids]
        forward = state.forward.copy()
        judged = target.judged
        before, at = self._before(ids, cells, target, half_life)
        means = prior.node_means(before)
        forward[judged] = logit(interpolate(means, at, state.forward[judged]))
        return _State(columns, ids, forward, full, self._loss(target, forward[judged]))

    def _before(
        self, ids: Ints, cells: int, target: Target, half_life: float | None
    ) -> tuple[Floats, Ints]:
        """Log-likelihoods of what each judged row's cell had shown before the row's block.

        Returns distinct ones ``[table, grid]`` and each judged row's number in it.
        """
        data = self.data
        blocks = data.blocks
        slot = ids * (blocks + 1) + data.available
        total: Floats = np.bincount(slot, target.missed, minlength=cells * (blocks + 1)).astype(
            float
        )
        keep = 1.0 if half_life is None else 0.5 ** (data.block_days / half_life)
        missed = _accumulate(total.reshape(cells, blocks + 1), keep)
        if half_life is not None:
            missed = np.round(missed, 1)  # few distinct values keep the table small
        rows = target.judged
        own, block = ids[rows], data.block[rows]
        levels, at = np.unique(missed[own, block], return_inverse=True)
        at = at.reshape(-1).astype(np.int64)
        table = [np.multiply.outer(levels, LOG_MISS)]
        hit_cells, inverse = np.unique(ids[target.hit_rows], return_inverse=True)
        inverse = inverse.reshape(-1)
        hits = np.zeros((len(hit_cells), blocks + 1, len(GRID)))
        known = data.available[target.hit_rows]
        np.add.at(hits, (inverse, known), target.hits * target.hit_weight[:, None])
        hits = _accumulate(hits, keep)
        number = np.full(cells, -1, np.int64)
        number[hit_cells] = np.arange(len(hit_cells))
        with_hits = np.flatnonzero(number[own] >= 0)
        flat = number[own[with_hits]] * (blocks + 1) + block[with_hits]
        used, again = np.unique(flat, return_inverse=True)
        at[with_hits] = len(levels) + again.reshape(-1)
        cell, when = used // (blocks + 1), used % (blocks + 1)
        table.append(np.multiply.outer(missed[hit_cells[cell], when], LOG_MISS) + hits[cell, when])
        return np.concatenate(table), at


def _accumulate(counts: Floats, keep: float) -> Floats:
    """Running sums along axis 1, of which each step keeps a share."""
    if keep == 1.0:
        result: Floats = np.cumsum(counts, axis=1)
        return result
    total = counts.copy()
    for block in range(1, counts.shape[1]):
        total[:, block] += keep * total[:, block - 1]
    return total


def log_loss(hit: Floats, probability: Floats) -> float:
    """Sum of log-losses of shares ``hit`` under probabilities, in nats."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    return float(-(hit * np.log(p) + (1 - hit) * np.log1p(-p)).sum())
