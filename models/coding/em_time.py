"""The physician's minutes on the day of the visit, as the note states them."""

import re

import msgspec

from models.coding.em_rules import words_of
from models.coding.spans import Note, Sentence
from models.coding.suggestion import Evidence

_AMOUNT = r"(?P<n>\d{1,3})(?:\s*(?:-|–|to)\s*\d{1,3})?[\s-]*(?:min(?:ute)?s?|mins?\b|')"
_HOURS = r"(?:(?P<h>\d)\s*(?:hours?|hrs?|h)\b(?:\s*(?:and)?\s*)?)?"
_STATED = re.compile(
    r"(?:total(?: visit| encounter)?(?: time)?|time(?: spent)?|i (?:personally )?spent|spent|visit "
    r"(?:time|lasted|took))\b[^.\n;\d]{0,60}" + _HOURS + _AMOUNT,
    re.IGNORECASE,
)
_TRAILING = re.compile(
    _HOURS + _AMOUNT + r"[^.\n;\d]{0,40}\b(?:total|was spent|were spent|spent|on the (?:date|day))",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\btotal\b", re.IGNORECASE)
_BRACKET = re.compile(r"\([^()]*\)|\b(?:excl\w*|not counting|without|apart from)\b[^.;\n]*", re.I)
_LONGEST = 600


class ExcludedTime(msgspec.Struct, frozen=True):
    """Minutes that do not count; ``why``: staff, separate (a service of its own), other_day."""

    minutes: int
    why: str
    evidence: Evidence


class TimeFinding(msgspec.Struct, frozen=True):
    """Minutes that count (0: none stated), where the note says so, and what does not count."""

    minutes: int
    evidence: tuple[Evidence, ...]
    excluded: tuple[ExcludedTime, ...]


def find_time(note: Note) -> TimeFinding:
    """The total that the note states for the physician.

    Where several sentences state one, a "total" counts before others, and of equals the last.
    Of a range ("30-39 minutes") only its lower end was met for sure.
    """
    counted: list[tuple[bool, int, Evidence]] = []
    excluded: list[ExcludedTime] = []
    for sentence in note.sentences:
        evidence = _with_heading(note, sentence)
        words = evidence.text
        found = _STATED.search(words) or _TRAILING.search(words)
        if found is None:
            continue
        minutes = int(found["n"]) + 60 * int(found["h"] or 0)
        if not 0 < minutes <= _LONGEST:
            continue
        why = _why_not(words)
        if why:
            excluded.append(ExcludedTime(minutes, why, evidence))
        else:
            counted.append((bool(_TOTAL.search(words)), minutes, evidence))
    if not counted:
        return TimeFinding(0, (), tuple(excluded))
    best = max(range(len(counted)), key=lambda i: (counted[i][0], i))
    return TimeFinding(counted[best][1], (counted[best][2],), tuple(excluded))


def _why_not(words: str) -> str:
    # "excl. staff time" says that the total is clean; "total time, including chart review" too
    plain = _BRACKET.sub(" ", words)
    return next((w.kind for w in words_of("exclude") if w.pattern.search(plain)), "")


def _with_heading(note: Note, sentence: Sentence) -> Evidence:
    """The sentence; "Total time:" before it may have been read as the heading of a section."""
    begin = sentence.begin
    if sentence.section >= 0:
        section = note.sections[sentence.section]
        if section.body.begin == begin:
            begin = section.heading.begin
    return Evidence(begin, sentence.end, note.text[begin : sentence.end])
