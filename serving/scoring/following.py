"""Following an alias: load a new version aside, try it, and swap it in one assignment.

One file says which version the alias means (`serving.scoring.resolution`). A request takes
`Follower.current` once and works with it to its end, so no answer mixes two versions; the old
one lives until the last request that holds it is done.
"""

import asyncio
import datetime as dt
import gc
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from models.errors import FirstpassError
from serving.problems import ServiceError
from serving.scoring.resolution import Resolution, is_outdated, read_resolution
from serving.telemetry.logs import logger

#: Seconds between two looks, at most.
_LONGEST_POLL = 0.5


class Refusal(msgspec.Struct, frozen=True):
    """A version that was not taken up, and why; ``at`` is ISO 8601."""

    version: int
    reason: str
    at: str


class Served(Protocol):
    """What a follower serves."""

    @property
    def version(self) -> int:
        """Registered version."""
        ...


S = TypeVar("S", bound=Served)


class Follower(ABC, Generic[S]):
    """Watches the resolution file of one model and keeps `current` right.

    ``events`` begins the names of what is logged, ``called`` names the model to people.
    """

    events = "model"
    called = ""
    does = "score"
    retry_seconds = 2

    def __init__(self, path: Path, poll_seconds: float, *, first_poll: float | None = None) -> None:
        """``first_poll``: seconds between looks while nothing is served, where that is shorter."""
        self.current: S | None = None
        self.refusal: Refusal | None = None
        self.resolution: Resolution | None = None
        self._path = path
        self._poll = min(poll_seconds, _LONGEST_POLL)
        self._first_poll = self._poll if first_poll is None else first_poll
        self._seen: tuple[int, int] | None = None
        self._tried: tuple[int, str] | None = None

    @abstractmethod
    def prepare(self, resolution: Resolution) -> S:
        """Load a version and try it, in a thread of its own.

        Raises:
            FirstpassError: it is not to be served, with the reason.
        """

    def taken_up(self, served: S) -> None:  # most need nothing more
        """After a version was swapped in."""

    def refused(self) -> None:
        """After a version was refused."""

    def require(self) -> S:
        """The version that answers.

        Raises:
            ServiceError: 503; there is none, with the reason.
        """
        served = self.current
        if served is None:
            headers = {"Retry-After": str(self.retry_seconds)}
            raise ServiceError(503, "model", self.reason(), headers=headers)
        return served

    def reason(self) -> str:
        """Why nothing is served, or why what is served is not the newest; empty: all is well."""
        if self.refusal is not None:
            name = f"{self.called} version".strip()
            return f"{name} {self.refusal.version} was refused: {self.refusal.reason}"
        if self.resolution is not None and self.resolution.error:
            return self.resolution.error
        if self.current is not None:
            return ""
        return f"the {f'{self.called} model'.strip()} is still being looked up"

    async def known(self, seconds: float) -> None:
        """Wait until there is a model, or it is clear why there is none, but no longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.current or self.refusal or (self.resolution and self.resolution.error):
                return
            await asyncio.sleep(0.02)

    async def run(self) -> None:
        """Follow until cancelled."""
        first = True
        while True:
            try:
                await self.look(first)
            except Exception as error:  # whatever it is, following goes on
                logger().error(f"{self.events}.follow_failed", error=error)
            first = first and self.resolution is None
            await asyncio.sleep(self._first_poll if self.current is None else self._poll)

    async def look(self, first: bool = False) -> None:
        """Read the file if it changed, and take up what it names.

        ``first``: a file left by an earlier process counts only if the registry has not
        changed since, so that a start never begins with a version that was replaced.
        """
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
        self._seen = seen
        self.resolution = resolution
        if not resolution.version:
            logger().warning(f"{self.events}.none", reason=resolution.error)
            return
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
            served = await asyncio.to_thread(self._prepare, resolution)
        except FirstpassError as error:
            self._refuse(resolution.version, str(error))
        except Exception as error:  # a broken artifact may fail in any way
            logger().error(f"{self.events}.load_failed", version=resolution.version, error=error)
            kind = type(error).__name__
            self._refuse(resolution.version, f"it does not load or {self.does} ({kind})")
        else:
            self.current, self.refusal, self._tried = served, None, None
            self.taken_up(served)
            logger().info(
                f"{self.events}.serving", model=resolution.model, version=resolution.version
            )

    def _prepare(self, resolution: Resolution) -> S:
        served = self.prepare(resolution)
        # What was loaded stays; the collector need not look through it at every request.
        gc.collect()
        gc.freeze()
        return served

    def _refuse(self, version: int, reason: str) -> None:
        self.refusal = Refusal(version, reason, now())
        self.refused()
        logger().error(f"{self.events}.refused", version=version, reason=reason)


def now() -> str:
    """The time, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
