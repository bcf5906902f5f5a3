"""Mentions that speak for a code, from every source, with the numbers that they bring.

Each source adds to the row of a code: strings that coders marked, terms of the code system,
words like either, runs of words, vectors, attention. `models.coding.features` makes the table.
"""

import math

import msgspec

from models.coding.assertion import Assertion
from models.coding.attention import LabelAttention
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import StringMention, TermMention, find_strings
from models.coding.reading import NoteReading, spelt_out
from models.coding.sources import Dense, Sources
from models.coding.stretches import Stretch, stretches
from models.coding.words import Token

Span4 = tuple[int, int, int, int]

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


class Gathered(msgspec.Struct, frozen=True):
    """Rows by code, in the order in which they were found.

    ``strong``: sentence, begin, end and words of what is known word for word.
    """

    rows: "dict[str, Row]"
    strong: set[Span4]


def gather(reading: NoteReading, sources: Sources) -> Gathered:
    """Everything that speaks for any code in a note."""
    note, words = reading.note, reading.words
    runs = stretches(note, spelt_out(note, words, sources.terms.vocabulary))
    sections = [s.section for s in note.sentences]
    rows: dict[str, Row] = {}
    strings = find_strings(words, sections, sources.history)
    terms = sources.terms.find(runs)
    alike = sources.alike.find(runs)
    strong = {(m.sentence, m.begin, m.end, m.words) for m in strings}
    strong |= {(m.sentence, m.begin, m.end, m.words) for m in terms if m.dice > 0.97}
    cover = Cover(strong)
    _add_strings(rows, strings, sources.history, cover)
    _add_terms(rows, terms, sources.terms.lexicon, cover)
    _add_alike(rows, alike, sources.alike.lexicon, cover)
    _add_runs(rows, words, sections, sources.history, cover)
    if sources.dense is not None:
        _add_dense(rows, reading, runs, sources.dense, cover)
    return Gathered(rows, strong)


class Row(msgspec.Struct, gc=False):
    """What speaks for one code; ``values`` by column of `models.coding.features.COLUMNS`."""

    supports: list[Support]
    strings: dict[int, tuple[int, int, int, int, int]]  # string: marked, with, seen, rank, words
    values: dict[str, float]


class Cover:
    """Whether a span lies within a longer one that is known."""

    def __init__(self, strong: set[Span4]) -> None:
        self._by_sentence: dict[int, list[tuple[int, int, int]]] = {}
        for sentence, begin, end, words in strong:
            if words > 1:
                self._by_sentence.setdefault(sentence, []).append((begin, end, words))
        self._known: dict[tuple[int, int], bool] = {}

    def free(self, sentence: int, begin: int, end: int) -> bool:
        """Whether it lies in no longer span of the sentence that is known."""
        found = self._known.get((begin, end))
        if found is None:
            found = self._known[begin, end] = not any(
                b <= begin and end <= e and (b, e) != (begin, end)
                for b, e, _ in self._by_sentence.get(sentence, ())
            )
        return found


def _row(rows: dict[str, Row], code: str) -> Row:
    row = rows.get(code)
    if row is None:
        row = rows[code] = Row([], {}, {})
    return row


def _add_strings(
    rows: dict[str, Row], mentions: list[StringMention], history: StringHistory, cover: Cover
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
                values["string_seen"] = coarse(known.seen)
                values["string_count"] = coarse(marked)
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
    rows: dict[str, Row], mentions: list[TermMention], lexicon: Lexicon, cover: Cover
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
    rows: dict[str, Row], mentions: list[TermMention], lexicon: Lexicon, cover: Cover
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
    rows: dict[str, Row],
    words: list[list[Token]],
    sections: list[int],
    history: StringHistory,
    cover: Cover,
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
    rows: dict[str, Row],
    reading: NoteReading,
    runs: list[Stretch],
    dense: Dense,
    cover: Cover,
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
    rows: dict[str, Row], reading: NoteReading, attention: LabelAttention, cover: Cover
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
            row = rows[found.code] = Row([support], {}, {})
        row.values["attention"] = found.probability


def coarse(count: int) -> float:
    """Counts that differ little are the same number, so that single notes leave no trace."""
    return float(count) if count <= 2 else float(2 + int(2 * math.log2(count / 2)))
