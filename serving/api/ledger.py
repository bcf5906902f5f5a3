"""`/v1/ledger/...` and `/v1/suspense`: balances, postings, what is held, and decisions on them."""

import asyncio
import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.revenue.ageing import Basis
from models.revenue.write_offs import WriteOff
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
from serving.problems import FieldError
from serving.scoring.requests import invalid
from serving.store.ledger_reading import (
    AccountBalance,
    ClaimLedger,
    Deposit,
    PostedEntry,
    Receivable,
    SuspenseItem,
)
from serving.store.ledger_reading import Service as LedgerService
from serving.store.working import work_in

Text = Annotated[str, msgspec.Meta(max_length=80)]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class BalancesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``owners``: by payer, payment or item as well."""

    owners: bool = False


class Balances(msgspec.Struct, frozen=True):
    """Balances of every account; they add up to zero. ``stale``: something is not posted yet."""

    balances: list[AccountBalance]
    stale: bool


class ReceivablesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``basis``: from which day amounts age; ``as_of``: the day they are looked at, else today."""

    basis: Literal["service", "responsibility"] = "responsibility"
    as_of: dt.date | None = None


class Receivables(msgspec.Struct, frozen=True):
    """Who owes what, by age."""

    receivables: list[Receivable]
    as_of: dt.date
    stale: bool


class DepositsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which checks and transfers."""

    status: Literal["", "posted", "part_held", "held", "released"] = ""
    trace: Text = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class Deposits(msgspec.Struct, frozen=True):
    """Checks and transfers, the latest first."""

    deposits: list[Deposit]


class SuspenseQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which items of the suspense queue."""

    status: Literal["held", "released", "settled"] = "held"
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class SuspenseList(msgspec.Struct, frozen=True):
    """The suspense queue, oldest first."""

    items: list[SuspenseItem]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; kept with the decision."""

    reason: Why


class WriteOffOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to write off of a service; without ``amount`` all that the kind may touch."""

    claim_id: Text
    line: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    kind: Literal["small_balance", "denial", "other"]
    reason: Why
    amount: Decimal | None = None


class PatientPaymentOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a patient paid for a service; below zero: paid back."""

    claim_id: Text
    line: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    amount: Decimal
    reference: Why
    date: dt.date | None = None


PUBLISHED_LEDGER = (
    Balances, ClaimLedger, Deposits, PatientPaymentOrder, PostedEntry, Reason, Receivables,
    SuspenseItem, SuspenseList, WriteOffOrder,
)  # fmt: skip


def ledger_router(service: Service) -> APIRouter:
    """Routes of the ledger."""
    router = APIRouter(tags=["ledger"])
    backend = service.backend

    @router.get(
        "/v1/ledger/balances",
        response_class=Response,
        responses=answers("Balances", 422),
        openapi_extra={"parameters": query_parameters(BalancesQuery)},
    )
    async def balances(request: Request) -> Response:
        """Balances of every account, in dollars: debits less credits."""
        async with service.admitted(request, "ledger") as caller:
            query, own = read_query(request, BalancesQuery), practices_of(caller)

            def look() -> Balances:
                reports = backend.store.ledger_reports
                return Balances(reports.balances(own, owners=query.owners), reports.stale(own))

            return answer(await asyncio.to_thread(look))

    @router.get(
        "/v1/ledger/receivables",
        response_class=Response,
        responses=answers("Receivables", 422),
        openapi_extra={"parameters": query_parameters(ReceivablesQuery)},
    )
    async def receivables(request: Request) -> Response:
        """Open amounts by payer and patient and age; credits apart."""
        async with service.admitted(request, "ledger") as caller:
            query, own = read_query(request, ReceivablesQuery), practices_of(caller)
            day = query.as_of or today()

            def look() -> Receivables:
                reports = backend.store.ledger_reports
                rows = reports.receivables(own, as_of=day, basis=Basis(query.basis))
                return Receivables(rows, day, reports.stale(own))

            return answer(await asyncio.to_thread(look))

    @router.get(
        "/v1/ledger/claims/{claim_id}",
        response_class=Response,
        responses=answers("ClaimLedger"),
        openapi_extra={
            "parameters": [path_parameter("claim_id", {"type": "string", "maxLength": 80})]
        },
    )
    async def claim(request: Request) -> Response:
        """Services and postings of a claim, each with the file and segment that it rests on."""
        async with service.admitted(request, "ledger") as caller:
            number = str(request.path_params["claim_id"])[:80]
            own = practices_of(caller)
            found = await asyncio.to_thread(lambda: backend.store.ledger_reports.claim(own, number))
            note(request, entries=len(found.entries))
            return answer(found)

    @router.get(
        "/v1/ledger/deposits",
        response_class=Response,
        responses=answers("Deposits", 422),
        openapi_extra={"parameters": query_parameters(DepositsQuery)},
    )
    async def deposits(request: Request) -> Response:
        """Checks and transfers, and whether each reconciles with its claims."""
        async with service.admitted(request, "ledger") as caller:
            query, own = read_query(request, DepositsQuery), practices_of(caller)
            found = await asyncio.to_thread(
                lambda: backend.store.ledger_reports.deposits(
                    own, status=query.status, trace=query.trace, limit=query.limit
                )
            )
            return answer(Deposits(found))

    @router.get(
        "/v1/suspense",
        response_class=Response,
        responses=answers("SuspenseList", 422),
        openapi_extra={"parameters": query_parameters(SuspenseQuery)},
    )
    async def suspense(request: Request) -> Response:
        """What is held from posting, and why."""
        async with service.admitted(request, "ledger") as caller:
            query, own = read_query(request, SuspenseQuery), practices_of(caller)
            found = await asyncio.to_thread(
                lambda: backend.store.ledger_reports.suspense(
                    own, status=query.status, limit=query.limit
                )
            )
            return answer(SuspenseList(found))

    _decisions(router, service)
    return router


def _decisions(router: APIRouter, service: Service) -> None:
    backend = service.backend
    why = json_body("Reason", {"reason": {"reason": "the payer confirmed the amount"}})
    key = path_parameter("key", {"type": "string", "pattern": "^[0-9a-f]{1,64}$"})

    async def decide(request: Request, verb: Literal["release", "hold"]) -> Response:
        async with service.admitted(request, "posting") as caller:
            order = await read_order(request, service, Reason)
            wanted = str(request.path_params["key"])[:64]

            def work() -> SuspenseItem:
                store = backend.store
                decisions = store.ledger_decisions
                chosen = decisions.release if verb == "release" else decisions.hold
                item = chosen(wanted, decider(caller), order.reason)
                work_in(store, item.practice)
                return item

            item = await asyncio.to_thread(work)
            await audit(service, request, caller, f"suspense.{verb}", wanted, item.practice)
            return answer(item)

    @router.post(
        "/v1/suspense/{key}/release",
        response_class=Response,
        responses=answers("SuspenseItem", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra={**why, "parameters": [key]},
    )
    async def release(request: Request) -> Response:
        """Post a held item as it stands."""
        return await decide(request, "release")

    @router.post(
        "/v1/suspense/{key}/hold",
        response_class=Response,
        responses=answers("SuspenseItem", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra={**why, "parameters": [key]},
    )
    async def hold(request: Request) -> Response:
        """Take a release back; what was posted for it is undone by counter-entries."""
        return await decide(request, "hold")

    @router.post(
        "/v1/ledger/entries/{entry_id}/counter",
        response_class=Response,
        responses=answers("PostedEntry", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra={
            **json_body("Reason", {"undo": {"reason": "posted to the wrong claim"}}),
            "parameters": [
                path_parameter("entry_id", {"type": "integer", "minimum": 1, "maximum": 2**53 - 1})
            ],
        },
    )
    async def counter(request: Request) -> Response:
        """Undo one entry by a counter-entry; nothing is ever deleted."""
        async with service.admitted(request, "posting") as caller:
            order = await read_order(request, service, Reason)
            text = str(request.path_params["entry_id"])
            if not (text.isascii() and text.isdecimal() and len(text) <= 16):
                raise invalid([FieldError("an entry's number is expected", parameter="entry_id")])
            entry = await asyncio.to_thread(
                lambda: backend.store.ledger_decisions.counter(
                    int(text), decider(caller), order.reason
                )
            )
            await audit(service, request, caller, "ledger.countered", f"entry:{text}", "")
            return answer(entry)

    @router.post(
        "/v1/ledger/write-offs",
        response_class=Response,
        responses=answers("PostedEntry", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra=json_body(
            "WriteOffOrder",
            {"late": {"claim_id": "A1", "line": 1, "kind": "denial", "reason": "filed too late"}},
        ),
    )
    async def write_off(request: Request) -> Response:
        """Write off what is open on a service, within the limits of the caller's role."""
        async with service.admitted(request, "posting") as caller:
            order = await read_order(request, service, WriteOffOrder)

            def work() -> tuple[PostedEntry, LedgerService]:
                store, own = backend.store, practices_of(caller)
                found = store.ledger_reports.service(own, order.claim_id, order.line)
                entry = store.ledger_decisions.write_off(
                    found, WriteOff(order.kind), decider(caller), order.reason, order.amount
                )
                return entry, found

            entry, found = await decided(work)
            record = f"entry:{entry.id}"
            await audit(service, request, caller, "ledger.written_off", record, found.practice)
            return answer(entry)

    @router.post(
        "/v1/ledger/patient-payments",
        response_class=Response,
        responses=answers("PostedEntry", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra=json_body(
            "PatientPaymentOrder",
            {"card": {"claim_id": "A1", "line": 1, "amount": "20.00", "reference": "card"}},
        ),
    )
    async def patient_payment(request: Request) -> Response:
        """Post what a patient paid for a service."""
        async with service.admitted(request, "posting") as caller:
            order = await read_order(request, service, PatientPaymentOrder)

            def work() -> tuple[PostedEntry, LedgerService]:
                store, own = backend.store, practices_of(caller)
                found = store.ledger_reports.service(own, order.claim_id, order.line)
                entry = store.ledger_decisions.patient_payment(
                    found, decider(caller), order.amount, order.date or today(), order.reference
                )
                return entry, found

            entry, found = await decided(work)
            record = f"entry:{entry.id}"
            await audit(service, request, caller, "ledger.patient_payment", record, found.practice)
            return answer(entry)
