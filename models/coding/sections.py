"""Sections of a note, found by their headings.

Headings are data (``section_headings.csv``). A heading stands on a line of its own ("PLAN",
"## Assessment", "**HPI**"), at a line's start before a colon or dash ("A/P: ...", "PMH - HTN"),
or within a line before a colon ("... x3 days. PMH: HTN. Meds: none"), as one-line notes have it.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from models.codes.tables import ANY, check_value, read_rules
from models.coding.spans import Section, SectionKind, Span

TABLE = "section_headings.csv"
PART = "part"
"""Kind of a row that names a part of a section ("Lungs" in an exam), which begins none."""

_LONGEST = 64  # characters of a heading
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LEAD = re.compile(
    r"[\s>|]*(?P<mark>\#{1,6})?\s*"
    r"(?:(?P<bullet>[-*+•·▪‣●○◦–—]|\(?\d{1,2}[.)]|[A-Za-z]\))\s+)?"
    r"(?P<bold>\*{1,3}|_{1,3})?"
)
_DASH = re.compile(r"\s[-–—]\s")
_BREAK = re.compile(r"[.;!?|)\]]\s+|\s{2,}|\t")
_WORD = re.compile(r"[^\s(\[]+")
_SPACES = re.compile(r"\s+")
_TRIM = " \t*_#:.[]{}=-–—"


class _Headings(NamedTuple):
    whole: dict[str, str]  # normalised heading -> kind or PART
    within: frozenset[str]  # headings that also begin a section within a line
    words: dict[str, str]  # a word of an unknown heading -> kind; the first in the table wins


class _Found(NamedTuple):
    kind: SectionKind
    start: int  # of the markup before the heading: there the section before it ends
    begin: int
    end: int
    body: int


def normal(words: str) -> str:
    """A heading as it is looked up: no case, accents, markup, doubled spaces or brackets.

    >>> normal(" **Exploración  Física** ")
    'exploracion fisica'
    """
    words = unicodedata.normalize("NFKD", words.casefold())
    words = "".join(c for c in words if not unicodedata.combining(c))
    words = re.sub(r"\([^()]*\)", " ", words).replace("&", " and ").replace(" + ", " and ")
    words = re.sub(r"\s*/\s*", "/", words)
    return _SPACES.sub(" ", words).strip(_TRIM)


@lru_cache(maxsize=1)
def _headings() -> _Headings:
    kinds = [*SectionKind, PART]
    whole: dict[str, str] = {}
    within: set[str] = set()
    words: dict[str, str] = {}
    columns = ("heading", "kind", "where")
    for line, row in read_rules(TABLE, columns, columns[:2], package="models.coding"):
        kind = check_value(TABLE, line, "kind", row["kind"], kinds)
        where = check_value(TABLE, line, "where", row["where"], (ANY, "line", "word"))
        key = normal(row["heading"])
        if where == "word":
            words[key] = kind
        else:
            whole[key] = kind
            if where == ANY and kind != PART:
                within.add(key)
    return _Headings(whole, frozenset(within), words)


def find_sections(text: str) -> tuple[Section, ...]:
    """Sections in the order of the text; what stands before the first heading is in none."""
    found: list[_Found] = []
    before_blank = True  # whether the line before is blank or absent
    last_end = 0
    for line in _LINE.finditer(text):
        between = text[last_end : line.start()]
        before_blank = before_blank or between.count("\n") > 1 or between.count("\r") > 2
        if line[0].isspace():
            before_blank, last_end = True, line.end()
            continue
        kind = found[-1].kind if found else None
        lead = _LEAD.match(text, line.start(), line.end())
        assert lead is not None  # every part of it is optional
        head = _line_heading(text, lead, line.end(), kind, before_blank)
        if head is not None:
            found.append(head)
        found.extend(_within(text, head.body if head else lead.end(), line.end(), head is None))
        before_blank, last_end = False, line.end()
    return _sections(text, found)


def _sections(text: str, found: list[_Found]) -> tuple[Section, ...]:
    result = []
    for number, head in enumerate(found):
        stop = found[number + 1].start if number + 1 < len(found) else len(text)
        begin, end = head.body, max(stop, head.body)
        while begin < end and text[begin].isspace():
            begin += 1
        while end > begin and text[end - 1].isspace():
            end -= 1
        result.append(Section(head.kind, Span(head.begin, head.end), Span(begin, end)))
    return tuple(result)


def _line_heading(
    text: str, lead: re.Match[str], stop: int, current: SectionKind | None, after_blank: bool
) -> _Found | None:
    """The heading that a line begins with, if any."""
    start, begin = lead.span()
    colon = text.find(":", begin, min(begin + _LONGEST, stop))
    # "# low back pain, progressing despite treatment": a problem of the plan, not a heading
    problem = lead["mark"] == "#" and current in (SectionKind.ASSESSMENT, SectionKind.PLAN)
    marked = bool(lead["mark"] or lead["bold"]) and not problem
    if colon >= 0:
        kind = _kind(text[begin:colon], marked or not text[colon + 1 : stop].strip(_TRIM))
        if kind is not None and not _is_item(lead, kind, current):
            body = colon + 1
            while body < stop and text[body] in "*_":  # "**Plan:** rest"
                body += 1
            return _found(kind, text, start, begin, colon, body)
    elif stop - begin <= _LONGEST:
        words = text[begin:stop].strip()
        plain = words[:1].islower() and not marked and not after_blank
        ends = text[begin:stop].rstrip().endswith((".", ",", ";")) and not words.isupper()
        kind = None if plain or ends else _kind(words, marked or words.isupper())
        if kind is not None and not _is_item(lead, kind, current):
            return _found(kind, text, start, begin, stop, stop)
    if dash := _DASH.search(text, begin, min(begin + _LONGEST, stop)):
        kind = _kind(text[begin : dash.start()], False)
        if kind is not None and not lead["bullet"] and text[begin].isupper():
            return _found(kind, text, start, begin, dash.start(), dash.end())
    return None


def _is_item(lead: re.Match[str], kind: SectionKind, current: SectionKind | None) -> bool:
    """Whether it is an item of the plan ("- Medications: continue") rather than a heading."""
    mine = (SectionKind.ASSESSMENT, SectionKind.PLAN)
    return bool(lead["bullet"]) and current in mine and kind not in mine


def _found(kind: SectionKind, text: str, start: int, begin: int, end: int, body: int) -> _Found:
    while begin < end and text[begin] in _TRIM:
        begin += 1
    while end > begin and text[end - 1] in _TRIM:
        end -= 1
    return _Found(kind, start, begin, end, body)


def _kind(words: str, alone: bool) -> SectionKind | None:
    """Kind of a heading; ``alone``: it can only be a heading, so a word of it may tell."""
    if not words or len(words) > _LONGEST:
        return None
    headings = _headings()
    key = normal(words)
    kind = headings.whole.get(key)
    if kind is None and alone:
        parts = key.split()
        # "History of gout." is a sentence, however it is written.
        if len(parts) <= 6 and "of" not in parts and "de" not in parts[1:] and words[-1] != ".":
            kind = next((k for word, k in headings.words.items() if word in parts), None)
    return None if kind is None or kind == PART else SectionKind(kind)


def _within(text: str, start: int, stop: int, at_start: bool) -> list[_Found]:
    """Headings before a colon further on in a line; ``at_start``: its start holds none."""
    result: list[_Found] = []
    headings = _headings()
    colon = text.find(":", start, stop)
    while colon >= 0:
        floor = max(start, colon - _LONGEST)
        part = text[floor:colon]
        cut = max((m.end() for m in _BREAK.finditer(part)), default=0)
        before = ""
        for word in _WORD.finditer(part, cut):
            begin = floor + word.start()
            # "Medical Treatment:" is no heading "Treatment:"; "HTN Meds:" is one of "Meds:".
            if not text[begin].isupper() or before.istitle():
                before = word[0]
                continue
            before = word[0]
            key = normal(part[word.start() :])
            if key in headings.within and (begin > start or not at_start):
                kind = SectionKind(headings.whole[key])
                result.append(_found(kind, text, begin, begin, colon, colon + 1))
                start = colon + 1
                break
        colon = text.find(":", colon + 1, stop)
    return result
