"""Counting: a plan of chains and a window of answers -> a `HazardModel`.

Each cause is counted on what the others leave (EM: a denial is shared out among the causes that
could have brought it, in proportion to what they are now thought to bring).
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.codes.categories import DenialCategory
from models.denial.attributes import INDEX
from models.denial.category import (
    Background,
    CategoryModel,
    Cause,
    ChainPlan,
    HazardModel,
    Level,
)
from models.denial.cells import CellChain, Floats, expit, fit_chain
from models.denial.features import Vocabulary
from training.denial.dataset import DenialData
from training.denial.reasons import load_reasons
from training.denial.rows import Rows, Window, background_rows, reason_rows

#: Rounds in which causes are counted on what the others leave.
ROUNDS = 2
#: Denials' worth of belief in the overall shares of the background.
_HELD_DENIALS = 10.0
#: Attribute by which the background is shared out among categories.
SHARED_BY = "filing_indicator"


class CategoryPlan(msgspec.Struct, frozen=True):
    """Chains of one category, those that explain most first."""

    category: DenialCategory
    level: Level
    chains: tuple[ChainPlan, ...]


class Plan(msgspec.Struct, frozen=True):
    """All chains: what `training.denial.search` finds, and what is counted again later."""

    background: ChainPlan
    categories: tuple[CategoryPlan, ...]


class _Counter:
    def __init__(self, data: DenialData, vocabulary: Vocabulary, window: Window) -> None:
        self.data = data
        self.values = data.batch.values
        self.sizes = tuple(len(column) + 1 for column in vocabulary.to_lists())
        self.window = window

    def chain(self, rows: Rows, plan: ChainPlan, other: Floats) -> CellChain:
        weight = rows.weight
        if plan.half_life is not None:
            age = np.maximum(self.window.as_of - self.data.submitted[rows.claim], 0)
            weight = weight * 0.5 ** (age / plan.half_life)
        sizes = tuple(self.sizes[c] for c in plan.columns)
        return fit_chain(self.values[rows.index], rows.hit, weight, plan.columns, sizes, other)

    def cause(self, rows: Rows, plan: ChainPlan, chain: CellChain, other: Floats) -> Cause:
        """A counted chain with what explaining needs."""
        without = [
            self.chain(
                rows,
                ChainPlan(tuple(c for c in plan.columns if c != left), plan.half_life),
                other,
            )
            for left in plan.columns
        ]
        return Cause(plan, chain, without)


def count(
    plan: Plan,
    data: DenialData,
    vocabulary: Vocabulary,
    window: Window,
    *,
    explain: bool = True,
) -> HazardModel:
    """Count a plan on the answers that arrived before ``window.as_of``.

    ``explain=False`` leaves out the chains that only explaining needs.
    """
    counter = _Counter(data, vocabulary, window)
    table = load_reasons()
    column = INDEX[SHARED_BY]
    levels = {n: c.level for c in plan.categories for n in table.numbers(c.category)}
    line_level = [n for n, level in levels.items() if level == "line"]
    rows = background_rows(data, line_level, window)
    hits = np.flatnonzero((rows.hit > 0) & (rows.weight > 0))
    hit_reason = data.line_reason[hits].astype(np.int64) - 1
    hit_value = data.batch.values[hits, column]
    shares = np.zeros((counter.sizes[column], len(table.reasons)))
    shares[:, [n - 1 for n in line_level]] = 1.0 / max(len(line_level), 1)
    rules = np.zeros((len(data.batch.values), len(table.reasons)))  # hazards
    causes: dict[int, list[Cause]] = {}
    background = Cause(plan.background, _EMPTY, [])
    rate = np.zeros(len(data.batch.values))
    for turn in range(ROUNDS):
        last = explain and turn == ROUNDS - 1
        if turn > 0:
            own = -np.log1p(-rate[hits]) * shares[hit_value, hit_reason]
            blame = own / (own + rules[hits, hit_reason] + 1e-12)
            shares = _shares(shares, hit_value, hit_reason, blame)
        # A denial for reason k comes from the background at share[k] of its rate.
        other = np.zeros(len(rows.hit))
        explained = -np.expm1(-rules[hits, hit_reason])
        other[hits] = np.minimum(explained / np.maximum(shares[hit_value, hit_reason], 1e-3), 0.999)
        chain = counter.chain(rows, plan.background, other)
        rate = np.minimum(expit(chain.predict(data.batch.values)[0]), 1 - 1e-9)
        background = (
            counter.cause(rows, plan.background, chain, other)
            if last
            else Cause(plan.background, chain, [])
        )
        for category in plan.categories:
            for number in table.numbers(category.category):
                name = table.reasons[number - 1].name
                chains = tuple(c for c in category.chains if c.reason == name)
                base = np.log1p(-rate) * shares[data.batch.values[:, column], number - 1]
                causes[number], hazard = _reason(
                    counter, number, category.level, chains, -np.expm1(base), last
                )
                if category.level == "line":
                    rules[:, number - 1] = hazard
    by_category = np.stack(
        [shares[:, [n - 1 for n in table.numbers(c)]].sum(axis=1) for c in DenialCategory], axis=1
    )
    counted = [
        CategoryModel(
            c.category.value, c.level, [x for n in table.numbers(c.category) for x in causes[n]]
        )
        for c in plan.categories
    ]
    return HazardModel(Background(background, column, by_category), counted)


def _shares(
    before: Floats, value: NDArray[np.int32], reason: NDArray[np.int64], blame: Floats
) -> Floats:
    total = np.zeros_like(before)
    np.add.at(total, (value, reason), blame)
    overall = total.sum(axis=0)
    if overall.sum() <= 0:
        return before
    overall = overall / overall.sum()
    result: Floats = (total + _HELD_DENIALS * overall) / (
        total.sum(axis=1, keepdims=True) + _HELD_DENIALS
    )
    return result


def _reason(
    counter: _Counter,
    number: int,
    level: Level,
    plans: tuple[ChainPlan, ...],
    base: Floats,
    explain: bool,
) -> tuple[list[Cause], Floats]:
    """Causes of one reason, each on what the others leave; and their summed hazard ``[rows]``."""
    if not plans:
        return [], np.zeros(len(base))
    rows = reason_rows(counter.data, number, counter.window, level)
    values = counter.values[rows.index]
    fixed = base if level == "line" else np.zeros(len(values))
    rates = np.zeros((len(plans), len(values)))
    chains: list[CellChain] = [_EMPTY] * len(plans)
    for _ in range(ROUNDS if len(plans) > 1 else 1):
        for at, own in enumerate(plans):
            chains[at] = counter.chain(rows, own, _others(fixed, rates, plans, at))
            rates[at] = np.minimum(expit(chains[at].predict(values)[0]), 1 - 1e-9)
    causes = [
        counter.cause(rows, own, chain, _others(fixed, rates, plans, at))
        if explain
        else Cause(own, chain, [])
        for at, (own, chain) in enumerate(zip(plans, chains, strict=True))
    ]
    return causes, -(np.array([p.weight for p in plans]) @ np.log1p(-rates))


def _others(fixed: Floats, rates: Floats, plans: tuple[ChainPlan, ...], number: int) -> Floats:
    weight = np.array([p.weight if p.group != plans[number].group else 0.0 for p in plans])
    result: Floats = 1 - (1 - fixed) * np.exp(weight @ np.log1p(-rates))
    return result


_EMPTY = CellChain((), (), 0.0, [])


def plan_of(model: HazardModel) -> Plan:
    """The plan that a counted model came from."""
    return Plan(
        model.background.cause.plan,
        tuple(
            CategoryPlan(DenialCategory(c.category), c.level, tuple(x.plan for x in c.causes))
            for c in model.categories
        ),
    )
