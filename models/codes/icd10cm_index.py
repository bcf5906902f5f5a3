"""Terms of the ICD-10-CM indexes in CMS's XML: alphabetic, external causes, neoplasms, drugs.

The alphabetic and external-cause indexes nest terms that each may have a ``code``; the neoplasm
and drug tables have cells, a column for each behaviour or intent. What stands in ``nemod`` may
be absent from the diagnosis. Source: CDC/NCHS, a work of the US government.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

from models.codes.rows import TermRow
from models.errors import InputError

ROOT = "ICD10CM.index"
_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{0,4})?-?")
# The first column of a table is its term. Behaviours of a neoplasm as a note would say them, and
# how a substance came to act.
_NEOPLASM = {
    "malignant primary": "malignant neoplasm of {}",
    "malignant secondary": "secondary malignant neoplasm of {}",
    "ca in situ": "carcinoma in situ of {}",
    "benign": "benign neoplasm of {}",
    "uncertain behavior": "neoplasm of uncertain behavior of {}",
    "unspecified behavior": "neoplasm of {}",
}
_DRUG = {
    "poisoning accidental (unintentional)": "accidental poisoning by {}",
    "poisoning intentional self-harm": "intentional self-harm by poisoning with {}",
    "poisoning assault": "assault by poisoning with {}",
    "poisoning undetermined": "poisoning by {}, undetermined",
    "adverse effect": "adverse effect of {}",
    "underdosing": "underdosing of {}",
}


def is_index(xml: bytes) -> bool:
    """Whether the bytes are those of an index rather than of the tabular list."""
    return f"<{ROOT}".encode() in xml[:2000]


def parse_index(xml: bytes) -> list[TermRow]:
    """Terms with the codes that they lead to, in the order of the file.

    A term under another carries its words: "fall, due to, ice". "See" references lead to terms,
    not to codes, and are left out.

    Raises:
        InputError: not an index, or one with columns that are not known.
    """
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as error:
        raise InputError(f"not an XML file: {error}") from error
    if root.tag != ROOT:
        raise InputError(f"not an ICD-10-CM index: its root is {root.tag}, not {ROOT}")
    kind, forms = _kind(root)
    rows: dict[tuple[str, str], TermRow] = {}
    for main in root.iter("mainTerm"):
        for code, words in _walk(main, (), forms):
            rows.setdefault((code, words), TermRow(code, words, kind))
    if not rows:
        raise InputError("the ICD-10-CM index has no term with a code")
    return list(rows.values())


def _kind(root: ET.Element) -> tuple[str, dict[str, str]]:
    """Kind of the index; of a table also how each column's terms read."""
    heads = {
        head.get("col", ""): " ".join((head.text or "").casefold().split())
        for head in root.iterfind("indexHeading/head")
    }
    if not heads:
        title = (root.findtext("title") or "").casefold()
        return ("external_cause" if "external" in title else "index"), {}
    for kind, known in (("neoplasm", _NEOPLASM), ("drug", _DRUG)):
        forms = {col: known[words] for col, words in heads.items() if words in known}
        if len(forms) == len(heads) - 1:
            return kind, forms
    raise InputError(f"an ICD-10-CM index with unknown columns: {', '.join(heads.values())}")


def _walk(
    element: ET.Element, above: Sequence[str], forms: dict[str, str]
) -> Iterator[tuple[str, str]]:
    path = [*above, _words(element.find("title"))]
    if forms:
        # The neoplasm table has one main term, which every column's form says already.
        place = path[1:] if path[0].casefold().startswith("neoplasm") else path
        for cell in element.iterfind("cell"):
            form = forms.get(cell.get("col", ""))
            if form is not None and (code := _bare(cell.text)):
                yield code, form.format(", ".join(place) or "unspecified site")
    elif code := _bare(element.findtext("code")):
        yield code, ", ".join(path)
    for child in element.iterfind("term"):
        yield from _walk(child, path, forms)


def _words(title: ET.Element | None) -> str:
    """A term without what may be absent."""
    if title is None:
        return ""
    text = (title.text or "") + "".join(part.tail or "" for part in title)
    return " ".join(text.split()).strip(" ,")


def _bare(code: str | None) -> str:
    """Code without dots and dashes; ``""`` for none."""
    code = (code or "").strip()
    return code.replace(".", "").rstrip("-") if _CODE.fullmatch(code) else ""
