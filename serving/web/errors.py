"""The page for an error: the same facts as the problem details of `serving.problems`."""

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from serving.api.gate import request_id
from serving.problems import TYPE_PREFIX, FieldError, ServiceError
from serving.web.render import Shell, assets, render


class ErrorPage(msgspec.Struct, frozen=True):
    """What went wrong; the fields are those of `serving.problems.ProblemDetails`."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: tuple[FieldError, ...]


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, and not a program."""
    path = request.url.path
    if path.startswith("/v1") or path in ("/healthz", "/readyz", "/metrics"):
        return False
    return "text/html" in request.headers.get("accept", "")


def error_page(problem: ServiceError, request: Request) -> Response:
    """The answer: a page, or for htmx only its middle."""
    page = ErrorPage(
        TYPE_PREFIX + problem.kind,
        HTTPStatus(problem.status).phrase,
        problem.status,
        problem.detail,
        request_id(request),
        tuple(problem.errors),
    )
    shell = Shell(
        title=page.title,
        nav=(),
        user="",
        role="",
        single_user=False,
        csrf="",
        theme=request.cookies.get("firstpass_theme", ""),
        keys=(),
        footer="",
        notice="",
        assets=assets(),
    )
    part = request.headers.get("hx-request") == "true"
    html = render("error_part.html" if part else "error.html", page, shell)
    headers = {k: v for k, v in problem.headers.items() if k.lower() != "www-authenticate"}
    if part:
        headers |= {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}
    return HTMLResponse(html, problem.status, headers)


TEMPLATES_OF = {"error.html": ErrorPage}
