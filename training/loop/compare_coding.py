"""Two versions of the coding model on the same notes, which neither has learnt from.

Both answer as a reviewer would be shown it (`CodingModel.suggest_reading`), all code systems
together. What is compared is each note's average precision: how far up its codes stand. Whoever
reviews looks from the top, so every place that a code rises saves work.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from models.coding.model import CodingModel
from models.coding.note import read_note
from models.coding.notes_file import NoteRecord
from models.coding.reading import read_words
from models.coding.words import vocabulary
from models.measure import calibration_error
from models.measure.drift import paired_gain
from training.coding.people import Who, group_names
from training.coding.score import Ranked, average_precision, coding_figures
from training.loop.gate import CodingGate, Criterion
from training.progress import Progress, silent

#: Suggestions of each code system that are compared, and the least probable that is shown.
DEPTH = 40
SHOWN = 0.05
#: Shown suggestions without which calibration says nothing.
LEAST_SHOWN = 100


class HeldNote(msgspec.Struct, frozen=True):
    """A note to be judged on, with the codes that it was given, by ``system code``."""

    record: NoteRecord
    gold: frozenset[str]


class CodingSide(msgspec.Struct, frozen=True):
    """One version's figures; ``shown`` suggestions from `SHOWN` on, ``given`` of them right.

    ``ratio`` is predicted over given codes among the shown ones.
    """

    map: float
    precision: float
    recall: float
    micro_f1: float
    recall_at_10: float
    calibration_error: float
    shown: int
    given: int
    ratio: float


class NoteGroupGain(msgspec.Struct, frozen=True):
    """One group: mean gain in average precision of the challenger, its standard error."""

    attribute: str
    group: str
    notes: int
    gain: float
    error: float


class CodingComparison(msgspec.Struct):
    """Both versions on the same notes."""

    notes: int
    codes: int
    champion: CodingSide
    challenger: CodingSide
    gain: float
    gain_error: float
    groups: list[NoteGroupGain]


def as_shown(
    model: CodingModel,
    notes: Sequence[HeldNote],
    systems: Sequence[str],
    progress: Progress = silent,
    words: str = "",
) -> list[list[tuple[str, float]]]:
    """What a version suggests for each note, best first: ``system code`` with its probability."""
    known = [system for system in systems if system in model.systems]
    found = []
    for number, note in enumerate(notes, 1):
        reading = read_words(read_note(note.record.text), vocabulary())
        answers = model.suggest_reading(
            reading,
            systems=known,
            limit=DEPTH,
            date=note.record.date,
            specialty=note.record.specialty,
        )
        found.append([(f"{x.system} {x.code}".upper(), x.score) for x in answers])
        progress(f"comparing ({words})", number, len(notes))
    return found


def compare_coding(
    notes: Sequence[HeldNote],
    champion: Sequence[Ranked],
    challenger: Sequence[Ranked],
    thresholds: tuple[Mapping[str, float], Mapping[str, float]],
    people: Mapping[str, Who],
    gate: CodingGate,
) -> CodingComparison:
    """Hold two versions' answers against the codes that the notes were given.

    ``thresholds`` of champion and challenger by code system: from there on a code is predicted.
    """
    gold = [note.gold for note in notes]
    rows = [i for i, codes in enumerate(gold) if codes]
    losses = [
        [1 - average_precision([code for code, _ in side[i]], gold[i]) for i in rows]
        for side in (champion, challenger)
    ]
    patients = [notes[i].record.patient_id or f"note {notes[i].record.id}" for i in rows]
    gain, error = paired_gain(losses[0], losses[1], patients)
    groups = []
    names = group_names([notes[i].record for i in rows], people)
    for attribute in gate.groups.by:
        values = np.array(names[attribute], dtype=np.str_)
        for name in np.unique(values).tolist():
            own = np.flatnonzero(values == name).tolist()
            if len(own) < gate.groups.least_notes:
                continue
            first, second = ([side[i] for i in own] for side in losses)
            found = paired_gain(first, second, [patients[i] for i in own])
            groups.append(NoteGroupGain(attribute, name, len(own), *found))
    return CodingComparison(
        len(rows),
        sum(len(codes) for codes in gold),
        _side(gold, champion, thresholds[0]),
        _side(gold, challenger, thresholds[1]),
        gain,
        error,
        groups,
    )


def shown_pairs(
    gold: Sequence[frozenset[str]], answers: Sequence[Ranked]
) -> tuple[list[float], list[float]]:
    """Whether each shown suggestion was given (1 or 0), and its probability."""
    pairs = [
        (float(code in codes), score)
        for codes, ranked in zip(gold, answers, strict=True)
        for code, score in ranked
        if score >= SHOWN
    ]
    return [hit for hit, _ in pairs], [score for _, score in pairs]


def _side(
    gold: Sequence[frozenset[str]], answers: Sequence[Ranked], thresholds: Mapping[str, float]
) -> CodingSide:
    codes = {code for ranked in answers for code, _ in ranked}
    least = {code: thresholds.get(code.rpartition(" ")[0], 0.5) for code in codes}
    found = coding_figures(gold, answers, least)
    hits, scores = shown_pairs(gold, answers)
    given = sum(hits)
    error = float("nan")
    if 0 < given < len(hits):
        error = calibration_error(np.array(hits), np.array(scores))
    return CodingSide(
        found.map,
        found.precision,
        found.recall,
        found.micro_f1,
        found.recall_at_10,
        error,
        len(hits),
        int(given),
        sum(scores) / given if given else float("nan"),
    )


def coding_criteria(found: CodingComparison | None, gate: CodingGate) -> Iterator[Criterion]:
    """The gate's questions about performance, answered; ``None``: there is no champion."""
    if found is None:
        yield Criterion("better", "passed", "there is no champion to be better than")
        return
    period = gate.period
    enough = found.notes >= period.least_notes and found.codes >= period.least_codes
    yield Criterion(
        "period",
        "passed" if enough else "undecided",
        f"{found.notes} notes that neither has learnt from, {found.codes} codes"
        f" ({period.least_notes} and {period.least_codes} are needed)",
    )
    if not enough:
        return
    z = found.gain / found.gain_error if found.gain_error > 0 else 0.0
    yield Criterion(
        "better",
        "passed" if z > gate.better.least_z else "failed",
        f"mean average precision {found.champion.map:.3f} to {found.challenger.map:.3f}; gain"
        f" {found.gain:+.4f}, {z:+.1f} standard errors (more than {gate.better.least_z} asked)",
    )
    yield _calibration(found.challenger, gate)
    worse = [g for g in found.groups if g.error > 0 and g.gain < -gate.groups.most_z * g.error]
    names = "; ".join(f"{g.attribute} {g.group}: {g.gain:+.4f} ± {g.error:.4f}" for g in worse)
    yield Criterion(
        "groups",
        "failed" if worse else "passed",
        f"clearly worse for {names}"
        if worse
        else f"none of {len(found.groups)} groups is clearly worse",
    )


def _calibration(side: CodingSide, gate: CodingGate) -> Criterion:
    if side.shown < LEAST_SHOWN or not side.given:
        return Criterion(
            "calibrated", "undecided",
            f"{side.shown} suggestions, {side.given} of them given: {LEAST_SHOWN} and one are"
            " needed",
        )  # fmt: skip
    rate = side.given / side.shown
    noise = float(np.sqrt(rate * (1 - rate) * 10 / side.shown))
    spread = 2.0 / float(np.sqrt(side.given))
    limits = gate.calibrated
    fits = side.calibration_error <= limits.most_error + noise
    fits &= abs(side.ratio - 1) <= limits.most_ratio_off + spread
    return Criterion(
        "calibrated",
        "passed" if fits else "failed",
        f"calibration error {side.calibration_error:.4f} (at most {limits.most_error} and"
        f" {noise:.4f} for chance); predicted over given {side.ratio:.2f} (within"
        f" {limits.most_ratio_off} of 1 and {spread:.2f} for chance)",
    )
