"""Fit the denial model on a window of a claim history: search chains, then count them.

Shapes: `DenialData`.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.codes.categories import DenialCategory
from models.denial.attributes import CLAIM_ATTRIBUTES, INDEX, LINE_ATTRIBUTES
from models.denial.category import ChainPlan, HazardModel, Level
from models.denial.cells import Floats, Ints, expit
from models.denial.features import Vocabulary
from training.denial.count import CategoryPlan, Plan, count, plan_of
from training.denial.dataset import CATEGORY_NUMBER, DenialData
from training.denial.reasons import Reason, load_reasons
from training.denial.rows import (
    Blocks,
    Mask,
    Rows,
    Window,
    background_rows,
    level_of,
    reason_rows,
    time_blocks,
)
from training.denial.search import ChainSearch, SearchData, Target

#: Chains of one reason, and the prequential gain (nats) that each must bring. What is found after
#: the second is the background over again, and foretells nothing.
MOST_CHAINS = 2
LEAST_GAIN = 0.0
#: Denials of a category below which nothing is searched: the background serves.
ENOUGH_TO_SEARCH = 12
#: Lines of a search; larger histories are thinned to so many, whole patients at a time.
SEARCH_LINES = 60_000

#: Attributes that every reason can rest on: whom the claim goes to, and for what.
_WHO_AND_WHAT: dict[Level, tuple[str, ...]] = {
    "claim": ("payer", "filing_indicator"),
    "line": ("payer", "filing_indicator", "code", "family", "kind"),
}
#: Attributes of the first line that a claim-level reason may use beside the claim's own.
_FIRST_LINE = ("code", "family", "kind", "place")
#: What a payer denies without a reason that shows, from coarse to fine.
_BACKGROUND: dict[Level, tuple[str, ...]] = {
    "claim": ("filing_indicator", "payer"),
    "line": ("filing_indicator", "payer", "family"),
}
#: Before all of these, what the background is counted by but not searched with: a claim that is
#: sent again, or to a second payer, meets less of it, but there are few such claims.
_TOLD_APART = "sending"
#: Pairs of attributes that billers look at together.
_PAIRS = (
    ("separate_modifier", "companion_kind"),
    ("separate_modifier", "companion"),
    ("diagnosis_category", "diagnosis"),
    ("diagnosis_detail", "diagnosis"),
    ("place", "telehealth_modifier"),
    ("units", "modifiers"),
    ("age", "sex"),
)
_CLAIM_PAIRS = (
    ("coverage_state", "paid_months"),
    ("coverage_state", "year_turned"),
    ("year_turned", "paid_months"),
    ("coverage_state", "known_patient"),
    ("coverage_state", "month"),
    ("enrolment_state", "tenure"),
    ("enrolment_state", "rendering"),
    ("claim_duplicate", "frequency"),
    ("other_payer", "age"),
)


class _Searcher:
    """What the categories' searches share."""

    def __init__(self, data: DenialData, vocabulary: Vocabulary, window: Window) -> None:
        self.data = data
        self.window = window
        self.blocks = time_blocks(data, window)
        sizes = tuple(len(column) + 1 for column in vocabulary.to_lists())
        chosen = _search_claims(data, window)
        self.picked: dict[Level, Ints] = {}
        self.searches: dict[Level, ChainSearch] = {}
        for level in ("claim", "line"):
            owner = np.arange(len(data)) if level == "claim" else data.batch.claim_of_line
            index = data.batch.first_line if level == "claim" else np.arange(len(owner))
            picked = np.flatnonzero(chosen[owner]).astype(np.int64)
            self.picked[level] = picked
            self.searches[level] = ChainSearch(
                _search_data(
                    data,
                    self.blocks,
                    sizes,
                    index[picked].astype(np.int64),
                    owner[picked].astype(np.int64),
                )
            )
        self.table = load_reasons()
        self.levels: dict[int, Level] = {}
        for category in DenialCategory:
            level = level_of(data, CATEGORY_NUMBER[category], window)
            self.levels |= dict.fromkeys(self.table.numbers(category), level)
        self.background = tuple(INDEX[name] for name in _BACKGROUND["line"])
        self.base, self.shares = self._background()

    def _background(self) -> tuple[Floats, dict[int, float]]:
        """Background rate of the searched lines as it went along, and each reason's share."""
        line_level = [n for n, level in self.levels.items() if level == "line"]
        rows = background_rows(self.data, line_level, self.window)
        found = self._target(rows, np.zeros(len(self.picked["line"])), self.background)
        hits = self.data.line_reason[(rows.hit > 0) & (rows.weight > 0)]
        counts = np.bincount(hits, minlength=len(self.levels) + 1) + 0.5
        total = sum(counts[n] for n in line_level)
        return expit(found), {n: float(counts[n] / total) for n in line_level}

    def _target(self, rows: Rows, other: Floats, chain: tuple[int, ...]) -> Floats:
        search = self.searches[rows.level]
        return search.fixed(self.target(rows, other), chain).forward

    def target(self, rows: Rows, other: Floats) -> Target:
        """A reason's rows as the search wants them."""
        picked = self.picked[rows.level]
        claim = rows.claim[picked]
        judged = (self.blocks.block[claim] > 0) & (self.data.submitted[claim] < self.window.settled)
        search = self.searches[rows.level]
        return search.target(rows.hit[picked], rows.weight[picked], judged, other)

    def plan(self, category: DenialCategory) -> CategoryPlan:
        """Search the chains of one category's reasons."""
        numbers = self.table.numbers(category)
        chains = [chain for number in numbers for chain in self._chains(number)]
        return CategoryPlan(category, self.levels[numbers[0]], tuple(chains))

    def _chains(self, number: int) -> list[ChainPlan]:
        reason, level = self.table.reasons[number - 1], self.levels[number]
        rows = reason_rows(self.data, number, self.window, level)
        search, picked = self.searches[level], self.picked[level]
        own = tuple(INDEX[name] for name in _BACKGROUND[level])
        apart = tuple(INDEX[name] for name in reason.apart)
        if level == "line":
            other = -np.expm1(np.log1p(-np.minimum(self.base, 0.999)) * self.shares[number])
        else:
            other = expit(self._target(rows, np.zeros(len(picked)), own))
        found: list[ChainPlan] = []
        group = 0
        if float((rows.hit * rows.weight)[picked].sum()) >= ENOUGH_TO_SEARCH:
            columns = search.useful(_candidates(level, reason))
            seeds = hypotheses(level, columns)
            while group < MOST_CHAINS:
                accounts = search.search(self.target(rows, other), seeds, columns)
                if not accounts or accounts[0].gain < LEAST_GAIN:
                    break
                group += 1
                found += [
                    ChainPlan((*apart, *a.columns), a.half_life, reason.name, group, a.weight)
                    for a in accounts
                ]
                for a in accounts:
                    other = 1 - (1 - other) * (1 - expit(a.forward)) ** a.weight
        if level == "claim":
            found.append(ChainPlan((*apart, *own), None, reason.name, group + 1))
        return found


def _search_data(
    data: DenialData, blocks: Blocks, sizes: tuple[int, ...], index: Ints, owner: Ints
) -> SearchData:
    return SearchData(
        data.batch.values[index],
        sizes,
        blocks.block[owner],
        blocks.available[owner],
        blocks.count,
        blocks.days,
    )


def _candidates(level: Level, reason: Reason) -> tuple[int, ...]:
    allowed = (*CLAIM_ATTRIBUTES, *LINE_ATTRIBUTES) if level == "line" else CLAIM_ATTRIBUTES
    columns = [INDEX[name] for name in (*_WHO_AND_WHAT[level], *reason.looks_at)]
    first = {INDEX[name] for name in _FIRST_LINE}
    return tuple(c for c in dict.fromkeys(columns) if c in allowed or c in first)


def hypotheses(level: Level, columns: Sequence[int]) -> list[tuple[int, ...]]:
    """What a biller would ask first, of every attribute X and of some pairs.

    Does this payer refuse X; X for this procedure or procedures like it; this procedure for want
    of X? Each from coarse to fine, so that procedures of one kind lend each other evidence.
    """
    payer, filing = INDEX["payer"], INDEX["filing_indicator"]
    code, family, kind = INDEX["code"], INDEX["family"], INDEX["kind"]
    seeds: list[tuple[int, ...]] = []
    for x in columns:
        if level == "claim":
            seeds += [(x, payer), (x, filing, payer)]
        else:
            seeds += [(x, payer, kind, code), (x, payer, family, code), (payer, code, x)]
            seeds += [(x, kind, payer, code)]
    for first, second in _CLAIM_PAIRS if level == "claim" else _PAIRS:
        a, b = INDEX[first], INDEX[second]
        if level == "claim":
            seeds += [(a, b, filing, payer), (a, filing, b, payer), (a, b)]
            seeds += [(INDEX["coverage_state"], a, filing, b)]
        else:
            seeds += [(payer, kind, a, b), (payer, code, a, b), (a, b, payer, code)]
            seeds += [(payer, a, b)]
    useful = set(columns)
    kept = [s for s in dict.fromkeys(seeds) if len(set(s)) == len(s) and useful.issuperset(s)]
    return kept


def fit_model(
    data: DenialData,
    vocabulary: Vocabulary,
    window: Window,
    *,
    threads: int = 2,
    explain: bool = False,
    done: Callable[[str], None] | None = None,
) -> HazardModel:
    """Search every category's chains and count them; ``done`` is told each category's name."""
    searcher = _Searcher(data, vocabulary, window)

    def work(category: DenialCategory) -> CategoryPlan:
        plan = searcher.plan(category)
        if done is not None:
            done(category.value)
        return plan

    with ThreadPoolExecutor(threads) as pool:
        categories = tuple(pool.map(work, DenialCategory))
    background = ChainPlan((INDEX[_TOLD_APART], *searcher.background), None)
    plan = Plan(background, categories)
    return count(plan, data, vocabulary, window, explain=explain)


def recount(
    model: HazardModel,
    data: DenialData,
    vocabulary: Vocabulary,
    window: Window,
    *,
    explain: bool = False,
) -> HazardModel:
    """The same chains counted on another window.

    What was searched stays; only the as-of rates move. So a model follows its payers between
    trainings, and is carried through the last day before it is registered.
    """
    return count(plan_of(model), data, vocabulary, window, explain=explain)


def _search_claims(data: DenialData, window: Window) -> Mask:
    """Claims to search on: all, or a steady share of patients."""
    usable = (data.submitted < window.settled) & (data.answered < window.as_of)
    lines = np.bincount(data.batch.claim_of_line, minlength=len(data))
    total = int(lines[usable].sum())
    if total <= SEARCH_LINES:
        return usable
    share = SEARCH_LINES / total
    steady = (data.patient % np.uint64(10_000)) < np.uint64(int(share * 10_000))
    return usable & steady
