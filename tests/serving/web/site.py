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
from models.coding.notes_file import NoteRecord
from serving.app import create_app
from serving.scoring.resolution import resolution_file
from serving.security.users import User, create_user
from serving.settings import Settings
from serving.store.draft_list import DraftFilter
from serving.store.store import Store, open_store
from tests.serving.coding.fakes import load_small, register_coding
from tests.serving.fakes import load_fake, register
from tests.serving.samples import claim

EVERY, TODAY = DraftFilter(), dt.date(2026, 3, 1)
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


NOTE = (
    "CC: follow-up\r\nASSESSMENT AND PLAN:\r\n1. Essential hypertension, at goal.\r\n"
    "2. Type 2 diabetes mellitus with diabetic nephropathy, A1c 8.2 \N{WHITE HEAVY CHECK MARK}.\r\n"
    "3. Denies chest pain.\r\nFAMILY HISTORY: mother with breast cancer.\r\n"
)
"""A note with carriage returns and a character beyond the basic plane."""


def note_record(number: int, **more: Any) -> NoteRecord:
    """A made-up note; every third one is of another specialty."""
    specialty = "cardiology" if number % 3 == 0 else "family_medicine"
    day = dt.date(2026, 3, 1) + dt.timedelta(days=number)
    given = {"text": NOTE, "date": day, "specialty": specialty, "claim_id": f"CLM{number:06}"}
    return NoteRecord(id=f"N{number}", **{**given, **more})


def with_notes(settings: Settings, notes: int = 3, drafts: int = 1) -> Store:
    """The open store, with notes to be reviewed and a coding model that reads them."""
    store = filled(settings, drafts)
    store.notes.load([note_record(i) for i in range(notes)])
    register_coding(settings, 1)
    return store


@contextlib.asynccontextmanager
async def site(settings: Settings, *, scored: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the started service; ``scored``: once all drafts have their scores."""
    register(settings, 1)
    app = create_app(settings, load=load_fake, load_notes=load_small)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        client.app = app  # type: ignore[attr-defined]
        store = client.app.state.service.backend.store  # type: ignore[attr-defined]
        for _ in range(400 if scored else 0):
            if all(
                x.probability for x in store.draft_list.page(None, EVERY, today=TODAY, limit=1000)
            ):
                break
            await asyncio.sleep(0.05)
        for _ in range(600 if scored and resolution_file(settings.state, "coding").exists() else 0):
            if not store.notes.to_suggest("1", 1):
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
