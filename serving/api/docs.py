"""`/docs`: the published description, drawn in the browser from this machine's files alone.

FastAPI's own page loads its program from a content network, which a clinic's network may not
reach and which would see who looks.
"""

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

FOLDER = Path(__file__).parent / "pages"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@cache
def _file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def _answer(name: str) -> Response:
    kind = f"{KINDS[Path(name).suffix]}; charset=utf-8"
    return Response(_file(name), headers={**HEADERS, "Content-Type": kind})


def docs_router() -> APIRouter:
    """The page and its two files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def page() -> Response:
        """The page."""
        return _answer("docs.html")

    @router.get("/docs/docs.js")
    async def program() -> Response:
        """Its program."""
        return _answer("docs.js")

    @router.get("/docs/docs.css")
    async def style() -> Response:
        """Its style."""
        return _answer("docs.css")

    return router
