"""`GET /v1/kpis` and `GET /v1/kpis/reasons`: the figures that run a practice."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.revenue.analysis import ChangePoint, Reason, change_points
from models.revenue.kpis import DIMENSIONS, Benchmark, Kpi, load_benchmarks, load_kpis
from serving.api.deciding import practices_of
from serving.api.gate import note
from serving.api.openapi import answers, query_parameters
from serving.api.query import bad_query, read_query
from serving.api.service import Service
from serving.api.system import answer
from serving.store.kpis import KpiRow, Kpis

_MONTH = r"^([0-9]{4}-(0[1-9]|1[0-2]))?$"
_CHANGING = ("initial_denial_rate", "clean_claim_rate", "first_pass_payment_rate")

Name = Annotated[str, msgspec.Meta(max_length=120)]


class ViewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``since`` and ``until``: months, both included."""

    since: Annotated[str, msgspec.Meta(pattern=_MONTH)] = ""
    until: Annotated[str, msgspec.Meta(pattern=_MONTH)] = ""
    payer: Name | None = None
    provider: Name | None = None
    location: Name | None = None
    specialty: Name | None = None

    def where(self) -> dict[str, str]:
        """The values that dimensions are held to."""
        names = ("payer", "provider", "location", "specialty")
        return {x: value for x in names if (value := getattr(self, x)) is not None}


class KpiQuery(ViewQuery, frozen=True, forbid_unknown_fields=True):
    """``by`` and ``kpis``: comma-separated; ``since`` and ``until``: months, both included."""

    by: Annotated[str, msgspec.Meta(max_length=80)] = ""
    kpis: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class KpiAnswer(msgspec.Struct, frozen=True):
    """KPIs of a view; ``kpis`` say how each is made, ``payers`` are names by key.

    ``changes`` are given where the view is by month alone. ``stale``: newer loads are being
    worked in.
    """

    as_of: str
    stale: bool
    kpis: list[Kpi]
    benchmarks: list[Benchmark]
    payers: dict[str, str]
    rows: list[KpiRow]
    changes: dict[str, list[ChangePoint]]


class ViewedReason(Reason, frozen=True):
    """A reason in one view.

    ``claim_ids`` are the latest claims denied for it, and empty where the view is held to
    something: `GET /v1/denials` lists those of a payer and a code.
    """

    claim_ids: tuple[str, ...]


class ReasonList(msgspec.Struct, frozen=True):
    """Reasons of initial denials in one view, the costliest first."""

    as_of: str
    reasons: list[ViewedReason]


PUBLISHED_KPIS = (KpiAnswer, ReasonList)


def kpis_router(service: Service) -> APIRouter:
    """Routes of the figures."""
    router = APIRouter(tags=["kpis"])
    backend = service.backend

    @router.get(
        "/v1/kpis",
        response_class=Response,
        responses=answers("KpiAnswer", 422),
        openapi_extra={"parameters": query_parameters(KpiQuery)},
    )
    async def kpis(request: Request) -> Response:
        """KPIs with numerators and denominators, by month, payer, provider, location, specialty."""
        async with service.admitted(request, "kpis") as caller:
            query = read_query(request, KpiQuery)
            by = [x for x in query.by.split(",") if x]
            wanted = [x for x in query.kpis.split(",") if x]
            if not set(by) <= set(DIMENSIONS) or len(set(by)) != len(by):
                raise bad_query(f"allowed, comma-separated: {', '.join(DIMENSIONS)}", "by")
            if not set(wanted) <= set(load_kpis()):
                raise bad_query("unknown; 'kpis' of an answer without it lists all", "kpis")
            own = practices_of(caller)

            def look() -> KpiAnswer:
                found = backend.store.kpis
                rows = found.figures(
                    own,
                    by=by,
                    where=query.where(),
                    kpis=wanted,
                    since=query.since,
                    until=query.until,
                )
                detail, as_of = found.detail(own)
                return KpiAnswer(
                    as_of,
                    found.stale(own),
                    list(load_kpis().values()),
                    list(load_benchmarks().values()),
                    detail.payers,
                    rows,
                    _changes(rows) if by == ["month"] else {},
                )

            body = await asyncio.to_thread(look)
            note(request, rows=len(body.rows))
            return answer(body)

    @router.get(
        "/v1/kpis/reasons",
        response_class=Response,
        responses=answers("ReasonList", 422),
        openapi_extra={"parameters": query_parameters(ViewQuery)},
    )
    async def reasons(request: Request) -> Response:
        """Pareto of denial reasons, down to the claims."""
        async with service.admitted(request, "kpis") as caller:
            query = read_query(request, ViewQuery)
            own = practices_of(caller)
            body = await asyncio.to_thread(lambda: _reasons(backend.store.kpis, own, query))
            note(request, rows=len(body.reasons))
            return answer(body)

    return router


def _reasons(store: Kpis, practices: Sequence[str] | None, query: ViewQuery) -> ReasonList:
    found = store.reasons(practices, where=query.where(), since=query.since, until=query.until)
    detail, as_of = store.detail(practices)
    whole = query == ViewQuery()
    claims = {(x.carc, x.category): x.claim_ids for x in detail.reasons} if whole else {}
    return ReasonList(
        as_of,
        [
            ViewedReason(
                **msgspec.structs.asdict(x), claim_ids=claims.get((x.carc, x.category), ())
            )
            for x in found
        ],
    )


def _changes(rows: list[KpiRow]) -> dict[str, list[ChangePoint]]:
    found = {}
    for name in _CHANGING:
        own = [x for x in rows if x.kpi == name]
        found[name] = change_points(
            [x.where["month"] for x in own],
            [x.numerator for x in own],
            [x.denominator for x in own],
        )
    return found
