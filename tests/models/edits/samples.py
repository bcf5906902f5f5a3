"""A sound claim, its parts, and little tables, for the tests of edits."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.common import Address
from models.codes.rows import CodeRow
from models.codes.store import TableMeta
from models.edits.context import EditContext
from models.edits.coverage import CoverageTable
from models.edits.pairs import Combination, PairTable, open_pairs, write_pairs
from models.edits.rows import AddOn, FeeRow, PolicyRow, UnitLimit
from models.edits.tables import AddOnTable, EditTables, Versions

DAY = dt.date(2026, 3, 2)
SENT = dt.date(2026, 3, 10)
NPI, OTHER_NPI = "1234567893", "1003000126"
PATIENT = Person("DOE", "JANE", member_id="M1", birth_date=dt.date(1960, 5, 4), sex="F")

PAIRS = [
    ("11042", "36000", Combination(None, None, 0, "Standards")),
    ("20610", "11042", Combination(None, None, 1, "Misuse")),
    ("20610", "99213", Combination(None, None, 1, "Standards")),
    ("93000", "93010", Combination(None, None, 9, "")),
    ("17000", "11102", Combination(dt.date(2020, 1, 1), dt.date(2025, 12, 31), 0, "Old")),
]
LIMITS = {
    "93000": UnitLimit("93000", 3, 3),
    "20610": UnitLimit("20610", 2, 1),
    "11042": UnitLimit("11042", 1, 2),
}
ADDONS = [
    AddOn("11045", "11042", 1),
    AddOn("99292", "99291", 3),
    AddOn("22899", "", 2),
    AddOn("15003", "15002", 1, dt.date(2020, 1, 1), dt.date(2025, 12, 31)),
]
FEES = {
    "99213": FeeRow("99213", "", "A", pctc="0", global_days="XXX", bilateral="0", assistant="9"),
    "93000": FeeRow("93000", "", "A", pctc="4", global_days="XXX", bilateral="0", assistant="9"),
    "20610": FeeRow("20610", "", "A", pctc="0", global_days="000", bilateral="1", assistant="1"),
    "99000": FeeRow("99000", "", "B"),
    "99080": FeeRow("99080", "", "X"),
    "27447": FeeRow("27447", "", "A", pctc="0", global_days="090", bilateral="1", assistant="2"),
    "11102": FeeRow("11102", "", "A", pctc="0", global_days="000"),
}
HCPCS = {
    "J1100": CodeRow("J1100", dt.date(1990, 1, 1)),
    "J9999": CodeRow("J9999"),
    "G0402": CodeRow("G0402"),
    "J0110": CodeRow("J0110", dt.date(1990, 1, 1), dt.date(2020, 12, 31)),
    "LT": CodeRow("LT"), "RT": CodeRow("RT"), "GA": CodeRow("GA"), "GY": CodeRow("GY"),
    "Q9": CodeRow("Q9"), "G1": CodeRow("G1", None, dt.date(2020, 12, 31)),
}  # fmt: skip

POLICIES = [PolicyRow("A1", "82306", "procedure"), PolicyRow("A1", "E559", "covered")]


def versions(kind: str, table: Any, program: str = "", effective: dt.date | None = None) -> Any:
    """One version of a table."""
    return Versions([(TableMeta(kind, program, effective, len(table), (), kind.upper()), table)])


def pair_table(folder: Path, rows: list[tuple[str, str, Combination]] = PAIRS) -> PairTable:
    """Pairs, stored and opened."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pairs(folder, rows)
    return open_pairs(folder)


def tables(folder: Path, **changes: Any) -> EditTables:
    """Every table, small."""
    pairs = pair_table(folder / "pairs")
    values: dict[str, Any] = {
        "ncci": {p: versions("ncci", pairs, p) for p in ("medicare", "medicaid")},
        "mue": {p: versions("mue", LIMITS, p) for p in ("medicare", "medicaid")},
        "addon": versions("addon", AddOnTable(ADDONS)),
        "mpfs": versions("mpfs", FEES),
        "hcpcs": versions("hcpcs", HCPCS),
        "lcd": versions("lcd", CoverageTable(POLICIES)),
    }
    return EditTables(**(values | changes))


def line(code: str = "99213", number: int = 1, **changes: Any) -> ServiceLine:
    """A sound line."""
    values: dict[str, Any] = {
        "charge": Decimal(100), "pointers": (1,), "service_date": DAY,
    }  # fmt: skip
    return ServiceLine(number, code, **(values | changes))


def lines(*codes: str, **changes: Any) -> tuple[ServiceLine, ...]:
    """A line for each code."""
    return tuple(line(code, n, **changes) for n, code in enumerate(codes, 1))


def claim(**changes: Any) -> Claim:
    """A claim to Medicare that breaks no edit; its charge follows the lines."""
    values: dict[str, Any] = {
        "claim_id": "C1",
        "submitted": SENT,
        "filing_indicator": "MB",
        "payer": Payer("MEDICARE", "PI", "MCR1"),
        "subscriber": PATIENT,
        "patient": PATIENT,
        "billing": Provider(
            NPI, "2", "CLINIC", taxonomy="207Q00000X", tax_id="123456789",
            address=Address("1 MAIN ST", "", "SPRINGFIELD", "IL", "62701"),
        ),
        "rendering": Provider(OTHER_NPI, "1", "ROE", "RICHARD", taxonomy="207Q00000X"),
        "place_of_service": "11",
        "assignment": "A",
        "diagnoses": (Diagnosis("ABK", "E119"), Diagnosis("ABF", "I10")),
        "lines": lines("99213"),
    }  # fmt: skip
    values |= changes
    values.setdefault("charge", sum((x.charge for x in values["lines"]), Decimal(0)))
    return Claim(**values)


NOTHING = EditContext()
