"""All pages as one router."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from serving.api.service import Service
from serving.scoring.drafts import DraftDesk
from serving.scoring.edits import EditDesk
from serving.scoring.notes import NoteDesk
from serving.web.administration import add_administration
from serving.web.balance import add_balance
from serving.web.balances import add_balances
from serving.web.claim import add_claims
from serving.web.codes import CodeDesk
from serving.web.denial import add_denial
from serving.web.denials import add_denials
from serving.web.door import Door
from serving.web.ledger import add_ledger
from serving.web.models import add_models
from serving.web.performance import add_performance
from serving.web.receivables import add_receivables
from serving.web.registry import RegistryPages
from serving.web.render import STATIC, assets
from serving.web.review import add_review
from serving.web.rules import add_rules
from serving.web.sign_in import add_sign_in
from serving.web.worklist import add_worklist


class KeptFiles(StaticFiles):
    """Static files under an address that changes with their content: browsers may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        """Says for how long."""
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


class Desks(msgspec.Struct, frozen=True):
    """What the pages ask, beside the service: one of each in a worker."""

    drafts: DraftDesk
    notes: NoteDesk
    codes: CodeDesk
    edits: EditDesk
    registry: RegistryPages

    def jobs(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs beside the requests."""
        yield self.drafts.run()
        yield self.notes.run()
        yield asyncio.to_thread(self.codes.warm)
        yield self.registry.follow()


def add_pages(app: FastAPI, service: Service, desks: Desks) -> None:
    """Puts the pages into the application."""
    router = APIRouter()
    door = Door(service, router)
    add_sign_in(door)
    add_worklist(door)
    add_claims(door, desks.drafts)
    add_denials(door)
    add_denial(door)
    add_review(door, desks.notes, desks.codes)
    add_balances(door)
    add_balance(door)
    add_rules(door, desks.edits)
    add_ledger(door)
    add_receivables(door)
    add_performance(door)
    add_models(door, desks.registry)
    add_administration(door, desks.edits, desks.codes)
    app.include_router(router)
    app.state.pages = door.registered
    app.mount(assets(), KeptFiles(directory=STATIC), name="static")
