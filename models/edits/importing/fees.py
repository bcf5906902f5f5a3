"""What payers allow: Medicare's geographic indices, and payers' contracts as CSV.

Layouts: CMS GPCI file (addendum E of the fee schedule); a contract has the columns of
`CONTRACT_COLUMNS` in any order.
"""

import re
from collections.abc import Callable, Iterator

from models.edits.importing.forms import Part, parse_day
from models.edits.importing.headings import Skipped, cell, find_heading, procedure_code
from models.edits.rows import ContractRow, GpciRow

CONTRACT_COLUMNS = (
    "payer", "code", "modifier", "place", "amount", "percent_of_medicare", "percent_of_charge",
    "locality", "effective", "ended",
)  # fmt: skip


def read_gpci(part: Part, skipped: Skipped) -> Iterator[GpciRow]:
    """Indices by locality; of work with and without the floor the one with it counts."""
    columns, rows = find_heading(
        part,
        {
            "contractor": lambda n: "contractor" in n or n in ("mac", "carrier"),
            "state": lambda n: n == "state",
            "locality": lambda n: n in ("localitynumber", "locality", "localityno"),
            "name": lambda n: "localityname" in n or n == "localities",
            "work": lambda n: ("pwgpci" in n or "workgpci" in n) and "without" not in n,
            "expense": lambda n: "pegpci" in n,
            "malpractice": lambda n: "mpgpci" in n,
        },
        ("locality", "work", "expense", "malpractice"),
    )
    if not columns:
        return
    for row in rows:
        contractor, number = cell(row, columns, "contractor"), cell(row, columns, "locality")
        values = [_number(cell(row, columns, x)) for x in ("work", "expense", "malpractice")]
        work, expense, malpractice = values
        if not number.isdigit() or work is None or expense is None or malpractice is None:
            if any(row):
                skipped["no locality with its three indices (notices)"] += 1
            continue
        code = f"{contractor}-{int(number):02}" if contractor else f"{int(number):02}"
        name, state = cell(row, columns, "name"), cell(row, columns, "state")
        yield GpciRow(code, state, name, work, expense, malpractice)


def read_contract(part: Part, skipped: Skipped) -> Iterator[ContractRow]:
    """Rows of a payer's contract; each names one of amount and the two shares (in percent)."""
    columns, rows = find_heading(
        part,
        {name: _heading(name) for name in CONTRACT_COLUMNS},
        ("payer",),
    )
    if not columns:
        return
    for row in rows:
        cells = {name: cell(row, columns, name) for name in CONTRACT_COLUMNS}
        if not any(cells.values()):
            continue
        prices = [_number(cells[x]) for x in CONTRACT_COLUMNS[4:7]]
        given = [x for x in prices if x is not None]
        try:
            since, until = parse_day(cells["effective"]), parse_day(cells["ended"])
        except ValueError:
            skipped["a date cannot be read"] += 1
            continue
        if not cells["payer"] or len(given) != 1 or given[0] < 0:
            skipped["needs a payer and exactly one of amount, percent_of_medicare, "
                    "percent_of_charge"] += 1  # fmt: skip
            continue
        yield ContractRow(
            cells["payer"].lstrip("0").upper(),
            procedure_code(cells["code"]) if cells["code"] else "",
            cells["modifier"].upper(),
            cells["place"].zfill(2) if cells["place"] else "",
            prices[0],
            prices[1],
            prices[2],
            cells["locality"],
            since,
            until,
        )


def _heading(name: str) -> Callable[[str], bool]:
    wanted = re.sub("[^a-z]", "", name)
    return lambda n: n == wanted


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").replace("$", "").removesuffix("%"))
    except ValueError:
        return None
