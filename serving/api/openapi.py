"""The published description: OpenAPI 3.1 from the very types that decode and encode bodies."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from models.claims.claim import Claim
from serving.problems import MEDIA_TYPE, ProblemDetails
from serving.scoring.answers import StreamLine
from serving.scoring.requests import ScoreOptions

DESCRIPTION = """\
Will this claim be denied, why, and what may truthfully be changed before it is sent.

Claims are JSON as described by the schema `Claim` (the fields of the 837P under the
implementation guide's names), or an 837P file. Errors are RFC 9457 problem details that name
fields by JSON pointer and never repeat a value. Every answer has an `X-Request-ID`.
"""

_REF = "#/components/schemas/{name}"
#: What the checks in `serving.scoring.checks` allow, as schema.
_AMOUNT = {
    "anyOf": [
        {"type": "string", "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,8})?$"},
        {"type": "number", "minimum": -999999999, "maximum": 999999999, "multipleOf": 0.01},
    ]
}
_KEY = {"maxLength": 80, "pattern": r"^[^\x00-\x1f\x7f]*$"}
_LIMITS: dict[str, dict[str, dict[str, Any]]] = {
    "ScoreBody": {"claims": {"minItems": 1, "maxItems": 10_000}},
    "Claim": {
        "claim_id": {**_KEY, "minLength": 1},
        "filing_indicator": _KEY,
        "responsibility": _KEY,
        "frequency": _KEY,
        "lines": {"maxItems": 999},
        "diagnoses": {"maxItems": 99},
    },
    "ServiceLine": {"code": _KEY, "number": {"minimum": 0, "maximum": 999_999}},
    "Payer": {"id": _KEY, "name": _KEY},
    "Provider": {"npi": _KEY, "tax_id": _KEY},
}


class ScoreBody(ScoreOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either one ``claim`` or a list of ``claims``, and options."""

    claim: Claim | msgspec.UnsetType = msgspec.UNSET
    claims: list[Claim] | msgspec.UnsetType = msgspec.UNSET


def described(*types: Any) -> dict[str, Any]:
    """Schemas of types by name."""
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    found = {name: _tightened(name, _plain(schema)) for name, schema in schemas.items()}
    [found["StreamLine"]], _ = msgspec.json.schema_components([StreamLine], ref_template=_REF)
    # What `read_request` asks for beyond the types: one of the two, and not two ways to decide.
    found["ScoreBody"]["oneOf"] = [{"required": ["claim"]}, {"required": ["claims"]}]
    found["ScoreBody"]["not"] = {
        "properties": {"precision": {"type": "number"}, "capacity": {"type": "number"}},
        "required": ["precision", "capacity"],
    }
    return found


def json_body(
    type_name: str, examples: Mapping[str, Any], limits: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``openapi_extra`` of a JSON body."""
    named = {name: {"value": value} for name, value in examples.items()}
    schema = {"$ref": _REF.format(name=type_name), **(limits or {})}
    content = {"application/json": {"schema": schema, "examples": named}}
    return {"requestBody": {"required": True, "content": content}}


def file_body(description: str, *kinds: str) -> dict[str, Any]:
    """Part of ``openapi_extra``: a file as the body."""
    schema = {"type": "string", "format": "binary"}
    content = {kind: {"schema": schema} for kind in kinds}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def query_parameters(type_: Any) -> list[dict[str, Any]]:
    """Query parameters, from the type that reads them."""
    _, schemas = msgspec.json.schema_components([type_], ref_template=_REF)
    properties = schemas[type_.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(schema)}
        for name, schema in properties.items()
    ]


def answers(
    ok: str, *statuses: int, status: int = 200, media_type: str = "application/json"
) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route: its good answer and the errors that it can give."""
    result: dict[int | str, dict[str, Any]] = {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {media_type: {"schema": {"$ref": _REF.format(name=ok)}}},
        }
    }
    for code in sorted({401, 403, 429, 503, *statuses}):
        result[code] = problem_answer(code)
    return result


def problem_answer(code: int) -> dict[str, Any]:
    """One error answer."""
    schema = {"$ref": _REF.format(name="ProblemDetails")}
    return {
        "description": HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def describe(app: FastAPI, types: Sequence[Any]) -> None:
    """Publish the schemas of ``types`` with the routes of ``app``."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                openapi_version="3.1.0",
            )
            components = schema.setdefault("components", {})
            components["schemas"] = described(ScoreBody, ProblemDetails, *types)
            components["securitySchemes"] = {
                "key": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
            schema["security"] = [{"key": []}, {"header": []}, {}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _plain(schema: Any) -> Any:
    """A schema with amounts as they are accepted, all the way down."""
    if isinstance(schema, list):
        return [_plain(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        rest = {k: v for k, v in schema.items() if k not in {"type", "format"}}
        return {**_AMOUNT, **rest}
    return {key: _plain(value) for key, value in schema.items()}


def _tightened(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    for field, limits in _LIMITS.get(name, {}).items():
        schema["properties"][field].update(limits)
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent rather than null."""
    choices = [x for x in schema.get("anyOf", []) if x != {"type": "null"}]
    if len(choices) == 1:
        return dict(choices[0])
    return schema
