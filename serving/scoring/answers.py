"""What scoring answers: the JSON of `POST /v1/claims/score` and the lines of the X12 stream."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from models.denial.risk import CarcRisk, DenialRisk, Factor, Fix, LineRisk
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


class LineScore(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The answer for one service line; see `ClaimScore`.

    ``edits`` and ``fixes`` name those of the claim's that are about this line, by id and kind.
    ``categories``, ``carcs`` and ``flags`` are there with the claim's factors, ``factors`` where
    those of lines were asked for.
    """

    number: int
    denial_probability: float
    decision: Decision
    expected_loss: float
    category: str
    categories: dict[str, float] = {}
    carcs: list[CarcRisk] = []
    factors: list[Factor] = []
    flags: list[str] = []
    edits: list[str] = []
    fixes: list[str] = []


class ClaimScore(msgspec.Struct, frozen=True, gc=False):
    """The answer for one claim.

    Probabilities are calibrated; ``categories`` sum to ``denial_probability``; amounts are
    dollars; ``base_rate`` is this payer's; ``contribution`` of a factor is in log-odds.
    ``flags`` name what the model never saw in training (``never_seen:payer``). ``fixes`` are for
    claims whose decision is ``review``, most dollars first.
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
    fixes: list[Fix]
    lines: list[LineScore]
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


def claim_score(
    risk: DenialRisk, threshold: float, edits: list[Edit], fixes: Sequence[Fix] = ()
) -> ClaimScore:
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
        list(fixes),
        _lines(risk.lines, threshold, edits, fixes),
        risk.flags,
        risk.model_version,
        risk.history_version,
    )


def _lines(
    lines: Sequence[LineRisk], threshold: float, edits: Sequence[Edit], fixes: Sequence[Fix]
) -> list[LineScore]:
    told = [
        LineScore(
            x.number,
            x.denial_probability,
            "review" if x.denial_probability >= threshold else "submit",
            round(x.denial_probability * x.expected_allowed, 2),
            x.category,
            x.categories,
            x.carcs,
            x.factors,
            x.flags,
        )
        for x in lines
    ]
    if not edits and not fixes:
        return told
    own: dict[int, tuple[list[str], list[str]]] = {}
    for edit in edits:
        place = _line_of(edit.path)
        if place is not None:
            own.setdefault(place, ([], []))[0].append(edit.id)
    for fix in fixes:
        place = _line_of(fix.path)
        if place is not None:
            own.setdefault(place, ([], []))[1].append(fix.kind)
    for place, (ids, kinds) in own.items():
        if place < len(told):
            told[place] = msgspec.structs.replace(told[place], edits=ids, fixes=kinds)
    return told


def _line_of(path: str) -> int | None:
    """Position of the line that a pointer leads to."""
    if not path.startswith("/lines/"):
        return None
    number = path[7:].partition("/")[0]
    return int(number) if number.isdecimal() else None
