"""KPIs worked out from a history, and written as JSON, CSV, Parquet and PDF."""

import csv
from collections.abc import Mapping
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
from models.revenue.expected import ExpectedAmounts, FeeTables
from models.revenue.facts import Costs, build_cube
from models.revenue.kpis import DIMENSIONS, Cube, Figure, by_dimensions, figures, load_kpis
from models.revenue.ledger import post_history
from models.revenue.underpayment import Finding, compare_allowed

COLUMNS = ("kpi", *DIMENSIONS, "value", "numerator", "denominator", "unit", "formula")


class KpiReport(msgspec.Struct):
    """KPIs of one history with what lies behind them; ``payers`` are names by key."""

    cube: Cube
    reasons: list[DenialReason]
    compared: list[Finding]
    payers: dict[str, str]
    as_of: str

    @property
    def figures(self) -> dict[str, Figure]:
        """Every KPI over everything."""
        return figures(self.cube)


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
    return KpiReport(cube, denial_pareto(history), compared, names, as_of)


def kpi_rows(report: KpiReport) -> list[dict[str, object]]:
    """One row for each KPI over everything, then by each dimension, in `COLUMNS`."""
    rows: list[dict[str, object]] = []
    kpis = load_kpis()
    for name, found in report.figures.items():
        rows.append(_row(name, {}, found))
    for dimension in DIMENSIONS:
        for key, found in by_dimensions(report.cube, (dimension,)).items():
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
    from serving.reports.monthly import write_monthly

    rows = kpi_rows(report)
    try:
        out.mkdir(parents=True, exist_ok=True)
        encoded = msgspec.json.encode(report.figures, order="deterministic")
        (out / "kpis.json").write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
        _write_csv(out / "kpis.csv", COLUMNS, rows)
        _write_parquet(out / "kpis.parquet", rows)
        reasons = [msgspec.structs.asdict(x) for x in report.reasons]
        names = [x for x in DenialReason.__struct_fields__ if x != "submissions"]
        _write_csv(out / "denial_reasons.csv", names, reasons)
        found = [msgspec.structs.asdict(x) for x in report.compared if x.below]
        _write_csv(out / "underpayments.csv", Finding.__struct_fields__, found)
        write_monthly(report, out / "report.pdf")
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror})") from error
    return ["kpis.json", "kpis.csv", "kpis.parquet", "denial_reasons.csv", "underpayments.csv",
            "report.pdf"]  # fmt: skip


def _write_csv(
    path: Path, columns: tuple[str, ...] | list[str], rows: list[dict[str, object]]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _cell(row.get(k)) for k in columns} for row in rows)


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value


def _write_parquet(path: Path, rows: list[dict[str, object]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = {"value", "numerator", "denominator"}
    schema = pa.schema([(x, pa.float64() if x in numbers else pa.string()) for x in COLUMNS])
    table = pa.Table.from_pylist([{k: row.get(k) for k in COLUMNS} for row in rows], schema)
    pq.write_table(table, path)
