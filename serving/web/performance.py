"""Performance: KPI tiles, one KPI told apart by everything, reasons of denials, downloads."""

from collections.abc import Mapping

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from models.history.rules.counts import wilson
from models.revenue.analysis import ChangePoint, Reason
from models.revenue.kpis import Benchmark, Figure, Kpi, load_benchmarks, load_kpis
from serving.problems import ServiceError
from serving.reports.kpis import WRITERS
from serving.reports.monthly import CHANGING, COMPARED, changes_of, shown
from serving.store.denied_claims import DeniedFor
from serving.store.kpis import KpiRow
from serving.store.worklist import CauseRow
from serving.web.door import Door, Visit
from serving.web.kpi_tiles import Tile, interval_words, tile_of
from serving.web.kpi_view import TOLD, Filters, View, asked_view, filters_of
from serving.web.plots import Point, line, pareto
from serving.web.render import Key
from serving.web.words import GAPS, category_words

TITLE = "Performance"
KEYS = (
    Key("j / k", "next, previous figure"),
    Key("Enter", "open the figure"),
    Key("/", "to the filters"),
)
MOST_REASONS = 12
#: Values of a dimension that a table shows; the rest is in the downloads.
MOST_VALUES = 40
_KINDS = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
}


class PayerRow(msgspec.Struct, frozen=True):
    """A payer beside others."""

    key: str
    name: str
    answers: int
    cells: tuple[str, ...]


class PerformancePage(msgspec.Struct, frozen=True):
    """The dashboard."""

    filters: Filters
    tiles: tuple[Tile, ...]
    reasons: tuple[Reason, ...]
    pareto: Markup
    heads: tuple[str, ...]
    payers: tuple[PayerRow, ...]
    causes: tuple[tuple[str, CauseRow], ...]
    changes: tuple[str, ...]
    downloads: tuple[str, ...]
    as_of: str
    stale: bool


class ValueRow(msgspec.Struct, frozen=True):
    """One value of a dimension with the KPI's figure."""

    value: str
    words: str
    shown: str
    figure: KpiRow


class ValueTable(msgspec.Struct, frozen=True):
    """A KPI told apart by one dimension, the largest denominators first."""

    dimension: str
    rows: tuple[ValueRow, ...]
    more: int


class KpiPage(msgspec.Struct, frozen=True):
    """One KPI: definition, course, and by whom."""

    filters: Filters
    kpi: Kpi
    benchmark: Benchmark | None
    value: str
    interval: str
    figure: Figure
    plot: Markup
    changes: tuple[ChangePoint, ...]
    months: tuple[ValueRow, ...]
    tables: tuple[ValueTable, ...]


class ReasonPage(msgspec.Struct, frozen=True):
    """A reason of denials, down to the claims."""

    view: View
    carc: str
    category: str
    words: str
    category_key: str
    rows: tuple[DeniedFor, ...]


def add_performance(door: Door) -> None:
    """Registers the pages."""

    @door.get("/performance", "kpis")
    def performance(visit: Visit) -> Response:
        return visit.page("performance.html", performance_page(visit), TITLE, KEYS)

    @door.get("/performance/report/{name}", "kpis")
    def download(visit: Visit) -> Response:
        name = str(visit.request.path_params["name"])
        if name not in WRITERS:
            raise ServiceError(404, "not-found", "there is no such report")
        content = WRITERS[name](visit.store.kpis.report(visit.practices))
        visit.audit("kpis.export", f"report:{name}")
        kind = next(v for k, v in _KINDS.items() if name.endswith(k))
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=kind, headers=headers)

    @door.get("/performance/reasons/{carc}/{category}", "kpis")
    def reason(visit: Visit) -> Response:
        visit.require("read")
        return visit.page("reason.html", reason_page(visit), "Why claims were denied", KEYS[:2])

    @door.get("/performance/{kpi}", "kpis")
    def one(visit: Visit) -> Response:
        return visit.page("kpi.html", kpi_page(visit), TITLE, KEYS[2:])


def performance_page(visit: Visit) -> PerformancePage:
    """The page's context."""
    store, practices, view = visit.store.kpis, visit.practices, asked_view(visit)
    how = {"where": view.where, "since": view.since, "until": view.until}
    whole = {x.kpi: x for x in store.figures(practices, **how)}  # type: ignore[arg-type]
    monthly: dict[str, list[KpiRow]] = {}
    for row in store.figures(practices, by=("month",), **how):  # type: ignore[arg-type]
        monthly.setdefault(row.kpi, []).append(row)
    detail, as_of = store.detail(practices)
    reasons = store.reasons(practices, **how)[:MOST_REASONS]  # type: ignore[arg-type]
    by_payer = store.figures(practices, by=("payer",), kpis=COMPARED, **how)  # type: ignore[arg-type]
    kpis = load_kpis()
    return PerformancePage(
        filters=filters_of(visit, view, detail.payers),
        tiles=tuple(
            tile_of(kpi, whole.get(name), monthly.get(name, [])) for name, kpi in kpis.items()
        ),
        reasons=tuple(reasons),
        pareto=pareto(
            [
                (x.carc, x.dollars, x.cumulative, f"{x.carc} {x.words}: ${x.dollars:,.0f}")
                for x in reasons
            ],
            "dollars billed on denied lines by reason, with their cumulative share",
        ),
        heads=tuple(kpis[x].words for x in COMPARED),
        payers=tuple(_payers(by_payer, detail.payers)),
        causes=tuple((GAPS.get(x.gap, x.gap), x) for x in visit.store.worklist.causes(practices)),
        changes=tuple(_change_words(monthly)),
        downloads=tuple(WRITERS),
        as_of=as_of,
        stale=store.stale(practices),
    )


def kpi_page(visit: Visit) -> KpiPage:
    """The context of one KPI."""
    name = str(visit.request.path_params["kpi"])
    kpi = load_kpis().get(name)
    if kpi is None:
        raise ServiceError(404, "not-found", "there is no such figure")
    store, practices, view = visit.store.kpis, visit.practices, asked_view(visit)

    def rows(*by: str) -> list[KpiRow]:
        return store.figures(
            practices, by=by, where=view.where, kpis=[name], since=view.since, until=view.until
        )

    whole = next(iter(rows()), KpiRow(name, {}, None, 0.0, 0.0))
    months = [x for x in rows("month") if x.value is not None]
    payers = store.detail(practices)[0].payers
    changes = _changes(name, months)
    points = [_point(kpi, x) for x in months]
    return KpiPage(
        filters=filters_of(visit, view, payers),
        kpi=kpi,
        benchmark=load_benchmarks().get(name),
        value=shown(kpi, whole.value),
        interval=interval_words(kpi, whole),
        figure=Figure(whole.value, whole.numerator, whole.denominator),
        plot=line(
            points, f"{kpi.words} by month of {kpi.month}", height=220, top=_top(kpi, points),
            marks=[x.month for x in changes], axis=lambda v: shown(kpi, v).removesuffix(" days"),
        ),
        changes=tuple(changes),
        months=tuple(
            ValueRow(x.where["month"], x.where["month"], shown(kpi, x.value), x) for x in months
        ),
        tables=tuple(_value_table(kpi, d, rows(d), payers) for d in TOLD if d not in view.where),
    )  # fmt: skip


def reason_page(visit: Visit) -> ReasonPage:
    """The context of a reason."""
    asked, view = visit.request.path_params, asked_view(visit)
    carc, category = str(asked["carc"])[:10], str(asked["category"])[:40]
    reasons = visit.store.kpis.reasons(visit.practices)
    found = next((x for x in reasons if (x.carc, x.category) == (carc, category)), None)
    if found is None:
        raise ServiceError(404, "not-found", "no claim was denied for this reason")
    rows = visit.store.denied_claims.denied_for(
        visit.practices, carc, category, payer=view.payer or None, since=view.since,
        until=view.until,
    )  # fmt: skip
    return ReasonPage(view, carc, category_words(category), found.words, category, tuple(rows))


def _point(kpi: Kpi, row: KpiRow) -> Point:
    value = row.value or 0.0
    low, high = value, value
    if row.low is not None and row.high is not None:
        low, high = max(0.0, row.low), row.high
    elif kpi.id in CHANGING or kpi.id in ("zero_pay_rate", "partial_denial_rate", "overturn_rate"):
        low, high = wilson(round(row.numerator), round(row.denominator))
    words = f"{row.where['month']}: {shown(kpi, row.value)}"
    return Point(row.where["month"], value, low, high, words)


def _top(kpi: Kpi, points: list[Point]) -> float | None:
    """The end of the axis: a share is one at most."""
    highest = max((x.upper for x in points), default=0.0) * 1.15
    whole = kpi.unit == "share" and 0 < max((x.value for x in points), default=0.0) <= 1
    return min(1.0, highest) if whole else None


def _changes(name: str, months: list[KpiRow]) -> list[ChangePoint]:
    if name not in CHANGING:
        return []
    figures = {
        (name, x.where["month"]): Figure(x.value, x.numerator, x.denominator) for x in months
    }
    return changes_of(figures, name)  # type: ignore[arg-type]


def _change_words(monthly: Mapping[str, list[KpiRow]]) -> list[str]:
    kpis = load_kpis()
    return [
        f"{kpis[name].words}: {shown(kpis[name], p.before)} before {p.month},"
        f" {shown(kpis[name], p.after)} from then"
        for name in CHANGING
        for p in _changes(name, monthly.get(name, []))
    ]


def _payers(rows: list[KpiRow], names: Mapping[str, str]) -> list[PayerRow]:
    kpis = load_kpis()
    by_payer: dict[str, dict[str, KpiRow]] = {}
    for row in rows:
        by_payer.setdefault(row.where["payer"], {})[row.kpi] = row
    found = [
        PayerRow(
            key,
            names.get(key, key),
            round(own["initial_denial_rate"].denominator) if "initial_denial_rate" in own else 0,
            tuple(shown(kpis[n], own[n].value if n in own else None) for n in COMPARED),
        )
        for key, own in by_payer.items()
    ]
    return sorted(found, key=lambda x: (-x.answers, x.name))[:MOST_VALUES]


def _value_table(
    kpi: Kpi, dimension: str, rows: list[KpiRow], payers: Mapping[str, str]
) -> ValueTable:
    known = [x for x in rows if x.value is not None and x.where[dimension]]
    known.sort(key=lambda x: -x.denominator)
    shown_rows = tuple(
        ValueRow(
            v := x.where[dimension],
            payers.get(v, v) if dimension == "payer" else v,
            shown(kpi, x.value),
            x,
        )
        for x in known[:MOST_VALUES]
    )
    return ValueTable(dimension, shown_rows, max(0, len(known) - MOST_VALUES))


TEMPLATES_OF = {
    "performance.html": PerformancePage,
    "kpi.html": KpiPage,
    "reason.html": ReasonPage,
}
