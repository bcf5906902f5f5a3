"""`/v1/denials`: denied and cut lines as work, what is done about them, and packets."""

import asyncio
import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.revenue.actions import Action
from serving.api.deciding import (
    audit,
    decided,
    decider,
    path_parameter,
    practices_of,
    read_order,
    today,
)
from serving.api.gate import note
from serving.api.openapi import answers, json_body, query_parameters
from serving.api.query import read_query
from serving.api.service import Service
from serving.api.system import answer
from serving.problems import ServiceError
from serving.store.packets import PacketOrder, PacketVersion
from serving.store.work_decisions import WorkChange
from serving.store.worklist import KeptItem, WorkFilter, WorkPage, WorkTotals

Text = Annotated[str, msgspec.Meta(max_length=80)]
_LETTER_BYTES = 1 << 18
_FILE_KINDS = {
    ".txt": "text/plain; charset=utf-8",
    ".pdf": "application/pdf",
    ".837": "application/edi-x12",
    ".json": "application/json",
}


class DenialsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``hours``: those at hand; what fits and pays comes first. Without ``state``: all to do."""

    state: Literal["to_do", "open", "in_work", "done", "all"] = "to_do"
    hours: Annotated[float, msgspec.Meta(ge=0, le=10_000)] | None = None
    payer: Text = ""
    category: Text = ""
    action: Text = ""
    assigned_to: Text = ""
    claim_id: Text = ""
    carc: Text = ""
    gap: Text = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    offset: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0


class DenialList(msgspec.Struct, frozen=True):
    """Items by dollars an hour, with sums over all that was asked for.

    ``as_of`` is the last day of the files, ``stale``: something loaded is not worked in yet.
    ``probabilities``: the version of the model ``recovery``, else ``rates``.
    """

    items: WorkPage
    as_of: dt.date | None
    probabilities: str
    stale: bool


class DenialChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of an item; ``done`` goes with an outcome.

    ``revision`` is the one that was seen: if somebody changed the item since, the answer is 409.
    """

    state: Literal["open", "in_work", "done"] | None = None
    outcome: (
        Literal[
            "recovered", "denied_again", "sent_again", "written_off", "billed_patient",
            "not_worth_it",
        ]
        | None
    ) = None  # fmt: skip
    assigned_to: Text | None = None
    note: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    revision: Annotated[int, msgspec.Meta(ge=0, le=2**31)] | None = None


class PacketWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``action``: instead of the next best one. ``letter``: as you edited it."""

    action: Literal["correct", "appeal", "send_records", "bill_other_payer"] | None = None
    letter: Annotated[str, msgspec.Meta(max_length=100_000)] | None = None
    enclosures: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=20)
    ] = []


class PacketVersions(msgspec.Struct, frozen=True):
    """Versions of a claim's packet, the newest first."""

    packets: list[PacketVersion]


PUBLISHED_DENIALS = (
    DenialChange, DenialList, KeptItem, PacketVersion, PacketVersions, PacketWish, WorkPage,
    WorkTotals,
)  # fmt: skip

_FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    **answers("PacketVersion", 404),
    200: {
        "description": "the file",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in _FILE_KINDS.values()
        },
    },
}
_KEY = path_parameter("key", {"type": "string", "pattern": "^[0-9a-f]{24}$"})


def denials_router(service: Service) -> APIRouter:
    """Routes of the denials."""
    router = APIRouter(tags=["denials"])
    backend = service.backend

    @router.get(
        "/v1/denials",
        response_class=Response,
        responses=answers("DenialList", 422),
        openapi_extra={"parameters": query_parameters(DenialsQuery)},
    )
    async def denials(request: Request) -> Response:
        """The worklist: open denials by what an hour of work is worth."""
        async with service.admitted(request, "denials") as caller:
            query, own = read_query(request, DenialsQuery), practices_of(caller)
            wanted = WorkFilter(
                query.state, query.payer, query.category, query.action, query.assigned_to,
                query.claim_id, query.carc, query.gap,
            )  # fmt: skip

            def look() -> DenialList:
                worklist = backend.store.worklist
                page = worklist.page(
                    own, wanted, hours=query.hours, limit=query.limit, offset=query.offset
                )
                state = worklist.state(own)
                told = f"recovery version {state.model}" if state.model else "rates"
                return DenialList(page, state.as_of, told, backend.store.work_items.stale(own))

            body = await asyncio.to_thread(look)
            note(request, items=len(body.items.lines))
            return answer(body)

    @router.get(
        "/v1/denials/{key}",
        response_class=Response,
        responses=answers("KeptItem", 404),
        openapi_extra={"parameters": [_KEY]},
    )
    async def denial(request: Request) -> Response:
        """One item: cause, options by worth, deadlines, notes."""
        async with service.admitted(request, "denials") as caller:
            key, own = _key(request), practices_of(caller)
            return answer(await asyncio.to_thread(lambda: backend.store.worklist.get(key, own)))

    @router.post(
        "/v1/denials/{key}",
        response_class=Response,
        responses=answers("KeptItem", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra={
            **json_body(
                "DenialChange",
                {
                    "take": {"state": "in_work", "assigned_to": "Ann", "revision": 0},
                    "close": {"state": "done", "outcome": "not_worth_it", "note": "12 dollars"},
                },
            ),
            "parameters": [_KEY],
        },
    )
    async def change(request: Request) -> Response:
        """Take an item, close it with its outcome, or add a note."""
        async with service.admitted(request, "denials") as caller:
            order = await read_order(request, service, DenialChange)
            key = _key(request)
            wanted = WorkChange(
                order.state, order.outcome, order.assigned_to, order.note, order.revision
            )

            def work() -> KeptItem:
                return backend.store.work_decisions.change(key, decider(caller), wanted)

            item = await decided(work)
            action = f"denial.{order.state or 'noted'}"
            await audit(service, request, caller, action, f"denial:{key}", item.practice)
            return answer(item)

    _packets(router, service)
    return router


def _packets(router: APIRouter, service: Service) -> None:
    backend = service.backend

    @router.get(
        "/v1/denials/{key}/packets",
        response_class=Response,
        responses=answers("PacketVersions", 404),
        openapi_extra={"parameters": [_KEY]},
    )
    async def packets(request: Request) -> Response:
        """Versions of the packet of an item's claim."""
        async with service.admitted(request, "denials") as caller:
            key, own = _key(request), practices_of(caller)

            def look() -> PacketVersions:
                item = backend.store.worklist.get(key, own)
                return PacketVersions(
                    backend.store.packets.versions(item.practice, item.item.claim_id)
                )

            return answer(await asyncio.to_thread(look))

    @router.post(
        "/v1/denials/{key}/packets",
        response_class=Response,
        responses=answers("PacketVersion", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra={
            **json_body("PacketWish", {"appeal": {"action": "appeal", "enclosures": ["the note"]}}),
            "parameters": [_KEY],
        },
    )
    async def make(request: Request) -> Response:
        """Make the packet's next version: letter, claim by the payer's route, proof of filing."""
        async with service.admitted(request, "denials") as caller:
            order = await read_order(request, service, PacketWish, _LETTER_BYTES)
            key = _key(request)
            wanted = PacketOrder(
                None if order.action is None else Action(order.action),
                order.letter,
                tuple(order.enclosures),
            )

            def work() -> tuple[PacketVersion, str]:
                home, who = service.settings.home, decider(caller)
                made = backend.store.packets.make(key, who, wanted, today=today(), home=home)
                return made, backend.store.worklist.get(key, who.practices).practice

            made, practice = await decided(work)
            await audit(service, request, caller, "denial.packet", f"denial:{key}", practice)
            return answer(made)

    @router.get(
        "/v1/denials/{key}/packets/{version}/{name}",
        response_class=Response,
        responses=_FILE_ANSWERS,
        openapi_extra={
            "parameters": [
                _KEY,
                path_parameter("version", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}),
                path_parameter("name", {"type": "string", "maxLength": 80}),
            ]
        },
    )
    async def file(request: Request) -> Response:
        """One file of a version."""
        async with service.admitted(request, "denials") as caller:
            key, own = _key(request), practices_of(caller)
            number, name = request.path_params["version"], request.path_params["name"]
            if not (number.isascii() and number.isdecimal() and len(number) < 10):
                raise ServiceError(404, "not-found", "the packet has no such version")

            def look() -> bytes:
                item = backend.store.worklist.get(key, own)
                return backend.store.packets.file(
                    item.practice, item.item.claim_id, int(number), str(name)[:80]
                )

            content = await asyncio.to_thread(look)
            return file_answer(str(name), content)


def file_answer(name: str, content: bytes) -> Response:
    """A packet's file, to be kept by whoever asked."""
    kind = next((v for k, v in _FILE_KINDS.items() if name.endswith(k)), "application/octet-stream")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=kind, headers=headers)


def _key(request: Request) -> str:
    return str(request.path_params["key"])[:64]
