"""``firstpass kpis``: the figures that run a practice, from its files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import Json, columns, note, show

if TYPE_CHECKING:
    from serving.reports.kpis import KpiReport


def kpis(
    history: Annotated[
        list[Path],
        typer.Argument(
            metavar="HISTORY",
            help="Files or folders: 837P, 277CA and 835 in any mix, or CSV, Parquet, JSONL.",
            exists=True,
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for JSON, CSV, Parquet and the PDF report.", show_default=False),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="month, payer, provider, location or specialty.", show_default=False),
    ] = None,
    costs: Annotated[
        Path | None,
        typer.Option(
            help="CSV of what collecting cost: month (2026-03), dollars.", exists=True,
            dir_okay=False, show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Work out the KPIs of a claim history; each with numerator and denominator.

    Definitions are in docs/kpis.md. Patients' payments and write-offs are not in 835 files:
    what they change is lower here than in the store.

    Example: firstpass kpis practice/history --out report
    """
    from models.errors import InputError
    from models.history import read_history
    from models.revenue.costs import read_costs
    from models.revenue.kpis import DIMENSIONS
    from serving.reports.kpis import kpi_report, write_kpis

    if by is not None and by not in DIMENSIONS:
        raise typer.BadParameter(f"allowed: {', '.join(DIMENSIONS)}", param_hint="--by")
    if sys.stderr.isatty():
        note("reading and posting the history")
    found = read_history(history)
    if not found.submissions:
        raise InputError("the history holds no claims: give 837P files, and 835 to go with them")
    report = kpi_report(found, costs=read_costs(costs) if costs else None)
    if out is not None:
        files = write_kpis(report, out)
        note(f"{out}: {', '.join(files)}")
    if by is None:
        show(report.figures, _words(report), as_json=json)
    else:
        _show_by(report, by, json)


def _words(report: "KpiReport") -> str:
    from models.revenue.kpis import load_benchmarks, load_kpis
    from serving.reports.monthly import change_words, shown

    kpis_, benchmarks = load_kpis(), load_benchmarks()
    rows = [
        {
            "figure": kpis_[name].words,
            "value": shown(kpis_[name], x.value),
            "numerator": f"{x.numerator:,.2f}".removesuffix(".00"),
            "denominator": f"{x.denominator:,.2f}".removesuffix(".00"),
            "published": benchmarks[name].words if name in benchmarks else "",
        }
        for name, x in report.figures.items()
    ]
    reasons = [
        {
            "CARC": x.carc,
            "why": x.words,
            "lines": f"{x.lines:,}",
            "dollars": f"{x.dollars:,.0f}",
            "of all": f"{x.cumulative:.0%}",
        }
        for x in report.reasons[:10]
    ]
    parts = [f"as of {report.as_of}", columns(rows)]
    if reasons:
        parts.append(columns(reasons))
    changes = change_words(report)
    if changes:
        parts.append("\n".join(changes))
    return "\n\n".join(parts)


def _show_by(report: "KpiReport", by: str, json: bool) -> None:
    from models.revenue.kpis import load_kpis
    from serving.reports.monthly import shown

    found = report.by((by,))
    values = sorted({key[1] for key in found})
    table = {
        report.payers.get(v, v) if by == "payer" else v: {
            key[0]: x for key, x in found.items() if key[1] == v
        }
        for v in values
    }
    kpis_ = load_kpis()
    names = [n for n in kpis_ if any(key[0] == n for key in found)]
    words = []
    for name in names:
        rows = [
            {
                by: value,
                "value": shown(kpis_[name], own[name].value),
                "numerator": f"{own[name].numerator:,.2f}".removesuffix(".00"),
                "denominator": f"{own[name].denominator:,.2f}".removesuffix(".00"),
            }
            for value, own in table.items()
            if name in own
        ]
        words.append(f"{kpis_[name].words}\n{columns(rows)}")
    show(table, "\n\n".join(words), as_json=json)
