"""`/v1/batches`: files too long to wait for, which survive a restart."""

import asyncio
import datetime as dt
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from models.errors import FirstpassError
from serving.api.body import require_file
from serving.api.claims import NDJSON, query_options, require_known
from serving.api.files import disk_errors, receive_file
from serving.api.gate import note, request_id
from serving.api.openapi import answers, file_body, problem_answer, query_parameters
from serving.api.query import bad_query
from serving.api.service import Service
from serving.api.system import answer
from serving.audit import AuditEntry
from serving.problems import ServiceError
from serving.scoring.batches import BatchOrder, BatchRunner
from serving.scoring.requests import ScoreOptions
from serving.security import Principal
from serving.store.batches import CANCELLED, DONE, FAILED, Batch

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ID = re.compile(r"[0-9a-f]{24}")
PIECE = 1 << 18


class BatchStatus(msgspec.Struct, frozen=True):
    """A batch: ``status`` is queued, running, done, failed or cancelled.

    ``result`` is where the scored lines are, once it is done.
    """

    id: str
    status: str
    kind: str
    claims_done: int
    problems: int
    attempts: int
    error: str
    created: dt.datetime
    started: dt.datetime | None
    finished: dt.datetime | None
    result: str | None


class BatchList(msgspec.Struct, frozen=True):
    """The caller's batches, newest first."""

    batches: list[BatchStatus]


_BATCH_ID = {
    "name": "batch_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key never runs twice; with another body or options it is refused.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}


def batches_router(service: Service, runner: BatchRunner) -> APIRouter:
    """Routes of batches."""
    router = APIRouter(tags=["batches"])

    @router.post(
        "/v1/batches",
        response_class=Response,
        responses={
            **answers("BatchStatus", 400, 408, 409, 413, 415, 422, 507, status=202),
            200: answers("BatchStatus")[200],
        },
        openapi_extra={
            **file_body(
                "837P, or NDJSON with a claim a line", "application/edi-x12", "text/plain", NDJSON
            ),
            "parameters": [*query_parameters(ScoreOptions), _IDEMPOTENCY_KEY],
        },
    )
    async def create(request: Request) -> Response:
        """Queue a file. 202: it was queued; 200: this Idempotency-Key was sent before."""
        async with service.admitted(request, "batches") as caller:
            require_file(request)
            options = query_options(request)
            require_known(service, options)
            key = _idempotency_key(request)
            limit = service.byte_limit(caller, service.settings.max_file_bytes)
            with service.limits.file(caller.actor):
                file = await receive_file(request, service.settings, runner.folder, limit)
            kind = "ndjson" if "json" in request.headers.get("content-type", "") else "x12"
            order = BatchOrder(options, caller.practices)
            plain: dict[str, Any] = msgspec.to_builtins(order, order="sorted")
            said = msgspec.json.encode([kind, plain], order="sorted")
            fingerprint = hashlib.sha256(file.sha256 + said).digest()
            batch_id = secrets.token_hex(12)
            try:
                batch, new = await asyncio.to_thread(
                    lambda: service.backend.store.batches.create(
                        batch_id,
                        caller.actor,
                        key or batch_id,
                        fingerprint,
                        kind=kind,
                        input=str(file.path),
                        options=plain,
                    )
                )
            except FirstpassError:
                file.path.unlink(missing_ok=True)
                raise
            if not new:
                file.path.unlink(missing_ok=True)
                return answer(_status(batch), 200)
            runner.wake()
            await _audit(service, caller, request, "batch.create", batch, bytes=file.size)
            note(request, batch=batch.id, bytes=file.size)
            location = {"Location": f"/v1/batches/{batch.id}"}
            response = answer(_status(batch), 202)
            response.headers.update(location)
            return response

    @router.get("/v1/batches", response_class=Response, responses=answers("BatchList"))
    async def listed(request: Request) -> Response:
        """The caller's last hundred batches."""
        async with service.admitted(request, "batches") as caller:
            found = await asyncio.to_thread(
                lambda: service.backend.store.batches.recent(caller.actor)
            )
            return answer(BatchList([_status(x) for x in found]))

    @router.get(
        "/v1/batches/{batch_id}",
        response_class=Response,
        responses=answers("BatchStatus", 404),
        openapi_extra={"parameters": [_BATCH_ID]},
    )
    async def status(request: Request) -> Response:
        """How far a batch is."""
        async with service.admitted(request, "batches") as caller:
            return answer(_status(await _batch(service, caller, request)))

    @router.delete(
        "/v1/batches/{batch_id}",
        response_class=Response,
        responses=answers("BatchStatus", 404),
        openapi_extra={"parameters": [_BATCH_ID]},
    )
    async def cancel(request: Request) -> Response:
        """Cancel a batch that is not yet over, and delete its files."""
        async with service.admitted(request, "batches") as caller:
            batch = await _batch(service, caller, request)
            batch = await asyncio.to_thread(
                lambda: service.backend.store.batches.cancel(batch.id, caller.actor)
            )
            for path in (batch.input, batch.result):
                if path:
                    Path(path).unlink(missing_ok=True)
            await _audit(service, caller, request, "batch.cancel", batch)
            return answer(_status(batch))

    @router.get(
        "/v1/batches/{batch_id}/result",
        response_class=Response,
        responses={
            **answers("StreamLine", 404, 409, media_type=NDJSON),
            410: problem_answer(410),
        },
        openapi_extra={"parameters": [_BATCH_ID]},
    )
    async def result(request: Request) -> Response:
        """The scored lines, as `/v1/claims/score/x12` answers them."""
        async with service.admitted(request, "batches") as caller:
            batch = await _batch(service, caller, request)
            if batch.status in (FAILED, CANCELLED):
                raise ServiceError(409, "batch-over", f"the batch is {batch.status}")
            if batch.status != DONE:
                raise ServiceError(
                    409, "batch-open", "the batch is not done yet", headers={"Retry-After": "2"}
                )
            path = Path(batch.result)
            if not path.is_file():
                raise ServiceError(410, "gone", "the result was deleted")
            await _audit(service, caller, request, "batch.read", batch)
            size = path.stat().st_size
            headers = {"Content-Length": str(size)}
            return StreamingResponse(_pieces(path), headers=headers, media_type=NDJSON)

    return router


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if key and not _KEY.fullmatch(key):
        raise bad_query("1 to 200 visible ASCII characters", "Idempotency-Key")
    return key


async def _batch(service: Service, caller: Principal, request: Request) -> Batch:
    batch_id = str(request.path_params["batch_id"])
    if not _ID.fullmatch(batch_id):
        raise ServiceError(404, "not-found", "no batch has this id")
    return await asyncio.to_thread(
        lambda: service.backend.store.batches.get(batch_id, caller.actor)
    )


async def _audit(
    service: Service, caller: Principal, request: Request, action: str, batch: Batch, **detail: int
) -> None:
    entry = AuditEntry(
        actor=caller.actor,
        action=action,
        record=f"batch:{batch.id}",
        request_id=request_id(request),
        detail=dict(detail),
    )
    await service.backend.audit(entry)


def _status(batch: Batch) -> BatchStatus:
    return BatchStatus(
        batch.id,
        batch.status,
        batch.kind,
        batch.claims_done,
        batch.problems,
        batch.attempts,
        batch.error,
        batch.created,
        batch.started,
        batch.finished,
        f"/v1/batches/{batch.id}/result" if batch.status == DONE else None,
    )


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with disk_errors(), path.open("rb") as file:
        while data := await asyncio.to_thread(file.read, PIECE):
            yield data
