"""The code systems of this installation, loaded once and looked at again when one is imported."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from models.codes.store import tables_folder
from models.codes.system import CodeSystem, code_systems
from models.errors import FirstpassError
from serving.problems import ServiceError
from serving.telemetry.logs import logger

LOOK_SECONDS = 10.0


class CodeShelf:
    """Code systems by name; the first question loads them, aside from the event loop."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._systems: dict[str, CodeSystem] = {}
        self._looked = float("-inf")
        self._seen: frozenset[tuple[str, int]] | None = None
        self._lock = asyncio.Lock()

    async def warm(self, wanted: Callable[[], bool]) -> None:
        """Load once notes are coded here, before the first word is typed."""
        while not wanted():
            await asyncio.sleep(1.0)
        try:
            await self.systems()
        except FirstpassError as error:
            logger().error("codes.not_loaded", reason=str(error))

    async def systems(self) -> dict[str, CodeSystem]:
        """What is loaded.

        Raises:
            InputError: an imported table is damaged.
        """
        if time.monotonic() - self._looked > LOOK_SECONDS:
            async with self._lock:
                if time.monotonic() - self._looked > LOOK_SECONDS:
                    seen = await asyncio.to_thread(_state, self._home)
                    if seen != self._seen:
                        self._systems = await asyncio.to_thread(_load, self._home)
                        self._seen = seen
                    self._looked = time.monotonic()
        return self._systems

    async def system(self, name: str) -> CodeSystem:
        """One of them; case does not matter.

        Raises:
            ServiceError: 404; the text names those that are loaded.
        """
        found = await self.systems()
        for own, system in found.items():
            if own.casefold() == name.casefold():
                return system
        raise ServiceError(
            404, "not-found", f"this code system is not loaded; loaded are: {', '.join(found)}"
        )


def _state(home: Path) -> frozenset[tuple[str, int]]:
    """Changes with every import."""
    files = tables_folder(home).rglob("*")
    return frozenset((str(x), x.stat().st_mtime_ns) for x in files if x.is_file())


def _load(home: Path) -> dict[str, CodeSystem]:
    systems = code_systems(home)
    for system in systems.values():
        system.search("pain in", 1)  # builds the index, so that no request waits for it
    return systems
