"""NCCI pairs, MUE, add-on codes and the fee schedule: rows of text cells to typed rows.

Layouts: CMS NCCI PTP, MUE and add-on code files, CMS PPRRVU relative value file.
"""

from collections.abc import Iterator

from models.edits.importing.forms import Part, parse_day, plain
from models.edits.importing.headings import (
    Skipped,
    cell,
    find_heading,
    is_procedure,
    procedure_code,
)
from models.edits.pairs import Combination, PairRow
from models.edits.rows import AddOn, FeeRow, UnitLimit
from models.errors import InputError

_OTHER_EDITIONS = {
    "outpatienthospital": "outpatient hospital",
    "ccioph": "outpatient hospital",
    "dmesupplier": "equipment supplier",
}


def _refuse_other_editions(name: str) -> None:
    for mark, edition in _OTHER_EDITIONS.items():
        if mark in plain(name):
            raise InputError(f"{name}: the {edition} edition; import the practitioner edition")


def read_ncci(part: Part, skipped: Skipped) -> Iterator[PairRow]:
    """Procedure-to-procedure pairs, with or without days in the rows."""
    _refuse_other_editions(part.name)
    columns, rows = find_heading(
        part,
        {
            "first": lambda n: n in ("column1", "column1code", "comprehensivecode"),
            "second": lambda n: n in ("column2", "column2code", "componentcode"),
            "effective": lambda n: "effective" in n,
            "deleted": lambda n: "delet" in n,
            "indicator": lambda n: n.startswith("modifier"),
            "rationale": lambda n: "rationale" in n,
        },
        ("first", "second"),
    )
    if not columns:
        columns = {"first": 0, "second": 1, "effective": 3, "deleted": 4, "indicator": 5,
                   "rationale": 6}  # fmt: skip
    known: dict[tuple[str, ...], Combination | None] = {}
    for row in rows:
        first, second = cell(row, columns, "first"), cell(row, columns, "second")
        if len(first) != 5 or len(second) != 5:
            if any(row):
                skipped["no pair of codes (headings, notices)"] += 1
            continue
        fields = tuple(
            cell(row, columns, f) for f in ("effective", "deleted", "indicator", "rationale")
        )
        if fields not in known:
            known[fields] = _combination(*fields)
        combination = known[fields]
        if combination is None:
            skipped["a date or modifier indicator cannot be read"] += 1
        elif not (is_procedure(first) and is_procedure(second)):
            skipped["not of the form of a procedure code"] += 1
        else:
            yield first, second, combination


def _combination(
    effective: str, deleted: str, indicator: str, rationale: str
) -> Combination | None:
    try:
        since, until = parse_day(effective), parse_day(deleted)
    except ValueError:
        return None
    return (
        Combination(since, until, int(indicator), rationale)
        if indicator in ("0", "1", "9")
        else None
    )


def read_mue(part: Part, skipped: Skipped) -> Iterator[UnitLimit]:
    """Medically unlikely edits; without an adjudication indicator (Medicaid) they are by line."""
    _refuse_other_editions(part.name)
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n.startswith("hcpcs") and len(n) < 20,
            "units": lambda n: "muevalue" in n or n == "mueunits",
            "indicator": lambda n: "adjudication" in n or n == "muemai",
            "rationale": lambda n: "rationale" in n,
            "service": lambda n: "outpatienthospital" in n or "dmesupplier" in n,
        },
        ("code", "units"),
    )
    if not columns:
        return
    if "service" in columns:
        raise InputError(f"{part.name}: not the practitioner edition; import that one")
    for row in rows:
        code, units = procedure_code(cell(row, columns, "code")), cell(row, columns, "units")
        indicator = cell(row, columns, "indicator")[:1] if "indicator" in columns else "1"
        if not is_procedure(code):
            if any(row):
                skipped["no procedure code (notices)"] += 1
        elif not units.isdigit() or indicator not in ("1", "2", "3"):
            skipped["no whole number of units, or no adjudication indicator"] += 1
        else:
            yield UnitLimit(code, int(units), int(indicator), cell(row, columns, "rationale"))


def read_addon(part: Part, skipped: Skipped) -> Iterator[AddOn]:
    """Add-on codes; ``CCCCC`` stands for primaries that the contractor knows."""
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n in ("aoc", "aoccode", "addon", "addoncode", "addoncodes"),
            "primary": lambda n: n in ("primary", "primarycode", "primarycodes"),
            "kind": lambda n: "type" in n,
            "effective": lambda n: "editeff" in n or n.startswith("effective"),
            "deleted": lambda n: "editdel" in n or n.startswith("deletion"),
        },
        ("code", "primary"),
    )
    if not columns:
        return
    for row in rows:
        code, primary = (
            procedure_code(cell(row, columns, "code")),
            procedure_code(cell(row, columns, "primary")),
        )
        kind = cell(row, columns, "kind").upper().removeprefix("TYPE").strip()
        kind = {"I": "1", "II": "2", "III": "3", "": "1"}.get(kind, kind)
        if not is_procedure(code):
            if any(row):
                skipped["no procedure code (notices)"] += 1
            continue
        try:
            since = parse_day(cell(row, columns, "effective"))
            until = parse_day(cell(row, columns, "deleted"))
        except ValueError:
            since = until = None
            kind = "?"
        if kind not in ("1", "2", "3"):
            skipped["a date or the edit type cannot be read"] += 1
        else:
            yield AddOn(code, primary if is_procedure(primary) else "", int(kind), since, until)


def read_mpfs(part: Part, skipped: Skipped) -> Iterator[FeeRow]:
    """The relative value file PPRRVU, or the CSV form of its indicators. No descriptors."""
    columns, rows = find_heading(
        part,
        {
            "code": lambda n: n.endswith("hcpcs") or n == "hcpcscode",
            "modifier": lambda n: n.endswith("mod") and len(n) < 12,
            "status": lambda n: n.endswith(("status", "statuscode")) and len(n) < 20,
            "pctc": lambda n: n.endswith(("pctc", "pctcind")),
            "global_days": lambda n: n in ("glob", "globdays", "globalsurgery"),
            "multiple": lambda n: n.startswith("mult"),
            "bilateral": lambda n: n.startswith("bilat"),
            "assistant": lambda n: n.startswith("asst"),
            "co_surgeons": lambda n: n in ("cosurg", "cosurgeons"),
            "team": lambda n: n.startswith("team"),
            "work": lambda n: n in ("workrvu", "rvuwork", "work"),
            "expense_office": lambda n: n.endswith(("nonfacpervu", "nonfacilitypervu")),
            "expense_facility": lambda n: n.endswith("facilitypervu") and "non" not in n,
            "malpractice": lambda n: n.endswith("mprvu"),
            "total_office": lambda n: n in ("nonfacilitytotal", "nonfactotal"),
            "total_facility": lambda n: n in ("facilitytotal", "factotal"),
            "conversion_factor": lambda n: n in ("convfactor", "conversionfactor"),
        },
        ("code", "status"),
    )
    if not columns:
        return
    for row in rows:
        code, status = (
            procedure_code(cell(row, columns, "code")),
            cell(row, columns, "status").upper(),
        )
        if not is_procedure(code) or len(status) != 1:
            if any(row):
                skipped["no procedure code with a status (headings, notices)"] += 1
            continue
        days = cell(row, columns, "global_days").upper()
        yield FeeRow(
            code,
            cell(row, columns, "modifier").upper(),
            status,
            pctc=_indicator(row, columns, "pctc"),
            global_days=days.zfill(3) if days.isdigit() else days,
            multiple=_indicator(row, columns, "multiple"),
            bilateral=_indicator(row, columns, "bilateral"),
            assistant=_indicator(row, columns, "assistant"),
            co_surgeons=_indicator(row, columns, "co_surgeons"),
            team=_indicator(row, columns, "team"),
            work=_number(cell(row, columns, "work")),
            total_office=_number(cell(row, columns, "total_office")),
            total_facility=_number(cell(row, columns, "total_facility")),
            conversion_factor=_number(cell(row, columns, "conversion_factor")),
            expense_office=_number(cell(row, columns, "expense_office")),
            expense_facility=_number(cell(row, columns, "expense_facility")),
            malpractice=_number(cell(row, columns, "malpractice")),
        )


def _indicator(row: list[str], columns: dict[str, int], field: str) -> str:
    return cell(row, columns, field).removesuffix(".0")


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
