"""HCPCS, CPT, other code lists and adjustment reason codes: rows of text cells to typed rows.

Layouts: CMS HCPCS alpha-numeric file (workbook, or 320 characters a record); AMA CPT data files
(consolidated list with tabs; long, medium and short descriptor files); X12 reason codes as CSV.
"""

import re
from collections.abc import Iterator

from models.codes.hcpcs import HcpcsLevel, hcpcs_level
from models.codes.icd10cm_index import is_index, parse_index
from models.codes.rows import CodeRow, LabelRow, TermRow
from models.edits.importing.forms import Part, parse_day
from models.edits.importing.headings import (
    Skipped,
    cell,
    find_heading,
    is_procedure,
    procedure_code,
)
from models.edits.rows import ReasonRow


def read_hcpcs(part: Part, skipped: Skipped) -> Iterator[CodeRow]:
    """HCPCS Level II codes and modifiers: workbook, records of 320 characters, or CSV forms."""
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n in ("hcpc", "hcpcs", "hcpcscode", "modcode", "modifier"),
            "record": lambda n: n in ("recid", "recordid"),
            "long": lambda n: (
                n.startswith("longdesc") or n in ("hcpcsdescription", "moddescription")
            ),
            "short": lambda n: n.startswith("shortdesc"),
            "form": lambda n: n == "hcpcsdesctype",
            "effective": lambda n: n in ("adddt", "adddate", "codeaddeddate", "addeddate"),
            "ended": lambda n: n in ("termdt", "termdate", "terminationdate"),
        },
        ("code",),
    )
    found: dict[str, CodeRow] = {}
    for row in rows:
        cells = _hcpcs_record(row[0]) if not columns and len(row) == 1 else None
        if cells is None:
            if not columns:
                skipped["not a record of the HCPCS file"] += 1
                continue
            cells = {f: cell(row, columns, f) for f in
                     ("code", "record", "long", "short", "form", "effective", "ended")}  # fmt: skip
        code = cells["code"].upper()
        if not (is_procedure(code) or re.fullmatch(r"[A-Z0-9]{2}", code)):
            if any(row):
                skipped["no code (headings, notices)"] += 1
            continue
        before = found.get(code)
        if cells["record"] in ("4", "8") and before is not None:  # the wording goes on
            text = f"{before.long} {cells['long']}".strip()
            found[code] = CodeRow(code, before.effective, before.ended, before.short, text)
            continue
        try:
            since, until = parse_day(cells["effective"]), parse_day(cells["ended"])
        except ValueError:
            skipped["a date cannot be read"] += 1
            continue
        short, long = cells["short"], cells["long"]
        if cells["form"].lower() == "short":
            short, long = long, before.long if before else ""
        elif before is not None:
            short = before.short
        found[code] = CodeRow(code, since, until, short, long)
    yield from found.values()


def _hcpcs_record(line: str) -> dict[str, str] | None:
    """A record of the alpha-numeric file, by the columns of its published layout."""
    if len(line) < 280 or line[10:11] not in "3478" or not line[5:10].strip().isdigit():
        return None
    return {
        "code": line[0:5].strip(), "record": line[10], "long": line[11:91].strip(),
        "short": line[91:119].strip(), "form": "", "effective": line[268:276].strip(),
        "ended": line[284:292].strip(),
    }  # fmt: skip


def read_cpt(part: Part, skipped: Skipped) -> Iterator[CodeRow]:
    """The AMA's licensed descriptor files: consolidated list, long, medium or short descriptors."""
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n in ("cptcode", "code", "cpt"),
            "long": lambda n: n in ("long", "longdescriptor", "longdescription", "description"),
            "medium": lambda n: n in ("medium", "mediumdescriptor", "mediumdescription"),
            "short": lambda n: n in ("short", "shortdescriptor", "shortdescription"),
            "effective": lambda n: n in ("effectivedate",),
        },
        ("code",),
    )
    is_short = "short" in part.name.lower()
    for row in rows:
        if columns:
            cells = {f: cell(row, columns, f) for f in ("code", "long", "medium", "short")}
        else:
            code, _, text = " ".join(row).strip().partition(" ")
            cells = {"code": code, "long": "" if is_short else text.strip(),
                     "medium": "", "short": text.strip() if is_short else ""}  # fmt: skip
        code = procedure_code(cells["code"])
        words = cells["long"] or cells["medium"]
        if hcpcs_level(code) is not HcpcsLevel.CPT or not (words or cells["short"]):
            if any(row):
                skipped["no CPT code with a descriptor (notices)"] += 1
            continue
        yield CodeRow(code, None, None, cells["short"], words)


def read_carc(part: Part, skipped: Skipped) -> Iterator[ReasonRow]:
    """Adjustment reason and remark codes with their days; the wording is X12's and left out."""
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n in ("code", "adjcode", "carc", "rarc", "reasoncode"),
            "kind": lambda n: n in ("adjtype", "type", "codetype"),
            "effective": lambda n: "start" in n or n.startswith("effective"),
            "ended": lambda n: (
                n in ("adjenddate",) or "stop" in n or n.startswith(("end", "deactiv"))
            ),
        },
        ("code",),
    )
    if not columns:
        return
    for row in rows:
        code = cell(row, columns, "code").upper()
        if not re.fullmatch(r"[A-Z]{0,2}\d{1,3}", code):
            if any(row):
                skipped["no reason code"] += 1
            continue
        kind = cell(row, columns, "kind").upper()
        if kind not in ("CARC", "RARC"):
            kind = "RARC" if re.fullmatch(r"(?:M|MA|N)\d+", code) else "CARC"
        try:
            yield ReasonRow(
                code,
                kind,
                parse_day(cell(row, columns, "effective")),
                parse_day(cell(row, columns, "ended")),
            )
        except ValueError:
            skipped["a date cannot be read"] += 1


def read_index(part: Part, skipped: Skipped) -> Iterator[TermRow]:
    """An ICD-10-CM index in CMS's XML."""
    if part.xml and is_index(part.xml):
        yield from parse_index(part.xml)


_FLAGGED = re.compile(r"\d{5} ([A-Z0-9]{3,7}) +([01]) ")
_YES = ("1", "y", "yes", "true", "t", "")


def read_labels(part: Part, skipped: Skipped) -> Iterator[LabelRow]:
    """Codes of any system: columns with headings, CMS's order file, or lines of code and title.

    Columns: code; title (or description); and if wanted parent, billable, effective, ended,
    terms (further names, semicolons between).
    """
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n in ("code", "label", "icd9", "icd10pcs", "diagnosiscode"),
            "title": lambda n: (
                n in ("title", "name", "words") or n.startswith(("description", "longdesc"))
            ),
            "parent": lambda n: n in ("parent", "parentcode"),
            "billable": lambda n: n in ("billable", "valid"),
            "effective": lambda n: n.startswith(("effective", "start")),
            "ended": lambda n: n.startswith(("end", "term")) and n != "terms",
            "terms": lambda n: n in ("terms", "synonyms"),
        },
        ("code",),
    )
    for row in rows:
        if not any(row):
            continue
        label = _label(row, columns) if columns else _label_line(" ".join(row))
        if label is None:
            skipped["no code, or a date that cannot be read"] += 1
        else:
            yield label


def _label(row: list[str], columns: dict[str, int]) -> LabelRow | None:
    code = cell(row, columns, "code")
    if not code or len(code) > 40:
        return None
    try:
        since = parse_day(cell(row, columns, "effective"))
        until = parse_day(cell(row, columns, "ended"))
    except ValueError:
        return None
    return LabelRow(
        code,
        cell(row, columns, "title"),
        cell(row, columns, "parent"),
        cell(row, columns, "billable").casefold() in _YES,
        since,
        until,
        tuple(filter(None, (t.strip() for t in cell(row, columns, "terms").split(";")))),
    )


def _label_line(line: str) -> LabelRow | None:
    if match := _FLAGGED.match(line):  # the layout of CMS's order files
        return LabelRow(match[1], line[77:].strip() or line[16:76].strip(), "", match[2] == "1")
    code, _, title = line.strip().partition(" ")
    return LabelRow(code, title.strip()) if title and len(code) <= 40 else None
