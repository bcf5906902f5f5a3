"""The monthly report as one PDF: figures with their formulas, trends, reasons, payers."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.revenue.analysis import change_points
from models.revenue.kpis import Benchmark, Figure, Kpi, by_dimensions, load_benchmarks, load_kpis

if TYPE_CHECKING:
    from serving.reports.kpis import KpiReport

INK, BLUE, RED, FAINT = "#22252b", "#0072b2", "#d55e00", "#8a8f98"
TRENDS = (
    "initial_denial_rate",
    "first_pass_payment_rate",
    "days_in_ar",
    "ar_over_90_share",
)
_MOST_REASONS = 12
_MOST_PAYERS = 15


def shown(kpi: Kpi, value: float | None) -> str:
    """A value as people read it.

    >>> shown(load_kpis()["initial_denial_rate"], 0.1234)
    '12.3 %'
    """
    if value is None:
        return "no data"
    if kpi.unit == "share":
        return f"{value:.1%}".replace("%", " %")
    return f"${value:,.0f}" if kpi.unit == "dollars" else f"{value:.1f} days"


def benchmark_words(benchmark: Benchmark | None) -> str:
    """The published figure beside a value, ``""`` where there is none."""
    return "" if benchmark is None else f"{benchmark.words} ({benchmark.source})"


def write_monthly(report: "KpiReport", path: Path) -> None:
    """Writes the report.

    Raises:
        OSError: the file cannot be written.
    """
    from reportlab.lib.pagesizes import letter
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import inch
    from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer

    styles = getSampleStyleSheet()
    margin = 0.75 * inch
    document = SimpleDocTemplate(
        str(path), pagesize=letter, title="Revenue cycle report", author="Firstpass",
        leftMargin=margin, rightMargin=margin, topMargin=margin, bottomMargin=margin,
    )  # fmt: skip
    story: list[Any] = [
        Paragraph("Revenue cycle report", styles["Title"]),
        Paragraph(f"As of {report.as_of or 'an empty history'}.", styles["Normal"]),
        Spacer(1, 12),
        _figures_table(report, styles),
        Spacer(1, 12),
    ]
    if report.cube:
        story += [
            Paragraph("Trends", styles["Heading2"]),
            Image(_trend_plot(report), width=7 * inch, height=4.4 * inch),
        ]
        story += [Paragraph(x, styles["Normal"]) for x in change_words(report)]
    if report.reasons:
        story += [
            Paragraph("Why claims were denied", styles["Heading2"]),
            Image(_reason_plot(report), width=7 * inch, height=3.2 * inch),
            _reasons_table(report, styles),
        ]
    if report.payers:
        story += [Paragraph("Payers", styles["Heading2"]), _payers_table(report, styles)]
    document.build(story)


def change_words(report: "KpiReport") -> list[str]:
    """Months from which a rate is another one, in words."""
    found = []
    monthly = by_dimensions(report.cube, ("month",))
    for name in ("initial_denial_rate", "clean_claim_rate", "first_pass_payment_rate"):
        rows = [(key[1], x) for key, x in monthly.items() if key[0] == name]
        points = change_points(
            [m for m, _ in rows],
            [x.numerator for _, x in rows],
            [x.denominator for _, x in rows],
        )
        kpi = load_kpis()[name]
        found += [
            f"{kpi.words}: {shown(kpi, p.before)} before {p.month}, {shown(kpi, p.after)} from then"
            for p in points
        ]
    return found


def _table(
    rows: Sequence[Sequence[Any]], widths: Sequence[float], right: Sequence[int] = ()
) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Table

    style: list[Any] = [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 8),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.HexColor(INK)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.HexColor("#e6e8eb")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        *(("ALIGN", (i, 0), (i, -1), "RIGHT") for i in right),
    ]
    return Table([list(x) for x in rows], colWidths=list(widths), repeatRows=1, style=style)


def _small(styles: Any) -> Any:
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle("small", parent=styles["Normal"], fontSize=7, leading=8.5)


def _figures_table(report: "KpiReport", styles: Any) -> Any:
    from reportlab.platypus import Paragraph

    small = _small(styles)
    kpis, benchmarks = load_kpis(), load_benchmarks()
    rows: list[list[Any]] = [["figure", "value", "numerator", "denominator", "formula; published"]]
    for name, found in report.figures.items():
        kpi = kpis[name]
        beside = benchmark_words(benchmarks.get(name))
        formula = kpi.formula + (f"<br/><i>{beside}</i>" if beside else "")
        rows.append(
            [
                Paragraph(kpi.words, small), shown(kpi, found.value),
                f"{found.numerator:,.0f}", f"{found.denominator:,.0f}", Paragraph(formula, small),
            ]
        )  # fmt: skip
    return _table(rows, (125, 55, 65, 65, 194), right=(1, 2, 3))


def _reasons_table(report: "KpiReport", styles: Any) -> Any:
    from reportlab.platypus import Paragraph

    small = _small(styles)
    rows: list[list[Any]] = [["CARC", "why", "category", "lines", "claims", "dollars", "of all"]]
    rows += [
        [
            x.carc, Paragraph(x.words, small), x.category.replace("_", " "), f"{x.lines:,}",
            f"{x.claims:,}", f"{x.dollars:,.0f}", f"{x.cumulative:.0%}",
        ]
        for x in report.reasons[:_MOST_REASONS]
    ]  # fmt: skip
    return _table(rows, (36, 190, 110, 36, 40, 52, 40), right=(3, 4, 5, 6))


def _payers_table(report: "KpiReport", styles: Any) -> Any:
    from reportlab.platypus import Paragraph

    small = _small(styles)
    names = ("initial_denial_rate", "first_pass_payment_rate", "days_submission_to_payment",
             "net_collection_rate", "ar_over_90_share")  # fmt: skip
    by_payer = by_dimensions(report.cube, ("payer",))
    kpis = load_kpis()
    counts = {
        key[1]: x.denominator for key, x in by_payer.items() if key[0] == "initial_denial_rate"
    }
    rows: list[list[Any]] = [
        ["payer", "answers", *(Paragraph(kpis[n].words, small) for n in names)]
    ]
    for payer in sorted(counts, key=lambda p: -counts[p])[:_MOST_PAYERS]:
        empty = Figure(None, 0, 0)
        cells = [shown(kpis[n], by_payer.get((n, payer), empty).value) for n in names]
        name = Paragraph(report.payers.get(payer, payer), small)
        rows.append([name, f"{counts[payer]:,.0f}", *cells])
    return _table(rows, (150, 44, 62, 62, 62, 62, 62), right=(1, 2, 3, 4, 5, 6))


def _saved(figure: Any) -> io.BytesIO:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=150)
    out.seek(0)
    return out


def _trend_plot(report: "KpiReport") -> io.BytesIO:
    from matplotlib.figure import Figure as Plot

    monthly = by_dimensions(report.cube, ("month",))
    kpis = load_kpis()
    plot = Plot(figsize=(7, 4.4), layout="constrained")
    for axes, name in zip(plot.subplots(2, 2).flat, TRENDS, strict=True):
        rows = [(key[1], x.value) for key, x in monthly.items() if key[0] == name]
        rows = [(m, v) for m, v in rows if v is not None]
        axes.plot([m[2:] for m, _ in rows], [v for _, v in rows], color=BLUE, marker=".")
        axes.set_title(kpis[name].words, loc="left", fontsize=9, color=INK)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=6, colors=FAINT, axis="x", rotation=60)
        axes.tick_params(labelsize=7, colors=FAINT, axis="y")
        axes.spines[["top", "right"]].set_visible(False)
        if kpis[name].unit == "share":
            axes.yaxis.set_major_formatter(lambda v, _: f"{v:.0%}")
    return _saved(plot)


def _reason_plot(report: "KpiReport") -> io.BytesIO:
    from matplotlib.figure import Figure as Plot

    found = report.reasons[:_MOST_REASONS]
    plot = Plot(figsize=(7, 3.2), layout="constrained")
    axes = plot.subplots()
    axes.bar([x.carc for x in found], [float(x.dollars) for x in found], color=BLUE)
    axes.set_ylabel("dollars billed", fontsize=8, color=INK)
    axes.set_xlabel("CARC", fontsize=8, color=INK)
    axes.tick_params(labelsize=7, colors=FAINT)
    other = axes.twinx()
    other.plot([x.carc for x in found], [x.cumulative for x in found], color=RED, marker=".")
    other.set_ylim(0, 1.05)
    other.yaxis.set_major_formatter(lambda v, _: f"{v:.0%}")
    other.tick_params(labelsize=7, colors=FAINT)
    for x in (axes, other):
        x.spines["top"].set_visible(False)
    return _saved(plot)
