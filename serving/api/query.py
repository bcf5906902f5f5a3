"""Query parameters, read by the type that also publishes them."""

from typing import TypeVar

import msgspec
from starlette.requests import Request

from serving.problems import FieldError, ServiceError, field_error

T = TypeVar("T", bound=msgspec.Struct)


def read_query(request: Request, type_: type[T]) -> T:
    """The query as ``type_``.

    Raises:
        ServiceError: 422; an unknown or repeated name, or a value that is not allowed.
    """
    given = dict(request.query_params)
    if len(given) != len(request.query_params.multi_items()):
        raise bad_query("a parameter is given twice")
    try:
        return msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        fault = field_error(error)
        raise bad_query(fault.detail, (fault.pointer or "").lstrip("/")) from None


def bad_query(detail: str, parameter: str | None = None) -> ServiceError:
    """422 for a query."""
    fault = FieldError(detail, parameter=parameter)
    return ServiceError(422, "validation", "the query is not as described", errors=[fault])
