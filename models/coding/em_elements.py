"""The three elements of medical decision making, read from a note: problems, data, risk.

Only what the physician did at this visit counts: the assessment and plan, results, and what has
no section of its own. Lists carried forward, the history and the family do not count. Each
finding has the words that it rests on.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from models.coding.em_rules import Degree, nature_of, test_words, words_of
from models.coding.spans import Note, SectionKind, Span
from models.coding.suggestion import Evidence

_MANAGEMENT = (SectionKind.ASSESSMENT, SectionKind.PLAN)
_DATA = (*_MANAGEMENT, SectionKind.RESULTS, SectionKind.HISTORY_PRESENT_ILLNESS, SectionKind.OTHER)
_ORDERS = (*_MANAGEMENT, SectionKind.RESULTS)
_HEAD = re.compile(r"[ \t]*(?:(?P<number>\(?\d{1,2}[.)])|(?P<mark>#{1,3})|(?P<dot>[-*•·]))\s*")
# What may or may not happen later, and what was asked for but not done.
_IF = re.compile(r"\b(?:if|should|unless|in case|return for|watch for|call for)\b[^.;\n]*", re.I)
_NOT_DONE = re.compile(
    r"\b(?:consider|declin\w+|defer\w*|not (?:needed|indicated|done)|no (?:labs?|imaging|tests?)"
    r"|will not|pending|discussed possible)\b", re.I,
)  # fmt: skip
_DOSE = re.compile(
    r"\b(?P<verb>(?:continue|cont|start(?:ed)?|refill(?:ed)?|increase(?:d)?(?: to)?|decrease(?:d)?"
    r"(?: to)?|reduce|switch(?:ed)? to|add(?:ed)?|resume|titrate|taper|wean|prescribed?"
    r"|stop(?:ped)?|hold|change(?:d)? to)\b\.?\s+(?:on\s+)?)?(?P<drug>[A-Za-z][A-Za-z-]{3,}"
    r"(?:[ -](?:ER|XL|XR|SR|CR|HCl|HFA|succinate|tartrate|sulfate|cream|gel|lotion))*"
    r"(?:\s+[A-Za-z][A-Za-z-]+)?)\s+\d+(?:[.,/]\d+)*\s*(?:\d\s*)?(?:mg|mcg|µg|g|units?|iu|meq|%|puffs?|ml|bid|tid|qid|qd|qhs|daily)?",
    re.IGNORECASE,
)  # fmt: skip
_UNIT = re.compile(
    r"\d\s*(?:mg|mcg|µg|units?|meq|%|puffs?|bid|tid|qid|qd|qhs|daily)", re.IGNORECASE
)
_VERB = re.compile(
    r"\b(?:continue|cont|start|refill|increase|decrease|switch|resume|titrate|taper|prescribe)\b"
    r"\.?\s+(?:her |his |their |current |the )?(?:[a-z-]{0,20}\s)?"
    r"(?:statin|insulin|inhalers?|antibiotics?|metformin|lisinopril|ssri|medications?|meds)\b",
    re.IGNORECASE,
)
_NOT_PRESCRIBED = re.compile(
    r"\b(?:otc|over[- ]the[- ]counter|vitamin|tylenol|advil|aleve|multivitamin|supplement|spf)\b",
    re.IGNORECASE,
)


class ElementFinding(msgspec.Struct, frozen=True):
    """How far one element reaches: ``problems``, ``data`` or ``risk``, why, and by which words."""

    element: str
    degree: Degree
    why: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class Condition(msgspec.Struct, frozen=True):
    """A condition that the note names (an ICD-10-CM code): it tells a problem's nature."""

    begin: int
    end: int
    code: str


class _Item(NamedTuple):
    """A problem of the assessment with what is said of it."""

    begin: int
    end: int
    listed: bool  # an item of a list; otherwise running text


def find_problems(note: Note, conditions: Sequence[Condition] = ()) -> ElementFinding:
    """Number and nature of the problems that were addressed.

    A problem's state is what the note says ("at goal", "worse"). Where it says nothing, a chronic
    condition counts as stable and anything else as minor, by ``conditions``: a note cannot support
    more than it says.
    """
    kinds: list[tuple[str, Evidence, str]] = []
    for item in _items(note):
        kinds += _item_problems(note, item, conditions)
    wanted: tuple[str, ...]
    count = {kind: sum(k == kind for k, _, _ in kinds) for kind in {k for k, _, _ in kinds}}
    if count.get("severe") or count.get("threat"):
        degree, wanted = Degree.HIGH, ("severe", "threat")
    elif any(count.get(k) for k in ("worse", "uncertain", "systemic")):
        degree, wanted = Degree.MODERATE, ("worse", "uncertain", "systemic")
    elif count.get("stable", 0) >= 2:
        degree, wanted = Degree.MODERATE, ("stable",)
    elif count.get("stable") or count.get("uncomplicated"):
        degree, wanted = Degree.LOW, ("stable", "uncomplicated")
    elif count.get("minor", 0) >= 2:
        degree, wanted = Degree.LOW, ("minor",)
    else:
        degree, wanted = Degree.STRAIGHTFORWARD, ("minor",)
    used = [(e, w) for k, e, w in kinds if k in wanted]
    why = tuple(dict.fromkeys(w for _, w in used))
    if wanted == ("stable",) or (wanted == ("minor",) and len(used) > 1):
        why = tuple(f"{len(used)} times {w}" for w in why)
    return ElementFinding("problems", degree, why, tuple(e for e, _ in used))


def _item_problems(
    note: Note, item: _Item, conditions: Sequence[Condition]
) -> list[tuple[str, Evidence, str]]:
    named = [c for c in conditions if item.begin <= c.begin and c.end <= item.end]
    natures = {nature_of(c.code) for c in named}
    if named and natures == {"none"}:
        return []
    found = _states(note, item.begin, item.end)
    if not found:
        if not named:
            return []
        first = min(named, key=lambda c: c.begin)
        kind, why = (
            ("stable", "a chronic illness, its state not stated")
            if "chronic" in natures
            else ("minor", "a problem, its state not stated")
        )
        return [(kind, _evidence(note, first.begin, first.end), why)]
    if not item.listed:
        parts = [
            _states(note, max(s.begin, item.begin), min(s.end, item.end))
            for s in note.sentences
            if s.begin < item.end and s.end > item.begin
        ]
    else:
        parts = [found]
    best = [max(part, key=lambda f: (f[3], -f[1].begin)) for part in parts if part]
    return [_by_nature(kind, natures, evidence, why) for kind, evidence, why, _ in best]


def _states(note: Note, begin: int, end: int) -> list[tuple[str, Evidence, str, Degree]]:
    """Every word of a problem's state between two offsets."""
    words = _without_ifs(note.text[begin:end])
    found = []
    for entry in words_of("problems"):
        assert entry.degree is not None
        for m in entry.pattern.finditer(words):
            evidence = _evidence(note, begin + m.start(), begin + m.end())
            found.append((entry.kind, evidence, entry.words, entry.degree))
    return found


def _by_nature(
    kind: str, natures: set[str], evidence: Evidence, why: str
) -> tuple[str, Evidence, str]:
    """Words like "mild" and "stable" mean less where the condition itself is minor or acute."""
    if kind == "stable" and natures and not natures & {"chronic", "symptom"}:
        return "uncomplicated", evidence, "an acute illness or injury without complications"
    return kind, evidence, why


def find_data(note: Note, billed: Collection[str] = ()) -> ElementFinding:
    """Tests ordered or reviewed (each once), documents, a second historian, interpretations.

    A test whose own code is ``billed`` with its interpretation (ECG, imaging) does not count.
    """
    counted: dict[str, Evidence] = {}
    single: dict[str, tuple[Evidence, str]] = {}
    for begin, words in _sentences(note, _DATA):
        for entry in words_of("data"):
            if m := entry.pattern.search(words):
                evidence = _evidence(note, begin + m.start(), begin + m.end())
                if entry.degree is not None or entry.kind == "historian":
                    single.setdefault(entry.kind, (evidence, entry.words))
                else:
                    counted.setdefault(entry.words, evidence)
    for begin, words in _sentences(note, _ORDERS):
        if _NOT_DONE.search(words):
            continue
        for test in test_words():
            if (m := test.pattern.search(words)) and not _reported(test.codes, billed):
                evidence = _evidence(note, begin + m.start(), begin + m.end())
                counted.setdefault(test.name, evidence)
    first = len(counted) + ("historian" in single)
    categories = sum((first >= 3, "interpretation" in single, "discussion" in single))
    if categories >= 2:
        degree = Degree.HIGH
    elif categories == 1:
        degree = Degree.MODERATE
    elif len(counted) >= 2 or "historian" in single:
        degree = Degree.LOW
    else:
        degree = Degree.STRAIGHTFORWARD
    why = [w for _, w in single.values()]
    if counted:
        why.insert(0, f"{len(counted)} of tests and documents: {', '.join(counted)}")
    evidence_found = (*counted.values(), *(e for e, _ in single.values()))
    return ElementFinding("data", degree, tuple(why), evidence_found)


def _reported(codes: tuple[str, ...], billed: Collection[str]) -> bool:
    """A test with a professional interpretation of its own that the claim bills."""
    return any(code in billed for code in codes if not code.startswith("8"))


def find_risk(note: Note) -> ElementFinding:
    """Risk of what was decided: the highest that the assessment and plan name."""
    best = Degree.STRAIGHTFORWARD
    found: list[tuple[Degree, Evidence, str]] = []
    for begin, raw in _sentences(note, _MANAGEMENT):
        words = _without_ifs(raw)
        for entry in words_of("risk"):
            assert entry.degree is not None
            for m in entry.pattern.finditer(words):
                evidence = _evidence(note, begin + m.start(), begin + m.end())
                found.append((entry.degree, evidence, entry.words))
        taken = -1
        for m in sorted((*_DOSE.finditer(words), *_VERB.finditer(words)),
                        key=lambda m: (m.start(), -m.end())):  # fmt: skip
            if m.start() >= taken and _is_prescription(words, m):
                taken = m.end()
                evidence = _evidence(note, begin + m.start(), begin + m.end())
                found.append((Degree.MODERATE, evidence, "a prescription drug managed"))
    if found:
        best = max(degree for degree, _, _ in found)
    used = [(e, w) for degree, e, w in found if degree == best]
    why = tuple(dict.fromkeys(w for _, w in used))
    return ElementFinding("risk", best, why, tuple(e for e, _ in used))


def _is_prescription(words: str, match: re.Match[str]) -> bool:
    if match.re is _VERB:
        return not _NOT_PRESCRIBED.search(match[0])
    if not match["verb"] and not _UNIT.search(match[0]):
        return False
    after = words[match.end() : match.end() + 12]
    return bool(_UNIT.search(match[0])) and not _NOT_PRESCRIBED.search(match[0] + " " + after)


def _without_ifs(words: str) -> str:
    """The words with what may happen later blanked out, offsets unchanged."""
    return _IF.sub(lambda m: " " * len(m[0]), words)


def _evidence(note: Note, begin: int, end: int) -> Evidence:
    return Evidence(begin, end, note.text[begin:end])


def _sections(note: Note, kinds: Collection[SectionKind]) -> list[Span]:
    if not note.sections:
        return [Span(0, len(note.text))]
    return [s.body for s in note.sections if s.kind in kinds]


def _sentences(note: Note, kinds: Collection[SectionKind]) -> list[tuple[int, str]]:
    """Sentences in sections of these kinds; all of them where a note has no sections."""
    return [
        (s.begin, note.words(s))
        for s in note.sentences
        if not note.sections or (s.section >= 0 and note.sections[s.section].kind in kinds)
    ]


def _items(note: Note) -> list[_Item]:
    """Problems as the assessment lists them; its running text where it lists none."""
    found: list[_Item] = []
    for body in _sections(note, _MANAGEMENT):
        lines = []
        at = body.begin
        for line in note.text[body.begin : body.end].splitlines(keepends=True):
            lines.append((at, at + len(line), line))
            at += len(line)
        heads = [(_HEAD.match(line), begin, line) for begin, _, line in lines]
        numbered = any(m and (m["number"] or m["mark"]) for m, _, _ in heads)
        starts = []
        for match, begin, line in heads:
            if not line.strip():
                continue
            if numbered:
                opens = bool(match and (match["number"] or match["mark"]))
            else:
                opens = not line[0].isspace()
            if opens:
                starts.append(begin)
        if not starts:
            found.append(_Item(body.begin, body.end, False))
            continue
        if starts[0] > body.begin:
            found.append(_Item(body.begin, starts[0], False))
        listed = numbered or len(starts) > 1
        for begin, end in zip(starts, (*starts[1:], body.end), strict=True):
            found.append(_Item(begin, end, listed))
    return found
