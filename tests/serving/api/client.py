"""The application in this process, with a client that speaks to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx

from serving.app import create_app
from serving.settings import Settings
from tests.serving.fakes import load_fake, register


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, version: int | None = 1
) -> AsyncIterator[httpx.AsyncClient]:
    """A started application; with a fake model of this version."""
    if version is None:
        settings = settings.model_copy(update={"start_seconds": 0.0})
    else:
        register(settings, version)
    app = create_app(settings, load=load_fake)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        client.app = app  # type: ignore[attr-defined]
        yield client


def against(
    settings: Settings,
    work: Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]],
    *,
    version: int | None = 1,
) -> None:
    """Run a coroutine with a client."""

    async def whole() -> None:
        async with running(settings, version=version) as client:
            await work(client)

    asyncio.run(whole())
