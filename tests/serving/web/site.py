"""The pages in this process: a store with made-up drafts, and clients that sign in."""

import asyncio
import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from models.claims.claim import Claim, Diagnosis
from serving.security.users import User, create_user
from serving.settings import Settings
from serving.store.store import Store, open_store
from tests.serving.api.client import running
from tests.serving.samples import claim

PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}


def draft_claim(number: int, **changes: Any) -> Claim:
    """A made-up claim with a diagnosis and a date of its own."""
    base = claim(number)
    day = dt.date(2026, 3, 1) - dt.timedelta(days=number % 60)
    line = msgspec.structs.replace(base.lines[0], service_date=day, pointers=(1,))
    found = msgspec.structs.replace(
        base, lines=(line,), diagnoses=(Diagnosis("ABK", "E1121"),), charge=Decimal(line.charge)
    )
    return msgspec.structs.replace(found, **changes)


def filled(settings: Settings, drafts: int = 5) -> Store:
    """The open store, with so many drafts."""
    store = open_store(settings.state)
    store.drafts.load([draft_claim(i) for i in range(drafts)], "test", "test")
    return store


def add_user(store: Store, name: str, role: str, **more: Any) -> User:
    """A user with `PASSWORD`."""
    user = create_user(name, role, password=PASSWORD, **more)
    store.users.add(user)
    return user


async def signed_in(client: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    """Signs in, as the form does."""
    answer = await client.post("/sign-in", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    client.cookies.set("firstpass_session", answer.cookies["firstpass_session"])
    return client


def csrf(page: str) -> str:
    """The token that the page's forms carry."""
    found = re.search(r'"X-CSRF-Token":"([^"]+)"', page)
    assert found is not None
    return found[1]


@contextlib.asynccontextmanager
async def site(settings: Settings, *, scored: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the started service; ``scored``: once all drafts have their scores."""
    async with running(settings) as client:
        store = client.app.state.service.backend.store  # type: ignore[attr-defined]
        for _ in range(400 if scored else 0):
            if not store.drafts.to_score("1/history-1", 1):
                break
            await asyncio.sleep(0.05)
        yield client


def visiting(
    settings: Settings, work: Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]
) -> None:
    """Run a coroutine with a client of the site."""

    async def whole() -> None:
        async with site(settings) as client:
            await work(client)

    asyncio.run(whole())
