"""What pages know of the registry: a description that a process of its own keeps fresh."""

import asyncio
import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from models.errors import RegistryError
from serving.registry_desk import FILE, FOLDER, Description
from serving.scoring.resolution import registry_fingerprint
from serving.telemetry.logs import logger

LOOK_SECONDS = 5.0
#: A remote registry, whose changes nothing tells, is looked at anew after so long.
AGAIN_SECONDS = 120.0
LONGEST_SECONDS = 120.0


class RegistryPages:
    """The description, and the two things that a page may ask of the registry."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._path = state / FOLDER / FILE
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._known = Description("", ())

    @property
    def folder(self) -> Path:
        """Where the plots lie: ``NAME/VERSION/FILE``."""
        return self._path.parent

    def description(self) -> Description:
        """What is known; empty until the registry was read for the first time."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino)
            if seen != self._seen:
                self._known = msgspec.json.decode(self._path.read_bytes(), type=Description)
                self._seen = seen
        return self._known

    def promote(self, name: str, version: int, reason: str) -> str:
        """Make a version the champion; what was done, in words.

        Raises:
            RegistryError: it cannot be, with the reason.
        """
        return self._ask("promote", name, str(version), reason)

    def rollback(self, name: str, reason: str) -> str:
        """Go back to the champion before.

        Raises:
            RegistryError: there is none.
        """
        return self._ask("rollback", name, reason)

    async def follow(self) -> None:
        """Read the registry when it changes; one of several workers does."""
        waited = AGAIN_SECONDS
        while True:
            try:
                fingerprint = registry_fingerprint()
                known = self.description().fingerprint
                stale = fingerprint not in ("none", known) or (
                    not fingerprint and waited >= AGAIN_SECONDS
                )
                if stale:
                    await asyncio.to_thread(self._refresh)
                    waited = 0.0
            except Exception as error:  # the page then shows what was known before
                logger().error("registry.not_described", error=error)
                await asyncio.sleep(6 * LOOK_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS

    def _refresh(self) -> None:
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(Timeout), FileLock(self._state / "models-page.lock", timeout=0):
            self._ask("describe")

    def _ask(self, *arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "serving.registry_desk", str(self._state)]
        with self._lock:
            try:
                done = subprocess.run(
                    [*command, *arguments], capture_output=True, text=True, timeout=LONGEST_SECONDS
                )
            except subprocess.TimeoutExpired:
                raise RegistryError("the registry does not answer: try again later") from None
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["it failed"]
            raise RegistryError(last[0][:500] if done.returncode == 1 else "the registry failed")
        return done.stdout.strip()
