"""Denials that come, or stay away, where the model did not expect it: a payer changed a rule.

Every cell (payer and denial category; that with a procedure code, a kind of procedure, or a
provider) is held against the model's own probabilities for the very claims that were answered in
the window, patients counted once. Within a cell so is each answer (CARC and RARC): a rule has one
answer, and three times one that this payer never gave for that code says more than three denials
of a category that it denies anyway. What an answer's share of the category's denials should be,
the payer's own year before says, and all payers' where it is silent.

How likely chance alone would do as much is the tail of a negative binomial distribution: the
model, and that share, may be off by a factor of their own, which the year before narrows down
cell by cell; what the cell itself had in that year is expected again. The level is shared out
over all cells looked at (Bonferroni): as far as those factors are right, `LEVEL` bounds the
chance of any false alarm in a run.
"""

import datetime as dt
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.drift import DriftFinding
from models.measure.drift import (
    after_seeing,
    by_group,
    fewer_than_foretold,
    more_than_foretold,
)
from training.denial.dataset import DenialData
from training.monitor.cells import Key, Places, Units

#: Chance of any false alarm in one run, over all cells together: a bound, and far from reached,
#: since three denials are so surprising in most cells (docs/learning.md has what was measured).
LEVEL = 0.1
#: One over the variance of the factor by which the model may be off in a cell: up to twofold.
SHAPE = 4.0
#: Denials' worth of belief that a payer gives an answer as often as payers do.
ANSWER_WEIGHT = 2.0
#: Claims below which a cell is not looked at; denials, and patients denied, below which nothing
#: "started".
LEAST_CLAIMS = 3
LEAST_DENIALS = 3
LEAST_PATIENTS = 2
#: How many times the expected denials are a start, and below which share they have stopped.
START_RATIO = 2.5
STOP_SHARE = 0.25
#: Expected denials without which their absence says nothing.
LEAST_EXPECTED = 5.0
#: A narrower cell that holds this share of a wider one's denials is told in its stead.
EXPLAINS = 0.5
CLAIMS_TOLD = 20

#: Kinds of subject from narrow to wide.
_WIDTH = {"code": 0, "provider": 0, "kind": 1, "": 2}


class Cell(msgspec.Struct, frozen=True):
    """One cell that moved.

    ``answer`` is that of all its denials, "" where they have several; ``before`` how many were
    answered in the year before, and ``past`` how many patients were denied so then.
    """

    key: Key
    category: str
    answer: str
    started: bool
    observed: int
    expected: float
    count: int
    before: int
    past: int
    p_value: float
    claims: tuple[int, ...]


def moved_cells(levels: Iterable[Units], *, level: float = LEVEL) -> tuple[list[Cell], int]:
    """Cells that moved, most certain first, and how many comparisons were made."""
    suspects: list[Cell] = []
    looked_at = 0
    for units in levels:
        usual = _Usual(units)
        for key, members in units.members.items():
            inside = units.now[members]
            now, past = members[inside], members[~inside]
            if len(now) < LEAST_CLAIMS:
                continue
            looked_at += len(units.categories)
            hits, foretold = units.hit[now].sum(axis=0), units.probability[now].sum(axis=0)
            for number in np.flatnonzero(hits >= LEAST_DENIALS).tolist():
                given, times = np.unique(
                    units.answer[now, number][units.hit[now, number]], return_counts=True
                )
                looked_at += len(given)
                for answer in (None, *given[times >= LEAST_DENIALS].tolist()):
                    cell = _started(units, usual, key, number, now, past, answer)
                    suspects += [cell] if cell else []
            few = (foretold >= LEAST_EXPECTED) & (hits < STOP_SHARE * foretold)
            for number in np.flatnonzero(few).tolist():
                cell = _stopped(units, key, number, now, past)
                suspects += [cell] if cell else []
    least_p = level / max(looked_at, 1)
    return _told([c for c in suspects if c.p_value < least_p]), looked_at


class _Usual:
    """How often each answer was given in the year before: by payer, and by all payers."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._payers = {
            payer: self._count(members[~units.now[members]])
            for (payer, kind, _), members in units.members.items()
            if kind == ""
        }
        self._all = sum(self._payers.values(), self._count(np.zeros(0, np.int64)))

    def _count(self, past: Places) -> NDArray[np.int64]:
        """Denials by category and answer."""
        counts = np.zeros((len(self._units.categories), len(self._units.answers)), np.int64)
        at, number = np.nonzero(self._units.hit[past])
        np.add.at(counts, (number, self._units.answer[past[at], number]), 1)
        return counts

    def share(self, payer: str, number: int, answer: int) -> tuple[float, float]:
        """An answer's share of a payer's denials of a category, and the weight of what says so."""
        own, everywhere = self._payers[payer][number], self._all[number]
        share = (everywhere[answer] + 0.5) / (everywhere.sum() + 1)
        weight = own[answer] + ANSWER_WEIGHT * share
        return float(weight / (own.sum() + ANSWER_WEIGHT)), float(weight)


def _started(
    units: Units,
    usual: _Usual,
    key: Key,
    number: int,
    now: Places,
    past: Places,
    answer: int | None,
) -> Cell | None:
    """A cell with more denials (of one answer, or of any) than expected."""
    share, shape = 1.0, SHAPE
    hit, hit_before = units.hit[now, number], units.hit[past, number]
    if answer is not None:
        share, weight = usual.share(key[0], number, answer)
        shape = 1 / (1 / SHAPE + 1 / weight)
        hit = hit & (units.answer[now, number] == answer)
        hit_before = hit_before & (units.answer[past, number] == answer)
    p = units.probability[now, number]
    denied, foretold = by_group(hit, p, units.patient[now])
    before, foretold_before = by_group(
        hit_before, units.probability[past, number], units.patient[past]
    )
    factor, shape = after_seeing(shape, int(before.sum()), float(foretold_before.sum()) * share)
    factor *= share
    own = int(before.sum()) * len(now) / max(len(past), 1)  # nothing new, however wrong the model
    patients, expected = int(denied.sum()), max(float(foretold.sum()) * factor, own)
    if patients < LEAST_PATIENTS or patients <= START_RATIO * expected:
        return None
    given = set(units.answer[now[hit], number].tolist())
    return Cell(
        key,
        units.categories[number],
        units.answers[given.pop()] if len(given) == 1 else "",
        True,
        int(hit.sum()),
        max(float(p.sum()) * factor, own),
        len(now),
        len(past),
        int(before.sum()),
        more_than_foretold(patients, expected, shape),
        tuple(dict.fromkeys(units.claim[now[hit]].tolist())),
    )


def _stopped(units: Units, key: Key, number: int, now: Places, past: Places) -> Cell | None:
    """A cell whose denials stay away."""
    hit, p = units.hit[now, number], units.probability[now, number]
    denied, foretold = by_group(hit, p, units.patient[now])
    before, foretold_before = by_group(
        units.hit[past, number], units.probability[past, number], units.patient[past]
    )
    factor, shape = after_seeing(SHAPE, int(before.sum()), float(foretold_before.sum()))
    factor = min(factor, 1.0)
    patients, expected = int(denied.sum()), float(foretold.sum()) * factor
    if expected < LEAST_EXPECTED or patients >= STOP_SHARE * expected:
        return None
    return Cell(
        key,
        units.categories[number],
        "",
        False,
        int(hit.sum()),
        float(p.sum()) * factor,
        len(now),
        len(past),
        int(before.sum()),
        fewer_than_foretold(patients, expected, shape),
        tuple(dict.fromkeys(units.claim[now[np.argsort(-p)]].tolist())),
    )


def _told(cells: list[Cell]) -> list[Cell]:
    """Of cells about the same denials, the one that says most: narrow, and of one answer."""
    kept: list[Cell] = []
    for cell in sorted(cells, key=lambda c: (_WIDTH[c.key[1]], not c.answer, c.p_value)):
        about = set(cell.claims)
        same = (k for k in kept if k.key[0] == cell.key[0] and k.category == cell.category)
        told = {c for k in same if k.started is cell.started for c in k.claims}
        if len(about & told) < EXPLAINS * len(about):
            kept.append(cell)
    return sorted(kept, key=lambda c: c.p_value)


def finding(cell: Cell, data: DenialData) -> DriftFinding:
    """A cell in a biller's words, with the claims that show it."""
    payer, kind, subject = cell.key
    answered = data.answered[list(cell.claims)]
    order = np.argsort(-answered, kind="stable")
    since = dt.date.fromordinal(int(answered.min())) if cell.started else None
    about = {
        "code": f" for {subject}",
        "provider": f" for provider {subject}",
        "kind": f" for {subject.replace('_', ' ')} services",
        "": "",
    }[kind]
    reason = ", ".join(filter(None, (cell.category.replace("_", " "), cell.answer)))
    usual = f"{cell.expected:.1f}" if cell.expected >= 0.05 else "fewer than 0.1"
    number = f"{cell.observed} of {cell.count}, where {usual} were expected"
    if not cell.started:
        words = f"{payer} hardly denies any more{about} ({reason}): {number}"
    elif not cell.before:
        words = f"{payer} denies{about} ({reason}), not billed to it before: {number}"
    else:
        words = f"{payer} has begun to deny{about} ({reason}): {number}, since {since}"
        if not cell.past:
            words += "; in the year before it never gave this reason for it"
    return DriftFinding(
        "denials_started" if cell.started else "denials_stopped",
        payer,
        words,
        float(cell.observed),
        round(cell.expected, 3),
        cell.count,
        cell.p_value,
        cell.category,
        subject,
        since,
        tuple(data.claims[cell.claims[i]].claim_id for i in order[:CLAIMS_TOLD]),
        cell.answer,
    )
