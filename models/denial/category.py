"""The causes of denial: a payer's background, and chains of cells for each category.

Every payer denies a little for no reason that shows, more for some kinds of procedure than for
others: the *background*, counted over all categories together and then shared out among them.
On top of it each category has its own causes with its own attributes (authorisation: payer,
procedure, number; eligibility: the payer's last answer for the patient), each a chain of cells.
Causes strike independently: their hazards -log(1 - p) add up.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.cells import FEW, CellChain, Floats, hazard
from models.denial.features import FeatureBatch

Level = Literal["claim", "line"]


class ChainPlan(msgspec.Struct, frozen=True, gc=False):
    """Attributes of a chain, and the days in which its counts lose half their weight.

    ``reason`` names the denials that it is counted on (`training.denial.reasons`); ``""``: all.
    Chains of one reason and ``group`` are alternative accounts of one cause: their hazards are
    averaged with ``weight`` (which sum to 1), those of different groups add up.
    """

    columns: tuple[int, ...]
    half_life: float | None
    reason: str = ""
    group: int = 0
    weight: float = 1.0


class Cause(msgspec.Struct, gc=False):
    """One chain, and the same without each of its attributes, for explaining."""

    plan: ChainPlan
    chain: CellChain
    without: list[CellChain]


class CategoryModel(msgspec.Struct, gc=False):
    """Causes of one denial category; ``level`` says whether a claim or a line is denied for it."""

    category: str
    level: Level
    causes: list[Cause]


class Background(msgspec.Struct, gc=False):
    """What payers deny without a reason that shows, of service lines.

    ``shares`` ``[values + 1, categories]`` shares a line's background out among the categories,
    by the value of the attribute ``column``; row 0 is for values never seen.
    """

    cause: Cause
    column: int
    shares: Floats

    def hazards(self, values: NDArray[np.int32]) -> Floats:
        """``[lines, categories]``."""
        own = hazard(self.cause.chain.predict(values)[0])
        result: Floats = own[:, None] * self.shares[values[:, self.column]]
        return result


class HazardModel(msgspec.Struct, gc=False):
    """Background and categories: all that is counted from answers."""

    background: Background
    categories: list[CategoryModel]

    @property
    def names(self) -> list[str]:
        """Denial categories in the order of hazard columns."""
        return [c.category for c in self.categories]

    def hazards(self, batch: FeatureBatch) -> tuple[Floats, Floats]:
        """Hazards ``[claims, categories]`` and ``[lines, categories]``.

        A line hazard includes what denies the whole claim. A line without a charge asks for
        nothing and cannot be denied, nor can a claim that has only such lines.
        """
        if len(batch.values) <= FEW:
            return self._few_hazards(batch)
        claims, first, owner = len(batch), batch.first_line, batch.claim_of_line
        lines = self.background.hazards(batch.values)
        whole = np.zeros((claims, len(self.categories)))
        for column, category in enumerate(self.categories):
            rows = batch.values[first] if category.level == "claim" else batch.values
            own = cause_hazard(category.causes, rows)
            if category.level == "claim":
                whole[:, column] = own
            else:
                lines[:, column] += own
        lines *= batch.charged[:, None]
        asked = np.bincount(owner, batch.charged, minlength=claims) > 0
        whole *= asked[:, None]
        total = whole.copy()
        np.add.at(total, owner, lines)
        return total, (lines + whole[owner]) * batch.charged[:, None]

    def _few_hazards(self, batch: FeatureBatch) -> tuple[Floats, Floats]:
        """`hazards` of few rows, by single look-ups: the same sums in the same order."""
        values = batch.values.tolist()
        owner, charged = batch.claim_of_line.tolist(), batch.charged.tolist()
        chain, column = self.background.cause.chain, self.background.column
        lines = np.array(
            [chain.cell(row).hazard * self.background.shares[row[column]] for row in values]
        )
        whole = np.zeros((len(batch), len(self.categories)))
        for number, category in enumerate(self.categories):
            if category.level == "claim":
                for claim, first in enumerate(batch.first_line.tolist()):
                    whole[claim, number] = _summed(category.causes, values[first])
            elif category.causes:
                for at, row in enumerate(values):
                    lines[at, number] += _summed(category.causes, row)
        lines *= batch.charged[:, None]
        asked = np.zeros(len(batch))
        for claim, charge in zip(owner, charged, strict=True):
            asked[claim] = asked[claim] or charge
        whole *= asked[:, None]
        total = whole.copy()
        for at, claim in enumerate(owner):
            total[claim] += lines[at]
        return total, (lines + whole[owner]) * batch.charged[:, None]


def cause_hazard(causes: Sequence[Cause], values: NDArray[np.int32]) -> Floats:
    """Summed hazard ``[rows]`` of some causes."""
    total = np.zeros(len(values))
    for cause in causes:
        total += cause.plan.weight * hazard(cause.chain.predict(values)[0])
    return total


def _summed(causes: Sequence[Cause], row: list[int]) -> float:
    total = 0.0
    for cause in causes:
        total += cause.plan.weight * cause.chain.cell(row).hazard
    return total
