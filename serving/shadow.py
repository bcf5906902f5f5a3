"""A challenger in shadow: it scores what the champion scored, stored and seen by nobody.

The scorecard compares both on what the payers then answered. It works in the process that moves
scores to the store, so that no request waits for it, and it never stands in the way of the
champion's scores: what fails is logged and left out.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from models.denial.risk import DenialRisk
from serving.scoring.follower import Scorer
from serving.scoring.requests import ScoreOptions
from serving.scoring.resolution import read_resolution, resolution_file
from serving.scoring.thresholds import choose
from serving.store.records import ScoreRecord
from serving.telemetry.logs import logger

Load = Callable[[Path, str], Scorer]


class Shadow:
    """Scores beside the champion with the version that the registry's shadow alias names.

    ``load`` reads an artifact folder. The alias is followed through the same file as the
    champion's (`serving.scoring.resolution`).
    """

    def __init__(self, state: Path, model: str, load: Load) -> None:
        self._file = resolution_file(state, model)
        self._load = load
        self._scorer: Scorer | None = None
        self._source = ""
        self._seen = 0

    def records(self, kept: Sequence[ScoreRecord]) -> list[ScoreRecord]:
        """Shadow scores of the same claims, in their order; empty without a challenger.

        A record's ``uid`` follows from the one beside it, so that moving it twice stores it once.
        """
        try:
            scorer = self._current()
            own = [x for x in kept if not x.shadow]
            if scorer is None or not own:
                return []
            cut = choose(scorer.thresholds, ScoreOptions(), None).probability
            risks = scorer.session().score_batch([x.claim for x in own], factors=False)
            return [_record(x, r, cut) for x, r in zip(own, risks, strict=True)]
        except Exception as error:
            logger().error("shadow.failed", error=error)
            return []

    def _current(self) -> Scorer | None:
        """The challenger's scorer; loaded anew when the alias has moved."""
        try:
            changed = self._file.stat().st_mtime_ns
        except OSError:
            return None
        if changed != self._seen:
            self._seen = changed
            resolution = read_resolution(self._file)
            source = "" if resolution is None else resolution.shadow_path
            if source != self._source:
                self._source, self._scorer = source, None
                if resolution is not None and source:
                    self._scorer = self._load(Path(source), str(resolution.shadow_version))
                    logger().info("shadow.loaded", version=resolution.shadow_version)
        return self._scorer


def _record(beside: ScoreRecord, risk: DenialRisk, cut: float) -> ScoreRecord:
    uid = hashlib.blake2b(
        beside.uid + risk.model_version.encode(), digest_size=16, person=b"shadow"
    ).digest()
    return ScoreRecord(
        claim=beside.claim,
        risk=risk,
        threshold=cut,
        risky=risk.denial_probability >= cut,
        request_id=beside.request_id,
        actor=beside.actor,
        shadow=True,
        payer=beside.payer,
        created=beside.created,
        uid=uid,
    )
