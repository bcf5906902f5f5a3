"""What scoring answers: the JSON of `POST /v1/claims/score` and the lines of the X12 stream."""

from typing import Literal

import msgspec

from models.denial.risk import CarcRisk, DenialRisk, Factor, LineRisk
from models.edits import Edit
from models.errors import Place, Problem

Decision = Literal["review", "submit"]
Basis = Literal["default", "precision", "capacity"]


class Threshold(msgspec.Struct, frozen=True):
    """Probability from which the decision is ``review``, and what it rests on.

    ``basis``: the model's ``default``; the ``precision`` asked for, as reached on the calibration
    window; the review ``capacity``, as the share of the claims of this request. ``target`` is
    the precision or capacity that holds.
    """

    probability: float
    basis: Basis
    target: float | None


class ClaimScore(msgspec.Struct, frozen=True, gc=False):
    """The answer for one claim.

    Probabilities are calibrated; ``categories`` sum to ``denial_probability``; amounts are
    dollars; ``base_rate`` is this payer's; ``contribution`` of a factor is in log-odds.
    ``flags`` name what the model never saw in training (``never_seen:payer``).
    """

    claim_id: str
    denial_probability: float
    decision: Decision
    expected_loss: float
    expected_allowed: float
    base_rate: float
    category: str
    category_probability: float
    categories: dict[str, float]
    carcs: list[CarcRisk]
    factors: list[Factor]
    edits: list[Edit]
    lines: list[LineRisk]
    flags: list[str]
    model_version: str
    history_version: str


class ScoreAnswer(msgspec.Struct, frozen=True, gc=False):
    """Answer to a JSON body: one `ClaimScore` a claim, in the body's order."""

    request_id: str
    model_version: str
    history_version: str
    threshold: Threshold
    claims: list[ClaimScore]


class ScoredLine(msgspec.Struct, frozen=True, gc=False, tag="score", tag_field="kind"):
    """One claim of an X12 body: where it stands and its score."""

    place: Place
    score: ClaimScore


class ProblemLine(msgspec.Struct, frozen=True, gc=False, tag="problem", tag_field="kind"):
    """One damaged place of an X12 body; reading went on behind it."""

    problem: Problem


class SkippedLine(msgspec.Struct, frozen=True, gc=False, tag="skipped", tag_field="kind"):
    """A transaction that is no 837P, or a payment or acknowledgement sent here."""

    place: Place
    transaction: str
    reason: str


class EndLine(msgspec.Struct, frozen=True, gc=False, tag="end", tag_field="kind"):
    """Last line. ``complete`` is false where the body or the service broke off, with why."""

    request_id: str
    complete: bool
    claims: int
    problems: int
    skipped: int
    model_version: str
    history_version: str
    threshold: Threshold
    reason: str = ""


StreamLine = ScoredLine | ProblemLine | SkippedLine | EndLine


def claim_score(risk: DenialRisk, threshold: float, edits: list[Edit]) -> ClaimScore:
    """The answer for one risk, with its decision."""
    return ClaimScore(
        risk.claim_id,
        risk.denial_probability,
        "review" if risk.denial_probability >= threshold else "submit",
        risk.expected_loss,
        risk.expected_allowed,
        risk.base_rate,
        risk.category,
        risk.category_probability,
        risk.categories,
        risk.carcs,
        risk.factors,
        edits,
        risk.lines,
        risk.flags,
        risk.model_version,
        risk.history_version,
    )
