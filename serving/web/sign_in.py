"""Signing in and out: by password, or through an OpenID Connect provider."""

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.api.gate import request_id
from serving.api.handlers import problem_of
from serving.audit import AuditEntry
from serving.problems import ServiceError
from serving.security.users import SignInRefusedError, User
from serving.web.door import (
    PAGES,
    SESSION,
    THEME,
    Door,
    SignInNeeded,
    Visit,
    read_form,
    require_same_origin,
)
from serving.web.errors import error_page
from serving.web.render import Shell, assets, render

FLOW = "firstpass_flow"
Work = Callable[[Request, dict[str, str]], Response]
#: Attempts that one address may make in a time, whatever names it tries.
ATTEMPTS = 20
WITHIN_SECONDS = 300.0


class SignInPage(msgspec.Struct, frozen=True):
    """The form; ``problem`` says why it is shown again, ``oidc`` that a provider can be used."""

    next: str
    name: str
    problem: str
    expired: bool
    oidc: bool
    single_user: bool


class Attempts:
    """How often each address tried lately; one worker's. Thread-safe, bounded."""

    def __init__(self) -> None:
        self._tried: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> None:
        """Notes one attempt.

        Raises:
            ServiceError: 429; too many.
        """
        moment = time.monotonic()
        with self._lock:
            tried = self._tried.setdefault(address, deque())
            self._tried.move_to_end(address)
            while len(self._tried) > 10_000:
                self._tried.popitem(last=False)
            while tried and moment - tried[0] > WITHIN_SECONDS:
                tried.popleft()
            if len(tried) >= ATTEMPTS:
                wait = int(WITHIN_SECONDS - (moment - tried[0])) + 1
                raise ServiceError(
                    429,
                    "too-many-attempts",
                    f"too many attempts from this address: try again in {wait} seconds",
                    headers={"Retry-After": str(wait)},
                )
            tried.append(moment)


def safe_next(path: str) -> str:
    """A path of ours to go on to; anything else is the start.

    >>> safe_next("/worklist"), safe_next("//elsewhere.example"), safe_next("https://x.example")
    ('/worklist', '/', '/')
    """
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path
    return path if ours and not path.startswith("/sign-") else "/"


def add_sign_in(door: Door) -> None:
    """Registers the sign-in pages, the start page and the appearance switch."""
    service = door.service
    attempts = Attempts()
    provider = _provider(door)

    async def guarded(request: Request, work: Work) -> Response:
        try:
            form = await read_form(request) if request.method == "POST" else {}
            answer: Response = await asyncio.to_thread(work, request, form)
        except Exception as error:
            answer = error_page(problem_of(error), request)
        door.dress(answer)
        return answer

    def route(path: str, method: str, work: Work) -> None:
        async def endpoint(request: Request) -> Response:
            return await guarded(request, work)

        door.router.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_class=HTMLResponse,
            include_in_schema=False,
            name=f"{method} {path}",
        )

    def form_page(
        request: Request, problem: str = "", name: str = "", status: int = 200
    ) -> Response:
        page = SignInPage(
            safe_next(request.query_params.get("next", "/")),
            name,
            problem,
            request.query_params.get("expired") == "1" and not problem,
            provider is not None,
            service.access.single_user,
        )
        shell = Shell(
            title="Sign in",
            nav=(),
            user="",
            role="",
            single_user=service.access.single_user,
            csrf="",
            theme=request.cookies.get(THEME, ""),
            keys=(),
            footer="",
            notice="",
            assets=assets(),
        )
        return HTMLResponse(render("sign_in.html", page, shell), status)

    def show(request: Request, form: dict[str, str]) -> Response:
        return form_page(request)

    def audit(request: Request, user: User, action: str, **detail: str) -> None:
        service.backend.store.audit.append(
            AuditEntry(
                actor=user.actor,
                action=action,
                record=user.actor,
                request_id=request_id(request),
                detail={**detail},
            )
        )

    def signed_in(request: Request, user: User, method: str, following: str) -> Response:
        old = request.cookies.get(SESSION, "")
        users = service.backend.store.users
        if old:
            users.end_session(old)
        answer = RedirectResponse(safe_next(following), 303)
        door.set_session(answer, users.begin_session(user, method, door.idle))
        audit(request, user, "session.begin", method=method)
        return answer

    def refused(request: Request, reason: str) -> None:
        # The name as typed could be a password put into the wrong field: it is not logged.
        service.backend.store.audit.append(
            AuditEntry(
                actor="user:unknown",
                action="session.refused",
                outcome="refused",
                request_id=request_id(request),
                detail={"reason": reason},
            )
        )

    def sign_in(request: Request, form: dict[str, str]) -> Response:
        require_same_origin(request)
        attempts.take(request.client.host if request.client else "")
        name = form.get("name", "")
        try:
            user = service.backend.store.users.check_password(name, form.get("password", ""))
        except SignInRefusedError as error:
            refused(request, "password")
            return form_page(request, str(error), name, 401)
        return signed_in(request, user, "password", request.query_params.get("next", "/"))

    def begin(request: Request, form: dict[str, str]) -> Response:
        if provider is None:
            raise ServiceError(404, "not-found", "no sign-in provider is configured")
        address, flow = provider.begin(safe_next(request.query_params.get("next", "/")))
        answer = RedirectResponse(address, 303)
        from serving.security.oidc import FLOW_SECONDS, seal_flow

        answer.set_cookie(
            FLOW,
            seal_flow(flow, door.key()),
            max_age=FLOW_SECONDS,
            httponly=True,
            secure=door.secure,
            samesite="lax",
        )
        return answer

    def finish(request: Request, form: dict[str, str]) -> Response:
        from serving.security.oidc import open_flow

        attempts.take(request.client.host if request.client else "")
        flow = open_flow(request.cookies.get(FLOW, ""), door.key())
        if provider is None or flow is None:
            return form_page(request, "this sign-in was not begun here: begin again", status=401)
        query = request.query_params
        try:
            identity = provider.finish(flow, query.get("state", ""), query.get("code", ""))
            user = _known(identity.subject, identity.names)
        except SignInRefusedError as error:
            refused(request, "oidc")
            return form_page(request, str(error), status=401)
        answer = signed_in(request, user, "oidc", flow.next)
        answer.delete_cookie(FLOW)
        return answer

    def _known(subject: str, names: tuple[str, ...]) -> User:
        users = service.backend.store.users
        user = users.by_subject(subject)
        if user is None:
            by_name = {x.name: x for x in users.all()}
            user = next((by_name[n] for n in names if n in by_name), None)
            # A name that is bound to another subject is another person's.
            if user is not None and user.subject:
                user = None
            if user is not None:
                user = users.change(user.id, subject=subject)
        if user is None or user.disabled is not None:
            raise SignInRefusedError(
                "the provider knows you, but there is no user for you here: ask your administrator"
            )
        return user

    def sign_out(request: Request, form: dict[str, str]) -> Response:
        require_same_origin(request)
        store = service.backend.store
        secret = request.cookies.get(SESSION, "")
        user = store.users.of_session(secret, door.idle)
        if user is not None:
            store.users.end_session(secret)
            audit(request, user, "session.end")
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SESSION)
        return answer

    def start(request: Request, form: dict[str, str]) -> Response:
        if "text/html" not in request.headers.get("accept", "text/html"):
            raise ServiceError(404, "not-found", "there is nothing at this address; see /docs")
        caller = _caller(door, request)
        if caller is None:
            return RedirectResponse("/sign-in", 303)
        first = next((href for _, href, scope in PAGES if scope in caller.caller.scopes), None)
        if first is None:
            raise ServiceError(403, "forbidden", "your role has no pages; it uses the API")
        return RedirectResponse(first, 303)

    def appearance(request: Request, form: dict[str, str]) -> Response:
        require_same_origin(request)
        back = safe_next(form.get("back", "/"))
        answer = RedirectResponse(back, 303)
        chosen = form.get("theme", "")
        if chosen in ("light", "dark"):
            answer.set_cookie(THEME, chosen, max_age=31_536_000, httponly=True, samesite="lax")
        else:
            answer.delete_cookie(THEME)
        return answer

    route("/", "GET", start)
    route("/sign-in", "GET", show)
    route("/sign-in", "POST", sign_in)
    route("/sign-in/provider", "GET", begin)
    route("/sign-in/callback", "GET", finish)
    route("/sign-out", "POST", sign_out)
    route("/appearance", "POST", appearance)


def _caller(door: Door, request: Request) -> Visit | None:
    try:
        return door.visit(request, {})
    except SignInNeeded:
        return None


def _provider(door: Door) -> Any:
    settings = door.service.settings
    if not settings.oidc_issuer:
        return None
    from serving.security.oidc import OidcProvider

    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    return OidcProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        f"{base}/sign-in/callback",
    )


TEMPLATES_OF = {"sign_in.html": SignInPage}
