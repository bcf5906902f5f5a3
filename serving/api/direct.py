"""A busy address, answered past the framework's routing and dependencies.

They cost a single claim a fifth of its time. The endpoint is the very one that the router
publishes, and its errors are answered in the same form.
"""

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api.handlers import EXPECTED, answer_error


class Direct:
    """ASGI middleware. ``routes`` are looked through for endpoints at ``paths``.

    Such an endpoint takes the request and nothing else, and its path has no parameters.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], paths: frozenset[str]) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, APIRoute) and route.path in paths
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = None
        if scope["type"] == "http":
            route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except EXPECTED as error:
            response = await answer_error(request, error)
        await response(scope, receive, send)
