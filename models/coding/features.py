"""Candidates of a note and their numbers, the same for training and for suggesting.

A candidate is a code with every mention that speaks for it. Columns are named in `COLUMNS`;
`FEATURE_SCHEMA` grows whenever their meaning or order changes.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.coding.assertion import Assertion, AssertionRules, assertions
from models.coding.gathering import Row, Span4, Support, coarse, gather
from models.coding.history import StringHistory
from models.coding.reading import NoteReading
from models.coding.sources import Sources
from models.coding.spans import Note, SectionKind, Span
from models.coding.words import Token, Vocabulary

FEATURE_SCHEMA = 4
Floats = NDArray[np.float32]

ASSERTIONS = tuple(Assertion)
SECTIONS = tuple(SectionKind)
_GROUPS = ("string", "alike", "term")

COLUMNS = (
    # Strings that coders marked: best and over all mentions.
    "string_marked", "string_with", "string_seen", "string_count", "string_words",
    "string_joint", "string_kinds", "string_mentions", "string_free", "string_choice",
    "string_rank", "string_coded",
    # Strings like those that coders marked.
    "alike_score", "alike_dice", "alike_words", "alike_free",
    # Words and codes that go with the code over labelled notes.
    "run_rate", "run_joint", "run_kinds", "kin_rate", "kin_joint",
    # Terms of the code system.
    "term_dice", "term_mass", "term_coverage", "term_words", "term_kind", "term_mentions",
    "term_free", "term_ties", "term_rank", "term_score",
    # Vectors: words and the code's terms, words and strings that coders marked.
    "dense_likeness", "dense_found", "dense_rank", "dense_alike", "dense_string",
    # What the label-wise attention says; -1: of codes that it does not know.
    "attention",
    # The code.
    "code_count", "code_rate", "code_chapter", "code_open", "code_length",
    # What the practice bills: share of its visits, of the specialty's, and how they differ.
    "habit_practice", "habit_specialty", "habit_lift",
    # Where and how it is said.
    "first", "last", "spans", "covered", "echo", "note_words", "candidates",
    *(f"said_{a}" for a in ASSERTIONS),
    "best_assertion", "visit_note",
    *(f"in_{s}" for s in SECTIONS),
    # Among the note's candidates.
    "rivals", "rival_better", "finer_better", "family_best",
)  # fmt: skip
COLUMN = {name: i for i, name in enumerate(COLUMNS)}
CATEGORICAL = ("term_kind", "code_chapter", "best_assertion")


class Candidate(msgspec.Struct, gc=False):
    """A code, and what speaks for it."""

    code: str
    supports: list[Support]


class Candidates(msgspec.Struct):
    """Candidates of one note and their features ``[candidates, columns]``."""

    candidates: list[Candidate]
    table: Floats


def collect(
    reading: NoteReading, sources: Sources, rules: AssertionRules, *, specialty: str = ""
) -> Candidates:
    """All candidates of a note with their features; ``specialty`` of who wrote it."""
    note, words = reading.note, reading.words
    found = gather(reading, sources)
    rows, strong = found.rows, found.strong
    said = _assertions(note, rows, rules)
    candidates = [Candidate(code, row.supports) for code, row in rows.items()]
    table = _table(note, words, candidates, list(rows.values()), sources, said)
    habits = sources.habits.of(specialty, rows)
    for i, code in enumerate(rows):
        if (habit := habits.get(code)) is not None:
            table[i, COLUMN["habit_practice"]] = habit.practice
            table[i, COLUMN["habit_specialty"]] = habit.specialty
            table[i, COLUMN["habit_lift"]] = habit.lift
    table[:, COLUMN["echo"]] = _echoes(words, candidates, strong, sources.terms.vocabulary)
    return Candidates(candidates, table)


def _assertions(
    note: Note, rows: dict[str, Row], rules: AssertionRules
) -> dict[tuple[int, int], Assertion]:
    spans = sorted({(s.begin, s.end) for row in rows.values() for s in row.supports})
    answers = assertions(note, [Span(b, e) for b, e in spans], rules)
    said = dict(zip(spans, answers, strict=True))
    for row in rows.values():
        for support in row.supports:
            support.assertion = said[support.begin, support.end]
    return said


def _echoes(
    words: list[list[Token]],
    candidates: list[Candidate],
    strong: set[Span4],
    vocabulary: Vocabulary,
) -> list[bool]:
    """Whether a candidate's best words only repeat part of what the note says more fully.

    "Tumor" in a note that also says "tumor of the bladder".
    """
    contents: dict[tuple[int, int, int], frozenset[str]] = {}

    def content(sentence: int, begin: int, end: int) -> frozenset[str]:
        where = (sentence, begin, end)
        if where not in contents:
            contents[where] = frozenset(
                vocabulary.concept(t.key) for t in words[sentence] if begin <= t.begin < end
            )
        return contents[where]

    full = {content(s, b, e) for s, b, e, count in strong if count > 1}
    result = []
    for candidate in candidates:
        best = max(candidate.supports, key=_by_strength)
        own = content(best.sentence, best.begin, best.end)
        result.append(any(own < other for other in full))
    return result


def _table(
    note: Note,
    words: list[list[Token]],
    candidates: list[Candidate],
    rows: list[Row],
    sources: Sources,
    said: dict[tuple[int, int], Assertion],
) -> Floats:
    length = max(len(note.text), 1)
    history = sources.history
    total = sum(len(w) for w in words)
    strength: list[float] = []
    visit = any(s.kind is SectionKind.ASSESSMENT for s in note.sections)
    blank = [0.0] * len(COLUMNS)
    for name in ("string_rank", "term_kind", "term_rank", "dense_rank", "attention"):
        blank[COLUMN[name]] = -1.0
    filled: list[list[float]] = []  # lists are filled faster than arrays
    for candidate, row in zip(candidates, rows, strict=True):
        out = blank.copy()
        filled.append(out)
        for name, value in row.values.items():
            out[COLUMN[name]] = value
        code = candidate.code
        number = history.code_number.get(code)
        count = history.counts[number] if number is not None else 0
        out[COLUMN["code_count"]] = coarse(count)
        out[COLUMN["code_rate"]] = count / max(history.notes, 1)
        out[COLUMN["code_chapter"]] = (ord(code[0]) - 48) % 64 if code else 0
        out[COLUMN["code_open"]] = code.endswith("9")
        out[COLUMN["code_length"]] = len(code)
        supports = candidate.supports
        spans = {(s.begin, s.end) for s in supports}
        out[COLUMN["first"]] = min(spans)[0] / length
        out[COLUMN["last"]] = max(spans)[0] / length
        out[COLUMN["spans"]] = len(spans)
        out[COLUMN["covered"]] = sum(not s.free for s in supports) / len(supports)
        out[COLUMN["note_words"]] = total
        out[COLUMN["candidates"]] = len(rows)
        best = max(supports, key=_by_strength)
        for span in spans:
            out[_SAID[said[span]]] += 1
        out[COLUMN["best_assertion"]] = ASSERTIONS.index(best.assertion)
        out[COLUMN["visit_note"]] = visit
        for section in {s.section for s in supports}:
            if section >= 0:
                out[_IN[note.sections[section].kind]] = 1
        strength.append(
            max(
                out[COLUMN["string_joint"]],
                0.8 * out[COLUMN["term_score"]] * (out[COLUMN["term_rank"]] == 0),
                out[COLUMN["alike_score"]],
            )
        )
    table = np.array(filled, np.float32).reshape(len(rows), len(COLUMNS))
    _among(candidates, strength, table)
    _kin(candidates, strength, table, history)
    return table


_SAID = {a: COLUMN[f"said_{a}"] for a in ASSERTIONS}
_IN = {kind: COLUMN[f"in_{kind}"] for kind in SECTIONS}


def _by_strength(support: Support) -> tuple[float, bool, int]:
    return support.strength, support.free, -support.begin


def _among(candidates: list[Candidate], strength: list[float], table: Floats) -> None:
    """Rivals: candidates that rest on the same words; relatives: codes of the same category."""
    by_span: dict[tuple[int, int], set[int]] = {}
    family: dict[str, list[int]] = {}
    for i, candidate in enumerate(candidates):
        family.setdefault(candidate.code[:3], []).append(i)
        for s in candidate.supports:
            by_span.setdefault((s.begin, s.end), set()).add(i)
    found: list[tuple[float, float, float, float]] = []
    for i, candidate in enumerate(candidates):
        rivals = set().union(*(by_span[s.begin, s.end] for s in candidate.supports)) - {i}
        relatives = [r for r in family[candidate.code[:3]] if r != i]
        stem = candidate.code.rstrip("9")
        finer = [strength[r] for r in relatives if candidates[r].code.startswith(stem)]
        found.append(
            (
                len(rivals),
                max(map(strength.__getitem__, rivals), default=0.0),
                max(finer, default=0.0),
                max(map(strength.__getitem__, relatives), default=0.0),
            )
        )
    names = ("rivals", "rival_better", "finer_better", "family_best")
    table[:, [COLUMN[name] for name in names]] = np.reshape(found, (-1, 4))


def _kin(
    candidates: list[Candidate], strength: list[float], table: Floats, history: StringHistory
) -> None:
    """Other codes of the note that go with the code over labelled notes."""
    pairs = history.associations.pairs
    if not pairs:
        return
    numbers = [history.code_number.get(c.code, -1) for c in candidates]
    strong = {
        numbers[i]: strength[i]
        for i in sorted(range(len(strength)), key=lambda i: -strength[i])[:40]
        if strength[i] > 0.25 and numbers[i] >= 0
    }
    for i, number in enumerate(numbers):
        others = pairs.get(number)
        if not others:
            continue
        rates = sorted((r * strong[o] for o, r in others.items() if o in strong), reverse=True)
        if rates:
            table[i, COLUMN["kin_rate"]] = rates[0]
            table[i, COLUMN["kin_joint"]] = 1 - math.prod(1 - min(r, 0.95) for r in rates[:5])
