"""The monthly report as one PDF: figures with their formulas, trends, reasons, payers."""

import io
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from models.revenue.analysis import ChangePoint, change_points
from models.revenue.kpis import Benchmark, Figure, Kpi, load_benchmarks, load_kpis
from serving.reports.drawing import FAINT, INK, LINE, pareto, trend

if TYPE_CHECKING:
    from serving.reports.kpis import KpiReport

TRENDS = (
    "initial_denial_rate", "first_pass_payment_rate", "clean_claim_rate", "days_in_ar",
    "ar_over_90_share", "days_submission_to_payment",
)  # fmt: skip
CHANGING = ("initial_denial_rate", "clean_claim_rate", "first_pass_payment_rate")
"""Rates of counts, of which a change can be told from chance."""

COMPARED = (
    "initial_denial_rate", "first_pass_payment_rate", "days_submission_to_payment",
    "net_collection_rate", "ar_over_90_share",
)  # fmt: skip
"""By what payers are compared."""

_WIDTH = 504  # letter paper less margins, in points
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


def monthly_pdf(report: "KpiReport") -> bytes:
    """The report."""
    from reportlab.lib.pagesizes import letter
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import inch
    from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer

    styles = getSampleStyleSheet()
    for name, size in (("Title", 18), ("Heading2", 12)):
        styles[name].fontSize, styles[name].leading = size, size + 4
        styles[name].alignment = 0
    out = io.BytesIO()
    margin = 0.75 * inch
    document = SimpleDocTemplate(
        out, pagesize=letter, title="Revenue cycle report", author="Firstpass", lang="en-US",
        leftMargin=margin, rightMargin=margin, topMargin=margin, bottomMargin=margin,
    )  # fmt: skip
    monthly = report.by(("month",))
    months = sorted({key[1] for key in monthly})
    story: list[Any] = [
        Paragraph("Revenue cycle report", styles["Title"]),
        Paragraph(_period(report, months), styles["Normal"]),
        Spacer(1, 10),
        _figures_table(report, monthly, months, styles),
    ]
    if monthly:
        story.append(
            KeepTogether(
                [
                    Paragraph("Trends", styles["Heading2"]),
                    _trends(monthly),
                    *(Paragraph(x, styles["Normal"]) for x in change_words(report)),
                    Paragraph(
                        "Shaded: the published range. Dashed: from here on the rate is another"
                        " one, beyond chance.", _small(styles),
                    ),
                ]
            )
        )  # fmt: skip
    if report.reasons:
        found = report.reasons[:_MOST_REASONS]
        bars = [(x.carc, float(x.dollars), x.cumulative) for x in found]
        story += [
            KeepTogether(
                [
                    Paragraph("Why claims were denied", styles["Heading2"]),
                    pareto(bars, width=_WIDTH, height=170),
                    _reasons_table(report, styles),
                ]
            )
        ]
    if report.payers and monthly:
        story.append(
            KeepTogether([Paragraph("Payers", styles["Heading2"]), _payers_table(report, styles)])
        )

    def footer(canvas: Any, made: Any) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 7)
        canvas.setFillColor(FAINT)
        canvas.drawString(margin, 0.45 * inch, f"Firstpass, as of {report.as_of}")
        canvas.drawRightString(letter[0] - margin, 0.45 * inch, f"page {made.page}")
        canvas.restoreState()

    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


def _period(report: "KpiReport", months: Sequence[str]) -> str:
    if not months:
        return "The history is empty."
    return f"{months[0]} to {months[-1]}, as of {report.as_of}; the last month may not be whole."


def changes_of(monthly: "dict[tuple[str, ...], Figure]", name: str) -> list[ChangePoint]:
    """Months from which a rate of counts is another one."""
    rows = [(key[1], x) for key, x in monthly.items() if key[0] == name]
    return change_points(
        [m for m, _ in rows], [x.numerator for _, x in rows], [x.denominator for _, x in rows]
    )


def change_words(report: "KpiReport") -> list[str]:
    """Months from which a rate is another one, in words."""
    monthly = report.by(("month",))
    found = []
    for name in CHANGING:
        kpi = load_kpis()[name]
        found += [
            f"{kpi.words}: {shown(kpi, p.before)} before {p.month}, {shown(kpi, p.after)} from then"
            for p in changes_of(monthly, name)
        ]
    return found


def _table(
    rows: Sequence[Sequence[Any]], widths: Sequence[float], right: Sequence[int] = ()
) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Table

    style: list[Any] = [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 7.5),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 7.5),
        ("TEXTCOLOR", (0, 0), (-1, -1), colors.HexColor(INK)),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.HexColor(INK)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.HexColor(LINE)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        *(("ALIGN", (i, 0), (i, -1), "RIGHT") for i in right),
    ]
    return Table([list(x) for x in rows], colWidths=list(widths), repeatRows=1, style=style)


def _small(styles: Any, *, right: bool = False, bold: bool = False) -> Any:
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        "small", parent=styles["Normal"], fontSize=7.2, leading=8.6,
        alignment=2 if right else 0, fontName="Helvetica-Bold" if bold else "Helvetica",
    )  # fmt: skip


def _figures_table(
    report: "KpiReport",
    monthly: "dict[tuple[str, ...], Figure]",
    months: Sequence[str],
    styles: Any,
) -> Any:
    from reportlab.platypus import Paragraph

    small = _small(styles)
    kpis, benchmarks = load_kpis(), load_benchmarks()
    # The last month may not be over: the one before it is compared.
    two = list(months[-3:-1]) if len(months) > 2 else list(months[-1:])
    rows: list[list[Any]] = [
        ["figure", "all", *two, "numerator", "denominator", "formula; published"]
    ]
    for name, found in report.figures.items():
        kpi = kpis[name]
        beside = benchmark_words(benchmarks.get(name))
        formula = kpi.formula + (f"<br/><i>{beside}</i>" if beside else "")
        empty = Figure(None, 0, 0)
        rows.append(
            [
                Paragraph(kpi.words, small), shown(kpi, found.value),
                *(shown(kpi, monthly.get((name, m), empty).value) for m in two),
                f"{found.numerator:,.0f}", f"{found.denominator:,.0f}", Paragraph(formula, small),
            ]
        )  # fmt: skip
    widths = (104, 50, *([50] * len(two)), 58, 60, 232 - 50 * len(two))
    return _table(rows, widths, right=range(1, 4 + len(two)))


def _trends(monthly: "dict[tuple[str, ...], Figure]") -> Any:
    from reportlab.platypus import Table

    kpis, benchmarks = load_kpis(), load_benchmarks()
    cells = []
    for name in TRENDS:
        kpi = kpis[name]
        points = [
            (key[1], x.value)
            for key, x in monthly.items()
            if key[0] == name and x.value is not None
        ]
        published = benchmarks.get(name)
        cells.append(
            trend(
                points, kpi.words, partial(_axis, kpi),
                width=_WIDTH / 2 - 10, height=118,
                most=1.0 if kpi.unit == "share" else None,
                band=(published.low, published.high) if published else None,
                marks=[x.month for x in changes_of(monthly, name)] if name in CHANGING else (),
            )
        )  # fmt: skip
    rows = [cells[i : i + 2] for i in range(0, len(cells), 2)]
    return Table(rows, colWidths=[_WIDTH / 2] * 2, style=[("LEFTPADDING", (0, 0), (-1, -1), 0)])


def _axis(kpi: Kpi, value: float) -> str:
    return shown(kpi, value).removesuffix(" days")


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
    return _table(rows, (34, 190, 112, 36, 40, 52, 40), right=(3, 4, 5, 6))


def _payers_table(report: "KpiReport", styles: Any) -> Any:
    from reportlab.platypus import Paragraph

    small, head = _small(styles), _small(styles, right=True, bold=True)
    by_payer = report.by(("payer",))
    kpis = load_kpis()
    counts = {
        key[1]: x.denominator for key, x in by_payer.items() if key[0] == "initial_denial_rate"
    }
    rows: list[list[Any]] = [
        ["payer", "answers", *(Paragraph(kpis[n].words, head) for n in COMPARED)]
    ]
    for payer in sorted(counts, key=lambda p: -counts[p])[:_MOST_PAYERS]:
        empty = Figure(None, 0, 0)
        cells = [shown(kpis[n], by_payer.get((n, payer), empty).value) for n in COMPARED]
        name = Paragraph(report.payers.get(payer, payer), small)
        rows.append([name, f"{counts[payer]:,.0f}", *cells])
    return _table(rows, (140, 44, 64, 64, 64, 64, 64), right=(1, 2, 3, 4, 5, 6))
