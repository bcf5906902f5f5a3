"""`POST /v1/notes/suggest` and `POST /v1/notes/batch`."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.errors import InputError
from serving.api.body import read_body, require_json
from serving.api.examples import NOTE_BATCHES, NOTE_BODIES
from serving.api.gate import note as log
from serving.api.gate import request_id
from serving.api.openapi import answers, json_body
from serving.api.service import Service
from serving.api.system import answer
from serving.coding.desk import audit_entry, code_note, code_notes, code_sets, note_reference
from serving.coding.follower import CodingFollower, ServedCoding
from serving.coding.requests import (
    CodedNote,
    NoteBody,
    SuggestAnswer,
    SuggestBatchAnswer,
    SuggestBatchBody,
    SuggestBody,
)
from serving.problems import FieldError, ServiceError, field_error, malformed
from serving.security import Principal
from serving.security.installation import installation_key

Body = TypeVar("Body", SuggestBody, SuggestBatchBody)


def notes_router(service: Service, follower: CodingFollower) -> APIRouter:
    """Routes that code notes."""
    router = APIRouter(tags=["notes"])

    @router.post(
        "/v1/notes/suggest",
        response_class=Response,
        responses=answers("SuggestAnswer", 400, 408, 413, 415, 422),
        openapi_extra=json_body("SuggestBody", NOTE_BODIES),
    )
    async def suggest(request: Request) -> Response:
        """Ranked codes for one note, each with the words that support it.

        With a draft claim, the note is also held against it, both ways alike: what is billed and
        not supported, less specific than documented, or documented and not billed. The office
        visit level follows from the note by rule. A person decides what is sent.
        """
        async with service.admitted(request, "coding") as caller:
            body = await _body(service, caller, request, SuggestBody)
            served = follower.require()
            service.limits.count_claims(caller.actor, 1)

            def work(_between: Callable[[], None]) -> CodedNote:
                return code_note(served, body.note, body)

            try:
                coded = await service.in_turn(caller, work)
            except InputError as error:
                raise _unreadable(str(error), body) from None
            sets = await _keep(service, caller, request, served, body, [body.note], [coded])
            return answer(
                SuggestAnswer(
                    request_id=request_id(request),
                    model_version=str(served.version),
                    code_sets=sets,
                    note=coded,
                )
            )

    @router.post(
        "/v1/notes/batch",
        response_class=Response,
        responses=answers("SuggestBatchAnswer", 400, 408, 413, 415, 422),
        openapi_extra=json_body("SuggestBatchBody", NOTE_BATCHES),
    )
    async def batch(request: Request) -> Response:
        """The same for up to 100 notes, in their order.

        A note that cannot be read has a `problem`; the others are answered.
        """
        async with service.admitted(request, "coding") as caller:
            body = await _body(service, caller, request, SuggestBatchBody)
            served = follower.require()
            service.limits.count_claims(caller.actor, len(body.notes))

            def work(between: Callable[[], None]) -> list[CodedNote]:
                return code_notes(served, body.notes, body, between)

            try:
                coded = await service.in_turn(caller, work)
            except InputError as error:
                raise _unreadable(str(error), body) from None
            sets = await _keep(service, caller, request, served, body, body.notes, coded)
            return answer(
                SuggestBatchAnswer(
                    request_id=request_id(request),
                    model_version=str(served.version),
                    code_sets=sets,
                    notes=coded,
                )
            )

    return router


async def _body(service: Service, caller: Principal, request: Request, type_: type[Body]) -> Body:
    require_json(request)
    limit = service.byte_limit(caller, service.settings.max_json_bytes)
    data = await read_body(request, limit, service.settings.body_seconds)
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        fault = field_error(error)
        raise ServiceError(
            422, "validation", "the body is not as described", errors=[fault]
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from None


def _unreadable(reason: str, body: SuggestBody | SuggestBatchBody) -> ServiceError:
    pointer = "/systems" if "knows no codes" in reason else "/note/text"
    if isinstance(body, SuggestBatchBody):
        pointer = "/systems"
    return ServiceError(422, "input", reason, errors=[FieldError(reason, pointer)])


async def _keep(
    service: Service,
    caller: Principal,
    request: Request,
    served: ServedCoding,
    body: SuggestBody | SuggestBatchBody,
    notes: list[NoteBody],
    coded: list[CodedNote],
) -> dict[str, str]:
    """Keep what was behind each code, before the codes go out; answers the code sets."""
    sets = code_sets(served, body.systems)
    release = " ".join(f"{system} {version}" for system, version in sets.items())
    key = installation_key(service.settings.state, service.settings.installation_key)
    own_id = request_id(request)
    entries = [
        audit_entry(caller.actor, own_id, note_reference(key, note.text), served, each, release)
        for note, each in zip(notes, coded, strict=True)
    ]
    await service.backend.audit(*entries)
    log(request, notes=len(coded), coding=served.version)
    return sets
