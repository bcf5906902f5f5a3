"""Follows the champion of the denial model (see `serving.scoring.following`)."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from models.claims.claim import Claim
from models.denial.risk import DenialRisk, Fix
from models.edits import Edit, EditTables
from models.errors import FirstpassError
from serving.scoring.following import Follower, now
from serving.scoring.resolution import Resolution
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


class ModelFollower(Follower[ServedModel]):
    """Watches the resolution file of the denial model."""

    def __init__(
        self, path: Path, load: Load, examples: Examples, metrics: Metrics, poll_seconds: float
    ) -> None:
        super().__init__(path, poll_seconds, first_poll=0.05)
        self._load = load
        self._examples = examples
        self._metrics = metrics

    def prepare(self, resolution: Resolution) -> ServedModel:
        """A scorer that answered its input example; refused where the signature changed."""
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
        return ServedModel(
            resolution.model, resolution.version, scorer, resolution.signature, now()
        )

    def taken_up(self, served: ServedModel) -> None:
        """Tell the metrics what scores now."""
        self._metrics.swaps.inc()
        self._metrics.serves(served.name, str(served.version), served.scorer.history_version)

    def refused(self) -> None:
        """Count it."""
        self._metrics.refused.inc()


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
