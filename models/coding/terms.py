"""What the codes of a system are called: every term that may stand for a code in a note.

Terms come from the system itself (titles, inclusion terms), from imported indexes, and from our
own list of clinical and everyday names (``names_icd10cm.csv``), which gives for a bare name the
code that coders usually assign. A heading's title stands for its "unspecified" child.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import msgspec

from models.codes.icd10cm import Icd10cm
from models.codes.system import CodeSystem
from models.coding.lexicon import Entry
from models.coding.words import Vocabulary, tokens

NAMES = Path(__file__).with_name("names_icd10cm.csv")
_NOTE_TAIL = re.compile(r"\s*\([A-Z]\d[^)]*\)\s*$")  # "(E08.-)" behind a note's words
_BRACKETS = re.compile(r"\s*[\(\[][^)\]]*[\)\]]")
_WITHOUT = re.compile(r",?\s*\bwithout\b(?!.*\b(?:remission|with)\b).*$", re.IGNORECASE)
_RESIDUAL = re.compile(r"\bother\b|\bNEC\b|\belsewhere classified\b", re.IGNORECASE)
_OPEN = re.compile(r"\bunspecified\b|\bNOS\b", re.IGNORECASE)


class Kind(IntEnum):
    """Where a term comes from, most telling first."""

    NAME = 0  # our list of clinical names
    INCLUSION = 1  # inclusion terms of the tabular list, index paths
    TITLE = 2
    OPEN = 3  # a title without its "unspecified", "NOS" or "without ..."
    HEADING = 4  # a heading's title, for its unspecified child
    RESIDUAL = 5  # a title with "other"
    PARTS = 6  # Greek and Latin compounds taken apart


class Term(msgspec.Struct, frozen=True, gc=False):
    """A term as it is written, the code it stands for, and where it comes from."""

    text: str
    code: str
    kind: Kind


def dotted(code: str) -> str:
    """``E119`` as ``E11.9``."""
    return code if len(code) < 4 or "." in code else f"{code[:3]}.{code[3:]}"


def icd10cm_terms(icd: Icd10cm, names: Path = NAMES) -> Iterator[Term]:
    """Terms of ICD-10-CM, without 7th characters: they are read from the note afterwards."""
    texts = icd.texts
    leaves, headings = _codes(icd)
    for code in leaves:
        title = icd.title(code) or texts.titles.get(code.rstrip("X"), "")
        if title:
            yield from _title_terms(title, dotted(code))
        for words in icd.notes(code.rstrip("X")).inclusion_terms:
            yield from _note_terms(words, dotted(code), Kind.INCLUSION)
    default = {heading: default_code(icd, heading, leaves) for heading in headings}
    for heading, standing in default.items():
        if standing is None:
            continue
        notes = icd.notes(heading)
        yield from _note_terms(icd.title(heading), dotted(standing), Kind.HEADING)
        for words in (*notes.inclusion_terms, *notes.includes):
            yield from _note_terms(words, dotted(standing), Kind.HEADING)
    for code, name in own_names(names):
        yield Term(name, code, Kind.NAME)


@lru_cache(maxsize=4)
def own_names(path: Path = NAMES) -> tuple[tuple[str, str], ...]:
    """``(code, name)`` of our list."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["code"], name) for row in csv.DictReader(file) for name in row["names"].split("|")
        )


def _codes(icd: Icd10cm) -> tuple[dict[str, None], dict[str, None]]:
    """Codes that stand at the bottom once a 7th character is left off, and the headings above.

    What was billable in any release that is held counts too: notes of earlier years are coded
    by the codes of their day.
    """
    leaves: dict[str, None] = {}
    headings: dict[str, None] = {}
    known = dict.fromkeys(c for r in icd.releases for c in icd.codes(r.effective, billable=False))
    billable = {c for r in icd.releases for c in icd.codes(r.effective)}
    for code in known:
        if len(code) == 7:
            leaves[code[:6]] = None
    for code in known:
        if len(code) == 7 or code in leaves:
            continue
        below = [c for c in icd.children(code) if len(c) < 7]
        if code in billable:
            leaves[code] = None
        if below or code not in billable:
            headings[code] = None
    return leaves, headings


def default_code(icd: Icd10cm, heading: str, leaves: dict[str, None]) -> str | None:
    """The "unspecified" code below a heading, by the tabular list's custom of .9 and .0."""
    for _ in range(5):
        if heading.ljust(6, "X") in leaves and heading not in leaves:
            return heading.ljust(6, "X")
        below = [c for c in icd.children(heading) if len(c) < 7]
        open_ = [c for c in below if _OPEN.search(icd.title(c))]
        if not open_:
            return None
        heading = next((c for c in open_ if c[-1] == "9"), open_[0])
        if heading in leaves and not icd.children(heading):
            return heading
    return None


def _title_terms(title: str, code: str) -> Iterator[Term]:
    kind = Kind.RESIDUAL if _RESIDUAL.search(title) else Kind.TITLE
    yield Term(title, code, kind)
    short = _WITHOUT.sub("", _BRACKETS.sub("", title)).strip(" ,")
    if short != title and short:
        yield Term(short, code, max(kind, Kind.OPEN))
    elif kind is Kind.TITLE and _OPEN.search(title):
        yield Term(title, code, Kind.OPEN)


def _note_terms(words: str, code: str, kind: Kind) -> Iterator[Term]:
    words = _NOTE_TAIL.sub("", words)
    yield Term(_BRACKETS.sub("", words), code, kind)


def bag(text: str, vocabulary: Vocabulary, *, longest: int = 12) -> tuple[str, ...]:
    """Concepts of a term's content words, each once, in order.

    >>> from models.coding.words import vocabulary
    >>> bag("Other acute pain of the kidney, unspecified", vocabulary())
    ('acute', 'pain', 'kidney')
    """
    found = [vocabulary.concept(t.key) for t in tokens(text) if t.word not in vocabulary.empty]
    return tuple(dict.fromkeys(found))[:longest]


_INDEX_KINDS = {"index", "external_cause", "neoplasm", "drug"}
_SYSTEM_KINDS = {"title": Kind.TITLE, "short": Kind.TITLE}


def index_terms(system: CodeSystem, icd: Icd10cm) -> Iterator[Term]:
    """Terms of the imported ICD-10-CM indexes; a heading's stand for its "unspecified" child.

    "fall, due to, ice" is taken as it stands: words are compared without their order.
    """
    leaves, headings = _codes(icd)
    default: dict[str, str | None] = {}
    for code, words, kind in system.terms():
        if kind not in _INDEX_KINDS:
            continue
        bare = code.replace(".", "")
        if len(bare) == 7:
            bare = bare[:6]
        if bare in leaves:
            yield Term(words, dotted(bare), Kind.INCLUSION)
        elif bare in headings:
            if bare not in default:
                default[bare] = default_code(icd, bare, leaves)
            if (standing := default[bare]) is not None:
                yield Term(words, dotted(standing), Kind.HEADING)


def system_terms(system: CodeSystem) -> Iterator[Term]:
    """Terms of any other code system: titles and other words."""
    for code, words, kind in system.terms():
        yield Term(words, code, _SYSTEM_KINDS.get(kind, Kind.INCLUSION))


def entries(terms: Iterable[Term], vocabulary: Vocabulary) -> Iterator[Entry]:
    """Each term as the lexicon takes it; compounds also taken apart."""
    for term in terms:
        concepts = bag(term.text, vocabulary)
        if not concepts:
            continue
        yield concepts, term.code, term.kind, 1.0
        words = [t.key for t in tokens(term.text) if t.word not in vocabulary.empty]
        parts = tuple(
            dict.fromkeys(
                p for w in words for p in (vocabulary.parts(w)[1:] or vocabulary.parts(w))
            )
        )
        if parts != concepts and len(parts) > 1:
            yield parts, term.code, Kind.PARTS, 1.0
