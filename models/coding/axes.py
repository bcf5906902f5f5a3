"""What a note says of side, acuity, trimester and episode of care near some evidence.

Each reader answers ``""`` where the note does not say, or says two things at once.
"""

import re
from collections.abc import Iterable, Sequence

from models.coding.assertion import Assertion, modifiers
from models.coding.spans import Note, SectionKind, Span

RIGHT, LEFT, BILATERAL = "right", "left", "bilateral"
ACUTE, CHRONIC, BOTH, SUBACUTE = "acute", "chronic", "acute on chronic", "subacute"
INITIAL, SUBSEQUENT, SEQUELA = "initial", "subsequent", "sequela"
TRIMESTERS = ("first", "second", "third")

#: Characters before and behind the evidence in which a side is looked for.
NEAR = 40
_SIDES = re.compile(
    r"\b(?:(?P<both>bilat(?:eral(?:ly|es)?)?|both|ambos|ambas|b/l|right and left|left and right)"
    r"|(?P<right>right|rt|r|derech[oa]s?)|(?P<left>left|lt|l|izquierd[oa]s?))\b",
    re.IGNORECASE,
)
_EYES = re.compile(r"\b(?:(?P<both>OU)|(?P<right>OD)|(?P<left>OS))\b")
_CLAUSE = re.compile(r"[,;:.]|\b(?:and|but|with|y|con)\b", re.IGNORECASE)

#: Characters before the evidence in which its acuity stands, and behind it.
_BEFORE, _BEHIND = 30, 16
_ACUITY = (
    (
        BOTH,
        re.compile(
            r"\b(?:acute[- ]on[- ]chronic|acute (?:and|over) chronic"
            r"|a/c|acute exacerbation of chronic|(?:re)?agudizaci[oó]n"
            r"|cr[oó]nic[oa] (?:re)?agudizad[oa])\b",
            re.IGNORECASE,
        ),
    ),
    (SUBACUTE, re.compile(r"\bsub-?(?:acute|agud[oa])\b", re.IGNORECASE)),
    (ACUTE, re.compile(r"\b(?:acute(?:ly)?|agud[oa]s?)\b", re.IGNORECASE)),
    (
        CHRONIC,
        re.compile(r"\b(?:chronic(?:ally)?|long-?standing|cr[oó]nic[oa]s?)\b", re.IGNORECASE),
    ),
)  # fmt: skip
#: Of heart failure these mean acute on chronic (Coding Clinic, second quarter 2013).
_DECOMPENSATED = re.compile(r"\b(?:decompensat\w+|exacerbat\w+|descompensad[oa])\b", re.IGNORECASE)

_NUMBER = (
    r"(?P<{0}>[1-3]\d|4[0-4]|[1-9])(?!\d)"
    r"(?:\s*\+\s*[0-6]|\s+[0-6]/7|\s?w(?:ks?|eeks?)?,?\s*(?:and\s+)?[0-6]\s*d(?:ays?)?)?"
)
_WEEKS = re.compile(
    r"\b" + _NUMBER.format("w1") + r"\s*-?\s*(?:w|wk|wks|weeks?)?\s*-?\s*"
    r"(?:gestation(?:al)?|pregnant|pregnancy|of pregnancy|ega|iup|intrauterine)\b"
    r"|\b(?:ega|ga|gestational\s+age)\s*(?:is|of|at|now|:|=|,)*\s*"
    + _NUMBER.format("w2")
    + r"|\b(?:iup|pregnan\w+|gestation)\s*(?:is|of|at|now|[:=,\s])*?\s(?P<w8>[1-3]\d|4[0-4]|[1-9])"
    r"(?:\s*\+\s*[0-6]|\s+[0-6]/7)?\s?-?(?:w|wks?|weeks?)(?![a-z])"
    r"|\b(?P<w3>[1-3]\d|4[0-4]|[1-9])\s?w\s?[0-6]\s?d\b"
    r"|\bG\d+\s?,?\s?P\d[^.;\n]{0,40}?\b(?:at|@)\s*(?P<w4>[1-3]\d|4[0-4]|[1-9])\b"
    r"|\b(?P<w5>\d{1,2})(?:\s*\+\s*\d)?\s*semanas\s+de\s+(?:gestaci[oó]n|embarazo)\b"
    r"|\b(?:embaraz\w+|gestante|gestaci[oó]n)\s+de\s+(?P<w6>\d{1,2})(?:\s*\+\s*\d)?\s*semanas\b"
    r"|\bsemana\s+(?P<w7>\d{1,2})\s+de\s+(?:gestaci[oó]n|embarazo)\b",
    re.IGNORECASE,
)  # fmt: skip
_TRIMESTER = re.compile(
    r"\b(?:(?P<first>first|1st|primer)|(?P<second>second|2nd|segundo)|(?P<third>third|3rd|tercer))"
    r"[ -]trimest(?:er|re)\b",
    re.IGNORECASE,
)

_SEQUELA = re.compile(
    r"\b(?:sequelae?|late effects?|old injury|residual(?:s| \w+)? (?:of|from)|secuelas?"
    r"|due to (?:an )?old)\b",
    re.IGNORECASE,
)
_SUBSEQUENT = re.compile(
    r"\b(?:follow[- ]?up|f/u|subsequent|healing|healed|routine|recheck|re-?check|post-?op|cast"
    r" (?:removal|check|change)|suture removal|nonunion|non-union|malunion|aftercare|weeks? out"
    r"|(?:s/p|status post) (?:orif|repair|reduction|fixation|surgery)|revisi[oó]n|control)\b",
    re.IGNORECASE,
)
_INITIAL = re.compile(
    r"\b(?:today|yesterday|tonight|this morning|last night|just|acute|new|initial|sustained"
    r"|injur\w+|fell|fall|hit|struck|twisted|slipped|tripped|cut|burned|crash|mvc|mva|accident"
    r"|(?:hours?|days?) ago|ed|er|emergency|hoy|ayer|ca[ií]da|golpe|accidente|urgencias)\b",
    re.IGNORECASE,
)


def side_near(note: Note, spans: Iterable[tuple[int, int]], *, eyes: bool = False) -> str:
    """``"right"``, ``"left"``, ``"bilateral"`` or ``""``: what stands nearest to the evidence.

    ``eyes``: OD, OS and OU count.
    """
    found: set[str] = set()
    for begin, end in spans:
        low, high = _around(note, begin, end, NEAR, NEAR)
        marks = [*_SIDES.finditer(note.text, low, high)]
        if eyes:
            marks += _EYES.finditer(note.text, low, high)
        if any(mark.lastgroup == "both" for mark in marks):
            found.add(BILATERAL)
            continue
        away = [(_away(note.text, mark, begin, end), str(mark.lastgroup)) for mark in marks]
        least = min(away, default=None)
        if least is not None:
            found |= {side for far, side in away if far[0] == least[0][0]}
    return found.pop() if len(found) == 1 else ""


def _away(text: str, mark: "re.Match[str]", begin: int, end: int) -> tuple[int, int]:
    """How far a word is from the evidence: clauses between, then characters."""
    if mark.end() <= begin:
        between = text[mark.end() : begin]
    elif mark.start() >= end:
        between = text[end : mark.start()]
    else:
        between = ""
    return len(_CLAUSE.findall(between)), len(between)


def _around(note: Note, begin: int, end: int, before: int, behind: int) -> tuple[int, int]:
    """Characters about the evidence, within its sentence."""
    sentence = next((s for s in note.sentences if s.begin <= begin < s.end), None)
    low = max(begin - before, sentence.begin if sentence else 0)
    high = min(end + behind, sentence.end if sentence else len(note.text))
    return low, max(high, end)


def acuity_near(
    note: Note, spans: Iterable[tuple[int, int]], *, heart_failure: bool = False
) -> str:
    """``"acute"``, ``"chronic"``, ``"acute on chronic"``, ``"subacute"`` or ``""``.

    What stands in or right before the evidence, or behind it in brackets or after a comma
    ("cholecystitis, acute"): "chronic heart failure with acute kidney injury" is chronic.
    """
    found: set[str] = set()
    for begin, end in spans:
        low, high = _around(note, begin, end, _BEFORE, _BEHIND)
        before = re.split(r"[,;:.]|\bwith\b|\band\b(?! chronic)", note.text[low:begin])[-1]
        behind = re.match(
            r"\s*[,(-]\s*[\w -]+|\s+(?:agud|cr[oó]nic|agudiz)\w+", note.text[end:high]
        )
        words = f"{before}{note.text[begin:end]}{behind[0] if behind else ''}"
        said = next((name for name, pattern in _ACUITY if pattern.search(words)), "")
        if heart_failure and said in ("", CHRONIC):
            wide = note.text[low : _around(note, begin, end, 0, NEAR)[1]]
            if _DECOMPENSATED.search(wide):
                said = BOTH
        if said:
            found.add(said)
    if {ACUTE, CHRONIC} <= found:
        return BOTH if BOTH in found else ""
    return found.pop() if len(found) == 1 else ""


def trimester(note: Note) -> str:
    """``"first"``, ``"second"``, ``"third"`` or ``""``, by weeks of gestation, else by name.

    Counted from the first day of the last menstrual period, as the tabular list's chapter 15
    has it: less than 14 weeks; from 14 to less than 28 weeks; from 28 weeks on.
    """
    named = _current(note, _TRIMESTER)
    by_weeks = {_of_weeks(int(mark[str(mark.lastgroup)])) for mark in _current(note, _WEEKS)}
    found = by_weeks or {str(mark.lastgroup) for mark in named}
    return found.pop() if len(found) == 1 else ""


def _of_weeks(weeks: int) -> str:
    return TRIMESTERS[(weeks >= 14) + (weeks >= 28)]


def _current(note: Note, pattern: "re.Pattern[str]") -> list["re.Match[str]"]:
    """Matches that tell of this pregnancy, not of an earlier one or of what may come."""
    marks = list(pattern.finditer(note.text))
    said = modifiers(note, [Span(*mark.span()) for mark in marks]) if marks else []
    not_now = {Assertion.HISTORICAL, Assertion.FAMILY, Assertion.HYPOTHETICAL, Assertion.NEGATED}
    return [mark for mark, what in zip(marks, said, strict=True) if not what & not_now]


def episode(sentence: str, visit: str = "") -> str:
    """``"initial"``, ``"subsequent"``, ``"sequela"`` or ``""``: the episode of care.

    By the sentence of the evidence, else by what the visit is for.

    >>> episode("Follow-up of wrist fracture"), episode("wrist fracture", "CC: fell on the ice")
    ('subsequent', 'initial')
    """
    for words in (sentence, visit):
        if _SEQUELA.search(words):
            return SEQUELA
        if _SUBSEQUENT.search(words):
            return SUBSEQUENT
        if _INITIAL.search(words):
            return INITIAL
    return ""


def visit_words(note: Note) -> str:
    """What the visit is for: the chief complaint, else how the present illness begins."""
    for kind in (SectionKind.CHIEF_COMPLAINT, SectionKind.HISTORY_PRESENT_ILLNESS):
        for number, section in enumerate(note.sections):
            if section.kind is kind:
                first = next((s for s in note.sentences if s.section == number), None)
                return note.words(first) if first is not None else ""
    return ""


def fracture_words(sentence: str) -> Sequence[str]:
    """Which words of 7th-character meanings of fractures a sentence says.

    >>> fracture_words("open tibia fracture type II, delayed union")
    ['open fracture', 'delayed healing']
    """
    found = []
    if re.search(r"\b(?:open|compound|abiert[oa]|gustilo)\b", sentence, re.IGNORECASE):
        third = re.search(r"\btype (?:III|3)|\bgustilo (?:III|3)", sentence, re.IGNORECASE)
        found.append("type IIIA" if third else "open fracture")
    if re.search(r"\bnon-?\s?union|pseudoart", sentence, re.IGNORECASE):
        found.append("nonunion")
    elif re.search(r"\bmal-?\s?union", sentence, re.IGNORECASE):
        found.append("malunion")
    elif re.search(r"\bdelayed (?:union|healing)|slow healing", sentence, re.IGNORECASE):
        found.append("delayed healing")
    return found
