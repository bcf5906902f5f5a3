"""Scores decoded claims with the served version: the one way from claims to answers.

The JSON request, the X12 stream, batches and `firstpass watch` all come through here.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from models.claims.claim import Claim
from models.denial.risk import DenialRisk
from models.edits import Edit, EditTables
from serving.scoring.answers import ClaimScore, ScoreAnswer, Threshold, claim_score
from serving.scoring.follower import ServedModel
from serving.scoring.requests import ScoreOptions
from serving.scoring.thresholds import choose


class EditSession(Protocol):
    """Deterministic pre-submission edits of one stream."""

    def check(self, claims: Sequence[Claim]) -> list[list[Edit]]:
        """Edits of each claim, in order; claims of one stream see each other."""
        ...


class EditDesk(Protocol):
    """Where edits are asked for."""

    tables: EditTables

    def session(self) -> EditSession:
        """A new stream."""
        ...


class NoEdits:
    """Where no edits are wanted."""

    def session(self) -> "NoEdits":
        """Itself: it remembers nothing."""
        return self

    def check(self, claims: Sequence[Claim]) -> list[list[Edit]]:
        """No edits."""
        return [[] for _ in claims]


class Scored(msgspec.Struct, frozen=True):
    """Claims with what was said about them, for the answer and for the store."""

    claims: Sequence[Claim]
    risks: Sequence[DenialRisk]
    scores: Sequence[ClaimScore]
    threshold: Threshold

    @property
    def probabilities(self) -> list[float]:
        """Denial probabilities, in order."""
        return [x.denial_probability for x in self.risks]

    @property
    def edit_ids(self) -> list[str]:
        """Ids of all edits found."""
        return [edit.id for score in self.scores for edit in score.edits]


class ClaimStream:
    """One request: its session with the model, and its options."""

    def __init__(self, served: ServedModel, edits: EditDesk, options: ScoreOptions) -> None:
        self.served = served
        self.options = options
        self._edits: EditSession
        self._session = served.scorer.session()
        self._edits = edits.session() if options.edits else NoEdits()
        self._fixes = served.scorer.fixes(edits.tables) if options.with_fixes else None

    def risks(self, claims: Sequence[Claim]) -> tuple[list[DenialRisk], list[list[Edit]]]:
        """Model and edits on the next claims of the stream."""
        options = self.options
        risks = self._session.score_batch(claims, factors=options.factors, lines=options.lines)
        return risks, self._edits.check(claims)

    def threshold(self, probabilities: Sequence[float] | None) -> Threshold:
        """Threshold for the decisions; see `serving.scoring.thresholds.choose`."""
        return choose(self.served.scorer.thresholds, self.options, probabilities)

    def finish(
        self,
        claims: Sequence[Claim],
        risks: Sequence[DenialRisk],
        found: Sequence[list[Edit]],
        threshold: Threshold,
    ) -> Scored:
        """Put decisions, and fixes where they are asked for, to risks.

        Claims come in the order in which they were scored, each once.
        """
        cut = threshold.probability
        if self._fixes is None:
            scores = [claim_score(r, cut, f) for r, f in zip(risks, found, strict=True)]
        else:
            fixes = self._fixes.fixes(claims, risks, found, cut)
            parts = zip(risks, found, fixes, strict=True)
            scores = [claim_score(r, cut, f, x) for r, f, x in parts]
        return Scored(claims, risks, scores, threshold)

    def answer(self, request_id: str, scored: Scored) -> bytes:
        """The JSON answer."""
        scorer = self.served.scorer
        return _ENCODER.encode(
            ScoreAnswer(
                request_id,
                scorer.model_version,
                scorer.history_version,
                scored.threshold,
                list(scored.scores),
            )
        )


_ENCODER = msgspec.json.Encoder()
