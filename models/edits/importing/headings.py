"""Columns found by their headings, wherever a publisher puts them, and cells read from them."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from models.codes.hcpcs import HcpcsLevel, hcpcs_level
from models.edits.importing.forms import Part, plain

_HEADING_ROWS = 40
Skipped = Counter[str]
"""Reason -> how many rows were left out for it."""


def find_heading(
    part: Part, wanted: dict[str, Callable[[str], bool]], needed: tuple[str, ...]
) -> tuple[dict[str, int], Iterator[list[str]]]:
    """Columns by field, and the rows below the heading; no columns where there is no heading.

    Headings may be stacked over several rows, as in PPRRVU: then the cells above count too.
    """
    above: list[list[str]] = []
    for row in part.rows:
        above.append(row)
        cells = [plain(c) for c in row]
        stacked = [plain(" ".join(r[i] for r in above[-6:] if i < len(r))) for i in range(len(row))]
        found = {
            field: next(
                (i for names in (cells, stacked) for i, n in enumerate(names) if n and test(n)), -1
            )
            for field, test in wanted.items()
        }
        # The heading's last row names the code; titles that are stacked above it must not pass.
        last = found[needed[0]]
        if all(found[f] >= 0 for f in needed) and cells[last] and wanted[needed[0]](cells[last]):
            return {f: i for f, i in found.items() if i >= 0}, part.rows
        if len(above) >= _HEADING_ROWS:
            break
    return {}, chain(above, part.rows)


def cell(row: list[str], columns: dict[str, int], field: str) -> str:
    """Text of a field's cell without blanks; empty where the row or heading lacks it."""
    place = columns.get(field, -1)
    return row[place].strip() if 0 <= place < len(row) else ""


def procedure_code(text: str) -> str:
    """A procedure code from a cell; a workbook may have dropped leading zeros of a number."""
    text = text.strip().upper()
    return text.zfill(5) if text.isdigit() and 3 <= len(text) < 5 else text


def is_procedure(code: str) -> bool:
    """Whether it has the form of a CPT or HCPCS Level II code."""
    """Whether the text has the form of a CPT or HCPCS code."""
    return hcpcs_level(code) is not HcpcsLevel.NEITHER
