"""Performance: KPI tiles, one KPI told apart by everything, reasons of denials, downloads."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from models.history.rules.counts import wilson
from models.revenue.analysis import ChangePoint, Reason
from models.revenue.kpis import DIMENSIONS, Benchmark, Figure, Kpi, load_benchmarks, load_kpis
from serving.problems import ServiceError
from serving.reports.kpis import WRITERS
from serving.reports.monthly import CHANGING, COMPARED, changes_of, shown
from serving.store.denied_claims import DeniedFor
from serving.store.kpis import KpiRow
from serving.store.worklist import CauseRow
from serving.web.door import Door, Visit
from serving.web.plots import Point, line, pareto, spark
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
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_TOLD = ("payer", "provider", "location", "specialty")
_WORSE_UP = frozenset(
    {
        "initial_denial_rate", "initial_denial_rate_without_duplicates",
        "initial_denial_rate_dollars", "zero_pay_rate", "partial_denial_rate",
        "denial_write_off_rate", "days_in_ar", "ar_over_90_share", "days_service_to_submission",
        "days_submission_to_payment", "days_service_to_payment", "cost_to_collect",
        "underpayment_found",
    }
)  # fmt: skip
_KINDS = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
}


class View(msgspec.Struct, frozen=True):
    """What is looked at; empty: everything."""

    since: str = ""
    until: str = ""
    payer: str = ""
    provider: str = ""
    location: str = ""
    specialty: str = ""

    @property
    def where(self) -> dict[str, str]:
        """The dimensions that are held to one value."""
        return {name: value for name in _TOLD if (value := getattr(self, name))}

    @property
    def query(self) -> str:
        """The same as part of an address."""
        return urlencode({k: v for k, v in msgspec.structs.asdict(self).items() if v})


class Choice(msgspec.Struct, frozen=True):
    """A value to look at alone."""

    value: str
    words: str


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


class PayerRow(msgspec.Struct, frozen=True):
    """A payer beside others."""

    key: str
    name: str
    answers: int
    cells: tuple[str, ...]


class Filters(msgspec.Struct, frozen=True):
    """What can be chosen, and what is."""

    view: View
    months: tuple[str, ...]
    payers: tuple[Choice, ...]
    providers: tuple[Choice, ...]
    locations: tuple[Choice, ...]
    specialties: tuple[Choice, ...]


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
    store, practices, view = visit.store.kpis, visit.practices, _view(visit)
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
        filters=_filters(visit, view, detail.payers),
        tiles=tuple(
            _tile(kpi, whole.get(name), monthly.get(name, [])) for name, kpi in kpis.items()
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
    store, practices, view = visit.store.kpis, visit.practices, _view(visit)

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
        filters=_filters(visit, view, payers),
        kpi=kpi,
        benchmark=load_benchmarks().get(name),
        value=shown(kpi, whole.value),
        interval=_interval(kpi, whole),
        figure=Figure(whole.value, whole.numerator, whole.denominator),
        plot=line(
            points, f"{kpi.words} by month of {kpi.month}", height=220, top=_top(kpi, points),
            marks=[x.month for x in changes], axis=lambda v: shown(kpi, v).removesuffix(" days"),
        ),
        changes=tuple(changes),
        months=tuple(
            ValueRow(x.where["month"], x.where["month"], shown(kpi, x.value), x) for x in months
        ),
        tables=tuple(_value_table(kpi, d, rows(d), payers) for d in _TOLD if d not in view.where),
    )  # fmt: skip


def reason_page(visit: Visit) -> ReasonPage:
    """The context of a reason."""
    asked, view = visit.request.path_params, _view(visit)
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


def _view(visit: Visit) -> View:
    months = {
        name: given if _MONTH.fullmatch(given := visit.query(name)) else ""
        for name in ("since", "until")
    }
    return View(**months, **{name: visit.query(name)[:120] for name in _TOLD})


def _filters(visit: Visit, view: View, payers: Mapping[str, str]) -> Filters:
    values = visit.store.kpis.values(visit.practices)
    choices = {
        name: tuple(
            sorted(
                (Choice(x, payers.get(x, x) if name == "payer" else x) for x in values[name] if x),
                key=lambda c: c.words,
            )
        )
        for name in _TOLD
    }
    months = tuple(values[DIMENSIONS[0]])
    return Filters(
        view, months, choices["payer"], choices["provider"], choices["location"],
        choices["specialty"],
    )  # fmt: skip


def _tile(kpi: Kpi, whole: KpiRow | None, months: list[KpiRow]) -> Tile:
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
        _interval(kpi, whole),
        change,
        better,
        "" if published is None else published.words,
        fits,
        spark(values, f"{kpi.words} by month") if len(values) > 1 else Markup(""),
    )


def _interval(kpi: Kpi, row: KpiRow | None) -> str:
    if row is None or row.low is None or row.high is None:
        return ""
    return f"{shown(kpi, row.low)} to {shown(kpi, row.high)} with 95 % certainty"


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
