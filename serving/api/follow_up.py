"""`/v1/follow-up`: claims that no payer has answered, and what was heard of them."""

import asyncio
import datetime as dt
from typing import Literal

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from serving.api.balances import NUMBER, REFUSED, Offset, Page, Text, Why, number_of
from serving.api.deciding import audit, decided, decider, practices_of, read_order, today
from serving.api.openapi import answers, json_body, query_parameters
from serving.api.query import read_query
from serving.api.service import Service
from serving.api.system import answer
from serving.store.follow_ups import UnansweredClaim, UnansweredPage


class FollowUpWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``stage``: one state, or ``all``; without: those that somebody must ask after."""

    stage: Literal[
        "", "all", "rejected_999", "rejected_277ca", "accepted", "pending", "unacknowledged",
        "silent",
    ] = ""  # fmt: skip
    payer: Text = ""
    limit: Page = 100
    offset: Offset = 0


class FollowUpNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was heard about a claim, and when to ask again; until then it is off the list."""

    note: Why
    again: dt.date | None = None


PUBLISHED_FOLLOW_UP = (FollowUpNote, UnansweredClaim, UnansweredPage)


def follow_up_router(service: Service) -> APIRouter:
    """Routes of claims without an answer."""
    router = APIRouter(tags=["follow-up"])
    backend = service.backend

    @router.get(
        "/v1/follow-up",
        response_class=Response,
        responses=answers("UnansweredPage", 422),
        openapi_extra={"parameters": query_parameters(FollowUpWanted)},
    )
    async def follow_up(request: Request) -> Response:
        """Claims without an answer: rejected (999, 277CA), accepted, pending, silent too long."""
        async with service.admitted(request, "ledger") as caller:
            query, own = read_query(request, FollowUpWanted), practices_of(caller)
            return answer(
                await asyncio.to_thread(
                    lambda: backend.store.follow_ups.unanswered(
                        own, today=today(), stage=query.stage, payer=query.payer,
                        limit=query.limit, offset=query.offset,
                    )
                )
            )  # fmt: skip

    @router.post(
        "/v1/follow-up/{number}/notes",
        response_class=Response,
        responses=answers("UnansweredClaim", *REFUSED),
        openapi_extra={
            **json_body("FollowUpNote", {"called": {"note": "in process", "again": "2030-01-02"}}),
            "parameters": [NUMBER],
        },
    )
    async def heard(request: Request) -> Response:
        """Note what was heard about a claim without an answer, and when to ask again."""
        async with service.admitted(request, "posting") as caller:
            order, number = await read_order(request, service, FollowUpNote), number_of(request)
            found = await decided(
                lambda: backend.store.follow_ups.heard(
                    number, order.note, decider(caller), again=order.again, today=today()
                )
            )
            record = f"submission:{number}"
            await audit(service, request, caller, "followup.heard", record, found.practice)
            return answer(found)

    return router
