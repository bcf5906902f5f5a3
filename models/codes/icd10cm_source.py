"""ICD-10-CM as its publisher ships it: tabular list (XML), order file and code list (text).

Sources: CDC/NCHS tabular XML (``icd10cm-tabular-*.xml``); CMS order file
(``icd10cm-order-*.txt``: order number in columns 1-5, code 7-13, header flag 15, long title
from 78). Both are works of the US government.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from models.codes.icd10cm_file import Exclusion, Notes
from models.errors import InputError

_CODE = r"[A-Z](?:\d|A(?=\d))[0-9A-Z](?:\.[0-9A-Z]{1,4})?"  # QA0 came in 2025
_FIRST = re.compile(_CODE)
# One code or range inside the parentheses of an excludes note, with the dash of a subdivision.
_DASH = r"\.?(?:-(?!\s*[A-Z]))?"
_ITEM = re.compile(rf"({_CODE}){_DASH}(?:\s*-\s*({_CODE}))?")
_GROUPS = re.compile(rf"\(({_CODE}[^()]*)\)")
_TAIL = re.compile(rf"(?:classifi(?:ed|able) (?:in|to) (?={_CODE})|\s)({_CODE}[-.\s,A-Z0-9]*)$")
# "E08-E13 with .44", "I69. with final characters -23", "B27.- with fifth character 2"
_WITH = re.compile(
    rf"^({_CODE})\.?-?(?:-({_CODE})\.?-?)? with "
    r"(?:\.(?P<after>[0-9A-Z]+)-?"
    r"|final characters -(?P<final>[0-9A-Z]+)"
    r"|(?P<place>fifth|5th|seventh|7th|fifth to sixth)[ -]characters? \.?(?P<text>[0-9A-Z]+))$"
)
_PLACES = {"fifth": 4, "5th": 4, "fifth to sixth": 4, "seventh": 6, "7th": 6}
_LISTS = {
    "includes": "includes",
    "inclusionTerm": "inclusion_terms",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "notes": "notes",
}


@dataclass
class Tabular:
    """What a release says: codes (no dots) with titles, notes, chapters, blocks.

    ``billable`` holds the codes that may be sent, ``codes`` these and their headings.
    """

    titles: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Notes] = field(default_factory=dict)
    chapters: list[tuple[str, str, str, str]] = field(default_factory=list)
    blocks: list[tuple[str, str, str]] = field(default_factory=list)
    categories: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    billable: set[str] = field(default_factory=set)


def parse_exclusions(notes: Iterable[str]) -> tuple[list[Exclusion], int]:
    """Codes and ranges that excludes notes name, and how many notes name none we can read.

    >>> parse_exclusions(["neonatal diabetes mellitus (P70.2)", "diabetes (E08-E13 with .44)"])[0]
    [Exclusion(first='P702', last='P702', at=-1, text=''),
     Exclusion(first='E08', last='E13', at=3, text='44')]
    """
    found: list[Exclusion] = []
    unread = 0
    for note in notes:
        groups = [g.strip() for g in _GROUPS.findall(note)]
        if not groups and (match := _TAIL.search(note)):
            groups = [match[1]]
        before = len(found)
        for group in groups:
            found.extend(_exclusions(group))
        unread += len(found) == before
    return found, unread


def _exclusions(group: str) -> Iterator[Exclusion]:
    if match := _WITH.match(group):
        first, last = _bare(match[1]), _bare(match[2] or match[1])
        if after := match["after"]:
            yield Exclusion(first, last, 3, after)
        elif final := match["final"]:
            yield Exclusion(first, last, -2, final)
        else:
            yield Exclusion(first, last, _PLACES[match["place"]], match["text"])
        return
    if " with " in group:  # a condition in words that no code says: a person must judge
        return
    for match in _ITEM.finditer(group):
        yield Exclusion(_bare(match[1]), _bare(match[2] or match[1]))


def _bare(code: str) -> str:
    return code.replace(".", "")


def parse_tabular(xml: bytes) -> Tabular:
    """The tabular list. Its ``codes`` are the printed ones expanded by 7th characters.

    Raises:
        InputError: not a tabular list.
    """
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as error:
        raise InputError(f"not an XML file: {error}") from error
    if root.tag != "ICD10CM.tabular":
        raise InputError("not the ICD-10-CM tabular list: its root is not ICD10CM.tabular")
    result = Tabular()
    for chapter in root.iterfind("chapter"):
        number = chapter.findtext("name", "").strip()
        title, _, span = chapter.findtext("desc", "").rpartition("(")
        first, _, last = span.rstrip(") ").partition("-")
        result.chapters.append((number, title.strip(), first, last))
        _keep_notes(result, f"chapter {number}", chapter)
        for section in chapter.iterfind("section"):
            block = section.get("id", "")
            # A section of one category carries that category's title with the code behind it.
            words = re.sub(r"\s*\([^()]*\)\s*$", "", section.findtext("desc", "").strip())
            result.blocks.append((block, words, number))
            _keep_notes(result, f"block {block}", section)
            for diag in section.iterfind("diag"):
                result.categories[_bare(diag.findtext("name", "").strip())] = block
                _walk(result, diag, {})
    result.codes |= set(result.titles)
    result.billable = leaves(result.codes)
    return result


def _walk(result: Tabular, diag: ET.Element, seventh: dict[str, str]) -> None:
    code = _bare(diag.findtext("name", "").strip())
    result.titles[code] = (diag.findtext("desc") or "").strip()
    notes = _keep_notes(result, code, diag)
    seventh = notes.seventh or seventh if notes else seventh
    children = diag.findall("diag")
    for child in children:
        _walk(result, child, seventh)
    if not children and seventh and len(code) < 7:
        result.codes |= {code.ljust(6, "X") + character for character in seventh}


def _keep_notes(result: Tabular, owner: str, element: ET.Element) -> Notes | None:
    values: dict[str, list[str]] = {}
    seventh: dict[str, str] = {}
    for child in element:
        if name := _LISTS.get(child.tag):
            texts = (" ".join(note.text.split()) for note in child if note.text)
            values.setdefault(name, []).extend(text for text in texts if text)
        elif child.tag == "sevenChrDef":
            for extension in child.iterfind("extension"):
                seventh[extension.get("char", "")] = " ".join((extension.text or "").split())
    if not values and not seventh:
        return None
    notes = Notes(seventh=seventh, **{name: tuple(texts) for name, texts in values.items()})
    result.notes[owner] = notes
    return notes


def parse_order(text: str) -> Tabular:
    """The order file: every code with its title and whether it may be sent.

    Raises:
        InputError: no line has the layout of the order file.
    """
    result = Tabular()
    for line in text.splitlines():
        code, flag = line[6:13].strip(), line[14:15]
        if flag in ("0", "1") and line[:5].isdigit() and _FIRST.match(code):
            result.codes.add(code)
            result.titles[code] = line[77:].strip() or line[16:76].strip()
            if flag == "1":
                result.billable.add(code)
    if not result.codes:
        raise InputError("not an ICD-10-CM order file: no line has an order number and a code")
    return result


def parse_code_list(text: str) -> set[str]:
    """Codes of a plain list, one a line, without dots; chapters and blocks are left out."""
    words = (line.strip().replace(".", "") for line in text.splitlines())
    return {word for word in words if len(word) > 2 and "-" not in word and _FIRST.match(word)}


def leaves(codes: set[str]) -> set[str]:
    """Codes that no longer code begins with: those that may be sent."""
    ordered = sorted(codes)
    following = [*ordered[1:], ""]
    return {
        code for code, after in zip(ordered, following, strict=True) if after[: len(code)] != code
    }
