"""`POST /v1/submissions` and `POST /v1/remittances`: what was sent and what came back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12 import read_x12
from models.claims.x12.context import Item
from models.errors import Problem
from serving.api.body import require_file
from serving.api.files import ReceivedFile, receive_file
from serving.api.gate import note, request_id
from serving.api.openapi import answers, file_body
from serving.api.service import Service
from serving.api.system import answer
from serving.audit import AuditEntry
from serving.problems import ServiceError
from serving.security import Principal
from serving.store.errors import StoreUnavailableError
from serving.store.intake import Transmission
from serving.store.records import Counts, IntakeRecord, LoadReport

#: Up to so many bytes, a file that comes while the store is away is spooled.
SPOOLED_BYTES = 64 << 20
EXAMPLE = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *..."


class Loaded(msgspec.Struct, frozen=True):
    """What became of a file.

    ``status``: ``stored``; ``already`` stored before, byte for byte; ``spooled``: safe on the
    service's disk and stored when the store is back, counts are then of what was read.
    """

    request_id: str
    status: Literal["stored", "already", "spooled"]
    kind: str
    sha256: str
    claims: Counts
    payments: Counts
    remittances: Counts
    acknowledgements: Counts
    set_acknowledgements: Counts
    skipped: dict[str, int]
    refused: int
    problem_count: int
    problems: list[Problem]


def loads_router(service: Service) -> APIRouter:
    """Routes that load."""
    router = APIRouter(tags=["history"])
    responses = {
        **answers("Loaded", 400, 408, 413, 415, 507),
        202: {**answers("Loaded", status=202)[202], "description": "Spooled"},
    }

    async def load(request: Request) -> Response:
        async with service.admitted(request, "load") as caller:
            require_file(request)
            settings = service.settings
            limit = service.byte_limit(caller, settings.max_file_bytes)
            with service.limits.file(caller.actor):
                incoming = settings.state / "incoming"
                file = await receive_file(request, settings, incoming, limit)
                try:
                    loaded = await _load(service, caller, file, request_id(request))
                finally:
                    file.path.unlink(missing_ok=True)
            note(request, status_of_load=loaded.status, bytes=file.size)
            return answer(loaded, 202 if loaded.status == "spooled" else 200)

    @router.post(
        "/v1/submissions",
        response_class=Response,
        responses=responses,
        openapi_extra=file_body("837P, 999 or 277CA", "application/edi-x12", "text/plain"),
    )
    async def submissions(request: Request) -> Response:
        """Load claims as they were filed (837P), and what the receiver said of them (999, 277CA).

        The same file, and the same claim in another file, is stored once.
        """
        return await load(request)

    @router.post(
        "/v1/remittances",
        response_class=Response,
        responses=responses,
        openapi_extra=file_body("835", "application/edi-x12", "text/plain"),
    )
    async def remittances(request: Request) -> Response:
        """Load what payers answered (835); outcomes are joined to earlier scores."""
        return await load(request)

    return router


async def _load(service: Service, caller: Principal, file: ReceivedFile, own_id: str) -> Loaded:
    name = f"request {own_id}"
    transmission = Transmission(name, file.sha256, file.size, "api")
    store = service.backend.store

    def stored() -> LoadReport:
        items = read_x12(file.path, name="body")
        return store.intake.load(items, transmission, practices=caller.practices)

    try:
        report = await asyncio.to_thread(stored)
    except StoreUnavailableError:
        if file.size > SPOOLED_BYTES:
            raise
        return await _spool(service, caller, file, own_id, name)
    entry = AuditEntry(
        actor=caller.actor,
        action="load",
        record=f"transmission:{report.sha256[:16]}",
        request_id=own_id,
        detail={"kind": report.kind, "new": report.new, "problems": report.problem_count},
    )
    await service.backend.audit(entry)
    return _loaded(own_id, "already" if report.already else "stored", report)


async def _spool(
    service: Service, caller: Principal, file: ReceivedFile, own_id: str, name: str
) -> Loaded:
    """Keep what was read on disk until the store is back."""
    report = LoadReport(name, file.sha256.hex())
    items = await asyncio.to_thread(lambda: list(_records(file.path, report)))
    record = IntakeRecord(
        name=name,
        sha256=file.sha256,
        size=file.size,
        origin="api",
        claims=tuple(x for x in items if isinstance(x, Claim)),
        payments=tuple(x for x in items if isinstance(x, Payment)),
        acknowledgements=tuple(x for x in items if isinstance(x, Acknowledgement)),
        set_acknowledgements=tuple(x for x in items if isinstance(x, SetAcknowledgement)),
        practices=None if caller.practices is None else tuple(sorted(caller.practices)),
    )
    entry = AuditEntry(
        actor=caller.actor,
        action="load",
        record=f"transmission:{report.sha256[:16]}",
        request_id=own_id,
        detail={"kind": report.kind, "spooled": True},
    )
    recorder = service.backend.store.recorder
    where = await asyncio.wrap_future(recorder.record(record, entry))
    return _loaded(own_id, "spooled" if where == "spooled" else "stored", report)


def _records(path: Path, report: LoadReport) -> Iterator[Item]:
    for item in read_x12(path, name="body"):
        match item:
            case Problem():
                report.problem_count += 1
                report.problems.append(item)
                continue
            case Claim():
                report.claims.read += 1
            case Payment():
                report.payments.read += 1
                report.remittances.read += len(item.remittances)
            case Acknowledgement():
                report.acknowledgements.read += 1
            case SetAcknowledgement():
                report.set_acknowledgements.read += 1
            case _:
                report.skipped[item.kind] = report.skipped.get(item.kind, 0) + 1
                continue
        yield item


def _loaded(
    own_id: str, status: Literal["stored", "already", "spooled"], report: LoadReport
) -> Loaded:
    if not (report.already or report.kind != "nothing" or report.skipped):
        raise ServiceError(
            422,
            "nothing-readable",
            "; ".join(dict.fromkeys(x.message for x in report.problems[:3]))
            or "the body holds no claims, remittances or acknowledgements",
        )
    return Loaded(
        own_id,
        status,
        report.kind,
        report.sha256,
        report.claims,
        report.payments,
        report.remittances,
        report.acknowledgements,
        report.set_acknowledgements,
        report.skipped,
        report.refused,
        report.problem_count,
        report.problems,
    )
