"""How specific a code the note supports: side, episode; and what it does not say.

The side is read from the words around the evidence, the episode of care (7th character) from
the whole sentence; both only for codes whose titles differ in just that.
"""

import datetime as dt
import re
from collections.abc import Iterable

from models.codes.icd10cm import CodeStatus, Icd10cm
from models.coding.spans import Note
from models.coding.suggestion import CodeWarning
from models.coding.terms import dotted

_RIGHT = re.compile(r"\b(?:right|rt|r|derech[oa]s?)\b(?:[- ]sided?)?", re.IGNORECASE)
_LEFT = re.compile(r"\b(?:left|lt|l|izquierd[oa]s?)\b(?:[- ]sided?)?", re.IGNORECASE)
_BOTH = re.compile(r"\b(?:bilateral(?:ly|es)?|both|ambos|ambas)\b", re.IGNORECASE)
_LATER = re.compile(
    r"\b(?:follow[- ]?up|subsequent|healing|healed|routine|recheck|post-?op|revisi[oó]n|control)\b",
    re.IGNORECASE,
)
_SEQUELA = re.compile(r"\b(?:sequela|late effect|old injury|secuelas?)\b", re.IGNORECASE)
#: Characters before and behind the evidence in which a side is looked for.
NEAR = 40
_DIMENSIONS = (
    (re.compile(r"\bunspecified trimester\b", re.I), "trimester"),
    (re.compile(r"\bstage unspecified|unspecified stage\b", re.I), "stage"),
    (re.compile(r"\bunspecified severity|severity unspecified\b", re.I), "severity"),
    (re.compile(r"\bunspecified type|type unspecified\b", re.I), "type"),
    (re.compile(r"\bunspecified (?:organism|causative)", re.I), "organism"),
    (re.compile(r"\bunspecified degree\b", re.I), "degree"),
    (re.compile(r"\bunspecified (?:site|part|region|location)\b", re.I), "site"),
    (re.compile(r"\bloss of consciousness of unspecified duration\b", re.I), "duration"),
)


def side_near(note: Note, spans: Iterable[tuple[int, int]]) -> str:
    """``"right"``, ``"left"``, ``"bilateral"`` or ``""``: what stands nearest to the evidence."""
    found: set[str] = set()
    for begin, end in spans:
        sentence = next((s for s in note.sentences if s.begin <= begin < s.end), None)
        low = max(begin - NEAR, sentence.begin if sentence else 0)
        high = min(end + NEAR, sentence.end if sentence else len(note.text))
        words = note.text[low:high]
        if _BOTH.search(words):
            found.add("bilateral")
        else:
            found |= {"right"} if _RIGHT.search(words) else set()
            found |= {"left"} if _LEFT.search(words) else set()
    return found.pop() if len(found) == 1 else ""


def with_side(icd: Icd10cm, code: str, side: str) -> str:
    """The sibling of a code of unspecified side that names ``side``; the code if there is none.

    >>> from models.codes.icd10cm import load_icd10cm
    >>> with_side(load_icd10cm(), "M25.569", "left")
    'M25.562'
    """
    bare = code.replace(".", "")
    stem = bare[:6].rstrip("X")
    if not side or icd.side(bare) != "unspecified":
        return code
    for other in icd.children(icd.parent(stem)):
        if len(other) == len(stem) and icd.side(other) == side and _same(icd, stem, other):
            return dotted(other.ljust(len(bare), "X"))
    return code


def _same(icd: Icd10cm, code: str, other: str) -> bool:
    """Whether two siblings' last characters are the only thing that tells them apart."""
    return code[:-1] == other[:-1]


def with_seventh(icd: Icd10cm, code: str, sentence: str) -> str:
    """The code with its 7th character: initial encounter unless the sentence says otherwise.

    >>> from models.codes.icd10cm import load_icd10cm
    >>> with_seventh(load_icd10cm(), "S93.401", "sprained right ankle")
    'S93.401A'
    """
    bare = code.replace(".", "")
    if bare in icd and icd.status(bare, dt.date.max) is CodeStatus.BILLABLE:
        return code
    allowed = icd.seventh_characters(bare) if len(bare) <= 6 else ()
    if not allowed:
        return code
    wanted = "S" if _SEQUELA.search(sentence) else "D" if _LATER.search(sentence) else "A"
    pick = next((c for c in (wanted, "A", "0", allowed[0]) if c in allowed), allowed[0])
    return dotted(bare.ljust(6, "X") + pick)


def in_force(icd: Icd10cm, code: str, on: dt.date) -> str:
    """The code that says on this date what a code of another year says.

    A code that was divided since gives way to its "unspecified" child, one that is not yet
    there to its heading, where that is billable.

    >>> from models.codes.icd10cm import load_icd10cm
    >>> in_force(load_icd10cm(), "M54.5", dt.date(2026, 3, 1))
    'M54.50'
    """
    bare = code.replace(".", "")
    status = icd.status(bare, on)
    if status is CodeStatus.HEADING and not icd.seventh_characters(bare):
        below = [c for c in icd.children(bare) if icd.status(c, on) is CodeStatus.BILLABLE]
        open_ = [c for c in below if icd.is_unspecified(c)] or below
        if open_:
            return dotted(next((c for c in open_ if c[-1] == "9"), open_[0]))
    elif status in (CodeStatus.NOT_YET, CodeStatus.UNKNOWN, CodeStatus.UNSURE):
        above = icd.parent(bare)
        if above and icd.status(above, on) is CodeStatus.BILLABLE:
            return dotted(above)
    return code


def missing(icd: Icd10cm, code: str) -> tuple[str, ...]:
    """What a more specific code would need and this one leaves open, in words."""
    title = icd.title(code)
    found = []
    if icd.side(code) == "unspecified":
        found.append("laterality not documented")
    found += [f"{name} not documented" for pattern, name in _DIMENSIONS if pattern.search(title)]
    return tuple(found)


def code_warnings(icd: Icd10cm, code: str, on: dt.date) -> list[CodeWarning]:
    """What is wrong with the code by itself: not billable, 7th character, order."""
    bare = code.replace(".", "")
    found = []
    status = icd.status(bare, on)
    if status is not CodeStatus.BILLABLE:
        if len(bare) <= 6 and (seventh := icd.seventh_characters(bare)):
            found.append(
                CodeWarning(
                    "seventh_character", "error",
                    f"{code} needs a 7th character, one of {', '.join(seventh)}",
                )
            )  # fmt: skip
        elif status is CodeStatus.HEADING:
            below = ", ".join(dotted(c) for c in icd.children(bare)[:6])
            found.append(
                CodeWarning(
                    "not_billable", "error", f"{code} is a heading; codes below it: {below}"
                )
            )
        elif status is not CodeStatus.UNSURE:
            found.append(
                CodeWarning(
                    "not_valid",
                    "error",
                    f"{code} is not a valid ICD-10-CM code on {on.isoformat()}",
                )
            )
    if icd.is_manifestation(bare):
        found.append(
            CodeWarning("code_first", "warning", "never first: the underlying disease comes first")
        )
    else:
        for n in range(len(bare), 2, -1):
            if first := icd.notes(bare[:n]).code_first:
                found.append(CodeWarning("code_first", "warning", f"code first: {first[0]}"))
                break
    return found


def conflicts(icd: Icd10cm, codes: Iterable[str]) -> dict[str, list[CodeWarning]]:
    """Excludes1 conflicts among codes that would be sent together, by code."""
    kept = list(codes)
    found: dict[str, list[CodeWarning]] = {}
    for i, code in enumerate(kept):
        for other in kept[i + 1 :]:
            if code != other and icd.excludes1(code, other) is not None:
                for one, two in ((code, other), (other, code)):
                    found.setdefault(one, []).append(
                        CodeWarning(
                            "excludes1", "warning",
                            f"Excludes1: not sent with {two} for the same condition",
                        )
                    )  # fmt: skip
    return found
