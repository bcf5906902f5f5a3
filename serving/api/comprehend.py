"""``POST /``: the call `InferICD10CM` of AWS Comprehend Medical, for clients that make it already.

AWS's JSON 1.1 protocol, its error names, and its signature (see `serving.security.signature`).
``boto3.client("comprehendmedical", endpoint_url=...)`` works unchanged. No text is kept.
"""

import asyncio
import datetime as dt
from collections.abc import Callable

import msgspec
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from models.coding.assertion import Assertion
from models.coding.entities import Entity, find_entities
from models.errors import InputError
from serving.api.body import read_body
from serving.api.gate import note as log
from serving.api.gate import request_id
from serving.api.service import Service
from serving.audit import AuditEntry
from serving.coding.desk import note_reference
from serving.coding.follower import CodingFollower, ServedCoding
from serving.problems import ServiceError
from serving.security import PermissionRefusedError, Principal, UnknownKeyError
from serving.security.installation import installation_key
from serving.security.keys import check_key
from serving.security.signature import key_pair, read_authorization, verify
from serving.store.errors import StoreUnavailableError
from serving.telemetry.logs import logger

TARGET = "ComprehendMedical_20181030."
MEDIA_TYPE = "application/x-amz-json-1.1"
MOST_CHARACTERS = 10_000
"""Characters of one text, as AWS has it for this call."""
BODY_BYTES = 256 << 10
_TRAITS = {
    Assertion.NEGATED: "NEGATION",
    Assertion.FAMILY: "PERTAINS_TO_FAMILY",
    Assertion.HYPOTHETICAL: "HYPOTHETICAL",
    Assertion.UNCERTAIN: "LOW_CONFIDENCE",
}
_SURE = 0.95  # score of a trait: the rules that find them say yes or no


class _Body(msgspec.Struct, frozen=True, rename="pascal"):
    text: str


class AwsError(Exception):
    """An error of AWS's protocol on its way out."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status


def comprehend_router(service: Service, follower: CodingFollower) -> APIRouter:
    """The one route; not in the published description, whose errors are of another form."""
    router = APIRouter(include_in_schema=False)

    @router.post("/", response_class=Response)
    async def infer(request: Request) -> Response:
        """Answer `InferICD10CM`."""
        own_id = request_id(request)
        try:
            content = await _infer(service, follower, request)
            status = 200
        except AwsError as error:
            content = msgspec.json.encode({"__type": error.kind, "Message": error.message})
            status = error.status
        headers = {"x-amzn-RequestId": own_id}
        return Response(content, status, headers, media_type=MEDIA_TYPE)

    return router


async def _infer(service: Service, follower: CodingFollower, request: Request) -> bytes:
    try:
        body = await read_body(request, BODY_BYTES, service.settings.body_seconds)
    except ServiceError as error:
        if error.status == 413:
            raise AwsError("TextSizeLimitExceededException", _too_long()) from None
        raise AwsError("InvalidRequestException", error.detail) from None
    except ClientDisconnect:
        raise AwsError("InvalidRequestException", "the body broke off") from None
    caller = await _caller(service, request, body)
    target = request.headers.get("x-amz-target", "")
    if target != f"{TARGET}InferICD10CM":
        raise AwsError("UnknownOperationException", "this service answers InferICD10CM only")
    text = _text(body)
    served = follower.current
    if served is None:
        # botocore knows 503 as worth another attempt
        raise AwsError("ServiceUnavailableException", follower.reason(), 503)
    try:
        with service.place(caller):
            service.limits.count_claims(caller.actor, 1)
            entities = await service.in_turn(caller, _work(served, text))
    except ServiceError as error:
        raise AwsError("TooManyRequestsException", error.detail) from None
    except InputError as error:
        raise AwsError("InvalidRequestException", str(error)) from None
    except Exception as error:
        logger().error("comprehend.failed", request_id=request_id(request), error=error)
        raise AwsError("InternalServerException", "the service failed", 500) from None
    await _keep(service, caller, request, served, text, entities)
    log(request, notes=1, coding=served.version)
    return msgspec.json.encode(
        {
            "Entities": [_entity(number, each) for number, each in enumerate(entities)],
            "ModelVersion": f"firstpass-coding-{served.version}",
        }
    )


def _work(served: ServedCoding, text: str) -> Callable[[Callable[[], None]], list[Entity]]:
    return lambda _between: find_entities(served.model, text)


def _text(body: bytes) -> str:
    try:
        text = msgspec.json.decode(body, type=_Body).text
    except msgspec.ValidationError:
        raise AwsError("InvalidRequestException", "the body must be {'Text': '...'}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise AwsError("SerializationException", "the body is not JSON") from None
    if not text:
        raise AwsError("InvalidRequestException", "Text must have at least one character")
    if len(text) > MOST_CHARACTERS:
        raise AwsError("TextSizeLimitExceededException", _too_long())
    return text


def _too_long() -> str:
    return f"the text may have {MOST_CHARACTERS} characters"


async def _caller(service: Service, request: Request, body: bytes) -> Principal:
    """Who asks: by AWS signature, by our own key, or in the single-user mode whoever is here."""
    header = request.headers.get("authorization", "")
    if service.access.single_user or not header.startswith("AWS4"):
        try:
            return await service.authenticate(request, "coding")
        except ServiceError as error:
            kind = {401: "MissingAuthenticationTokenException", 403: "AccessDeniedException"}
            raise AwsError(
                kind.get(error.status, "ServiceUnavailableException"),
                error.detail,
                403 if error.status in kind else 503,
            ) from None
    signed = read_authorization(header)
    if signed is None:
        raise AwsError("IncompleteSignatureException", "the Authorization header is malformed")
    unknown = AwsError(
        "UnrecognizedClientException", "the access key is not known, expired or revoked", 403
    )
    if not signed.key_id:
        raise unknown
    try:
        key = await asyncio.to_thread(service.backend.store.keys.get, signed.key_id)
    except StoreUnavailableError as error:
        raise AwsError("ServiceUnavailableException", str(error), 503) from None
    if key is None:
        raise unknown
    settings = service.settings
    pair = key_pair(installation_key(settings.state, settings.installation_key), key.id)
    wrong = verify(
        signed,
        pair.secret_access_key,
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        headers=dict(request.headers),
        body=body,
        now=dt.datetime.now(dt.UTC),
    )
    if wrong:
        raise AwsError("InvalidSignatureException", wrong, 403)
    try:
        # The signature proved who asks: the stored hash stands for the secret.
        caller = check_key(key, key.hash)
        caller.require("coding")
    except UnknownKeyError:
        raise unknown from None
    except PermissionRefusedError as error:
        raise AwsError("AccessDeniedException", str(error), 403) from None
    log(request, actor=caller.actor)
    return caller


def _entity(number: int, entity: Entity) -> dict[str, object]:
    traits = [{"Name": _TRAITS[a], "Score": _SURE} for a in Assertion
              if a in entity.assertions and a in _TRAITS]  # fmt: skip
    traits.append({"Name": entity.nature.upper(), "Score": entity.score})
    return {
        "Id": number,
        "Text": entity.text,
        "Category": "MEDICAL_CONDITION",
        "Type": "DX_NAME",
        "Score": entity.score,
        "BeginOffset": entity.begin,
        "EndOffset": entity.end,
        "Attributes": [
            {
                "Type": attribute.kind.upper(),
                "Score": _SURE,
                "RelationshipScore": _SURE,
                "Id": place,
                "BeginOffset": attribute.begin,
                "EndOffset": attribute.end,
                "Text": attribute.text,
                "Traits": [],
                "Category": "MEDICAL_CONDITION",
                "RelationshipType": attribute.kind.upper(),
            }
            for place, attribute in enumerate(entity.attributes)
        ],
        "Traits": traits,
        "ICD10CMConcepts": [
            {"Description": c.words, "Code": c.code, "Score": c.score} for c in entity.concepts
        ],
    }


async def _keep(
    service: Service,
    caller: Principal,
    request: Request,
    served: ServedCoding,
    text: str,
    entities: list[Entity],
) -> None:
    """The audit entry: codes and offsets, never words."""
    settings = service.settings
    key = installation_key(settings.state, settings.installation_key)
    codes = [f"{e.concepts[0].code}@{e.begin}-{e.end}" for e in entities[:40]]
    entry = AuditEntry(
        actor=caller.actor,
        action="note.infer",
        record=note_reference(key, text),
        request_id=request_id(request),
        detail={
            "model": str(served.version),
            "code_set": served.model.icd10cm.version(),
            "codes": "; ".join(codes),
        },
    )
    try:
        await service.backend.audit(entry)
    except StoreUnavailableError as error:
        raise AwsError("ServiceUnavailableException", str(error), 503) from None
