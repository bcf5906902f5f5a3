"""Around every request: its id, its time, one log line, and no error without problem details."""

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import FirstpassError
from serving.problems import ServiceError, from_error
from serving.telemetry.logs import logger
from serving.telemetry.metrics import Metrics

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class Gate:
    """ASGI middleware; the only one of the service, because each costs every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics, mode: Callable[[], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._mode = mode
        self._log = logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        facts: dict[str, str | int | float | bool] = {}
        scope.setdefault("state", {}).update(request_id=request_id, facts=facts)
        extra = [(b"x-request-id", request_id.encode())]
        if mode := self._mode():
            extra.append((b"x-firstpass-mode", mode.encode()))
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            # Past the handlers: either the answer had begun, or this is a defect.
            self._log.error("request.failed", request_id=request_id, error=error)
            if not status:
                await _failure(error).response(request_id)(scope, receive, sending)
        finally:
            self._metrics.in_flight.dec()
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.request(scope["method"], route, status, seconds)
            if route not in _QUIET:
                self._log.info(
                    "request",
                    request_id=request_id,
                    method=scope["method"],
                    route=route,
                    status=status,
                    ms=round(seconds * 1000, 2),
                    **facts,
                )


def _request_id(scope: Scope) -> str:
    """The caller's id where it is harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ID.fullmatch(value):
            return bytes(value).decode()
    return secrets.token_hex(8)


def _failure(error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, FirstpassError):
        return from_error(error)
    return ServiceError(500, "internal", "the service failed; its log has the request id")


def request_id(request: Any) -> str:
    """Id of a request."""
    return str(request.scope["state"]["request_id"])


def note(request: Any, **facts: str | int | float | bool) -> None:
    """Add facts to the request's log line: counts and ids, never content."""
    request.scope["state"]["facts"].update(facts)
