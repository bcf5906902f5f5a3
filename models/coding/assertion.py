"""How a mention is meant: present, negated, uncertain, historical, of a relative, hypothetical.

In the ConText manner (Harkema, Dowling, Thornblade and Chapman, 2009): phrases reach forward or
backward over a sentence until another phrase stops them, the longest phrase at a place counts,
and the section says what holds where no phrase does. The rules are data
(``assertion_rules.toml``, documented there; ``assertion_rules_es.toml`` for Spanish).
"""

import re
import tomllib
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from models.coding.spans import Note, SectionKind, Sentence, Span
from models.errors import InputError

TABLES = {"en": "assertion_rules.toml", "es": "assertion_rules_es.toml"}
"""Rules by language. A note's own are used: "son" and "once" are words of both languages."""


class Assertion(StrEnum):
    """How a mention is meant; in the order in which one of several is chosen."""

    NEGATED = "negated"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"
    UNCERTAIN = "uncertain"
    HISTORICAL = "historical"
    PRESENT = "present"


_MEANINGS = (*(a.value for a in Assertion if a is not Assertion.PRESENT), "nothing", "stop")
_DIRECTIONS = ("forward", "backward", "both")
_KEYS = ("meaning", "direction", "reach", "inside", "stops", "phrases")
_FAR = 1 << 30
_CLAUSE_ENDS = frozenset(",.;)]|")
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_PHRASE_TOKEN = re.compile(rf"##|{_TOKEN.pattern}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ITEM = re.compile(r"\s*(?:[-*+•·▪‣●○◦–—]|\(?\d{1,2}[.)]|[A-Za-z]\))\s*\S")


class _Rule(NamedTuple):
    """What one phrase does; ``reach`` in tokens."""

    meanings: tuple[tuple[Assertion, bool, int], ...]  # meaning, whether forward, reach
    inside: bool  # whether the phrase also speaks of a mention that it is a part of
    stops: frozenset[Assertion]


class _Reached:
    """Characters that phrases of one meaning and direction reach over, as disjoint runs."""

    def __init__(self, runs: list[tuple[int, int]]) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        for begin, end in sorted(runs):
            if self._ends and begin <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._begins.append(begin)
                self._ends.append(end)

    def holds(self, place: int) -> bool:
        """Whether the character at ``place`` is reached."""
        at = bisect_right(self._begins, place) - 1
        return at >= 0 and place < self._ends[at]


class _Scopes(NamedTuple):
    """What the phrases of one sentence reach over."""

    forward: dict[Assertion, _Reached]
    backward: dict[Assertion, _Reached]

    def of(self, begin: int, end: int) -> set[Assertion]:
        """What is said of a mention."""
        found = {meaning for meaning, run in self.forward.items() if run.holds(begin)}
        return found | {meaning for meaning, run in self.backward.items() if run.holds(end - 1)}


_NOTHING = _Scopes({}, {})


_Trie = dict[str, Any]  # token -> _Trie; "" -> what the phrase that ends here does


def _plain(word: str) -> str:
    word = word.casefold()
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


class AssertionRules:
    """The phrases, ready to be searched; built by `default` or `load`."""

    def __init__(
        self, phrases: _Trie, stops: _Trie, sections: Mapping[SectionKind, Assertion]
    ) -> None:
        """``sections``: what a section says of all that it mentions."""
        self._triggers = phrases
        self._stops = stops
        self.sections = sections

    @classmethod
    def default(cls, language: str = "en") -> "AssertionRules":
        """The rules that ship with Firstpass for a language of `TABLES`."""
        return _default(language)

    @classmethod
    def load(cls, *paths: Path, language: str = "en") -> "AssertionRules":
        """The rules that ship with Firstpass and those of TOML files of the same form over them.

        Raises:
            InputError: unreadable, or a key or value that is not known (the text lists those
                allowed).
        """
        _known("rules", "language", [language], tuple(TABLES))
        return cls._of([_shipped(language), *((str(path), _read(path)) for path in paths)])

    @classmethod
    def _of(cls, tables: Sequence[tuple[str, Mapping[str, Any]]]) -> "AssertionRules":
        phrases: _Trie = {}
        stops: _Trie = {}
        sections: dict[SectionKind, Assertion] = {}
        classes: dict[str, list[str]] = {}
        for name, table in tables:
            _known(name, "key", table, ("classes", "sections", "rules"))
            classes |= table.get("classes", {})
            for section, meaning in table.get("sections", {}).items():
                _known(name, "section", [section], tuple(SectionKind))
                _known(name, "meaning", [meaning], tuple(Assertion))
                sections[SectionKind(section)] = Assertion(meaning)
            mine: dict[tuple[bool, tuple[str, ...]], _Rule] = {}
            for row in table.get("rules", []):
                for tokens, rule in _rules(name, row, classes):
                    key = row["meaning"] == "stop", tokens
                    mine[key] = _joined(mine[key], rule) if key in mine else rule
            for (only_stops, tokens), rule in mine.items():
                at = stops if only_stops else phrases
                for token in tokens:
                    at = at.setdefault(token, {})
                at[""] = rule
        return cls(phrases, stops, sections)

    def scopes(self, note: Note, sentence: Sentence) -> _Scopes:
        """What the phrases of a sentence reach over."""
        marks = list(_TOKEN.finditer(note.text, sentence.begin, sentence.end))
        tokens = [_plain(mark[0]) for mark in marks]
        triggers = self._find(tokens)
        if not triggers:
            return _NOTHING
        starts, ends = self._find_stops(tokens, triggers)
        runs: dict[tuple[Assertion, bool], list[tuple[int, int]]] = {}
        for first, last, rule in triggers:
            for meaning, forward, reach in rule.meanings:
                if forward:
                    where = starts.get(meaning, [])
                    at = bisect_left(where, last)
                    limit = min(where[at] if at < len(where) else len(tokens), last + reach)
                    begin = marks[first].start() if rule.inside else marks[last - 1].end()
                    span = begin, marks[limit - 1].end()
                else:
                    where = ends.get(meaning, [])
                    at = bisect_right(where, first)
                    limit = max(where[at - 1] if at else 0, first - reach)
                    end = marks[last - 1].end() if rule.inside else marks[first].start()
                    span = marks[limit].start(), end
                if span[0] < span[1]:
                    runs.setdefault((meaning, forward), []).append(span)
        return _Scopes(
            {meaning: _Reached(run) for (meaning, forward), run in runs.items() if forward},
            {meaning: _Reached(run) for (meaning, forward), run in runs.items() if not forward},
        )

    def _find(self, tokens: Sequence[str]) -> list[tuple[int, int, _Rule]]:
        """First and last token (half-open) of the longest phrase at each place."""
        result = []
        at = 0
        while at < len(tokens):
            ends = list(_ends(self._triggers, tokens, at))
            if ends:
                result.append((at, *ends[-1]))
                at = ends[-1][0]
            else:
                at += 1
        return result

    def _find_stops(
        self, tokens: Sequence[str], triggers: Sequence[tuple[int, int, _Rule]]
    ) -> tuple[dict[Assertion, list[int]], dict[Assertion, list[int]]]:
        """By meaning: first tokens of what ends its reach, and the tokens behind it; sorted."""
        taken = bytearray(len(tokens))
        found = []
        for first, last, rule in triggers:
            taken[first:last] = b"x" * (last - first)
            if rule.stops:
                found.append((first, last, rule.stops))
        for at in range(len(tokens)):
            if not taken[at]:
                found.extend((at, end, rule.stops) for end, rule in _ends(self._stops, tokens, at))
        starts: dict[Assertion, list[int]] = {}
        ends: dict[Assertion, list[int]] = {}
        for first, last, meanings in found:
            for meaning in meanings:
                starts.setdefault(meaning, []).append(first)
                ends.setdefault(meaning, []).append(last)
        for where in (*starts.values(), *ends.values()):
            where.sort()
        return starts, ends


def _ends(trie: _Trie, tokens: Sequence[str], at: int) -> Iterator[tuple[int, _Rule]]:
    """Where phrases that begin at a token end, the shortest first."""
    node: _Trie | None = trie
    for end in range(at, len(tokens) + 1):
        assert node is not None
        if end > at and "" in node:
            yield end, node[""]
        if "$" in node and (end == len(tokens) or tokens[end] in _CLAUSE_ENDS):
            yield end, node["$"][""]
        if end == len(tokens):
            return
        token = tokens[end]
        node = node.get(token) or (_number(node, token) if token.isdigit() else None)
        if node is None:
            return


def _number(node: _Trie, token: str) -> _Trie | None:
    """What follows a number in a phrase: "##" is a year, "#" any number."""
    year = node.get("##") if _YEAR.fullmatch(token) else None
    return year or node.get("#")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a TOML file of rules ({error})") from error


def _shipped(language: str) -> tuple[str, dict[str, Any]]:
    name = TABLES[language]
    return name, tomllib.loads(resources.files("models.coding").joinpath(name).read_text("utf-8"))


@lru_cache(maxsize=len(TABLES))
def _default(language: str) -> AssertionRules:
    return AssertionRules._of([_shipped(language)])


_ENGLISH = "the of and with without to in for is was has he she denies patient on at or by from out"
_SPANISH = "de la el que con en los las del una un por se sin y niega su al para pero"
_OFTEN = {"en": frozenset(_ENGLISH.split()), "es": frozenset(_SPANISH.split())}
_SAMPLE = 6000  # characters that tell a note's language


def language_of(text: str) -> str:
    """Language of `TABLES` that a note is written in; English where nothing tells.

    >>> language_of("Niega fiebre y tos."), language_of("Denies fever.")
    ('es', 'en')
    """
    words = set(_TOKEN.findall(text[:_SAMPLE].casefold()))
    seen = {name: len(words & often) for name, often in _OFTEN.items()}
    return max(seen, key=lambda name: seen[name])


def _known(name: str, what: str, values: Iterator[str] | Any, allowed: Sequence[str]) -> None:
    for value in values:
        if value not in allowed:
            raise InputError(
                f"{name}: {what} {value!r} is unknown; allowed: {', '.join(map(str, allowed))}"
            )


def _rules(
    name: str, row: Mapping[str, Any], classes: Mapping[str, Sequence[str]]
) -> Iterator[tuple[tuple[str, ...], _Rule]]:
    _known(name, "key", row, _KEYS)
    meaning, direction = row.get("meaning", ""), row.get("direction", "forward")
    _known(name, "meaning", [meaning], _MEANINGS)
    _known(name, "direction", [direction], _DIRECTIONS)
    reach = row.get("reach", _FAR)
    if not isinstance(reach, int) or reach < 1:
        raise InputError(f"{name}: reach={reach!r} is no number of words from 1 on")
    inside = row.get("inside", False)
    if not isinstance(inside, bool):
        raise InputError(f"{name}: inside={inside!r} is neither true nor false")
    all_of = tuple(a for a in Assertion if a is not Assertion.PRESENT)
    stops = row.get("stops", [])
    _known(name, "stops", stops, ("*", *all_of))
    stopped = frozenset(all_of) if "*" in stops else frozenset(map(Assertion, stops))
    meanings: tuple[tuple[Assertion, bool, int], ...] = ()
    if meaning not in ("nothing", "stop"):
        ways = {"forward": (True,), "backward": (False,), "both": (True, False)}[direction]
        meanings = tuple((Assertion(meaning), way, reach) for way in ways)
    for phrase in row.get("phrases", []):
        for words in _expanded(name, phrase, classes):
            tokens = tuple(_plain(token) for token in _PHRASE_TOKEN.findall(words))
            if tokens:
                yield tokens, _Rule(meanings, inside, stopped)


def _expanded(name: str, phrase: str, classes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    parts = re.split(r"\{(\w+)\}", phrase)
    _known(name, "class", parts[1::2], tuple(classes))
    for words in product(*(classes[part] for part in parts[1::2])):
        filled = [part for pair in zip(parts[::2], (*words, ""), strict=True) for part in pair]
        yield "".join(filled)


def _joined(one: _Rule, other: _Rule) -> _Rule:
    """Two rules of one phrase: it does both."""
    meanings = dict.fromkeys((*one.meanings, *other.meanings))
    return _Rule(tuple(meanings), one.inside or other.inside, one.stops | other.stops)


def modifiers(
    note: Note, spans: Sequence[Span], rules: AssertionRules | None = None
) -> list[frozenset[Assertion]]:
    """All that is said of each mention: several may hold ("no family history of ...").

    Empty: present. ``rules``: by default ours for the note's language. Spans are offsets into
    ``note.text``, in any order.
    """
    rules = rules or AssertionRules.default(language_of(note.text))
    sentences = note.sentences
    begins = [sentence.begin for sentence in sentences]
    scopes: dict[int, _Scopes] = {}
    carried = _Carried(note, rules)
    result = []
    for span in spans:
        number = bisect_right(begins, span.begin) - 1
        if number < 0:
            result.append(frozenset[Assertion]())
            continue
        if number not in scopes:
            scopes[number] = rules.scopes(note, sentences[number])
        found = scopes[number].of(span.begin, span.end) | carried.into(number)
        section = sentences[number].section
        if section >= 0 and (said := rules.sections.get(note.sections[section].kind)):
            found.add(said)
        result.append(frozenset(found))
    return result


class _Carried:
    """What a sentence that ends with a colon says of the list below it ("Denies:", "Call if:")."""

    def __init__(self, note: Note, rules: AssertionRules) -> None:
        self._note, self._rules = note, rules
        self._known: dict[int, frozenset[Assertion]] = {}

    def into(self, number: int) -> frozenset[Assertion]:
        """Meanings that reach into a sentence from the one above its list."""
        note = self._note
        found = frozenset[Assertion]()
        chain = []
        while number not in self._known and number > 0 and _is_item(note, number):
            chain.append(number)
            number -= 1
            above = note.sentences[number]
            if note.text[above.end - 1] == ":":
                scopes = self._rules.scopes(note, above)
                found = frozenset(
                    m for m, run in scopes.forward.items() if run.holds(above.end - 1)
                )
                break
        else:
            found = self._known.get(number, found)
            self._known[number] = found
        self._known.update(dict.fromkeys(chain, found))
        return found


def _is_item(note: Note, number: int) -> bool:
    """Whether a sentence is an item of a list."""
    sentence = note.sentences[number]
    return _ITEM.match(note.text, sentence.begin, sentence.end) is not None


def assertions(
    note: Note, spans: Sequence[Span], rules: AssertionRules | None = None
) -> list[Assertion]:
    """How each mention is meant: the first of `Assertion` that holds, else present.

    >>> from models.coding.note import read_note
    >>> note = read_note("Denies fever. Mother had asthma. Possible pneumonia.")
    >>> spans = [Span(7, 12), Span(25, 31), Span(42, 51)]
    >>> [str(a) for a in assertions(note, spans)]
    ['negated', 'family', 'uncertain']
    """
    return [
        next((a for a in Assertion if a in found), Assertion.PRESENT)
        for found in modifiers(note, spans, rules)
    ]
