"""Every error as problem details, whoever raised it."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from models.errors import FirstpassError
from serving.api.gate import request_id
from serving.problems import ServiceError, from_error
from serving.security import PermissionRefusedError, UnknownKeyError
from serving.store.errors import ConflictError, NotFoundError, StoreUnavailableError
from serving.telemetry.logs import logger
from serving.web.errors import error_page, wants_page

_KINDS = {404: "not-found", 405: "method-not-allowed"}
_DETAILS = {
    404: "there is nothing at this address; /docs lists what there is",
    405: "this address does not take this method; see the Allow header and /docs",
}


#: What `answer_error` answers; anything else is a defect, and told by the gate.
EXPECTED = (ServiceError, FirstpassError, HTTPException, ClientDisconnect)


def add_handlers(app: FastAPI) -> None:
    """Answer errors of the service, the store, the models and the framework in one form."""
    for kind in EXPECTED:
        app.add_exception_handler(kind, answer_error)


def problem_of(error: Exception) -> ServiceError:
    """The answer to an error."""
    match error:
        case ServiceError():
            return error
        case NotFoundError():
            return ServiceError(404, "not-found", str(error))
        case ConflictError():
            return ServiceError(409, "conflict", str(error))
        case StoreUnavailableError():
            return ServiceError(503, "store", str(error), headers={"Retry-After": "2"})
        case UnknownKeyError():
            return ServiceError(401, "unauthenticated", str(error))
        case PermissionRefusedError():
            return ServiceError(403, "forbidden", str(error))
        case FirstpassError():
            return from_error(error)
        case HTTPException():
            kind = _KINDS.get(error.status_code, "http")
            detail = _DETAILS.get(error.status_code, "")
            return ServiceError(error.status_code, kind, detail, headers=dict(error.headers or {}))
    return ServiceError(500, "internal", "the service failed; its log has the request id")


async def answer_error(request: Request, error: Exception) -> Response:
    """The answer to an error, as problem details."""
    if isinstance(error, ClientDisconnect):
        # The caller left: nobody reads this, the log and metrics count it as 499 does elsewhere.
        return Response(status_code=499)
    problem = problem_of(error)
    if problem.status >= 500:
        logger().warning(
            "request.refused", request_id=request_id(request), kind=problem.kind, error=error
        )
    if wants_page(request):
        return error_page(problem, request)
    return problem.response(request_id(request))
