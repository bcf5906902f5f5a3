"""Codes of one category whose titles differ in one thing only: trimester, acuity, "with ...".

Found by the titles alone, so that codes which come with a new release need no table.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from models.codes.icd10cm import Icd10cm
from models.coding import axes

_TRIMESTER = re.compile(r"\b(first|second|third|unspecified) trimester\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_UNSAID_ACUITY = re.compile(r",?\s*not specified as acute or chronic", re.IGNORECASE)
_OPEN = re.compile(
    r",?\s*\bunspecified\b(?: whether [^,]*| type\b)?|,?\s*\buncomplicated\b", re.IGNORECASE
)
_ACUITY = (
    (axes.BOTH, re.compile(r"\bacute (?:on|and) chronic\b", re.IGNORECASE)),
    (axes.SUBACUTE, re.compile(r"\bsubacute\b", re.IGNORECASE)),
    (axes.ACUTE, re.compile(r"\bacute\b", re.IGNORECASE)),
    (axes.CHRONIC, re.compile(r"\bchronic\b", re.IGNORECASE)),
)
_WITH = re.compile(r",?\s+\b(with|without)\b\s+", re.IGNORECASE)
#: Titles say these without "with"; what they stand for here.
_TURNS = (
    (re.compile(r",\s*not intractable\b", re.I), " without intractable"),
    (re.compile(r",\s*intractable\b", re.I), " with intractable"),
    (re.compile(r",\s*not specified as recurrent\b", re.I), " without recurrent"),
    (re.compile(r",\s*recurrent\b", re.I), " with recurrent"),
)


class Titled(msgspec.Struct, frozen=True):
    """A code without 7th character, and its title taken apart along each axis.

    ``*_key`` are equal for titles that differ in that axis only. ``said``: what the title has
    behind "with"; ``unsaid``: behind "without".
    """

    code: str
    trimester: str
    trimester_key: str
    acuity: str
    acuity_key: str
    with_key: str
    said: frozenset[str]
    unsaid: frozenset[str]


def take_apart(code: str, title: str) -> Titled:
    """The axes of a title.

    >>> one = take_apart("J441", "Chronic obstructive pulmonary disease with (acute) exacerbation")
    >>> one.with_key, sorted(one.said)
    ('chronic obstructive pulmonary disease', ['exacerbation'])
    """
    title = title.lower()
    trimester = _TRIMESTER.search(title)
    plain = _UNSAID_ACUITY.sub("", _BRACKETS.sub("", title))
    acuity = next((name for name, pattern in _ACUITY if pattern.search(plain)), "")
    for pattern, turned in _TURNS:
        plain = pattern.sub(turned, plain)
    open_ = _spaced(_OPEN.sub("", plain))
    bare = open_
    for _, pattern in _ACUITY:
        bare = pattern.sub("", bare)
    stem, *rest = _WITH.split(open_)
    said: set[str] = set()
    unsaid: set[str] = set()
    for word, what in zip(rest[::2], rest[1::2], strict=True):
        (said if word == "with" else unsaid).add(what.strip(" ,"))
    return Titled(
        code,
        trimester[1] if trimester else "",
        _TRIMESTER.sub("trimester", title),
        acuity,
        _spaced(bare),
        stem.strip(" ,"),
        frozenset(said),
        frozenset(unsaid),
    )


def _spaced(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip(" ,")


@lru_cache(maxsize=4096)
def in_category(icd: Icd10cm, category: str) -> tuple[Titled, ...]:
    """All codes of a three-character category that take a 7th character or are billable."""
    found: dict[str, Titled] = {}
    for code in _below(icd, category):
        stem = code[:6].rstrip("X") if len(code) == 7 else code
        if stem in found or (len(code) < 7 and icd.children(code)):
            continue
        if title := icd.title(stem):
            found[stem] = take_apart(stem, title)
    return tuple(found.values())


def _below(icd: Icd10cm, code: str) -> Iterator[str]:
    yield code
    for child in icd.children(code):
        yield from _below(icd, child)


def titled(icd: Icd10cm, code: str) -> Titled | None:
    """A code's own row among `in_category`."""
    stem = code.replace(".", "")[:6].rstrip("X")
    return next((one for one in in_category(icd, stem[:3]) if one.code == stem), None)
