"""The store as the service uses it: opened at the start, also while it is away."""

import asyncio

from serving.audit import AuditEntry
from serving.security import ApiKey
from serving.settings import Settings
from serving.store.errors import StoreUnavailableError
from serving.store.store import Store, open_store
from serving.telemetry.logs import logger


class Backend:
    """Opens the store when the service starts, not when the application is made."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The open store.

        Raises:
            StoreUnavailableError: the service has not begun, or has ended.
        """
        if self._store is None:
            raise StoreUnavailableError("the service is starting or ending")
        return self._store

    def open(self) -> None:
        """Open the store and start its recorder, which waits for a database that is away.

        Raises:
            StoreError: it is of a newer version.
            InputError: the URL names no supported database.
        """
        settings = self._settings
        store = open_store(settings.state, settings.database_url, required=False, on_away=_warn)
        store.recorder.start()
        self._store = store

    async def state(self) -> str:
        """``ok``, or why the store cannot be used now."""
        try:
            await asyncio.to_thread(lambda: self.store.ready())
        except StoreUnavailableError as error:
            return str(error)
        return "ok"

    async def audit(self, *entries: AuditEntry) -> None:
        """Append to the audit log, and wait until that is safe on a disk.

        Raises:
            StoreUnavailableError: neither the store nor the spool took it.
        """
        await asyncio.wrap_future(self.store.recorder.record(*entries))

    def close(self) -> None:
        """Wait until everything is safe."""
        if self._store is not None:
            self._store.close()
            self._store = None


class LateKeys:
    """API keys of a store that is opened later."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def get(self, key_id: str) -> ApiKey | None:
        """See `ApiKeys.get`."""
        return self._backend.store.keys.get(key_id)

    def used(self, key_id: str) -> None:
        """See `ApiKeys.used`."""
        self._backend.store.keys.used(key_id)

    def exist(self) -> bool:
        """Whether anybody has to say who they are: a key or a user was made."""
        store = self._backend.store
        return store.keys.exist() or store.users.exist()


def _warn(reason: str) -> None:
    logger().warning("store.away", reason=reason)
