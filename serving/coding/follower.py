"""Follows the champion of the coding model, aside: without one, claims are scored all the same.

As `serving.scoring.follower` does for the denial model: one file says which version the alias
means, a new version is loaded and tried in a thread, and swapped in one assignment.
"""

import asyncio
import datetime as dt
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from models.errors import FirstpassError, RegistryError
from serving.problems import ServiceError
from serving.scoring.follower import Refusal
from serving.scoring.resolution import Resolution, is_outdated, read_resolution
from serving.telemetry.logs import logger

if TYPE_CHECKING:
    from models.coding.model import CodingModel

TRIAL = "Assessment: 1. Essential hypertension, at goal. 2. Type 2 diabetes. Denies chest pain."
"""A note that a new version must answer before it is taken up."""


class ServedCoding(msgspec.Struct, frozen=True):
    """The version that answers."""

    version: int
    model: "CodingModel"
    loaded: str


Load = Callable[[Path, str], "CodingModel"]
"""Reads an artifact folder; the text is the version's number for answers."""


def load_coding(folder: Path, version: str) -> "CodingModel":
    """Read a coding artifact."""
    # Its packages take their time to import; scoring claims need not wait for them.
    from models.coding.artifact import load_artifact

    return load_artifact(folder, model_version=version)


class CodingFollower:
    """Watches the resolution file of the coding model and keeps `current` right."""

    def __init__(self, path: Path, load: Load, poll_seconds: float) -> None:
        self.current: ServedCoding | None = None
        self.refusal: Refusal | None = None
        self._path = path
        self._load = load
        self._poll = min(poll_seconds, 0.5)
        self._seen: tuple[int, int] | None = None
        self._tried: tuple[int, str] | None = None
        self._resolution: Resolution | None = None

    def require(self) -> ServedCoding:
        """The version that suggests.

        Raises:
            ServiceError: 503; there is none, with the reason.
        """
        served = self.current
        if served is None:
            raise ServiceError(503, "model", self.reason(), headers={"Retry-After": "5"})
        return served

    def reason(self) -> str:
        """Why nothing is served, or why what is served is not the newest; empty: all is well."""
        if self.refusal is not None:
            return f"coding version {self.refusal.version} was refused: {self.refusal.reason}"
        if self._resolution is not None and self._resolution.error:
            return self._resolution.error
        return "" if self.current is not None else "the coding model is still being looked up"

    async def known(self, seconds: float) -> None:
        """Wait until there is a model, or it is clear why there is none, but no longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.reason().endswith("being looked up"):
            await asyncio.sleep(0.02)

    async def run(self) -> None:
        """Follow until cancelled."""
        first = True
        while True:
            try:
                await self.look(first)
            except Exception as error:  # whatever it is, following goes on
                logger().error("coding.follow_failed", error=error)
            first = first and self._resolution is None
            await asyncio.sleep(self._poll)

    async def look(self, first: bool = False) -> None:
        """Read the file if it changed, and take up what it names; see `ModelFollower.look`."""
        try:
            stat = self._path.stat()
        except OSError:
            return
        seen = (stat.st_mtime_ns, stat.st_ino)
        if seen == self._seen:
            return
        resolution = await asyncio.to_thread(read_resolution, self._path)
        if resolution is None or (first and is_outdated(resolution)):
            return
        self._seen, self._resolution = seen, resolution
        if resolution.version:
            await self._take_up(resolution)

    async def _take_up(self, resolution: Resolution) -> None:
        wanted = (resolution.version, resolution.path)
        current = self.current
        if current is not None and current.version == resolution.version:
            self.refusal = None
            return
        if wanted == self._tried:
            return
        self._tried = wanted
        try:
            self.current = await asyncio.to_thread(self._prepare, resolution)
        except FirstpassError as error:
            self._refuse(resolution.version, str(error))
        except Exception as error:  # a broken artifact may fail in any way
            logger().error("coding.load_failed", version=resolution.version, error=error)
            self._refuse(resolution.version, f"it does not load or answer ({type(error).__name__})")
        else:
            self.refusal, self._tried = None, None
            logger().info("coding.serving", version=resolution.version)

    def _prepare(self, resolution: Resolution) -> ServedCoding:
        model = self._load(Path(resolution.path), str(resolution.version))
        one, two = (model.suggest(TRIAL) for _ in range(2))
        if one != two:
            raise RegistryError("it gives two answers to the same note")
        if not all(0.0 <= s.score <= 1.0 for s in one):
            raise RegistryError("it answers what is no probability")
        gc.collect()
        gc.freeze()
        loaded = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return ServedCoding(resolution.version, model, loaded)

    def _refuse(self, version: int, reason: str) -> None:
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.refusal = Refusal(version, reason, at)
        logger().error("coding.refused", version=version, reason=reason)
