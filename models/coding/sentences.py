"""Sentences and list items of a note.

A sentence ends at a full stop, question or exclamation mark that is not part of a number, an
abbreviation or an initial, and at the end of a line unless the line was wrapped there.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources

from models.coding.spans import Section, Sentence

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_ITEM = re.compile(r"\s*(?:[-*+•·▪‣●○◦–—>]\s*\S|\(?\d{1,2}[.)]\s|[A-Za-z][.)]\s|\#{1,6}\s)")
# A mark that may end a sentence, with closing quotes and brackets, before what may begin one.
_MARK = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s+[\"'“‘(\[¿¡]*[^\s\Wa-z_]|\s+[-•*¿¡(\[]|\s{2,})"
)
_TOKEN = re.compile(r"\S+$")
_DIGITS = re.compile(r"\(?\d{1,2}")
_NEXT = re.compile(r"\s+(\w+)")
# Words that open a sentence and are nobody's surname.
_WORDS = """
no not the he she they it his her patient pt denies reports has is was will this there these we i
continue start stop return follow plan on in for with without if negative positive
el la los las se sin con en paciente refiere niega presenta
"""
_STARTERS = frozenset(_WORDS.split())
_BACK = 40  # characters that a full stop looks back
_NARROW = 45
"""Characters: a shorter line was not wrapped, it ends where its writer ended it."""


@lru_cache(maxsize=1)
def _abbreviations() -> frozenset[str]:
    text = resources.files("models.coding").joinpath("full_stops.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if line[:1] != "#" for word in line.split())


def find_sentences(text: str, sections: Sequence[Section]) -> tuple[Sentence, ...]:
    """Sentences of the text outside headings, each with its section."""
    result: list[Sentence] = []
    at = 0
    for number, section in enumerate(sections):
        if not number:  # between two sections there is only the markup of a heading
            result.extend(_sentences(text, at, section.heading.begin, -1))
        result.extend(_sentences(text, section.body.begin, section.body.end, number))
        at = max(section.body.end, section.heading.end)
    result.extend(_sentences(text, at, len(text), len(sections) - 1 if sections else -1))
    return tuple(result)


def _sentences(text: str, begin: int, end: int, section: int) -> Iterator[Sentence]:
    for first, last in _paragraphs(text, begin, end):
        at = first
        for mark in _MARK.finditer(text, first, last):
            if _ends(text, at, mark):
                if trimmed := _trim(text, at, mark.end()):
                    yield Sentence(*trimmed, section)
                at = mark.end()
        if trimmed := _trim(text, at, last):
            yield Sentence(*trimmed, section)


def _trim(text: str, begin: int, end: int) -> tuple[int, int] | None:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    # Rules and lone bullets are no sentences.
    return (begin, end) if any(c.isalnum() for c in text[begin:end]) else None


def _paragraphs(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Runs of lines that belong together: one line, or several that were wrapped."""
    lines = [m.span() for m in _LINE.finditer(text, begin, end)]
    widest = max((b - a for a, b in lines), default=0)
    start = -1
    for number, (first, last) in enumerate(lines):
        if start < 0:
            start = first
        following = lines[number + 1] if number + 1 < len(lines) else None
        if following is None or not _wrapped(text, (first, last), following, widest):
            yield start, last
            start = -1


def _wrapped(text: str, line: tuple[int, int], following: tuple[int, int], widest: int) -> bool:
    """Whether a line goes on in the next one."""
    words, after = text[slice(*line)].rstrip(), text[slice(*following)]
    gap = text[line[1] : following[0]].replace("\r\n", "\n")
    if len(gap) > 1 or len(words) < _NARROW or not after.strip() or _ITEM.match(after):
        return False
    if words.endswith((".", "!", "?", ":")):
        if not words.endswith(".") or len(words) < widest - 20:
            return False
        # Whether the full stop ends a sentence is decided as within a line, but that a line of
        # shorthand also begins with a small letter.
        last = words.split()[-1].rstrip(".").casefold()
        return not after.lstrip()[0].islower() or last in _abbreviations()
    first = after.lstrip()[0]
    return first.islower() or first in "(&" or (widest <= 130 and len(words) >= widest - 20)


def _ends(text: str, begin: int, mark: re.Match[str]) -> bool:
    """Whether the mark ends the sentence that began at ``begin``."""
    if mark[0] != ".":
        # "? UTI" means a possible one.
        return mark[0] != "?" or not (mark.start() == begin or text[mark.start() - 1].isspace())
    stop = mark.start()
    token = _TOKEN.search(text, max(begin, stop - _BACK), stop)
    if token is None:
        return False
    word = token[0].lstrip("\"'“‘([¿¡")
    first = token.start() - begin < _BACK and not text[begin : token.start()].strip()
    if first and (_DIGITS.fullmatch(word) or len(word) == 1):
        return False  # the number of a list item
    if len(word) == 1 and word.isalpha() and word.isupper():
        # An initial ("J. Smith") stands behind a capitalised word or opens the sentence; a
        # grade or type ("hepatitis C.") behind a lower-case one ends it.
        before = text[max(begin, token.start() - _BACK) : token.start()].split()
        after = _NEXT.match(text, mark.end())
        starts = after is not None and after[1].casefold() in _STARTERS
        return bool(before) and (starts or not before[-1][0].isupper())
    return word.casefold() not in _abbreviations()
