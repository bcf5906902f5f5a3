"""API keys in the database."""

import msgspec
from sqlalchemy import insert, select, update

from serving.security.keys import ApiKey
from serving.store.columns import now
from serving.store.database import Database
from serving.store.errors import NotFoundError
from serving.store.identity import column_text
from serving.store.tables import ApiKeyRow


class ApiKeys:
    """Keys by id; a `serving.security.KeyVerifier` asks here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey) -> None:
        """Keeps a new key."""
        row = {
            **msgspec.structs.asdict(key),
            "name": column_text(key.name),
            "scopes": list(key.scopes),
            "practices": None if key.practices is None else list(key.practices),
        }
        self._database.transact(lambda c: c.execute(insert(ApiKeyRow).values(**row)))

    def get(self, key_id: str) -> ApiKey | None:
        """The key with this id, also an expired or revoked one."""
        with self._database.read() as connection:
            row = connection.execute(select(ApiKeyRow).where(ApiKeyRow.id == key_id)).one_or_none()
            return None if row is None else _key(row._mapping)

    def all(self) -> list[ApiKey]:
        """Every key, oldest first."""
        with self._database.read() as connection:
            query = select(ApiKeyRow).order_by(ApiKeyRow.created, ApiKeyRow.id)
            return [_key(row._mapping) for row in connection.execute(query)]

    def exist(self) -> bool:
        """Whether any key was ever made: then requests must present one."""
        with self._database.read() as connection:
            return connection.execute(select(ApiKeyRow.id).limit(1)).scalar() is not None

    def revoke(self, key_id: str) -> ApiKey:
        """Ends a key, for good; a second time changes nothing.

        Raises:
            NotFoundError: no key has this id.
        """
        self._database.transact(
            lambda c: c.execute(
                update(ApiKeyRow)
                .where(ApiKeyRow.id == key_id, ApiKeyRow.revoked.is_(None))
                .values(revoked=now())
            )
        )
        key = self.get(key_id)
        if key is None:
            raise NotFoundError("no API key has this id; `firstpass keys list` shows them")
        return key

    def used(self, key_id: str) -> None:
        """Notes that the key was just used."""
        self._database.transact(
            lambda c: c.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(last_used=now())
            )
        )


def _key(row: object) -> ApiKey:
    return msgspec.convert(row, ApiKey, from_attributes=True)
