"""Denials that come, or stay away, where the model did not expect it: a payer changed a rule.

Every cell (payer and denial category; that with a procedure code, a kind of procedure, or a
provider) is held against the model's own probabilities for the very claims that were answered in
the window, patients counted once. How likely chance alone would do as much is the tail of a
negative binomial distribution, since a model may be off by a factor of its own, and the level is
shared out over all cells looked at (Bonferroni): if the model's probabilities are right up to that
factor, `LEVEL` bounds the chance of any false alarm in a run, and 52 times `LEVEL` their number in
a year of weekly runs.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.cells import Floats
from models.denial.drift import DriftFinding
from models.denial.features import procedure_kind
from models.denial.model import DenialModel
from models.denial.past import rendering_npi
from models.measure.drift import (
    by_group,
    fewer_than_expected,
    fewer_than_foretold,
    more_than_foretold,
)
from training.denial.dataset import DenialData
from training.denial.rows import Mask

#: Chance of any false alarm in one run, over all cells together.
LEVEL = 0.01
#: One over the variance of the factor by which the model may be off: in a narrow cell up to
#: twofold, for a whole payer by a third.
SHAPE = 4.0
PAYER_SHAPE = 20.0
#: Claims below which a cell is not looked at; denials, and patients denied, below which nothing
#: "started".
LEAST_CLAIMS = 4
LEAST_DENIALS = 4
LEAST_PATIENTS = 2
#: How many times the expected denials are a start, and below which share they have stopped.
START_RATIO = 2.5
STOP_SHARE = 0.25
#: Expected denials without which their absence says nothing.
LEAST_EXPECTED = 5.0
#: Denials' worth of belief that the model was right in the months before.
HELD = 0.5
#: A narrower cell that holds this share of a wider one's surplus is told in its stead.
EXPLAINS = 0.5
CLAIMS_TOLD = 20

#: Kinds of subject from narrow to wide.
_WIDTH = {"code": 0, "provider": 0, "kind": 1, "": 2}

Key = tuple[str, str, str, str]  # payer, category, kind of subject, subject


class Units(msgspec.Struct, gc=False):
    """What a category denies: lines or claims. Arrays have one entry a unit and cell member.

    ``members`` maps a cell to positions in the arrays.
    """

    claim: NDArray[np.int64]
    patient: NDArray[np.uint64]
    hit: Mask
    probability: Floats
    members: dict[Key, list[int]]


class Cell(msgspec.Struct, frozen=True):
    """One cell that moved."""

    key: Key
    started: bool
    observed: int
    expected: float
    count: int
    p_value: float
    claims: tuple[int, ...]

    @property
    def surplus(self) -> float:
        """Denials beyond what was expected; negative where they stayed away."""
        return self.observed - self.expected


def gather_units(data: DenialData, model: DenialModel, claims: NDArray[np.int64]) -> Units:
    """Cells of the claims in ``claims``, with the model's probability for each unit."""
    batch = data.batch.take(claims)
    prediction = model.predict(batch)
    scale = prediction.probability / np.maximum(prediction.raw, 1e-12)
    owner = batch.claim_of_line
    claim_p = np.minimum(-np.expm1(-prediction.hazards) * scale[:, None], 1.0)
    line_p = np.minimum(-np.expm1(-prediction.line_hazards) * scale[owner, None], 1.0)
    ends = np.append(data.batch.first_line[1:], len(data.batch.values))
    rows = np.concatenate(
        [np.arange(data.batch.first_line[c], ends[c]) for c in claims] or [np.zeros(0, np.int64)]
    )
    found_claim: list[int] = []
    hits: list[bool] = []
    probabilities: list[float] = []
    members: defaultdict[Key, list[int]] = defaultdict(list)
    payers = [data.claims[c].payer.name for c in claims]
    providers = [rendering_npi(data.claims[c]) for c in claims]
    codes: list[list[str]] = [[] for _ in claims]
    for line, claim in enumerate(owner.tolist()):
        codes[claim].append(data.line_code[rows[line]])
    category_of_line = data.line_category[rows]

    def add(claim: int, hit: bool, p: float, category: str, own: list[str]) -> None:
        at = len(hits)
        found_claim.append(int(claims[claim]))
        hits.append(hit)
        probabilities.append(p)
        payer = payers[claim]
        members[payer, category, "", ""].append(at)
        members[payer, category, "provider", providers[claim]].append(at)
        for code in dict.fromkeys(own):
            members[payer, category, "code", code].append(at)
        for kind in dict.fromkeys(procedure_kind(code) for code in own):
            members[payer, category, "kind", kind].append(at)

    for number, category in enumerate(model.hazards.categories):
        name = category.category
        if category.level == "claim":
            named = data.claim_categories[claims, number]
            for claim in range(len(claims)):
                add(claim, bool(named[claim]), float(claim_p[claim, number]), name, codes[claim])
            continue
        for line, claim in enumerate(owner.tolist()):
            if batch.charged[line]:
                hit = bool(category_of_line[line] == number + 1)
                add(claim, hit, float(line_p[line, number]), name, [data.line_code[rows[line]]])
    found = np.array(found_claim, np.int64)
    return Units(found, data.patient[found], np.array(hits, bool), np.array(probabilities), members)


def moved_cells(now: Units, before: Units, *, level: float = LEVEL) -> tuple[list[Cell], int]:
    """Cells of ``now`` that moved, most certain first, and how many were looked at.

    ``before`` are the answers of the months before the window: where the model was already
    wrong there, that much is expected again.
    """
    looked_at = [(k, m) for k, m in now.members.items() if len(m) >= LEAST_CLAIMS]
    least = level / max(len(looked_at), 1)
    cells = []
    for key, members in looked_at:
        own = np.array(members)
        p, observed = now.probability[own], int(now.hit[own].sum())
        ratio = _ratio(before, key)
        more, fewer = np.minimum(p * max(ratio, 1.0), 1.0), p * min(ratio, 1.0)
        denied, foretold = by_group(now.hit[own], more, now.patient[own])
        patients = int(denied.sum())
        enough = observed >= LEAST_DENIALS and patients >= LEAST_PATIENTS
        if enough and patients > START_RATIO * foretold.sum():
            started, expected = True, more
            value = more_than_foretold(patients, float(foretold.sum()), SHAPE)
        elif fewer.sum() >= LEAST_EXPECTED and observed < STOP_SHARE * fewer.sum():
            started, expected, value = False, fewer, fewer_than_expected(observed, fewer)
        else:
            continue
        if value < least:
            shown = own[now.hit[own]] if started else own[np.argsort(-p)]
            claims = tuple(dict.fromkeys(now.claim[shown].tolist()))
            cells.append(
                Cell(key, started, observed, float(expected.sum()), len(own), value, claims)
            )
    return _told(cells), len(looked_at)


def _ratio(before: Units, key: Key) -> float:
    members = before.members.get(key)
    if not members:
        return 1.0
    own = np.array(members)
    return float((before.hit[own].sum() + HELD) / (before.probability[own].sum() + HELD))


def _told(cells: list[Cell]) -> list[Cell]:
    """Of cells about the same denials, the one that says most: narrow before wide."""
    kept: list[Cell] = []
    narrow_first = sorted(cells, key=lambda c: (_WIDTH[c.key[2]], c.p_value))
    for cell in narrow_first:
        about = set(cell.claims)
        same = [k for k in kept if k.key[:2] == cell.key[:2] and k.started is cell.started]
        told = {c for k in same for c in k.claims}
        if len(about & told) < EXPLAINS * len(about):
            kept.append(cell)
    return sorted(kept, key=lambda c: c.p_value)


def finding(cell: Cell, data: DenialData) -> DriftFinding:
    """A cell in a biller's words, with the claims that show it."""
    payer, category, kind, subject = cell.key
    answered = data.answered[list(cell.claims)]
    order = np.argsort(-answered, kind="stable")
    since = dt.date.fromordinal(int(answered.min())) if cell.started else None
    about = {
        "code": f" for {subject}",
        "provider": f" for provider {subject}",
        "kind": f" for {subject.replace('_', ' ')} services",
        "": "",
    }[kind]
    reason = category.replace("_", " ")
    number = f"{cell.observed} of {cell.count}, where {cell.expected:.1f} were expected"
    words = (
        f"{payer} has begun to deny{about} ({reason}): {number}, since {since}"
        if cell.started
        else f"{payer} hardly denies any more{about} ({reason}): {number}"
    )
    return DriftFinding(
        "denials_started" if cell.started else "denials_stopped",
        payer,
        words,
        float(cell.observed),
        round(cell.expected, 3),
        cell.count,
        cell.p_value,
        category,
        subject,
        since,
        tuple(data.claims[cell.claims[i]].claim_id for i in order[:CLAIMS_TOLD]),
    )


class WholePayer(msgspec.Struct, frozen=True):
    """A payer's claims in the window, denied and as the model expected; ``p_value`` of patients.

    ``usual`` is what was expected, corrected by how wrong the model was in the months before.
    """

    payer: str
    claims: int
    denied: int
    expected: float
    usual: float
    p_value: float


def whole_payers(now: "Answered", before: "Answered") -> Iterator[WholePayer]:
    """Each payer of the window."""
    for payer in np.unique(now.payer).tolist():
        own, earlier = now.payer == payer, before.payer == payer
        ratio = float(
            (before.denied[earlier].sum() + HELD) / (before.probability[earlier].sum() + HELD)
        )
        p = now.probability[own]
        ways = ((max(ratio, 1.0), more_than_foretold), (min(ratio, 1.0), fewer_than_foretold))
        tails = []
        for factor, tail in ways:
            scaled = np.minimum(p * factor, 1.0)
            denied, foretold = by_group(now.denied[own], scaled, now.patient[own])
            tails.append(tail(int(denied.sum()), float(foretold.sum()), PAYER_SHAPE))
        yield WholePayer(
            payer,
            int(own.sum()),
            int(now.denied[own].sum()),
            float(p.sum()),
            float(p.sum()) * ratio,
            min(1.0, 2 * min(tails)),
        )


class Answered(msgspec.Struct, frozen=True):
    """Answered claims: payer's name, whether denied, the model's probability, the patient."""

    payer: NDArray[np.str_]
    denied: Mask
    probability: Floats
    patient: NDArray[np.uint64]
