"""The application in this process, with a client that speaks to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx

from serving.app import create_app
from serving.settings import Settings
from tests.serving.coding.fakes import load_small, register_coding
from tests.serving.fakes import load_fake, register


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, version: int | None = 1, coding: int | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A started application; with a fake model of this version, and a coding model of that."""
    if version is None:
        settings = settings.model_copy(update={"start_seconds": 0.0})
    else:
        register(settings, version)
    if coding is not None:
        register_coding(settings, coding)
    app = create_app(settings, load=load_fake, load_notes=load_small)
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
    coding: int | None = None,
) -> None:
    """Run a coroutine with a client."""

    async def whole() -> None:
        async with running(settings, version=version, coding=coding) as client:
            if coding is not None:
                await coding_ready(client)
            await work(client)

    asyncio.run(whole())


async def coding_ready(client: httpx.AsyncClient) -> None:
    """Wait until the coding model answers."""
    for _ in range(400):
        if (await client.get("/readyz")).json()["coding"] == "ok":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the coding model was not taken up")
