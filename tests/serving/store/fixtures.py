"""Fixtures of everything that is tested on both databases; `conftest.py` files import them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.store.database import Database
from serving.store.migrate import migrate
from tests.serving.store.postgres import MISSING, PostgresServer, programs

_users = 0
_server: PostgresServer | None = None


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server: one, though each folder's conftest has its own fixture."""
    global _users, _server
    folder = programs()
    if folder is None:
        pytest.skip(MISSING)
    if _server is None:
        _server = PostgresServer(folder)
        _server.start()
    _users += 1
    yield _server
    _users -= 1
    if _users == 0:
        _server.close()
        _server = None


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'firstpass.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with its tables."""
    found = Database(database_url)
    migrate(found)
    yield found
    found.close()
