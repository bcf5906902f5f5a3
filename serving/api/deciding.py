"""What routes that decide share: whose records, who decides, the body, the audit entry."""

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from models.errors import InputError
from serving.api.access import SINGLE_USER
from serving.api.body import read_body, require_json
from serving.api.gate import request_id
from serving.api.service import Service
from serving.audit import AuditEntry
from serving.problems import FieldError, field_error, malformed
from serving.scoring.requests import invalid
from serving.security import Principal
from serving.store.ledger_decisions import Decider

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

BODY_BYTES = 1 << 16


def practices_of(caller: Principal) -> list[str] | None:
    """Practices that the caller may see; ``None``: all."""
    return None if caller.practices is None else sorted(caller.practices)


def decider(caller: Principal) -> Decider:
    """The caller as one who decides."""
    role = "administrator" if caller.role == SINGLE_USER else caller.role
    own = practices_of(caller)
    return Decider(caller.actor, (role,), None if own is None else tuple(own), caller.name)


async def read_order(
    request: Request, service: Service, kind: type[T], most: int = BODY_BYTES
) -> T:
    """The body as ``kind``; amounts are dollars and cents, words are not blank.

    Raises:
        ServiceError: 400, 413, 415 or 422.
    """
    require_json(request)
    body = await read_body(request, most, service.settings.body_seconds)
    try:
        found = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise invalid([field_error(error)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from None
    amount = getattr(found, "amount", None)
    if amount is not None and not (
        amount.is_finite() and abs(amount) < 10**9 and amount == round(amount, 2)
    ):
        raise invalid([FieldError("allowed are dollars and cents", pointer="/amount")])
    for name in ("reason", "reference"):
        if not getattr(found, name, "x").strip():
            raise invalid([FieldError("some words are needed", pointer=f"/{name}")])
    return found


async def decided(work: Callable[[], R]) -> R:
    """What ``work`` gives, in a thread; what it refuses of the order is 422.

    Raises:
        ServiceError: 422.
    """
    try:
        return await asyncio.to_thread(work)
    except InputError as error:
        raise invalid([FieldError(str(error))]) from None


async def audit(
    service: Service, request: Request, caller: Principal, action: str, record: str, practice: str
) -> None:
    """Appends a decision to the audit log; its reason is free text and stays with the decision."""
    await service.backend.audit(
        AuditEntry(
            actor=caller.actor, action=action, record=record, practice=practice,
            request_id=request_id(request),
        )
    )  # fmt: skip


def path_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A part of the address, as the description has it."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def today() -> dt.date:
    """This day, in UTC."""
    return dt.datetime.now(dt.UTC).date()
