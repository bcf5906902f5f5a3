"""Which rows a reason, or the background, is counted on; and what may be known when."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.category import Level
from models.denial.cells import Floats, Ints
from training.denial.dataset import DenialData

Mask = NDArray[np.bool_]

#: Share of a category's multi-line denials that cover every line, from which it is the claim's.
WHOLE_CLAIM_SHARE = 0.8
BLOCKS = 7


class Window(msgspec.Struct, frozen=True, gc=False):
    """What may be learnt from, as day numbers.

    Cells count every answer that arrived before ``as_of``, as the practice knew them; what is
    searched and judged was submitted before ``settled``, so long before ``as_of`` that its payer
    has by then answered, fast or slow.
    """

    as_of: int
    settled: int


class Rows(msgspec.Struct, gc=False):
    """Rows to count: ``index`` into the batch's lines, their claim, ``hit`` and ``weight``."""

    level: Level
    index: Ints
    claim: Ints
    hit: Floats
    weight: Floats


def level_of(data: DenialData, number: int, window: Window) -> Level:
    """The claim where the category's denials of several lines mostly cover them all."""
    own = data.claim_categories[:, number - 1] & (data.answered < window.as_of)
    owner = data.batch.claim_of_line
    charged = data.batch.charged
    per_claim = np.bincount(owner[charged], minlength=len(data))
    hits = np.bincount(owner[(data.line_category == number) & charged], minlength=len(data))
    several = own & (per_claim > 1) & (hits > 0)
    if not several.any():
        return "claim"
    whole = float((hits[several] == per_claim[several]).mean())
    return "claim" if whole >= WHOLE_CLAIM_SHARE else "line"


def reason_rows(data: DenialData, number: int, window: Window, level: Level) -> Rows:
    """Rows of one reason, with claims denied for another one left out (competing risks).

    A claim whose remittance names no lines has its denial shared out evenly over them.
    """
    usable = data.answered < window.as_of
    own = data.claim_reasons[:, number - 1]
    owner = data.batch.claim_of_line.astype(np.int64)
    if level == "claim":
        weight = (usable & (own | ~data.denied)).astype(float)
        first = data.batch.first_line.astype(np.int64)
        return Rows("claim", first, np.arange(len(data)), own.astype(np.float64), weight)
    lines, charged = data.line_reason, data.batch.charged
    hit = (lines == number).astype(float)
    counted = usable[owner] & ((lines == number) | (lines == 0)) & charged
    vague = (lines == -1) & own[owner] & charged
    per_claim = np.bincount(owner[charged], minlength=len(data))
    hit[vague] = 1.0 / np.maximum(per_claim, 1)[owner][vague]
    counted |= vague & usable[owner]
    return Rows("line", np.arange(len(owner)), owner, hit, counted.astype(float))


def background_rows(data: DenialData, numbers: list[int], window: Window) -> Rows:
    """Charged lines, denied for one of the line-level reasons ``numbers`` or not at all."""
    owner = data.batch.claim_of_line.astype(np.int64)
    own = np.isin(data.line_reason, numbers)
    counted = (data.answered < window.as_of)[owner] & data.batch.charged
    counted &= own | (data.line_reason == 0)
    return Rows("line", np.arange(len(owner)), owner, own.astype(float), counted.astype(float))


class Blocks(msgspec.Struct, gc=False):
    """Time blocks of a history.

    ``edges`` are day numbers; each claim has its ``block`` and the first block that its answer
    is ``available`` in.
    """

    edges: Ints
    block: Ints
    available: Ints

    @property
    def count(self) -> int:
        """Number of blocks."""
        return len(self.edges) + 1

    @property
    def days(self) -> float:
        """Typical length."""
        return float(np.diff(self.edges).mean()) if len(self.edges) > 1 else 60.0


def time_blocks(data: DenialData, window: Window) -> Blocks:
    """Blocks of submission days with equal numbers of claims, and when answers were known."""
    days = data.submitted[data.submitted < window.settled]
    edges = np.unique(np.quantile(days, np.linspace(0, 1, BLOCKS + 1)[1:-1]).astype(np.int64))
    block = np.searchsorted(edges, data.submitted, "right")
    known = np.searchsorted(edges, data.answered, "right") + 1
    return Blocks(edges, block.astype(np.int64), np.minimum(known, len(edges) + 1))
