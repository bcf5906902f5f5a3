"""Who asks: a verified key, or in the single-user mode on loopback whoever uses this machine."""

import asyncio
import ipaddress
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request

from serving.problems import ServiceError
from serving.security import KeyVerifier, PermissionRefusedError, Principal, UnknownKeyError
from serving.security.roles import every_scope
from serving.store.errors import StoreUnavailableError

SINGLE_USER = "single-user"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="firstpass"'}
#: How long it may take until a first key, made while the service runs, ends the single-user mode.
LOOK_SECONDS = 2.0


class KeysExist(Protocol):
    """Knows whether any key or user was ever made."""

    def exist(self) -> bool:
        """Whether callers must say who they are: by key at `/v1`, signed in on the pages."""
        ...


class Access:
    """Authentication of requests.

    ``single_user`` is decided at the start and kept right by `watch`: it ends, for good, with
    the first key or user. Keys open `/v1` and no page; a session opens pages and nothing of
    `/v1`, so that no page from elsewhere can make a browser use it. A store that
    cannot be asked counts as one that has keys.
    """

    def __init__(self, verifier: KeyVerifier, keys: KeysExist, *, loopback: bool) -> None:
        self.single_user = False
        self.required = True
        self._verifier = verifier
        self._keys = keys
        self._loopback = loopback
        self._user = Principal(SINGLE_USER, SINGLE_USER, SINGLE_USER, every_scope())

    async def begin(self) -> None:
        """Decide the mode. ``required`` is false where there is no key to authenticate with."""
        self.required = await asyncio.to_thread(self._configured)
        self.single_user = self._loopback and not self.required

    async def watch(self) -> None:
        """End the single-user mode with the first key or user."""
        while self.single_user:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self.required = await asyncio.to_thread(self._keys.exist)
                self.single_user = not self.required
            except StoreUnavailableError:
                continue  # it had no key when it was there; nobody can have made one since

    def end_single_user(self) -> None:
        """A key or user was just made here: the mode ends with it, not at the next look."""
        self.required, self.single_user = True, False

    def _configured(self) -> bool:
        try:
            return self._keys.exist()
        except StoreUnavailableError:
            return True

    def own_machine(self, request: Request) -> Principal:
        """The one user of the single-user mode.

        Raises:
            ServiceError: 403; a page from elsewhere made the browser ask.
        """
        _require_own_machine(request)
        return self._user

    async def authenticate(self, request: Request, scope: str) -> Principal:
        """The caller, who holds ``scope``.

        Raises:
            ServiceError: 401, 403, or 503 where the store is away and the key not known.
        """
        if self.single_user:
            return self.own_machine(request)
        secret = _secret(request)
        if not secret:
            raise ServiceError(
                401,
                "unauthenticated",
                "send an API key as 'Authorization: Bearer KEY'; 'firstpass keys' makes one",
                headers=CHALLENGE,
            )
        try:
            found = self._verifier.remembered(secret)
            if found is None:
                found = await asyncio.to_thread(self._verifier.verify, secret)
            found.require(scope)
        except UnknownKeyError as error:
            raise ServiceError(401, "unauthenticated", str(error), headers=CHALLENGE) from None
        except PermissionRefusedError as error:
            raise ServiceError(403, "forbidden", str(error)) from None
        except StoreUnavailableError as error:
            raise ServiceError(503, "store", str(error), headers={"Retry-After": "2"}) from None
        return found


def _secret(request: Request) -> str:
    """The key sent as ``Authorization: Bearer`` or as ``X-API-Key``, or empty."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    return request.headers.get("x-api-key", "").strip()


def _require_own_machine(request: Request) -> None:
    """In single-user mode, refuse what a page from elsewhere could make a browser send.

    Raises:
        ServiceError: 403.
    """
    origin = request.headers.get("origin")
    if _is_loopback(f"//{request.headers.get('host', '')}") and (
        origin is None or _is_loopback(origin)
    ):
        return
    raise ServiceError(
        403,
        "foreign-origin",
        "in single-user mode only this machine is answered, by its loopback name; make a key"
        " with 'firstpass keys' to serve others",
    )


@lru_cache(maxsize=256)
def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
