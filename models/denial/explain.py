"""Why a claim is risky: additive contributions, mapped to claim fields, in billers' words.

The log-odds of denial before calibration is a function of the summed hazards alone, so the
Aumann-Shapley value of each category (the gradient along the straight line from the average claim
to this one; Sundararajan et al. 2017, "Axiomatic attribution") has a closed form: its hazard's
distance from the average, times one slope. Within a category, the contribution is shared over
the attributes of the category's best chain, by how far the cell's estimate moves when that
attribute is left out. Everything adds up, and costs a few table look-ups.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.attributes import ATTRIBUTES, INDEX
from models.denial.category import CategoryModel, Cause, HazardModel
from models.denial.cells import FEW, Floats, hazard
from models.denial.features import FeatureBatch, Value, Vocabulary
from models.denial.risk import Factor

_WORDS_FILE = Path(__file__).with_name("factor_words.json")
#: Contributions (log-odds) smaller than this are told together, as everything else.
SMALLEST = 0.08
#: Categories that are told apart for one claim.
CATEGORIES_TOLD = 4


@lru_cache(maxsize=1)
def factor_words() -> dict[str, dict[str, str]]:
    """Attribute -> value -> phrase; ``"*"`` is for every other value, ``{value}`` stands for it."""
    return msgspec.json.decode(_WORDS_FILE.read_bytes(), type=dict[str, dict[str, str]])


def phrase(attribute: str, value: Value | None) -> str:
    """A few words for one attribute's value; ``None``: a value never seen in training."""
    known = factor_words().get(attribute, {})
    if value is None:
        return known.get("?", f"{ATTRIBUTES[INDEX[attribute]].words} never seen before")
    template = known.get(str(value), known.get("*", ""))
    if template:
        return template.format(value=value)
    return f"{ATTRIBUTES[INDEX[attribute]].words} {value}"


def evidence(columns: Sequence[int], n: float, k: float) -> str:
    """What the cell has shown: ``"this payer denied 71 of 90 such claims"``."""
    who = "this payer" if INDEX["payer"] in columns else "payers"
    what = "services" if any(ATTRIBUTES[c].level == "line" for c in columns) else "claims"
    seen, denied = round(n), round(k)
    if seen == 0:
        return f"no answered {what} like it yet; judged by the nearest"
    return f"{who} denied {denied} of {seen} such {what}"


def log_odds_of_hazard(total: Floats) -> Floats:
    """log(p / (1 - p)) where p = 1 - exp(-total)."""
    return np.log(np.expm1(np.maximum(total, 1e-9)))


class Explainer(msgspec.Struct, gc=False):
    """``baseline``: hazard ``[categories]`` of the average claim of the training window."""

    baseline: Floats

    def contributions(self, hazards: Floats) -> Floats:
        """Log-odds above the average claim ``[claims, categories]``; rows sum to the distance."""
        delta = hazards - self.baseline
        total = hazards.sum(axis=1)
        distance = log_odds_of_hazard(total) - log_odds_of_hazard(self.baseline.sum()[None])
        moved = delta.sum(axis=1)
        flat = np.abs(moved) < 1e-7
        slope = 1.0 / -np.expm1(-np.maximum(total, 1e-9))
        scale = np.where(flat, slope, distance / np.where(flat, 1.0, moved))
        return delta * scale[:, None]

    def explain(
        self,
        model: HazardModel,
        vocabulary: Vocabulary,
        batch: FeatureBatch,
        hazards: Floats,
        line_hazards: Floats,
    ) -> list[list[Factor]]:
        """Factors of each claim, largest first; the last gathers what is too small to tell."""
        contributions = self.contributions(hazards)
        told = _told(contributions)
        factors: list[list[Factor]] = [[] for _ in range(len(batch))]
        rest = np.where(told, 0.0, contributions).sum(axis=1)
        for column, category in enumerate(model.categories):
            claims = np.flatnonzero(told[:, column])
            if not len(claims):
                continue
            rows = _worst_lines(batch, category, line_hazards[:, column])[claims]
            values = batch.values[rows]
            causes = [*category.causes]
            if category.level == "line":
                causes.append(model.background.cause)
            chosen = _largest(causes, values)
            for number, cause in enumerate(causes):
                own = np.flatnonzero(chosen == number)
                if not len(own):
                    continue
                total = contributions[claims[own], column]
                found = _cause_factors(category.category, cause, vocabulary, values[own], total)
                for claim, whole, told_here in zip(
                    claims[own].tolist(), total.tolist(), found, strict=True
                ):
                    factors[claim].extend(told_here)
                    rest[claim] += whole - sum(f.contribution for f in told_here)
        for claim, reasons in enumerate(factors):
            reasons.sort(key=lambda f: -abs(f.contribution))
            reasons.append(Factor("", "everything else on the claim", round(float(rest[claim]), 4)))
        return factors


def _largest(causes: Sequence[Cause], values: NDArray[np.int32]) -> NDArray[np.int64]:
    """Position of the cause with the largest hazard, for each row."""
    if len(values) <= FEW:
        sizes = [
            [c.plan.weight * c.chain.cell(row).hazard for c in causes] for row in values.tolist()
        ]
        return np.array([x.index(max(x)) for x in sizes])
    found: NDArray[np.int64] = np.stack(
        [c.plan.weight * hazard(c.chain.predict(values)[0]) for c in causes], axis=1
    ).argmax(axis=1)
    return found


def _told(contributions: Floats) -> NDArray[np.bool_]:
    size = np.abs(contributions)
    told = size >= SMALLEST
    if contributions.shape[1] > CATEGORIES_TOLD:
        least = np.partition(size, -CATEGORIES_TOLD, axis=1)[:, -CATEGORIES_TOLD]
        told &= size >= least[:, None]
    return told


def _worst_lines(
    batch: FeatureBatch, category: CategoryModel, line_hazard: Floats
) -> NDArray[np.int64]:
    """Row that stands for each claim: the riskiest line where the category is a line's."""
    first = batch.first_line.astype(np.int64)
    if category.level == "claim" or not len(first):
        return first
    order = np.lexsort((-line_hazard, batch.claim_of_line))
    result: NDArray[np.int64] = order[first]
    return result


def _cause_factors(
    category: str,
    cause: Cause,
    vocabulary: Vocabulary,
    values: NDArray[np.int32],
    total: Floats,
) -> list[list[Factor]]:
    chain = cause.chain
    shares, n, k = (_few_shares if len(values) <= FEW else _shares)(cause, values, total)
    result = []
    for row, numbers in enumerate(values.tolist()):
        seen = evidence(chain.columns, n[row], k[row])
        own = []
        for position, column in enumerate(chain.columns):
            contribution = shares[row][position]
            if abs(contribution) < SMALLEST / 4:
                continue
            attribute = ATTRIBUTES[column]
            number = numbers[column]
            value = vocabulary.value(column, number) if number else None
            words = f"{phrase(attribute.name, value)}; {seen}"
            own.append(Factor(attribute.field, words, round(contribution, 4), category))
        result.append(own)
    return result


def _shares(
    cause: Cause, values: NDArray[np.int32], total: Floats
) -> tuple[list[list[float]], list[float], list[float]]:
    """Each attribute's part of ``total``, and the counts of the cell, for each row."""
    whole, n, k = cause.chain.predict(values)
    without = np.stack([c.predict(values)[0] for c in cause.without], axis=1)
    moved = np.maximum((whole[:, None] - without) * np.sign(total)[:, None], 0.0)
    # A cell that no single attribute explains is told through the chain's first attribute.
    moved[moved.sum(axis=1) <= 1e-9, 0] = 1.0
    shares = moved / moved.sum(axis=1, keepdims=True) * total[:, None]
    return shares.tolist(), n.tolist(), k.tolist()


def _few_shares(
    cause: Cause, values: NDArray[np.int32], total: Floats
) -> tuple[list[list[float]], list[float], list[float]]:
    """`_shares` of few rows, by single look-ups: the same sums in the same order."""
    shares, n, k = [], [], []
    for row, whole in zip(values.tolist(), total.tolist(), strict=True):
        cell = cause.chain.cell(row)
        sign = (whole > 0) - (whole < 0)
        moved = [max((cell.estimate - c.cell(row).estimate) * sign, 0.0) for c in cause.without]
        size = sum(moved)
        if size <= 1e-9:
            moved[0] = 1.0
            size = sum(moved)
        shares.append([x / size * whole for x in moved])
        n.append(cell.n)
        k.append(cell.k)
    return shares, n, k
