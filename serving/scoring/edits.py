"""Pre-submission edits beside the model: tables that are followed, and one file's memory."""

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from models.claims.claim import Claim
from models.codes.store import tables_folder
from models.edits import Edit, EditTables, ServiceIndex, check_file
from serving.store.errors import StoreUnavailableError
from serving.store.store import Store
from serving.telemetry.logs import logger

#: How often imported tables are looked for.
LOOK_SECONDS = 10.0


class StoreDoor(Protocol):
    """Gives the store once it is open."""

    @property
    def store(self) -> Store:
        """The open store."""
        ...


class EditDesk:
    """The imported tables; `firstpass import` while the service runs is noticed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._seen = self._state()
        self.tables = EditTables.load(home)

    @property
    def edition(self) -> str:
        """Names the tables and payer rules in use: another one may find other edits."""
        return hashlib.sha256(repr(sorted(self._seen)).encode()).hexdigest()[:12]

    def session(self) -> "EditSession":
        """The edits of one request or file, with the tables of this moment."""
        return EditSession(self.tables)

    def publish(self, store: Store) -> None:
        """Put the payer rules that a person accepted among the tables.

        Raises:
            StoreUnavailableError: the store is away.
        """
        if store.rule_learning.publish(tables_folder(self._home)):
            self.look()

    async def follow(self, door: StoreDoor) -> None:
        """Load tables anew when their folder changes, and payer rules when the store's do."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self._follow, door)
            except StoreUnavailableError:
                pass  # accepted rules act on as they were
            except Exception as error:
                logger().error("edits.follow_failed", error=error)

    def _follow(self, door: StoreDoor) -> None:
        self.look()
        self.publish(door.store)

    def look(self) -> None:
        """Load tables anew if their folder changed."""
        with self._lock:
            seen = self._state()
            if seen == self._seen:
                return
            try:
                self.tables = EditTables.load(self._home)
            except Exception as error:  # half-written: the old ones stay until the next look
                logger().error("edits.load_failed", error=error)
                return
            self._seen = seen
            logger().info("edits.loaded", problems=len(self.tables.problems))

    def _state(self) -> frozenset[tuple[str, int, int]]:
        folder = tables_folder(self._home)
        found = set()
        for path in (*folder.rglob("*"), *folder.parent.glob("*.csv")):
            try:
                stat = path.stat()
            except OSError:
                continue
            found.add((str(path), stat.st_mtime_ns, stat.st_size))
        return frozenset(found)


class EditSession:
    """Claims that see each other."""

    def __init__(self, tables: EditTables) -> None:
        self._tables = tables
        self._index = ServiceIndex()

    def check(self, claims: Sequence[Claim]) -> list[list[Edit]]:
        """Edits of each claim, in order."""
        return [edits for _, edits in check_file(claims, self._tables, index=self._index)]
