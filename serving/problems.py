"""Errors as RFC 9457 problem details: which field by JSON pointer, never which value."""

import re
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from models.errors import FirstpassError, InputError, NotEnoughDataError, RegistryError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:firstpass:problem:"


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field at fault: RFC 6901 ``pointer`` into the body (``""``: the whole), ``detail``.

    ``parameter`` names a query parameter or header instead.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """Body of every answer that is an error."""

    type: str
    title: str
    status: int
    detail: str = ""
    request_id: str = ""
    errors: Sequence[FieldError] = ()


class ServiceError(Exception):
    """An error answer on its way out; ``kind`` is the tail of the problem's type."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def response(self, request_id: str) -> Response:
        """The answer to send."""
        body = ProblemDetails(
            TYPE_PREFIX + self.kind,
            HTTPStatus(self.status).phrase,
            self.status,
            self.detail,
            request_id,
            self.errors,
        )
        return Response(
            msgspec.json.encode(body), self.status, dict(self.headers), media_type=MEDIA_TYPE
        )


def from_error(error: FirstpassError) -> ServiceError:
    """The answer to an error of the models, by whose fault it is."""
    match error:
        case InputError():
            return ServiceError(422, "input", str(error))
        case NotEnoughDataError():
            return ServiceError(409, "not-enough-data", str(error))
        case RegistryError():
            return ServiceError(503, "model", str(error))
    return ServiceError(500, "internal", "the service failed; the log has the request id")


# A field name is part of the caller's JSON. One that does not look like a name could be content.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_AT = re.compile(r" - at `(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_EXPECTED = re.compile(
    r"Expected `[a-z ]+(?: \| [a-z ]+)*`(?:, got `[a-z]+`| of length [<>=]+ \d+| [<>=]+ [\d.-]+)?"
)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[A-Za-z0-9_]+)`")
_INVALID = re.compile(r"Invalid (?:decimal string|RFC3339 encoded (?:date|datetime|time)|UUID)")


def field_error(error: msgspec.ValidationError, prefix: str = "") -> FieldError:
    """What msgspec says about a field, without what the caller put there.

    ``prefix`` is the JSON pointer of the decoded part within the body.

    >>> try:
    ...     msgspec.json.decode(b'{"a": [1, "Ann"]}', type=dict[str, list[int]])
    ... except msgspec.ValidationError as error:
    ...     print(field_error(error).detail)
    Expected `int`, got `str`
    """
    text = str(error)
    pointer = prefix
    if at := _AT.search(text):
        text = text[: at.start()]
        pointer += _pointer(at["path"])
    if unknown := _UNKNOWN.fullmatch(text):
        if _NAME.fullmatch(unknown["name"]):
            return FieldError("unknown field", f"{pointer}/{unknown['name']}")
        return FieldError("an unknown field", pointer)
    if missing := _MISSING.fullmatch(text):
        return FieldError("required field is missing", f"{pointer}/{missing['name']}")
    if found := _EXPECTED.match(text) or _INVALID.match(text):
        return FieldError(found[0], pointer)
    return FieldError("the value is not allowed here", pointer)


def _pointer(path: str) -> str:
    """``$.claims[0].lines[2]`` as ``/claims/0/lines/2``."""
    steps = [name or number or "*" for name, number in _STEP.findall(path.removeprefix("$"))]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def malformed(error: Exception) -> ServiceError:
    """A body that is no JSON at all; says where, not what."""
    byte = re.search(r"\(byte (\d+)\)", str(error))
    where = f" at byte {byte[1]}" if byte else ""
    if isinstance(error, RecursionError):
        return ServiceError(400, "malformed-json", "the JSON is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return ServiceError(400, "malformed-json", "the body is not UTF-8")
    return ServiceError(400, "malformed-json", f"the body is not valid JSON{where}")
