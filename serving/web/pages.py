"""All pages as one router."""

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from serving.api.service import Service
from serving.scoring.drafts import DraftDesk
from serving.web.claim import add_claims
from serving.web.door import Door
from serving.web.render import STATIC, assets
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


def add_pages(app: FastAPI, service: Service, drafts: DraftDesk) -> None:
    """Puts the pages into the application."""
    router = APIRouter()
    door = Door(service, router)
    add_sign_in(door)
    add_worklist(door)
    add_claims(door, drafts)
    app.include_router(router)
    app.state.pages = door.registered
    app.mount(assets(), KeptFiles(directory=STATIC), name="static")
