"""Candidates of a note and their numbers, the same for training and for suggesting.

A candidate is a code with every mention that speaks for it. Columns are named in `COLUMNS`;
`FEATURE_SCHEMA` grows whenever their meaning or order changes.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.coding.abbreviations import load_abbreviations
from models.coding.assertion import Assertion, AssertionRules, assertions
from models.coding.attention import LabelAttention
from models.coding.dense import DenseIndex, Projection
from models.coding.encoder import TextEncoder, TextStates
from models.coding.habits import NO_HABITS, Habits
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import StringMention, TermFinder, TermMention, find_strings
from models.coding.spans import Note, SectionKind, Span
from models.coding.stretches import Stretch, sentence_words, stretches
from models.coding.words import Token, Vocabulary, key, tokens

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

#: Nearest terms that are looked at for each stretch, and their least cosine.
MOST_NEAREST = 4
LEAST_LIKENESS = 0.6
#: From this probability on a code is a candidate because the attention says so.
LEAST_ATTENTION = 0.1

#: How much a mention counts by its term's kind, see `models.coding.terms.Kind`.
KIND_WEIGHTS = (1.0, 0.97, 0.95, 0.95, 0.92, 0.8, 0.85)


class Support(msgspec.Struct, gc=False):
    """A mention that speaks for a candidate: span, strength in [0, 1], where it comes from."""

    begin: int
    end: int
    strength: float
    source: str
    sentence: int
    section: int
    free: bool = True
    assertion: Assertion = Assertion.PRESENT


class Candidate(msgspec.Struct, gc=False):
    """A code, and what speaks for it."""

    code: str
    supports: list[Support]


class Candidates(msgspec.Struct):
    """Candidates of one note and their features ``[candidates, columns]``."""

    candidates: list[Candidate]
    table: Floats


class NoteReading(msgspec.Struct):
    """A note with its content words, read once; ``states`` once an encoder has read it."""

    note: Note
    words: list[list[Token]]
    states: TextStates | None = None


class Dense(msgspec.Struct):
    """Vectors of terms; of strings that coders marked, and attention (absent on day one)."""

    encoder: TextEncoder
    projection: Projection
    terms: DenseIndex
    strings: DenseIndex | None = None
    attention: LabelAttention | None = None


class Sources(msgspec.Struct):
    """What candidates come from: terms, and what labelled notes taught (both may be empty).

    ``habits``: what the practice bills; it makes no candidates, it helps to rank them. Without
    ``dense`` (no encoder was exported) words are compared by their letters only.
    """

    terms: TermFinder
    history: StringHistory
    alike: TermFinder
    dense: Dense | None = None
    habits: Habits = NO_HABITS


def read_words(note: Note, vocabulary: Vocabulary) -> NoteReading:
    """Split a note's sentences into content words."""
    return NoteReading(note, sentence_words(note, vocabulary))


def spelt_out(note: Note, words: list[list[Token]], vocabulary: Vocabulary) -> list[list[Token]]:
    """Content words with abbreviations replaced by their likeliest long form, where they stand.

    Only in notes with headings: shorthand is theirs, running prose and other languages are not
    what the table of abbreviations was written for.
    """
    if not note.sections:
        return words
    words = [[_side(note.text, t) for t in sentence] for sentence in words]
    found = {a.begin: a for a in load_abbreviations().find(note) if a.meanings[0].share >= 0.6}
    if not found:
        return words
    result = []
    for sentence in words:
        spelt: list[Token] = []
        behind = -1
        for token in sentence:
            known = found.get(token.begin)
            if known is not None and len(known.short) > 1:
                behind = known.end
                spelt += [
                    Token(known.begin, known.end, t.word, t.key)
                    for t in tokens(known.long)
                    if t.word not in vocabulary.empty
                ]
            elif token.begin >= behind:
                spelt.append(token)
        result.append(spelt)
    return result


_SIDES = {"R": "right", "Rt": "right", "RT": "right", "L": "left", "Lt": "left", "LT": "left"}


def _side(text: str, token: Token) -> Token:
    """A side's initial before a word as the side ("R shoulder", not "r/o" or "L4")."""
    side = _SIDES.get(text[token.begin : token.end])
    behind = text[token.end : token.end + 2]
    if side is None or not (len(behind) == 2 and behind[0] in " -" and behind[1].isalpha()):
        return token
    return Token(token.begin, token.end, side, key(side))


class _Row(msgspec.Struct, gc=False):
    supports: list[Support]
    strings: dict[int, tuple[int, int, int, int, int]]  # string: marked, with, seen, rank, words
    values: dict[str, float]


def collect(
    reading: NoteReading, sources: Sources, rules: AssertionRules, *, specialty: str = ""
) -> Candidates:
    """All candidates of a note with their features; ``specialty`` of who wrote it."""
    note, words = reading.note, reading.words
    runs = stretches(note, spelt_out(note, words, sources.terms.vocabulary))
    sections = [s.section for s in note.sentences]
    rows: dict[str, _Row] = {}
    strings = find_strings(words, sections, sources.history)
    terms = sources.terms.find(runs)
    alike = sources.alike.find(runs)
    lexicon = sources.terms.lexicon
    strong = {(m.sentence, m.begin, m.end, m.words) for m in strings}
    strong |= {(m.sentence, m.begin, m.end, m.words) for m in terms if m.dice > 0.97}
    cover = _Cover(strong)
    _add_strings(rows, strings, sources.history, cover)
    _add_terms(rows, terms, lexicon, cover)
    _add_alike(rows, alike, sources.alike.lexicon, cover)
    _add_runs(rows, words, sections, sources.history, cover)
    if sources.dense is not None:
        _add_dense(rows, reading, runs, sources.dense, cover)
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


class _Cover:
    """Whether a span lies within a longer one that is known."""

    def __init__(self, strong: set[tuple[int, int, int, int]]) -> None:
        self._by_sentence: dict[int, list[tuple[int, int, int]]] = {}
        for sentence, begin, end, words in strong:
            if words > 1:
                self._by_sentence.setdefault(sentence, []).append((begin, end, words))
        self._known: dict[tuple[int, int], bool] = {}

    def free(self, sentence: int, begin: int, end: int) -> bool:
        found = self._known.get((begin, end))
        if found is None:
            found = self._known[begin, end] = not any(
                b <= begin and end <= e and (b, e) != (begin, end)
                for b, e, _ in self._by_sentence.get(sentence, ())
            )
        return found


def _row(rows: dict[str, _Row], code: str) -> _Row:
    row = rows.get(code)
    if row is None:
        row = rows[code] = _Row([], {}, {})
    return row


def _add_strings(
    rows: dict[str, _Row], mentions: list[StringMention], history: StringHistory, cover: _Cover
) -> None:
    for m in mentions:
        known = history.strings[m.string]
        free = cover.free(m.sentence, m.begin, m.end)
        total = sum(marked for _, marked, _ in known.codes)
        order = sorted(known.codes, key=lambda c: -c[1])
        for rank, (code, marked, both) in enumerate(order[:12]):
            row = _row(rows, history.codes[code])
            rate = marked / (known.seen + 1)
            row.supports.append(
                Support(m.begin, m.end, rate, "history", m.sentence, m.section, free)
            )
            values = row.values
            values["string_mentions"] = values.get("string_mentions", 0) + 1
            if free:
                values["string_free"] = max(values.get("string_free", 0), rate)
            row.strings[m.string] = (marked, both, known.seen, rank, m.words)
            if rate >= values.get("string_marked", -1.0):
                values["string_marked"] = rate
                values["string_seen"] = _coarse(known.seen)
                values["string_count"] = _coarse(marked)
                values["string_choice"] = marked / total
                values["string_rank"] = rank
                values["string_coded"] = min(total / (known.seen + 1), 1.5)
            values["string_with"] = max(values.get("string_with", 0), both / (known.seen + 1))
            values["string_words"] = max(values.get("string_words", 0), m.words)
    for row in rows.values():
        row.values["string_kinds"] = len(row.strings)
        row.values["string_joint"] = 1 - math.prod(
            1 - min(marked / (seen + 1), 0.99) for marked, _, seen, _, _ in row.strings.values()
        )


def _add_terms(
    rows: dict[str, _Row], mentions: list[TermMention], lexicon: Lexicon, cover: _Cover
) -> None:
    codes, code_of, kinds = lexicon.codes, lexicon.code_list, lexicon.kind_list
    by_span: dict[tuple[int, int], dict[int, float]] = {}
    scores = [m.dice * KIND_WEIGHTS[kinds[m.term]] for m in mentions]
    for m, score in zip(mentions, scores, strict=True):
        known = by_span.get((m.begin, m.end))
        if known is None:
            known = by_span[m.begin, m.end] = {}
        number = code_of[m.term]
        if score > known.get(number, 0.0):
            known[number] = score
    for m, score in zip(mentions, scores, strict=True):
        row = _row(rows, codes[code_of[m.term]])
        values = row.values
        free = cover.free(m.sentence, m.begin, m.end)
        row.supports.append(Support(m.begin, m.end, score, "terms", m.sentence, m.section, free))
        values["term_mentions"] = values.get("term_mentions", 0) + 1
        if free and score > values.get("term_free", 0.0):
            values["term_free"] = score
        mass = m.mass if m.dice > 0.9 else 0.0
        if mass >= values.get("term_mass", 0.0):
            values["term_mass"] = mass
        if m.dice > values.get("term_dice", 0.0):
            values["term_dice"] = m.dice
        if score > values.get("term_score", -1.0):
            rivals = by_span[m.begin, m.end].values()
            values["term_score"] = score
            values["term_coverage"] = m.coverage
            values["term_words"] = m.words
            values["term_kind"] = kinds[m.term]
            values["term_rank"] = sum([s > score + 1e-6 for s in rivals])
            values["term_ties"] = sum([abs(s - score) <= 1e-6 for s in rivals])


def _add_alike(
    rows: dict[str, _Row], mentions: list[TermMention], lexicon: Lexicon, cover: _Cover
) -> None:
    for m in mentions:
        row = _row(rows, lexicon.codes[lexicon.code_of[m.term]])
        score = m.dice * float(lexicon.strengths[m.term])
        values = row.values
        free = cover.free(m.sentence, m.begin, m.end)
        if score > values.get("alike_score", 0.0):
            values["alike_score"] = score
            values["alike_words"] = m.words
        values["alike_dice"] = max(values.get("alike_dice", 0.0), m.dice)
        if free:
            values["alike_free"] = max(values.get("alike_free", 0.0), score)
        row.supports.append(Support(m.begin, m.end, score, "history", m.sentence, m.section, free))


def _add_runs(
    rows: dict[str, _Row],
    words: list[list[Token]],
    sections: list[int],
    history: StringHistory,
    cover: _Cover,
) -> None:
    best: dict[int, dict[tuple[int, int], tuple[float, int]]] = {}
    for number, sentence in enumerate(words):
        for i, j, code, rate in history.associations.find(sentence):
            where = (sentence[i].begin, sentence[j].end)
            best.setdefault(code, {})[where] = (rate, number)
    for code, places in best.items():
        row = _row(rows, history.codes[code])
        strongest = sorted(places.items(), key=lambda p: (-p[1][0], p[0]))
        rates = [rate for _, (rate, _) in strongest]
        row.values["run_rate"] = rates[0]
        row.values["run_kinds"] = min(len(rates), 8)
        row.values["run_joint"] = 1 - math.prod(1 - min(r, 0.95) for r in rates[:6])
        for (begin, end), (rate, number) in strongest[:2]:
            free = cover.free(number, begin, end)
            row.supports.append(
                Support(begin, end, 0.3 * rate, "history", number, sections[number], free)
            )


def _add_dense(
    rows: dict[str, _Row],
    reading: NoteReading,
    runs: list[Stretch],
    dense: Dense,
    cover: _Cover,
) -> None:
    """Nearest terms and marked strings of each stretch; likeness of candidates to their words."""
    if reading.states is None:
        reading.states = dense.encoder.read(reading.note.text)
    short = [r for r in runs if r.words]
    spans = [(r.words[0].begin, r.words[-1].end) for r in short]
    if not spans:
        return
    queries = dense.projection.apply(reading.states.spans(spans))
    for index, column, least in (
        (dense.terms, "dense_found", LEAST_LIKENESS),
        (dense.strings, "dense_string", LEAST_LIKENESS),
    ):
        if index is None:
            continue
        for run, (begin, end), (terms, scores) in zip(
            short, spans, index.nearest(queries, MOST_NEAREST, least), strict=True
        ):
            for rank, (term, score) in enumerate(zip(terms.tolist(), scores.tolist(), strict=True)):
                if score < least:
                    break
                row = _row(rows, index.codes[index.code_of(term)])
                values = row.values
                if score > values.get(column, 0.0):
                    values[column] = score
                    if column == "dense_found":
                        values["dense_rank"] = rank
                if column == "dense_string":
                    alike = score * float(index.strengths[term])
                    values["dense_alike"] = max(values.get("dense_alike", 0.0), alike)
                free = cover.free(run.sentence, begin, end)
                row.supports.append(
                    Support(begin, end, 0.3 * score, "vectors", run.sentence, run.section, free)
                )
    if dense.attention is not None:
        _add_attention(rows, reading, dense.attention, cover)
    # The best few spans of every candidate, pooled in one go.
    best = {code: sorted(row.supports, key=lambda s: -s.strength)[:2] for code, row in rows.items()}
    wanted = sorted({(s.begin, s.end) for supports in best.values() for s in supports})
    place = {span: i for i, span in enumerate(wanted)}
    vectors = dense.projection.apply(reading.states.spans(wanted))
    for code, supports in best.items():
        own = vectors[[place[s.begin, s.end] for s in supports]]
        rows[code].values["dense_likeness"] = dense.terms.likeness(code, own)


def _add_attention(
    rows: dict[str, _Row], reading: NoteReading, attention: LabelAttention, cover: _Cover
) -> None:
    """Probabilities of the codes; attended words are evidence where there is no other.

    What is only negated must stay so, whatever else the attention looks at.
    """
    assert reading.states is not None
    sections = [s.section for s in reading.note.sentences]
    for found in attention.find(reading.states, reading.words):
        row = rows.get(found.code)
        if row is None:
            if found.probability < LEAST_ATTENTION:
                continue
            free = cover.free(found.sentence, found.begin, found.end)
            support = Support(
                found.begin, found.end, 0.5 * found.probability, "attention",
                found.sentence, sections[found.sentence], free,
            )  # fmt: skip
            row = rows[found.code] = _Row([support], {}, {})
        row.values["attention"] = found.probability


def _assertions(
    note: Note, rows: dict[str, _Row], rules: AssertionRules
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
    strong: set[tuple[int, int, int, int]],
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
    rows: list[_Row],
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
        out[COLUMN["code_count"]] = _coarse(count)
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


def _coarse(count: int) -> float:
    """Counts that differ little are the same number, so that single notes leave no trace."""
    return float(count) if count <= 2 else float(2 + int(2 * math.log2(count / 2)))
