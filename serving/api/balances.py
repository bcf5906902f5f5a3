"""`/v1/balances`: what patients owe, letters, stops, plans, payments."""

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.revenue.letters import letter_pdf
from models.revenue.patient_accounts import LetterKind
from models.revenue.stops import StopKind
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
from serving.store.balances_reading import (
    AccountNote,
    AccountPage,
    AccountRow,
    AccountView,
    KeptLetter,
    KeptStop,
)
from serving.store.ledger_decisions import Decider
from serving.store.ledger_reading import PostedEntry

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

Text = Annotated[str, msgspec.Meta(max_length=80)]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Page = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_LETTER_BYTES = 1 << 18


class BalancesWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``step``: what accounts wait for; ``ready``: all whose day has come."""

    step: Literal[
        "", "ready", "statement", "reminder", "last_reminder", "call", "plan", "plan_broken",
        "wait", "held", "stopped", "small", "credit",
    ] = ""  # fmt: skip
    limit: Page = 100
    offset: Offset = 0


class BalanceSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of one of the patient's claims; in the body, since addresses are logged."""

    claim_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class LetterWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which letter to write from the data."""

    kind: Literal["statement", "reminder", "last_reminder", "plan"]


class LetterText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The letter as you edited it."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]


class LetterSent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How and when you sent the letter; without ``date`` today."""

    way: Literal["mail", "portal", "handed", "email"]
    date: dt.date | None = None


class StopOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to stop for, and why."""

    kind: Literal[
        "dispute", "hardship", "deceased", "bankruptcy", "do_not_contact", "appeal"
    ]  # fmt: skip
    reason: Why


class BalanceNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said with a patient, and when to look at the account again."""

    note: Why
    again: dt.date | None = None


class BalanceReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; kept with the decision."""

    reason: Why


class PlanOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment plan; without ``amount`` all that may be billed, without ``first`` from today."""

    instalments: Annotated[int, msgspec.Meta(ge=1, le=120)]
    reason: Why
    first: dt.date | None = None
    amount: Decimal | None = None


class PaymentOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a patient paid; without ``date`` today."""

    amount: Decimal
    reference: Why
    date: dt.date | None = None


class PostedEntries(msgspec.Struct, frozen=True):
    """Entries that were posted."""

    entries: list[PostedEntry]


PUBLISHED_BALANCES = (
    AccountNote, AccountPage, AccountRow, AccountView, BalanceNote, BalanceReason, BalanceSearch,
    KeptLetter, KeptStop, LetterSent, LetterText, LetterWish, PaymentOrder, PlanOrder,
    PostedEntries, StopOrder,
)  # fmt: skip

_ACCOUNT = path_parameter("account", {"type": "string", "pattern": "^[0-9a-f]{16}$"})
NUMBER = path_parameter("number", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1})
REFUSED = (400, 404, 408, 409, 413, 415, 422)


def balances_router(service: Service) -> APIRouter:
    """Routes of patients' balances."""
    router = APIRouter(tags=["balances"])
    backend = service.backend

    @router.get(
        "/v1/balances",
        response_class=Response,
        responses=answers("AccountPage", 422),
        openapi_extra={"parameters": query_parameters(BalancesWanted)},
    )
    async def balances(request: Request) -> Response:
        """Accounts that owe something: what is ready for a step first, the largest first."""
        async with service.admitted(request, "ledger") as caller:
            query, own = read_query(request, BalancesWanted), practices_of(caller)
            return answer(
                await asyncio.to_thread(
                    lambda: backend.store.balance_reports.accounts(
                        own, today=today(), step=query.step, limit=query.limit,
                        offset=query.offset,
                    )
                )
            )  # fmt: skip

    @router.post(
        "/v1/balances/find",
        response_class=Response,
        responses=answers("AccountView", 400, 404, 408, 413, 415, 422),
        openapi_extra=json_body("BalanceSearch", {"claim": {"claim_id": "A1"}}),
    )
    async def find(request: Request) -> Response:
        """The account of the patient who has a claim of this number."""
        async with service.admitted(request, "ledger") as caller:
            order, own = await read_order(request, service, BalanceSearch), practices_of(caller)

            def work() -> AccountView:
                reports = backend.store.balance_reports
                return reports.account(own, reports.find(own, order.claim_id), today=today())

            found = await asyncio.to_thread(work)
            record = f"account:{found.account}"
            await audit(service, request, caller, "balance.seen", record, found.practice)
            return answer(found)

    @router.get(
        "/v1/balances/{account}",
        response_class=Response,
        responses=answers("AccountView", 404),
        openapi_extra={"parameters": [_ACCOUNT]},
    )
    async def account(request: Request) -> Response:
        """One account: services with what holds them, stops, letters with their text, plans."""
        async with service.admitted(request, "ledger") as caller:
            own, token = practices_of(caller), _token(request)
            found = await asyncio.to_thread(
                lambda: backend.store.balance_reports.account(own, token, today=today())
            )
            note(request, letters=len(found.letters))
            await audit(
                service, request, caller, "balance.seen", f"account:{token}", found.practice
            )
            return answer(found)

    @router.get(
        "/v1/balances/{account}/letters/{number}/pdf",
        response_class=Response,
        responses={
            **answers("KeptLetter", 404),
            200: {
                "description": "the latest version as a PDF",
                "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
            },
        },
        openapi_extra={"parameters": [_ACCOUNT, NUMBER]},
    )
    async def letter_as_pdf(request: Request) -> Response:
        """A letter's latest version as a PDF on letter paper."""
        async with service.admitted(request, "ledger") as caller:
            own, token, number = practices_of(caller), _token(request), number_of(request)

            def work() -> tuple[bytes, str]:
                view = backend.store.balance_reports.account(own, token, today=today())
                text = next((x.text for x in view.letters if x.number == number), None)
                if text is None:
                    raise ServiceError(404, "not-found", "no letter has this number")
                return letter_pdf(text, "Letter"), view.practice

            data, practice = await asyncio.to_thread(work)
            await audit(service, request, caller, "balance.seen", f"account:{token}", practice)
            return Response(data, media_type="application/pdf")

    _Orders(router, service).add()
    return router


class _Orders:
    """Routes by which a person decides about an account."""

    def __init__(self, router: APIRouter, service: Service) -> None:
        self._router = router
        self._service = service

    def _post(
        self,
        path: str,
        kind: type[T],
        result: str,
        example: dict[str, Any],
        action: Callable[[T], str],
        work: Callable[[Request, str, T, Decider], Any],
        words: str,
        most: int = 1 << 16,
    ) -> None:
        service = self._service
        parameters = [_ACCOUNT, *([NUMBER] if "{number}" in path else [])]

        async def decide(request: Request) -> Response:
            async with service.admitted(request, "posting") as caller:
                order = await read_order(request, service, kind, most)
                token, who = _token(request), decider(caller)
                store = service.backend.store

                def run() -> tuple[Any, str]:
                    done = work(request, token, order, who)
                    return done, store.balance_decisions.practice(token, who)

                done, practice = await decided(run)
                await audit(
                    service, request, caller, f"balance.{action(order)}", f"account:{token}",
                    practice,
                )  # fmt: skip
                return answer(done)

        decide.__doc__ = words
        self._router.add_api_route(
            path,
            decide,
            methods=["POST"],
            name=f"POST {path}",
            response_class=Response,
            responses=answers(result, *REFUSED),
            openapi_extra={
                **json_body(kind.__name__, {"example": example}),
                "parameters": parameters,
            },
        )

    def add(self) -> None:
        """Registers them."""
        backend = self._service.backend
        base = "/v1/balances/{account}"

        def decisions() -> Any:
            return backend.store.balance_decisions

        def view(token: str, who: Decider) -> AccountView:
            own = None if who.practices is None else list(who.practices)
            return backend.store.balance_reports.account(own, token, today=today())

        self._post(
            f"{base}/letters", LetterWish, "KeptLetter", {"kind": "statement"},
            lambda _: "letter_written",
            lambda _, t, o, w: decisions().write_letter(t, LetterKind(o.kind), w, today=today()),
            "Write a letter from the data, once no hold or stop is against it.",
        )  # fmt: skip
        self._post(
            f"{base}/letters/{{number}}", LetterText, "KeptLetter", {"text": "Dear patient, ..."},
            lambda _: "letter_edited",
            lambda r, t, o, w: decisions().edit_letter(t, number_of(r), o.text, w, today=today()),
            "Keep an edited letter as its next version.",
            _LETTER_BYTES,
        )  # fmt: skip
        self._post(
            f"{base}/letters/{{number}}/sent", LetterSent, "KeptLetter", {"way": "mail"},
            lambda _: "letter_sent",
            lambda r, t, o, w: decisions().mark_sent(
                t, number_of(r), o.way, w, day=o.date or today(), today=today()
            ),
            "Note that you sent a letter; holds and stops are asked once more.",
        )  # fmt: skip
        self._post(
            f"{base}/stops", StopOrder, "KeptStop", {"kind": "dispute", "reason": "already paid"},
            lambda o: f"stopped.{o.kind}",
            lambda _, t, o, w: decisions().stop(t, StopKind(o.kind), o.reason, w, today=today()),
            "Stop letters, reminders and plans of an account.",
        )  # fmt: skip
        self._post(
            f"{base}/stops/{{number}}/lift", BalanceReason, "KeptStop", {"reason": "answered"},
            lambda _: "lifted",
            lambda r, t, o, w: decisions().lift(t, number_of(r), o.reason, w, today=today()),
            "Lift a stop; it stays on record.",
        )  # fmt: skip

        self._post(
            f"{base}/notes", BalanceNote, "AccountNote", {"note": "called", "again": "2030-01-02"},
            lambda _: "noted",
            lambda _, t, o, w: decisions().note(t, o.note, w, again=o.again, today=today()),
            "Note what was said with a patient; until `again` the account waits.",
        )  # fmt: skip

        def begin(_: Request, token: str, o: PlanOrder, who: Decider) -> AccountView:
            decisions().plan(
                token, o.instalments, o.first or today(), o.reason, who, today=today(),
                total=o.amount,
            )  # fmt: skip
            return view(token, who)

        def end(_: Request, token: str, o: BalanceReason, who: Decider) -> AccountView:
            decisions().end_plan(token, o.reason, who, today=today())
            return view(token, who)

        self._post(
            f"{base}/plans", PlanOrder, "AccountView", {"instalments": 6, "reason": "by phone"},
            lambda _: "plan_begun", begin,
            "Begin a payment plan: equal monthly instalments, the last takes the cents.",
        )  # fmt: skip
        self._post(
            f"{base}/plans/end", BalanceReason, "AccountView", {"reason": "not kept"},
            lambda _: "plan_ended", end, "End the payment plan that runs.",
        )  # fmt: skip
        self._post(
            f"{base}/payments", PaymentOrder, "PostedEntries",
            {"amount": "25.00", "reference": "receipt 114"},
            lambda _: "paid",
            lambda _, t, o, w: PostedEntries(
                decisions().pay(
                    t, o.amount, o.reference, w, day=o.date or today(), today=today()
                )
            ),
            "Post a patient's payment to the oldest services that may be billed.",
        )  # fmt: skip
        self._post(
            f"{base}/write-off", BalanceReason, "PostedEntries", {"reason": "small"},
            lambda _: "written_off",
            lambda _, t, o, w: PostedEntries(
                decisions().write_off_small(t, o.reason, w, today=today())
            ),
            "Write off a small balance, within the limits of the caller's role.",
        )  # fmt: skip


def _token(request: Request) -> str:
    return str(request.path_params["account"])[:40]


def number_of(request: Request) -> int:
    """The number in the address.

    Raises:
        ServiceError: 404, it is none.
    """
    text = str(request.path_params["number"])
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ServiceError(404, "not-found", "nothing has this number")
    return int(text)
