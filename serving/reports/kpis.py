"""KPIs worked out from a history, and written as JSON, CSV, Parquet and PDF."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.edits import check_claim
from models.edits.edit import Severity
from models.edits.tables import EditTables
from models.errors import InputError
from models.history import ClaimHistory
from models.revenue.analysis import DenialReason, denial_pareto
from models.revenue.costs import Costs
from models.revenue.cube import ColumnCube, merged, pack, value_of
from models.revenue.expected import ExpectedAmounts, FeeTables
from models.revenue.facts import build_cube
from models.revenue.kpis import DIMENSIONS, Figure, load_kpis
from models.revenue.ledger import post_history
from models.revenue.underpayment import Finding, compare_allowed

COLUMNS = ("kpi", *DIMENSIONS, "value", "numerator", "denominator", "unit", "formula")


class KpiReport(msgspec.Struct):
    """KPIs of one or more practices with what lies behind them; ``payers`` are names by key."""

    cubes: list[ColumnCube]
    reasons: list[DenialReason]
    compared: list[Finding]
    payers: dict[str, str]
    as_of: str

    @property
    def figures(self) -> dict[str, Figure]:
        """Every KPI over everything; those at a month's end as of the last month."""
        found = self.by(())
        return {kpi: found.get((kpi,), Figure(None, 0.0, 0.0)) for kpi in load_kpis()}

    def by(self, dimensions: Sequence[str]) -> dict[tuple[str, ...], Figure]:
        """KPIs told apart by dimensions: keys are the KPI, then their values in that order."""
        sums = merged(cube.sums(dimensions) for cube in self.cubes)
        return {key: value_of(key[0], *sums[key]) for key in sorted(sums)}


def kpi_report(
    history: ClaimHistory,
    *,
    home: Path | None = None,
    costs: Costs | None = None,
    edits: bool = True,
) -> KpiReport:
    """Posts a history and works out its KPIs.

    ``home`` has imported fee schedules, contracts and edit tables; ``edits``: clean claims also
    break no edit of severity error (about 0.1 ms a claim).
    """
    ledger = post_history(history)
    compared = compare_allowed(history, ledger, ExpectedAmounts(FeeTables.load(home)))
    tables = EditTables.load(home) if edits else None

    def edited(claim: Claim) -> bool:
        assert tables is not None
        return any(x.severity is Severity.ERROR for x in check_claim(claim, tables))

    cube = build_cube(
        history, ledger, edited=edited if tables else None, costs=costs, compared=compared
    )
    names = {s.payer: s.claim.payer.name or s.payer for s in history.submissions}
    as_of = history.as_of.isoformat() if history.as_of else ""
    return KpiReport([pack(cube)], denial_pareto(history), compared, names, as_of)


def kpi_rows(report: KpiReport) -> list[dict[str, object]]:
    """One row for each KPI over everything, then by each dimension, in `COLUMNS`."""
    rows: list[dict[str, object]] = []
    kpis = load_kpis()
    for name, found in report.figures.items():
        rows.append(_row(name, {}, found))
    for dimension in DIMENSIONS:
        for key, found in report.by((dimension,)).items():
            value = key[1]
            if dimension == "payer":
                value = report.payers.get(value, value)
            rows.append(_row(key[0], {dimension: value}, found))
    for row in rows:
        kpi = kpis[str(row["kpi"])]
        row["unit"], row["formula"] = kpi.unit, kpi.formula
    return rows


def _row(kpi: str, where: Mapping[str, str], found: Figure) -> dict[str, object]:
    return {
        "kpi": kpi,
        **{name: where.get(name, "") for name in DIMENSIONS},
        "value": found.value,
        "numerator": found.numerator,
        "denominator": found.denominator,
    }


def write_kpis(report: KpiReport, out: Path) -> list[str]:
    """Writes ``kpis.json``, ``.csv``, ``.parquet``, ``denial_reasons.csv``, ``underpayments.csv``
    and ``report.pdf`` into a folder; names of the files.

    Raises:
        InputError: the folder cannot be written.
    """  # noqa: D205
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, write in WRITERS.items():
            (out / name).write_bytes(write(report))
        found = [msgspec.structs.asdict(x) for x in report.compared if x.below]
        (out / "underpayments.csv").write_bytes(_csv(Finding.__struct_fields__, found))
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror})") from error
    return [*WRITERS, "underpayments.csv"]


def _json(report: KpiReport) -> bytes:
    encoded = msgspec.json.encode(report.figures, order="deterministic")
    return msgspec.json.format(encoded, indent=2) + b"\n"


def _reasons_csv(report: KpiReport) -> bytes:
    names = [x for x in DenialReason.__struct_fields__ if x != "submissions"]
    return _csv(names, [msgspec.structs.asdict(x) for x in report.reasons])


def _pdf(report: KpiReport) -> bytes:
    from serving.reports.monthly import monthly_pdf

    return monthly_pdf(report)


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _cell(row.get(k)) for k in columns} for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value


def _parquet(report: KpiReport) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = {"value", "numerator", "denominator"}
    schema = pa.schema([(x, pa.float64() if x in numbers else pa.string()) for x in COLUMNS])
    rows = [{k: row.get(k) for k in COLUMNS} for row in kpi_rows(report)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), out)
    return out.getvalue()


WRITERS: Mapping[str, Callable[[KpiReport], bytes]] = {
    "kpis.json": _json,
    "kpis.csv": lambda report: _csv(COLUMNS, kpi_rows(report)),
    "kpis.parquet": _parquet,
    "denial_reasons.csv": _reasons_csv,
    "report.pdf": _pdf,
}
"""What a report is written as, by the name of the file."""
