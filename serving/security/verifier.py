"""Verifies presented keys, quickly, and for a while also without the store."""

import hashlib
import threading
import time
from collections import OrderedDict
from typing import Protocol

import msgspec

from serving.security.keys import (
    ApiKey,
    Principal,
    UnknownKeyError,
    check_key,
    hash_secret,
    split_key,
)
from serving.store.errors import StoreUnavailableError


class KeySource(Protocol):
    """Where keys are kept."""

    def get(self, key_id: str) -> ApiKey | None:
        """The key with this id."""
        ...

    def used(self, key_id: str) -> None:
        """Notes that the key was just used."""
        ...


class _Verified(msgspec.Struct):
    presented: bytes
    key: ApiKey
    asked: float  # when the store last confirmed it
    noted: float = float("-inf")  # when its use was last written


class KeyVerifier:
    """Keys to principals, with a bounded memory of both answers.

    A confirmed key is believed for ``fresh_s`` seconds without asking: a revocation takes effect
    within that time. While the store is away it is believed for ``stale_s``. An unknown key is
    remembered for ``unknown_s`` only, so that a key made just now works soon. Thread-safe.
    """

    def __init__(
        self,
        source: KeySource,
        *,
        fresh_s: float = 10.0,
        stale_s: float = 900.0,
        unknown_s: float = 2.0,
        size: int = 10_000,
    ) -> None:
        self._source = source
        self._fresh_s, self._stale_s, self._unknown_s = fresh_s, stale_s, unknown_s
        self._size = size
        self._verified: OrderedDict[str, _Verified] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, presented: str) -> Principal | None:
        """The caller, where memory alone can tell; never waits for the store.

        Raises:
            UnknownKeyError: the key expired, or was refused a moment ago.
        """
        parts = split_key(presented)
        if parts is None:
            raise UnknownKeyError("this API key is not known")
        secret = hash_secret(parts[1])
        with self._lock:
            known = self._verified.get(parts[0])
            refused = self._unknown.get(_digest(presented), float("-inf"))
        moment = time.monotonic()
        if known is not None and moment - known.asked <= self._fresh_s:
            return check_key(known.key, secret)
        if moment - refused <= self._unknown_s:
            raise UnknownKeyError("this API key is not known")
        return None

    def verify(self, presented: str) -> Principal:
        """The caller; asks the store where memory cannot tell.

        Raises:
            UnknownKeyError: nobody's key; wrong, expired or revoked.
            StoreUnavailableError: the store is away and the key was not verified lately.
        """
        found = self.remembered(presented)
        if found is not None:
            self._note_use(presented)
            return found
        key_id, secret = split_key(presented) or ("", "")
        secret_hash = hash_secret(secret)
        try:
            key = self._source.get(key_id)
        except StoreUnavailableError:
            return self._without_store(key_id, secret_hash)
        if key is None:
            self._refuse(key_id, presented)
            raise UnknownKeyError("this API key is not known")
        try:
            principal = check_key(key, secret_hash)
        except UnknownKeyError:
            self._refuse(key_id if key.status() != "active" else "", presented)
            raise
        with self._lock:
            before = self._verified.get(key_id)
            noted = before.noted if before else float("-inf")
            self._verified[key_id] = _Verified(_digest(presented), key, time.monotonic(), noted)
            self._verified.move_to_end(key_id)
            while len(self._verified) > self._size:
                self._verified.popitem(last=False)
        self._note_use(presented)
        return principal

    def _without_store(self, key_id: str, secret_hash: bytes) -> Principal:
        with self._lock:
            known = self._verified.get(key_id)
        if known is None or time.monotonic() - known.asked > self._stale_s:
            raise StoreUnavailableError(
                "the store is away and this key was not verified lately: try again later"
            )
        return check_key(known.key, secret_hash)

    def _refuse(self, key_id: str, presented: str) -> None:
        with self._lock:
            self._verified.pop(key_id, None)
            self._unknown[_digest(presented)] = time.monotonic()
            while len(self._unknown) > self._size:
                self._unknown.popitem(last=False)

    def _note_use(self, presented: str) -> None:
        """Last use, to the minute: not one write for each request."""
        key_id = presented[3:15]
        moment = time.monotonic()
        with self._lock:
            known = self._verified.get(key_id)
            if known is None or moment - known.noted < 60.0:
                return
            known.noted = moment
        try:
            self._source.used(key_id)
        except StoreUnavailableError:
            return

    def forget(self) -> None:
        """Empties the memory."""
        with self._lock:
            self._verified.clear()
            self._unknown.clear()


def _digest(presented: str) -> bytes:
    return hashlib.sha256(presented.encode()).digest()
