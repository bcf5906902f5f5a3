"""API keys: ``fp_<id>_<secret>``. The secret is shown once; only its hash is kept.

A secret is 256 random bits, so a plain SHA-256 protects it: there is nothing to guess that a
slow password hash would make slower.
"""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

import msgspec

from models.errors import FirstpassError, InputError
from serving.security.roles import every_scope, scopes_of
from serving.store.columns import now

_ID_BYTES = 6
_SECRET_BYTES = 32
_KEY = re.compile(r"fp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class UnknownKeyError(FirstpassError):
    """No such key, a wrong secret, an expired or a revoked key: the caller is nobody."""


class PermissionRefusedError(FirstpassError):
    """A known caller asked for what its scopes or practices do not include."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept. ``practices=None``: every practice; limits of ``None``: the default."""

    id: str
    hash: bytes
    name: str
    role: str
    scopes: tuple[str, ...]
    practices: tuple[str, ...] | None = None
    requests_per_minute: int | None = None
    max_body_bytes: int | None = None
    created: dt.datetime
    created_by: str = ""
    expires: dt.datetime | None = None
    revoked: dt.datetime | None = None
    last_used: dt.datetime | None = None

    def status(self, moment: dt.datetime | None = None) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= (moment or now()):
            return "expired"
        return "active"


class NewKey(msgspec.Struct, frozen=True):
    """A key that was just made: ``text`` is what its owner presents, and is kept nowhere."""

    key: ApiKey
    text: str


class Principal(msgspec.Struct, frozen=True):
    """Who asks: an actor name for the audit log, scopes, practices and limits."""

    actor: str
    name: str
    role: str
    scopes: frozenset[str]
    practices: frozenset[str] | None = None
    requests_per_minute: int | None = None
    max_body_bytes: int | None = None

    def require(self, scope: str) -> None:
        """Passes if the scope is held.

        Raises:
            PermissionRefusedError: otherwise; the text names the scope.
        """
        if scope not in self.scopes:
            raise PermissionRefusedError(f"this key lacks the scope {scope!r}")

    def may_see(self, practice: str) -> bool:
        """Whether records of this practice are within reach."""
        return self.practices is None or practice in self.practices


def create_key(
    name: str,
    role: str,
    *,
    scopes: Iterable[str] | None = None,
    practices: Iterable[str] | None = None,
    lifetime: dt.timedelta | None = None,
    requests_per_minute: int | None = None,
    max_body_bytes: int | None = None,
    created_by: str = "",
) -> NewKey:
    """A new key; ``scopes`` narrows the role's.

    Raises:
        InputError: unknown role or scope, a scope that the role lacks, a limit or lifetime that
            is not positive, a malformed practice.
    """
    held = scopes_of(role)
    wanted = held if scopes is None else frozenset(scopes)
    unknown = sorted(wanted - every_scope())
    if unknown:
        raise InputError(
            f"scope={unknown[0]!r} is unknown; allowed: {', '.join(sorted(every_scope()))}"
        )
    beyond = sorted(wanted - held)
    if beyond:
        raise InputError(
            f"role={role!r} does not hold scope={beyond[0]!r}; it holds: {', '.join(sorted(held))}"
        )
    if not wanted:
        raise InputError("a key without any scope could do nothing")
    for what, limit in (
        ("requests_per_minute", requests_per_minute),
        ("max_body_bytes", max_body_bytes),
    ):
        if limit is not None and limit <= 0:
            raise InputError(f"{what}={limit} must be positive")
    if lifetime is not None and lifetime <= dt.timedelta(0):
        raise InputError("the lifetime must be positive")
    allowed = None if practices is None else tuple(sorted(set(practices)))
    for practice in allowed or ():
        if ":" not in practice:
            raise InputError(
                f"practice={practice!r} is not a practice key; the form is NPI:TAXNUMBER"
            )
    moment = now()
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey(
        id=key_id,
        hash=hash_secret(secret),
        name=name,
        role=role,
        scopes=tuple(sorted(wanted)),
        practices=allowed,
        requests_per_minute=requests_per_minute,
        max_body_bytes=max_body_bytes,
        created=moment,
        created_by=created_by,
        expires=None if lifetime is None else moment + lifetime,
    )
    return NewKey(key, f"fp_{key_id}_{secret}")


def split_key(text: str) -> tuple[str, str] | None:
    """(id, secret) of a presented key, ``None`` where it has not the form of one."""
    found = _KEY.fullmatch(text)
    return (found[1], found[2]) if found else None


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def check_key(key: ApiKey, secret_hash: bytes) -> Principal:
    """The caller, where the secret fits (compared in constant time) and the key is active.

    Raises:
        UnknownKeyError: in one wording for a wrong secret and an unknown key; only the owner of
            the secret learns that a key is expired or revoked.
    """
    if not hmac.compare_digest(key.hash, secret_hash):
        raise UnknownKeyError("this API key is not known")
    status = key.status()
    if status != "active":
        raise UnknownKeyError(f"this API key is {status}")
    return Principal(
        f"key:{key.id}",
        key.name,
        key.role,
        frozenset(key.scopes),
        None if key.practices is None else frozenset(key.practices),
        key.requests_per_minute,
        key.max_body_bytes,
    )
