"""`/healthz`, `/readyz`, `/metrics` and `GET /v1/models`."""

import contextlib

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.denial.drift import read_monitor
from models.errors import InputError
from serving.api.keeping import Keeper
from serving.api.openapi import answers
from serving.api.service import Service
from serving.coding.follower import CodingFollower
from serving.scoring.following import Refusal
from serving.scoring.resolution import ModelVersion


class Health(msgspec.Struct, frozen=True):
    """The process lives."""

    status: str = "ok"


class Readiness(msgspec.Struct, frozen=True):
    """Whether scoring can be asked for, and what is not as it should be.

    ``store``, ``keeping`` (of answered scores) and ``coding`` (the coding model, without which
    claims are scored all the same) are ``ok`` or say what is wrong.
    """

    ready: bool
    mode: str
    model: str
    version: int | None
    history_version: str | None
    store: str
    keeping: str
    reason: str
    coding: str
    coding_version: int | None


class ModelStatus(msgspec.Struct, frozen=True):
    """A registered model: what serves, what there is, and what was refused."""

    name: str
    alias: str
    serving: int | None
    history_version: str | None
    loaded: str | None
    thresholds: dict[str, float]
    refused: Refusal | None
    reason: str
    versions: tuple[ModelVersion, ...]


class ModelList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/models`."""

    models: list[ModelStatus]


def answer(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def system_router(service: Service, keeper: Keeper, coding: CodingFollower) -> APIRouter:
    """Routes about the service itself."""
    router = APIRouter()
    follower = service.follower

    @router.get(
        "/healthz",
        response_class=Response,
        tags=["system"],
        responses={200: answers("Health")[200]},
    )
    async def healthz() -> Response:
        """Whether the process lives; asks nothing else."""
        return answer(Health())

    @router.get(
        "/readyz",
        response_class=Response,
        tags=["system"],
        responses={200: answers("Readiness")[200], 503: answers("Readiness", status=503)[503]},
    )
    async def readyz() -> Response:
        """Whether claims can be scored. A store that is away is told, and does not stop that."""
        served = follower.current
        store = await service.backend.state()
        ready = served is not None
        body = Readiness(
            ready,
            service.mode,
            service.settings.model,
            served.version if served else None,
            served.scorer.history_version if served else None,
            store,
            keeper.reason or "ok",
            follower.reason(),
            coding.reason() or "ok",
            coding.current.version if coding.current else None,
        )
        return answer(body, 200 if ready else 503)

    @router.get(
        "/metrics",
        response_class=Response,
        tags=["system"],
        responses={200: {"description": "OK", "content": {"text/plain": {}}}},
    )
    async def metrics() -> Response:
        """Prometheus metrics of all workers."""
        with contextlib.suppress(InputError):  # a damaged report is told where it is read by people
            if (report := read_monitor(service.settings.home, service.settings.model)) is not None:
                service.metrics.drifted(report)
        text, kind = service.metrics.text()
        return Response(text, headers={"content-type": kind})

    @router.get(
        "/v1/models", response_class=Response, tags=["models"], responses=answers("ModelList")
    )
    async def models(request: Request) -> Response:
        """Which version scores, which there are, and which was refused and why."""
        async with service.admitted(request, "models"):
            served, resolution = follower.current, follower.resolution
            status = ModelStatus(
                service.settings.model,
                service.settings.alias,
                served.version if served else None,
                served.scorer.history_version if served else None,
                served.loaded if served else None,
                dict(served.scorer.thresholds) if served else {},
                follower.refusal,
                follower.reason(),
                resolution.versions if resolution else (),
            )
            return answer(ModelList([status]))

    return router
