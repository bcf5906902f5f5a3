"""The way into every page: who is there, what the form says, and what every answer carries."""

import asyncio
import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit

import msgspec
from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.api.access import SINGLE_USER
from serving.api.gate import note, request_id
from serving.api.handlers import problem_of
from serving.api.service import Service
from serving.audit import AuditEntry
from serving.problems import ServiceError
from serving.security import Principal
from serving.security.keys import PermissionRefusedError
from serving.store.store import Store
from serving.telemetry.logs import logger
from serving.web.errors import error_page
from serving.web.render import Key, NavItem, Shell, assets, render

SESSION = "firstpass_session"
NOTICE = "firstpass_notice"
THEME = "firstpass_theme"
#: Largest form; a pasted note is far below.
FORM_BYTES = 1 << 20

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # Pages hold patient data: no copy may stay in a browser or on the way.
    "Cache-Control": "no-store",
}

#: The pages of the bar: words, address, and the scope that a user needs to see them.
PAGES = (
    ("Review", "/review", "coding"),
    ("Worklist", "/worklist", "read"),
    ("Denials", "/denials", "denials"),
    ("Ledger", "/ledger", "ledger"),
    ("Balances", "/balances", "ledger"),
    ("Rules", "/rules", "rules"),
    ("Performance", "/performance", "kpis"),
    ("Models", "/models", "models"),
    ("Administration", "/administration", "users"),
)


class Visit(msgspec.Struct, frozen=True):
    """One request of a page: who asks, what was sent, and where things are kept."""

    request: Request
    service: Service
    caller: Principal
    csrf: str
    form: Mapping[str, str]

    @property
    def store(self) -> Store:
        """The open store."""
        return self.service.backend.store

    @property
    def practices(self) -> Sequence[str] | None:
        """Practices within reach, ``None`` for all."""
        return None if self.caller.practices is None else sorted(self.caller.practices)

    @property
    def partial(self) -> bool:
        """Whether htmx asks, for a part of the page."""
        return self.request.headers.get("hx-request") == "true"

    def query(self, name: str) -> str:
        """A parameter of the address, or empty."""
        return self.request.query_params.get(name, "")

    def may(self, scope: str) -> bool:
        """Whether the caller holds a scope."""
        return scope in self.caller.scopes

    def require(self, scope: str) -> None:
        """Passes if the scope is held.

        Raises:
            PermissionRefusedError: otherwise.
        """
        if scope not in self.caller.scopes:
            raise PermissionRefusedError(
                f"your role ({self.caller.role}) does not include this: it needs {scope!r}"
            )

    def audit(self, action: str, record: str, practice: str = "", **detail: str | float) -> None:
        """Append to the audit log, and wait until it is there."""
        entry = AuditEntry(
            actor=self.caller.actor,
            action=action,
            record=record,
            practice=practice,
            request_id=request_id(self.request),
            detail={**detail},
        )
        self.store.audit.append(entry)

    def shell(self, title: str, keys: Sequence[Key] = (), footer: str = "") -> Shell:
        """What surrounds the page."""
        return shell_of(self, title, keys, footer)

    def page(
        self, template: str, page: object, title: str, keys: Sequence[Key] = (), footer: str = ""
    ) -> Response:
        """A whole page."""
        answer = HTMLResponse(render(template, page, self.shell(title, keys, footer)))
        if NOTICE in self.request.cookies:
            answer.delete_cookie(NOTICE)
        return answer

    def redirect(self, to: str, notice: str = "") -> Response:
        """Go on elsewhere; ``notice`` is said there (no patient data: it travels in a cookie)."""
        answer = RedirectResponse(to, 303)
        if notice:
            answer.set_cookie(NOTICE, quote(notice), max_age=30, httponly=True, samesite="lax")
        return answer


Handler = Callable[[Visit], Response]


def shell_of(visit: Visit, title: str, keys: Sequence[Key], footer: str) -> Shell:
    """The shell for one visit."""
    request, caller = visit.request, visit.caller
    path = request.url.path
    nav = tuple(
        NavItem(words, href, path == href or path.startswith(href + "/"))
        for words, href, scope in PAGES
        if scope in caller.scopes
    )
    theme = request.cookies.get(THEME, "")
    return Shell(
        title=title,
        nav=nav,
        user=caller.name,
        role=caller.role.replace("_", " "),
        single_user=caller.actor == SINGLE_USER,
        csrf=visit.csrf,
        theme=theme if theme in ("light", "dark") else "",
        keys=(*keys, Key("?", "show or hide these keys")),
        footer=footer or served_words(visit.service),
        notice=unquote(request.cookies.get(NOTICE, ""))[:300],
        assets=assets(),
    )


def served_words(service: Service) -> str:
    """Which model version serves."""
    served = service.follower.current
    if served is None:
        return "no denial model serves yet"
    return f"denial model version {served.version}, history {served.scorer.history_version[:12]}"


class Door:
    """Registers pages and guards them."""

    def __init__(self, service: Service, router: APIRouter) -> None:
        self.service = service
        self.router = router
        self.idle = dt.timedelta(seconds=service.settings.session_seconds)
        self.secure = service.settings.public_url.startswith("https://")
        self.registered: list[tuple[str, str]] = []
        self._page_key: bytes | None = None

    def get(self, path: str, scope: str) -> Callable[[Handler], Handler]:
        """Registers a page that is looked at."""
        return self._add(path, scope, "GET")

    def post(self, path: str, scope: str) -> Callable[[Handler], Handler]:
        """Registers what a form does."""
        return self._add(path, scope, "POST")

    def _add(self, path: str, scope: str, method: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            async def endpoint(request: Request) -> Response:
                return await self._answer(request, scope, handler)

            self.registered.append((method, path))
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                response_class=HTMLResponse,
                include_in_schema=False,
                name=f"{method} {path}",
            )
            return handler

        return register

    async def _answer(self, request: Request, scope: str, handler: Handler) -> Response:
        try:
            form = await read_form(request) if request.method == "POST" else {}
            answer = await asyncio.to_thread(self._handle, request, scope, handler, form)
        except SignInNeeded as needed:
            answer = needed.response(request)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500:
                logger().error("page.failed", request_id=request_id(request), error=error)
            answer = error_page(problem, request)
        self.dress(answer)
        return answer

    def dress(self, answer: Response) -> None:
        """Puts the headers on that every page has."""
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if self.secure:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000"

    def _handle(
        self, request: Request, scope: str, handler: Handler, form: Mapping[str, str]
    ) -> Response:
        visit = self.visit(request, form)
        note(request, actor=visit.caller.actor)
        if request.method == "POST":
            require_same_origin(request)
            sent = form.get("csrf", "") or request.headers.get("x-csrf-token", "")
            if not hmac.compare_digest(sent.encode(), visit.csrf.encode()):
                raise ServiceError(
                    403, "csrf", "this form is too old: go back, load the page anew, and try again"
                )
        visit.require(scope)
        return handler(visit)

    def visit(self, request: Request, form: Mapping[str, str]) -> Visit:
        """Who is there.

        Raises:
            SignInNeeded: nobody yet.
            ServiceError: 403; single-user mode, and a page from elsewhere made the browser ask.
        """
        access = self.service.access
        if access.single_user:
            caller, session = access.own_machine(request), SINGLE_USER
        else:
            session = request.cookies.get(SESSION, "")
            user = self.service.backend.store.users.of_session(session, self.idle)
            if user is None:
                raise SignInNeeded(expired=bool(session))
            caller = user.principal
        return Visit(request, self.service, caller, self.csrf(session), form)

    def csrf(self, session: str) -> str:
        """The token that a session's forms carry."""
        digest = hmac.digest(self.key(), f"csrf:{session}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def key(self) -> bytes:
        """This installation's key for tokens, the same in all workers."""
        if self._page_key is None:
            self._page_key = self.service.backend.store.users.page_key()
        return self._page_key

    def set_session(self, answer: Response, secret: str) -> None:
        """Gives the browser its session: a cookie that no script reads."""
        answer.set_cookie(SESSION, secret, httponly=True, secure=self.secure, samesite="lax")


class SignInNeeded(Exception):  # noqa: N818 - not an error: the answer is another page
    """Nobody is signed in."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__()
        self.expired = expired

    def response(self, request: Request) -> Response:
        """To the sign-in page, and back here afterwards."""
        path = request.url.path
        if request.headers.get("hx-request") == "true":
            path = urlsplit(request.headers.get("hx-current-url", "")).path or "/"
        elif request.method != "GET":
            path = urlsplit(request.headers.get("referer", "")).path or "/"
        why = "&expired=1" if self.expired else ""
        target = f"/sign-in?next={quote(path)}{why}"
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)


async def read_form(request: Request) -> dict[str, str]:
    """A form's fields; of a repeated one the last.

    Raises:
        ServiceError: 413.
    """
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > FORM_BYTES:
        raise ServiceError(413, "body-too-large", f"a form may have {FORM_BYTES} bytes")
    form: FormData = await request.form(max_files=0, max_part_size=FORM_BYTES)
    return {key: value for key, value in form.multi_items() if isinstance(value, str)}


def require_same_origin(request: Request) -> None:
    """Refuse forms that another site made the browser send.

    Raises:
        ServiceError: 403.
    """
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    own = request.headers.get("host", "")
    foreign = bool(origin) and origin != "null" and urlsplit(origin).netloc != own
    if site in ("cross-site", "same-site") or foreign:
        raise ServiceError(403, "foreign-origin", "this form was sent from another site")
