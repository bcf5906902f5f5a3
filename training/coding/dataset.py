"""Labelled notes made ready: what each teaches, its gold codes, and who belongs together."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence, Set

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.coding.history import Marked, marked_string
from models.coding.note import read_note
from models.coding.notes_file import NoteRecord
from models.coding.reading import NoteReading, read_words
from models.coding.words import tokens, vocabulary
from models.errors import InputError, Place, Problem

Ints = NDArray[np.int64]
Spans = dict[str, list[tuple[int, int]]]


class LabelledNotes(msgspec.Struct):
    """Notes of one code system; all lists and arrays have one entry a note.

    ``group``: equal for notes of one patient; ``day``: ordinal of the date, 0 if unknown.
    """

    system: str
    records: list[NoteRecord]
    readings: list[NoteReading]
    marked: list[Marked]
    spans: list[Spans]
    group: Ints
    day: Ints

    def __len__(self) -> int:
        return len(self.records)

    @property
    def gold(self) -> list[frozenset[str]]:
        """Gold codes."""
        return [m.codes for m in self.marked]

    def take(self, rows: Sequence[int] | Ints) -> "LabelledNotes":
        """Some of the notes."""
        chosen = [int(r) for r in rows]
        return LabelledNotes(
            self.system,
            [self.records[r] for r in chosen],
            [self.readings[r] for r in chosen],
            [self.marked[r] for r in chosen],
            [self.spans[r] for r in chosen],
            self.group[chosen],
            self.day[chosen],
        )


def systems_of(notes: Sequence[NoteRecord]) -> Counter[str]:
    """How many notes have codes of each system."""
    return Counter(s for note in notes for s in {c.system for c in note.codes or ()})


def label(
    notes: Sequence[NoteRecord],
    system: str,
    *,
    known: Callable[[str, dt.date | None], bool] | None = None,
    problems: list[Problem] | None = None,
) -> LabelledNotes:
    """Notes that have been coded, read for one system.

    ``known(code, date)`` says whether the system has such a code; codes that it has not are
    reported and left out. Notes that cannot be read are reported and left out.
    """
    words = vocabulary()
    told = problems if problems is not None else []
    unknown: Counter[str] = Counter()
    result = LabelledNotes(system, [], [], [], [], np.zeros(0, np.int64), np.zeros(0, np.int64))
    groups: dict[str, int] = {}
    group: list[int] = []
    for number, note in enumerate(notes, 1):
        if note.codes is None:
            continue
        try:
            reading = read_words(read_note(note.text), words)
        except InputError as error:
            told.append(Problem(Place(row=number), "notes.unreadable", str(error), "left out"))
            continue
        strings: list[tuple[str, str]] = []
        texts: list[str] = []
        spans: Spans = {}
        codes = set()
        for each in note.codes:
            if each.system != system:
                continue
            code = each.code.strip().upper()
            if known is not None and not known(code, note.date):
                unknown[code] += 1
                continue
            codes.add(code)
            if each.begin is not None and each.end is not None:
                spans.setdefault(code, []).append((each.begin, each.end))
                content = [
                    t for t in tokens(note.text, each.begin, each.end) if t.word not in words.empty
                ]
                if string := marked_string(content):
                    strings.append((string, code))
                    texts.append(note.text[each.begin : each.end])
        keys = tuple(tuple(t.key for t in sentence) for sentence in reading.words)
        result.records.append(note)
        result.readings.append(reading)
        result.marked.append(Marked(keys, frozenset(codes), tuple(strings), tuple(texts)))
        result.spans.append(spans)
        group.append(groups.setdefault(note.patient_id or f"note {note.id}", len(groups)))
    result.group = np.array(group, np.int64)
    result.day = np.array([n.date.toordinal() if n.date else 0 for n in result.records], np.int64)
    if unknown:
        some = ", ".join(code for code, _ in unknown.most_common(5))
        told.append(
            Problem(
                Place(field="codes"), "notes.unknown_code",
                f"{unknown.total()} labels are no {system} codes ({len(unknown)} different: "
                f"{some}{', ...' if len(unknown) > 5 else ''})",
                "these labels were left out",
            )
        )  # fmt: skip
    return result


def folds_of(group: Ints, count: int, seed: int = 0) -> Ints:
    """Fold of each note, patients kept together, folds of about equal size."""
    sizes = np.bincount(group)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros(count)
    fold = np.zeros(len(sizes), np.int64)
    for one in order:
        fold[one] = int(filled.argmin())
        filled[fold[one]] += sizes[one]
    return fold[group]


def apart(data: LabelledNotes, chosen: Set[str]) -> tuple[Ints, Ints]:
    """Rows to learn from and rows to test on, where the notes to test on are ``chosen`` by id.

    No patient is on both sides: of a tested patient nothing is learnt.
    """
    test = np.array([r.id in chosen for r in data.records], bool)
    learn = ~test & ~np.isin(data.group, np.unique(data.group[test]))
    return np.flatnonzero(learn), np.flatnonzero(test)


def split(data: LabelledNotes, share: float = 0.2, seed: int = 0) -> tuple[Ints, Ints]:
    """Rows to learn from and rows to test on: the latest notes where dates are known.

    No patient is on both sides: of a patient seen before, later notes are left out of the test.
    """
    if len(set(data.day.tolist()) - {0}) >= 5 and (data.day > 0).mean() > 0.9:
        begin = np.quantile(data.day, 1 - share)
        late = data.day >= begin
        early = np.unique(data.group[~late])
        test = late & ~np.isin(data.group, early)
        if test.sum() >= min(20, share * len(data) / 2):
            return np.flatnonzero(~late), np.flatnonzero(test)
    fold = folds_of(data.group, max(2, round(1 / share)), seed)
    return np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
