"""`GET /v1/codes/search` and `GET /v1/codes/{system}/{code}`."""

import datetime as dt
from typing import Annotated

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.codes.system import ICD10CM, CodeDetails, CodeEntry
from serving.api.openapi import answers, query_parameters
from serving.api.query import read_query
from serving.api.service import Service
from serving.api.system import answer
from serving.coding.codes import CodeShelf
from serving.problems import ServiceError


class CodeSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``q``: words or the beginning of a code; ``system`` and ``date`` (of service)."""

    q: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    system: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] = ICD10CM
    date: dt.date | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 10


class CodeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``date`` of service; default: the newest release."""

    date: dt.date | None = None


class CodeSystemInfo(msgspec.Struct, frozen=True):
    """A code system that is loaded."""

    system: str
    release: str
    codes: int


class CodeSystemList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/codes`."""

    systems: list[CodeSystemInfo]


class CodeMatches(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/codes/search`, best first."""

    system: str
    release: str
    codes: list[CodeEntry]


def codes_router(service: Service, shelf: CodeShelf) -> APIRouter:
    """Routes that look codes up."""
    router = APIRouter(tags=["codes"])

    @router.get("/v1/codes", response_class=Response, responses=answers("CodeSystemList"))
    async def systems(request: Request) -> Response:
        """Code systems that are loaded: ICD-10-CM always, the others once imported."""
        async with service.admitted(request, "coding"):
            found = await shelf.systems()
            return answer(
                CodeSystemList([CodeSystemInfo(n, s.version, len(s)) for n, s in found.items()])
            )

    @router.get(
        "/v1/codes/search",
        response_class=Response,
        responses=answers("CodeMatches", 404, 422),
        openapi_extra={"parameters": query_parameters(CodeSearch)},
    )
    async def search(request: Request) -> Response:
        """Codes for what has been typed so far: the beginning of a code, or words."""
        async with service.admitted(request, "coding"):
            query = read_query(request, CodeSearch)
            system = await shelf.system(query.system)
            found = system.search(query.q, query.limit, query.date)
            return answer(CodeMatches(system.name, system.version, found))

    @router.get(
        "/v1/codes/{system}/{code}",
        response_class=Response,
        responses=answers("CodeDetails", 404, 422),
        openapi_extra={"parameters": query_parameters(CodeQuery)},
    )
    async def look_up(request: Request, system: str, code: str) -> Response:
        """One code: title, validity on a date, hierarchy, notes, 7th characters."""
        async with service.admitted(request, "coding"):
            query = read_query(request, CodeQuery)
            known = await shelf.system(system)
            details: CodeDetails | None = known.details(code, query.date)
            if details is None:
                raise ServiceError(404, "not-found", f"{known.name} has no such code")
            return answer(details)

    return router
