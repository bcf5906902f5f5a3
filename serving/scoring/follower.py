"""Follows the champion: loads a new version aside, checks it, and swaps it in one assignment.

A request takes `ModelFollower.current` once and works with it to its end, so no answer mixes two
versions; the old one lives until the last request that holds it is done.
"""

import asyncio
import datetime as dt
import gc
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from models.claims.claim import Claim
from models.denial.risk import DenialRisk, Fix
from models.edits import Edit, EditTables
from models.errors import FirstpassError
from serving.problems import ServiceError
from serving.scoring.resolution import Resolution, is_outdated, read_resolution
from serving.telemetry.logs import logger
from serving.telemetry.metrics import Metrics


class ScoringSession(Protocol):
    """A stream of claims that see each other; `models.denial.model.Session`."""

    def score_batch(
        self, claims: Sequence[Claim], *, factors: bool = True, lines: bool = False
    ) -> list[DenialRisk]:
        """One risk a claim, in order; ``lines``: with factors of each line too."""
        ...


class FixingSession(Protocol):
    """Fixes of a stream of claims; `models.denial.fixes.FixSession`."""

    def fixes(
        self,
        claims: Sequence[Claim],
        risks: Sequence[DenialRisk],
        edits: Sequence[Sequence[Edit]],
        threshold: float,
    ) -> list[list[Fix]]:
        """Fixes of each claim, none for those below the threshold."""
        ...


class Scorer(Protocol):
    """A loaded version; `models.denial.model.DenialModel`."""

    model_version: str
    history_version: str
    thresholds: dict[str, float]

    def session(self) -> ScoringSession:
        """A new stream."""
        ...

    def fixes(self, tables: EditTables) -> FixingSession:
        """Fixes for a new stream, which must be shown every claim of it in order."""
        ...


class Refusal(msgspec.Struct, frozen=True):
    """A version that was not taken up, and why; ``at`` is ISO 8601."""

    version: int
    reason: str
    at: str


class ServedModel(msgspec.Struct, frozen=True):
    """The version that answers."""

    name: str
    version: int
    scorer: Scorer
    signature: str
    loaded: str


Load = Callable[[Path, str], Scorer]
"""Reads an artifact folder; the text is the version's number for answers."""

Examples = Callable[[Path], Iterable[Claim]]
"""Claims of a stored input example."""


class ModelFollower:
    """Watches the resolution file and keeps `current` right."""

    def __init__(
        self, path: Path, load: Load, examples: Examples, metrics: Metrics, poll_seconds: float
    ) -> None:
        self.current: ServedModel | None = None
        self.refusal: Refusal | None = None
        self.resolution: Resolution | None = None
        self._path = path
        self._load = load
        self._examples = examples
        self._metrics = metrics
        self._poll = min(poll_seconds, 0.5)
        self._seen: tuple[int, int] | None = None
        self._tried: tuple[int, str] | None = None

    def require(self) -> ServedModel:
        """The version that scores.

        Raises:
            ServiceError: 503; there is none yet, with the reason.
        """
        served = self.current
        if served is None:
            raise ServiceError(503, "model", self.reason(), headers={"Retry-After": "2"})
        return served

    def reason(self) -> str:
        """Why nothing is served, or why what is served is not the newest; empty: all is well."""
        if self.refusal is not None:
            return f"version {self.refusal.version} was refused: {self.refusal.reason}"
        if self.resolution is not None and self.resolution.error:
            return self.resolution.error
        return "" if self.current is not None else "the model is still being looked up"

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
                logger().error("model.follow_failed", error=error)
            first = first and self.resolution is None
            await asyncio.sleep(0.05 if self.current is None else self._poll)

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
            logger().warning("model.none", reason=resolution.error)
            return
        await self._take_up(resolution)

    async def _take_up(self, resolution: Resolution) -> None:
        wanted = (resolution.version, resolution.path)
        current = self.current
        if wanted == self._tried or (current and current.version == resolution.version):
            if current and current.version == resolution.version:
                self.refusal = None
            return
        self._tried = wanted
        try:
            served = await asyncio.to_thread(self._prepare, resolution)
        except FirstpassError as error:
            self._refuse(resolution.version, str(error))
        except Exception as error:  # a broken artifact may fail in any way
            logger().error("model.load_failed", version=resolution.version, error=error)
            self._refuse(resolution.version, f"it does not load or score ({type(error).__name__})")
        else:
            self.current = served
            self.refusal = None
            self._tried = None
            self._metrics.swaps.inc()
            self._metrics.serves(served.name, str(served.version), served.scorer.history_version)
            logger().info("model.serving", model=served.name, version=served.version)

    def _prepare(self, resolution: Resolution) -> ServedModel:
        current = self.current
        if current is not None and current.signature != resolution.signature:
            raise FirstpassError(
                f"its signature differs from that of version {current.version}, which goes on"
                " scoring: restart the service to serve another signature"
            )
        scorer = self._load(Path(resolution.path), str(resolution.version))
        claims = list(self._examples(Path(resolution.example))) if resolution.example else []
        if not claims:
            raise FirstpassError("it was registered without an input example to check it on")
        check_scorer(scorer, claims)
        # What was loaded stays; the collector need not look through it at every request.
        gc.collect()
        gc.freeze()
        loaded = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return ServedModel(
            resolution.model, resolution.version, scorer, resolution.signature, loaded
        )

    def _refuse(self, version: int, reason: str) -> None:
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.refusal = Refusal(version, reason, at)
        self._metrics.refused.inc()
        logger().error("model.refused", version=version, reason=reason)


def check_scorer(scorer: Scorer, claims: Sequence[Claim]) -> None:
    """Score an input example, twice: answers must be probabilities, and the same both times.

    Raises:
        FirstpassError: They are not.
    """
    answers = [scorer.session().score_batch(claims, factors=True) for _ in range(2)]
    if [len(x) for x in answers] != [len(claims)] * 2:
        raise FirstpassError("on its input example it does not answer once a claim")
    for risk in answers[0]:
        values = [risk.denial_probability, *(x.denial_probability for x in risk.lines)]
        if not all(math.isfinite(x) and 0.0 <= x <= 1.0 for x in values):
            raise FirstpassError("on its input example it answers what is no probability")
    if msgspec.json.encode(answers[0]) != msgspec.json.encode(answers[1]):
        raise FirstpassError("on its input example it gives two answers to the same claims")
