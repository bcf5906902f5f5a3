"""A KPI at a glance."""

import msgspec
from markupsafe import Markup

from models.revenue.kpis import Kpi, load_benchmarks
from serving.reports.monthly import shown
from serving.store.kpis import KpiRow
from serving.web.plots import spark

_WORSE_UP = frozenset(
    {
        "initial_denial_rate", "initial_denial_rate_without_duplicates",
        "initial_denial_rate_dollars", "zero_pay_rate", "partial_denial_rate",
        "denial_write_off_rate", "days_in_ar", "ar_over_90_share", "days_service_to_submission",
        "days_submission_to_payment", "days_service_to_payment", "cost_to_collect",
        "underpayment_found",
    }
)  # fmt: skip


class Tile(msgspec.Struct, frozen=True):
    """A KPI at a glance; ``better`` says how the last whole month compares with the one before."""

    kpi: Kpi
    value: str
    numerator: float
    denominator: float
    interval: str
    change: str
    better: bool | None
    published: str
    as_published: bool | None
    spark: Markup


def tile_of(kpi: Kpi, whole: KpiRow | None, months: list[KpiRow]) -> Tile:
    """A KPI's tile from its figure over everything and its months."""
    known = [x for x in months if x.value is not None]
    values = [x.value for x in known if x.value is not None]
    change, better = "", None
    if len(values) > 2:
        # The running month may not be over: the two before it are compared.
        before, last = values[-3], values[-2]
        shift = 100 * (last - before) if kpi.unit == "share" else last - before
        month = known[-2].where["month"]
        if round(shift, 1):
            unit = {"share": "points", "days": "days"}.get(kpi.unit, "dollars")
            change = f"{shift:+,.1f} {unit} in {month}"
            better = (last < before) == (kpi.id in _WORSE_UP)
        else:
            change = f"unchanged in {month}"
    published = load_benchmarks().get(kpi.id)
    value = whole.value if whole is not None else None
    fits = None
    if published is not None and value is not None:
        fits = (published.low is None or kpi.id in _WORSE_UP or value >= published.low) and (
            published.high is None or value <= published.high
        )
    return Tile(
        kpi,
        shown(kpi, value),
        whole.numerator if whole else 0.0,
        whole.denominator if whole else 0.0,
        interval_words(kpi, whole),
        change,
        better,
        "" if published is None else published.words,
        fits,
        spark(values, f"{kpi.words} by month") if len(values) > 1 else Markup(""),
    )


def interval_words(kpi: Kpi, row: KpiRow | None) -> str:
    """The bounds of an expectation in words; empty for other figures."""
    if row is None or row.low is None or row.high is None:
        return ""
    return f"{shown(kpi, row.low)} to {shown(kpi, row.high)} with 95 % certainty"
