"""Fitting one code system's part of the model from labelled notes.

What the history says of a note must not stem from that note, or the ranker would trust it too
much: features of each training note come from a history that was built without its fold.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.coding.assertion import AssertionRules
from models.coding.features import CATEGORICAL, COLUMN, collect
from models.coding.habits import NO_HABITS, Habits
from models.coding.history import Marked, StringHistory, string_entries
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import NEVER_ABOVE, SystemPart, only_not_the_patients, ranked
from models.coding.ranker import BoosterRanker
from models.coding.sources import Sources
from models.coding.words import vocabulary
from models.measure import fit_calibrator
from training.coding.attention import NoteAttention
from training.coding.dataset import Ints, LabelledNotes, Spans, folds_of
from training.coding.score import best_threshold
from training.coding.vectors import StringVectors
from training.coding.visits import NO_VISITS, Visits
from training.progress import Progress, silent

FOLDS = 10
VALIDATION_FOLDS = 5
ROUNDS = 260
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}

Floats = NDArray[np.float64]
Table = NDArray[np.float32]


class NoteTable(msgspec.Struct):
    """Candidates of one note: codes, features, whether all mentions are not the patient's."""

    codes: list[str]
    table: Table
    capped: NDArray[np.bool_]


class FittedRanker(msgspec.Struct):
    """A booster with calibrator and threshold, and its out-of-fold answers on what it saw."""

    ranker: BoosterRanker
    threshold: float
    probabilities: list[Floats]


def sources_of(
    terms: TermFinder,
    notes: Sequence[Marked],
    vectors: StringVectors | None = None,
    habits: Habits = NO_HABITS,
) -> Sources:
    """Candidate sources with what ``notes`` teach."""
    history = StringHistory.build(notes)
    alike = Lexicon.build(string_entries(notes, history, terms.lexicon, vocabulary()))
    dense = vectors.index(notes, history) if vectors is not None else None
    return Sources(terms, history, TermFinder(alike, vocabulary()), dense, habits)


def out_of_fold(
    data: LabelledNotes,
    terms: TermFinder,
    rules: AssertionRules,
    *,
    vectors: StringVectors | None = None,
    visits: Visits = NO_VISITS,
    attention: NoteAttention | None = None,
    work: Path | None = None,
    progress: Progress = silent,
) -> list[NoteTable]:
    """Candidates of each note by a history, visits and an attention without its fold's patients.

    ``work``: folder where finished folds are kept, so that an interrupted training goes on.
    """
    fold = folds_of(data.group, min(FOLDS, len(np.unique(data.group))))
    result: list[NoteTable | None] = [None] * len(data)
    for number in range(int(fold.max()) + 1):
        progress(f"finding candidates ({data.system})", number, int(fold.max()) + 1)
        rows = np.flatnonzero(fold == number)
        kept = work / f"{data.system}-{len(data)}-{number}.npz" if work else None
        tables = _load(kept) if kept is not None and kept.exists() else None
        if tables is None or len(tables) != len(rows):
            others = [m for m, f in zip(data.marked, fold, strict=True) if f != number]
            habits = visits.without(data.records[r] for r in rows).habits(data.system)
            sources = sources_of(terms, others, vectors, habits)
            if attention is not None and sources.dense is not None:
                sources.dense.attention = attention.without(fold, number)
            tables = [table_of(data, int(row), sources, rules) for row in rows]
            if kept is not None:
                _save(kept, tables)
        for row, table in zip(rows, tables, strict=True):
            result[row] = table
    return [table for table in result if table is not None]


def table_of(data: LabelledNotes, row: int, sources: Sources, rules: AssertionRules) -> NoteTable:
    """Candidates of one note."""
    specialty = data.records[row].specialty
    found = collect(data.readings[row], sources, rules, specialty=specialty)
    capped = np.array([only_not_the_patients(c) for c in found.candidates], bool)
    return NoteTable([c.code for c in found.candidates], found.table, capped)


def fit_ranker(
    data: LabelledNotes, tables: Sequence[NoteTable], progress: Progress = silent
) -> FittedRanker:
    """A booster on all notes; calibrator and threshold from folds that it had not seen."""
    X = np.vstack([t.table for t in tables])
    y = np.concatenate(
        [[c in g for c in t.codes] for t, g in zip(tables, data.gold, strict=True)]
    ).astype(np.float64)
    sizes = np.array([len(t.codes) for t in tables])
    note = np.repeat(np.arange(len(tables)), sizes)
    fold = folds_of(data.group, min(VALIDATION_FOLDS, len(np.unique(data.group))), seed=1)[note]
    raw = np.zeros(len(y))
    total = int(fold.max()) + 2
    for number in range(total - 1):
        progress(f"fitting the ranker ({data.system})", number, total)
        inside = fold != number
        booster = _boost(X[inside], y[inside])
        raw[~inside] = booster.predict(X[~inside])
    calibrator = fit_calibrator(raw, y)
    probabilities = calibrator.predict(raw)
    capped = np.concatenate([t.capped for t in tables])
    probabilities[capped] = np.minimum(probabilities[capped], NEVER_ABOVE)
    progress(f"fitting the ranker ({data.system})", total - 1, total)
    ends = np.cumsum(sizes)[:-1]
    by_note = np.split(probabilities, ends)
    answers = [
        sorted(zip(t.codes, p.tolist(), strict=True), key=lambda pair: -pair[1])
        for t, p in zip(tables, by_note, strict=True)
    ]
    threshold = best_threshold(data.gold, answers)
    text = _boost(X, y).model_to_string()
    return FittedRanker(BoosterRanker(text, calibrator), threshold, by_note)


def _boost(X: Table, y: Floats):  # type: ignore[no-untyped-def]
    import lightgbm

    columns = [COLUMN[name] for name in CATEGORICAL]
    data = lightgbm.Dataset(X, y, categorical_feature=columns, free_raw_data=True)
    return lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS)


def fit_part(
    data: LabelledNotes,
    terms: TermFinder,
    rules: AssertionRules,
    titles: dict[str, str],
    *,
    vectors: StringVectors | None = None,
    visits: Visits = NO_VISITS,
    with_attention: bool = False,
    work: Path | None = None,
    progress: Progress = silent,
) -> SystemPart:
    """One system's part: history of all notes, ranker on out-of-fold candidates.

    The attention is learnt only where there are ``vectors`` (these need torch as well).
    """
    attention = None
    if with_attention and vectors is not None:
        progress(f"reading the notes for the attention ({data.system})")
        attention = NoteAttention(data, vectors.dense.encoder)
    tables = out_of_fold(
        data, terms, rules, vectors=vectors, visits=visits, attention=attention, work=work,
        progress=progress,
    )  # fmt: skip
    fitted = fit_ranker(data, tables, progress)
    sources = sources_of(terms, data.marked, vectors, visits.habits(data.system))
    if attention is not None and sources.dense is not None:
        progress(f"fitting the attention ({data.system})")
        sources.dense.attention = attention.whole()
    return SystemPart(sources, fitted.ranker, fitted.threshold, titles)


def answers_of(
    part: SystemPart,
    data: LabelledNotes,
    rules: AssertionRules,
    done: Callable[[int], None] = lambda _: None,
) -> tuple[list[list[tuple[str, float]]], list[Spans]]:
    """Ranked codes of each note, and the spans behind each."""
    answers, spans = [], []
    for number, (reading, record) in enumerate(zip(data.readings, data.records, strict=True)):
        collected = collect(reading, part.sources, rules, specialty=record.specialty)
        found = ranked(collected, part.ranker)
        answers.append([(c.code, score) for c, score in found])
        spans.append({c.code: [(s.begin, s.end) for s in c.supports] for c, _ in found[:60]})
        done(number + 1)
    return answers, spans


def _save(path: Path, tables: Sequence[NoteTable]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        allow_pickle=False,
        codes=np.array([" ".join(t.codes) for t in tables]),
        sizes=np.array([len(t.codes) for t in tables]),
        table=np.vstack([t.table for t in tables]),
        capped=np.concatenate([t.capped for t in tables]),
    )
    partial.rename(path)


def _load(path: Path) -> list[NoteTable]:
    with np.load(path, allow_pickle=False) as kept:
        ends: Ints = np.cumsum(kept["sizes"])[:-1]
        return [
            NoteTable(codes.split(" ") if codes else [], table, capped)
            for codes, table, capped in zip(
                kept["codes"].tolist(),
                np.split(kept["table"], ends),
                np.split(kept["capped"], ends),
                strict=True,
            )
        ]
