"""How specific a code the note supports: side, acuity, trimester, complication, episode of care.

`refined` goes from a code that leaves such a thing open to the sibling whose title differs in
just that and says what the note says; `missing` names what the note leaves open.
"""

import datetime as dt
import re
from collections.abc import Sequence

from models.codes.icd10cm import CodeStatus, Icd10cm
from models.coding import axes
from models.coding.said import Sentences, Spans
from models.coding.siblings import Titled, in_category, titled
from models.coding.spans import Note
from models.coding.terms import dotted
from models.coding.words import tokens

_OPEN = (
    (re.compile(r"\bunspecified trimester\b", re.I), "trimester"),
    (re.compile(r"\bstage unspecified|unspecified stage\b", re.I), "stage"),
    (re.compile(r"\bunspecified severity|severity unspecified\b", re.I), "severity"),
    (re.compile(r"\bunspecified type|type unspecified\b", re.I), "type"),
    (re.compile(r"\bunspecified (?:organism|causative)", re.I), "organism"),
    (re.compile(r"\bunspecified degree\b", re.I), "degree"),
    (re.compile(r"\bunspecified (?:site|part|region|location|quadrant)\b", re.I), "site"),
    (re.compile(r"\bloss of consciousness of unspecified duration\b", re.I), "duration"),
    (re.compile(r"\bunspecified complications?\b", re.I), "kind of complication"),
    (re.compile(r"\bunspecified number of fetuses\b", re.I), "number of fetuses"),
)
_WHETHER = re.compile(r"\bunspecified whether (?:with )?([^,]+)", re.IGNORECASE)
_TYPE = re.compile(r"\b(?:predominantly|type|unspecified|episode)\b", re.IGNORECASE)


def refined(
    icd: Icd10cm,
    code: str,
    sentences: Sentences,
    spans: Spans,
    *,
    on: dt.date,
) -> str:
    """The most specific sibling of a code that the note supports; without 7th character.

    ``spans``: the evidence, best first. Each axis is read on its own; where the note does not
    say, the code stays as it is.
    """
    note = sentences.note
    code = with_acuity(icd, code, note, spans, on)
    code = with_complication(icd, code, sentences, spans, on)
    if "unspecified trimester" in icd.title(code.rstrip("X")).lower():
        code = with_trimester(icd, code, axes.trimester(note))
    if icd.side(code.rstrip("X")) == "unspecified":
        eyes = "H00" <= code[:3] <= "H59"
        code = with_side(icd, code, axes.side_near(note, spans, eyes=eyes))
    return code


def with_side(icd: Icd10cm, code: str, side: str) -> str:
    """The sibling of a code of unspecified side that names ``side``; the code if there is none.

    >>> from models.codes.icd10cm import load_icd10cm
    >>> with_side(load_icd10cm(), "M25.569", "left")
    'M25.562'
    """
    bare = code.replace(".", "")
    stem = bare[:6].rstrip("X")
    if not side or icd.side(stem) != "unspecified":
        return code
    for other in icd.children(icd.parent(stem)):
        if len(other) == len(stem) and icd.side(other) == side and other[:-1] == stem[:-1]:
            return _as_long(other, bare)
    return code


def with_trimester(icd: Icd10cm, code: str, trimester: str) -> str:
    """The sibling of a code of unspecified trimester that names it; the code if there is none.

    >>> from models.codes.icd10cm import load_icd10cm
    >>> with_trimester(load_icd10cm(), "O26.899", "second")
    'O26.892'
    """
    own = titled(icd, code)
    if not trimester or own is None or own.trimester != "unspecified":
        return code
    for other in in_category(icd, own.code[:3]):
        if other.trimester == trimester and other.trimester_key == own.trimester_key:
            return _as_long(other.code, code.replace(".", ""))
    return code


def with_acuity(icd: Icd10cm, code: str, note: Note, spans: Spans, on: dt.date) -> str:
    """The sibling of a code of no acuity that says what the note says; the code if none does."""
    own = titled(icd, code)
    if own is None or own.acuity:
        return code
    others = [o for o in in_category(icd, own.code[:3]) if o.acuity and _alike(o, own)]
    if not others:
        return code
    said = axes.acuity_near(note, spans, heart_failure=own.code.startswith("I50"))
    for other in others:
        if other.acuity == said and other.acuity_key == own.acuity_key and _usable(icd, other, on):
            return _as_long(other.code, code.replace(".", ""))
    return code


def with_complication(
    icd: Icd10cm,
    code: str,
    sentences: Sentences,
    spans: Spans,
    on: dt.date,
) -> str:
    """The sibling "with ..." whose further words the sentence says, and does not deny.

    Of an unspecified code also the sibling that adds a kind or a degree behind a comma, where
    its words stand near ("depression, moderate"). Of several the one with most words. A code
    that says "without ..." is what ICD-10-CM assumes where a note says nothing, so that nothing
    is missing then.
    """
    own = titled(icd, code)
    if own is None or not spans:
        return code
    best, most = code, 0
    for other in in_category(icd, own.code[:3]):
        kinds = _kinds(other, own) if icd.is_unspecified(code) else frozenset()
        more = other.said - own.said
        if (
            not (other.with_key == own.with_key or kinds)
            or not (more or kinds)
            or not own.said <= other.said
            or not other.unsaid <= own.unsaid
            or not _usable(icd, other, on)
        ):
            continue
        counts = [sentences.say(spans, what) for what in more]
        counts += [sentences.say(spans, what, near=axes.NEAR) for what in kinds]
        if all(counts) and sum(counts) > most:
            best, most = _as_long(other.code, code.replace(".", "")), sum(counts)
    return best


def _alike(other: Titled, own: Titled) -> bool:
    """Whether a title of some acuity is of the same thing, or of a kind of it."""
    return other.acuity_key == own.acuity_key or other.acuity_key.endswith(f" {own.acuity_key}")


def _usable(icd: Icd10cm, other: Titled, on: dt.date) -> bool:
    status = icd.status(other.code, on)
    return status is CodeStatus.BILLABLE or bool(icd.seventh_characters(other.code))


def _as_long(stem: str, bare: str) -> str:
    """With as many placeholders as the code had."""
    return dotted(stem.ljust(len(bare), "X") if bare.endswith("X") else stem)


def _kinds(other: Titled, own: Titled) -> frozenset[str]:
    """What a title adds behind a comma: of "depressive disorder, moderate" the "moderate"."""
    if not other.with_key.startswith(f"{own.with_key}, "):
        return frozenset()
    added = other.with_key.removeprefix(f"{own.with_key}, ")
    return frozenset(_TYPE.sub("", part).strip() for part in added.split(",")) - {""}


def with_seventh(icd: Icd10cm, code: str, sentence: str, visit: str = "") -> str:
    """The code with its 7th character, by what the sentence says, else what the visit is for.

    Injuries: initial encounter unless something says otherwise; of fractures open or closed
    (closed where nothing is said, by the tabular list) and how they heal. Else the character
    whose meaning the sentence has ("severe stage"), or the one for "unspecified".

    >>> from models.codes.icd10cm import load_icd10cm
    >>> with_seventh(load_icd10cm(), "S93.401", "sprained right ankle")
    'S93.401A'
    >>> with_seventh(load_icd10cm(), "S52.501", "nonunion of right distal radius fracture")
    'S52.501K'
    """
    bare = code.replace(".", "")
    if bare in icd and icd.status(bare, dt.date.max) is CodeStatus.BILLABLE:
        return code
    allowed = icd.seventh_characters(bare) if len(bare) <= 6 else ()
    if not allowed:
        return code
    meanings = icd.seventh_meanings(bare)
    if "S" in allowed:
        pick = _episode_character(allowed, meanings, sentence, visit)
    else:
        pick = _meant_character(allowed, meanings, sentence)
    return dotted(bare.ljust(6, "X") + pick)


def _episode_character(
    allowed: Sequence[str], meanings: dict[str, str], sentence: str, visit: str
) -> str:
    episode = axes.episode(sentence, visit) or axes.INITIAL
    if episode == axes.SEQUELA:
        return "S"
    words = axes.fracture_words(sentence)
    fitting = [
        character
        for character in allowed
        if episode in meanings.get(character, "") and all(w in meanings[character] for w in words)
    ]
    default = "D" if episode == axes.SUBSEQUENT else "A"
    return fitting[0] if words and fitting else default if default in allowed else allowed[0]


def _meant_character(allowed: Sequence[str], meanings: dict[str, str], sentence: str) -> str:
    said = {token.word for token in tokens(sentence)}
    for character in allowed:
        words = re.findall(r"[a-z]+", meanings.get(character, "").lower())
        if words and words[0] in ("mild", "moderate", "severe", "indeterminate"):
            if words[0] in said:
                return character
        elif words[:1] == ["with"] and said.intersection(words[1:]):
            return character
    return "0" if "0" in allowed else allowed[0]


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
    """What a more specific code would need and this one leaves open, in words.

    >>> from models.codes.icd10cm import load_icd10cm
    >>> missing(load_icd10cm(), "I50.20"), missing(load_icd10cm(), "O26.899")
    (('acuity not documented',), ('trimester not documented',))
    """
    title = icd.title(code)
    found = []
    if icd.side(code) == "unspecified":
        found.append("laterality not documented")
    if _acuity_open(icd, code):
        found.append("acuity not documented")
    found += [f"{name} not documented" for pattern, name in _OPEN if pattern.search(title)]
    if (whether := _WHETHER.search(title)) is not None:
        found.append(f"{whether[1].strip()} not documented")
    return tuple(found)


def _acuity_open(icd: Icd10cm, code: str) -> bool:
    """Whether siblings of an "unspecified" code say acute and chronic, and it says neither."""
    own = titled(icd, code)
    if (
        own is None
        or own.acuity
        or not (icd.is_unspecified(code) or "not specified" in icd.title(code))
    ):
        return False
    if "not specified as acute or chronic" in icd.title(code).lower():
        return True
    others = {o.acuity for o in in_category(icd, own.code[:3]) if o.acuity and _alike(o, own)}
    return bool(others & {axes.ACUTE, axes.CHRONIC, axes.BOTH})


def episode_open(icd: Icd10cm, code: str, sentence: str, visit: str) -> bool:
    """Whether an injury's 7th character had to be assumed: nothing tells the episode of care."""
    bare = code.replace(".", "")
    return (
        len(bare) == 7
        and bare[6] == "A"
        and "S" in icd.seventh_characters(bare[:6])
        and not axes.episode(sentence, visit)
    )
