"""Abbreviations of a note, spelt out by their context.

The table is data (``abbreviations.csv``): a short form, a long form, words that stand near it
when it has this meaning, sections in which it has it, and whether its capitals matter. The first
row of a short form is what it means where nothing says otherwise.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from models.codes.tables import ANY, check_value, read_rules
from models.coding.spans import Note, SectionKind, Span
from models.errors import InputError

TABLE = "abbreviations.csv"
_COLUMNS = ("short", "long", "near", "sections", "case")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+")
_NEAR = 160  # characters on either side in which words are near
_SECTION, _CLOSE, _ANYWHERE = 1.5, 1.0, 0.25  # what a hint counts
_LOWEST = 0.05
_OWN_FIRST = 1_000_000  # a practice's rows come before ours


class Meaning(msgspec.Struct, frozen=True):
    """One long form with the share of the evidence that speaks for it (all add up to 1)."""

    words: str
    share: float


class Abbreviation(msgspec.Struct, frozen=True):
    """A short form at ``[begin, end)`` of the note; the likeliest meaning comes first."""

    begin: int
    end: int
    short: str
    meanings: tuple[Meaning, ...]

    @property
    def long(self) -> str:
        """The likeliest long form."""
        return self.meanings[0].words


class _Form(msgspec.Struct, frozen=True):
    place: int  # of its row: earlier rows are the more usual
    words: str
    near: frozenset[str]
    sections: frozenset[str]


_Forms = Mapping[str, Sequence[_Form]]


class AbbreviationTable:
    """Finds and spells out short forms; built by `load_abbreviations`."""

    def __init__(self, exact: _Forms, any_case: _Forms) -> None:
        """``exact``: forms by the short form as written; ``any_case``: by it in small letters."""
        self._exact = exact
        self._any_case = any_case
        # Short forms by the word that they begin with; of those that begin alike ("n/v",
        # "n/v/d") the longest first.
        self._begins: dict[str, list[str]] = {}
        for short in sorted({s.casefold() for s in (*exact, *any_case)}, key=lambda s: -len(s)):
            word = _PIECE.match(short)
            assert word is not None  # checked when the table was read
            self._begins.setdefault(word[0], []).append(short)

    def __len__(self) -> int:
        return len(self._exact) + len(self._any_case)

    def meanings(self, short: str) -> tuple[str, ...]:
        """Long forms of a short one, the usual one first; empty for an unknown one."""
        return tuple(form.words for form in self._forms(short))

    def _forms(self, short: str) -> list[_Form]:
        forms = [*self._exact.get(short, ()), *self._any_case.get(short.casefold(), ())]
        return sorted(forms, key=lambda form: form.place) if len(forms) > 1 else forms

    def find(self, note: Note, spans: Iterable[Span] | None = None) -> list[Abbreviation]:
        """Short forms of the note, or of parts of it, in order, each with its meanings."""
        text = note.text
        whole = (Span(0, len(text)),) if spans is None else spans
        begins = [sentence.begin for sentence in note.sentences]
        said: frozenset[str] | None = None
        result = []
        for span in whole:
            end = span.begin
            for piece in _PIECE.finditer(text, span.begin, span.end):
                shorts = self._begins.get(piece[0].casefold())
                if shorts is None or piece.start() < end:
                    continue
                found = self._at(text, piece.start(), span.end, shorts)
                if found is None:
                    continue
                end, forms = found
                meanings: tuple[Meaning, ...] = (Meaning(forms[0].words, 1.0),)
                if len(forms) > 1:
                    said = said or _words(text)
                    kind = _section(note, begins, piece.start())
                    near = text[max(piece.start() - _NEAR, 0) : end + _NEAR]
                    meanings = _weighed(forms, kind, _words(near), said)
                result.append(Abbreviation(piece.start(), end, text[piece.start() : end], meanings))
        return result

    def _at(
        self, text: str, begin: int, stop: int, shorts: Sequence[str]
    ) -> tuple[int, list[_Form]] | None:
        """Where the short form that begins here ends, and its long forms."""
        if not _free(text[max(begin - 3, 0) : begin][::-1]):
            return None
        for short in shorts:
            end = begin + len(short)
            if end > stop or text[begin:end].casefold() != short:
                continue
            if short[-1].isalnum() and not _free(text[end : end + 3]):
                continue
            if len(short) > 1 and not short[-2].isalnum() and text[end : end + 1] == "/":
                continue  # "n/v" of "n/v/x"
            forms = self._forms(text[begin:end])
            if forms:  # else its capitals say that it is a word: "as", "all"
                return end, forms
        return None


def _free(beside: str) -> bool:
    """Whether a word ends where ``beside`` begins; "HTN/DM" are two words, "n/v" is one."""
    if beside[:1] == "/":
        return len(beside) > 2 and beside[1].isalnum() and beside[2].isalnum()
    return not (beside[:1].isalnum() or beside[:1] in ("&", "_"))


def _weighed(
    forms: Sequence[_Form], kind: str, close: frozenset[str], said: frozenset[str]
) -> tuple[Meaning, ...]:
    weights: dict[str, float] = {}
    for number, form in enumerate(forms):
        weight = _LOWEST + (0.5 if number == 0 else 0.0)
        weight += _SECTION * (kind in form.sections)
        weight += _CLOSE * len(form.near & close) + _ANYWHERE * len(form.near & said - close)
        weights[form.words] = weights.get(form.words, 0.0) + weight
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda pair: -pair[1])
    return tuple(Meaning(words, weight / total) for words, weight in ranked)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))


def _section(note: Note, begins: Sequence[int], place: int) -> str:
    number = bisect_right(begins, place) - 1
    if number < 0 or note.sentences[number].section < 0:
        return ""
    return note.sections[note.sentences[number].section].kind


@lru_cache(maxsize=4)
def load_abbreviations(overrides: Path | None = None) -> AbbreviationTable:
    """The table, with the rows of a practice's CSV file before ours.

    The file has the columns ``short`` and ``long`` and may have ``near`` (words, blanks between),
    ``sections`` (kinds, blanks between) and ``case`` (``exact``: capitals matter).

    Raises:
        InputError: unknown column, section or case (the text lists those allowed).

    >>> load_abbreviations().meanings("HTN")
    ('hypertension',)
    """
    exact: dict[str, list[_Form]] = {}
    any_case: dict[str, list[_Form]] = {}
    for source in (overrides, TABLE):
        if source is None:
            continue
        for line, row in read_rules(source, _COLUMNS, _COLUMNS[:2], package="models.coding"):
            if _PIECE.match(row["short"]) is None:
                raise InputError(
                    f"{source}, line {line}: short={row['short']!r} begins with no letter or digit"
                )
            case = check_value(str(source), line, "case", row["case"], (ANY, "exact"))
            sections = frozenset(() if row["sections"] == ANY else row["sections"].split())
            for section in sections:
                check_value(str(source), line, "sections", section, list(SectionKind))
            near = frozenset(() if row["near"] == ANY else row["near"].casefold().split())
            place = line if source == TABLE else line - _OWN_FIRST
            form = _Form(place, row["long"], near, sections)
            if case == "exact":
                exact.setdefault(row["short"], []).append(form)
            else:
                any_case.setdefault(row["short"].casefold(), []).append(form)
    return AbbreviationTable(exact, any_case)
