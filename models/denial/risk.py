"""What scoring a claim answers."""

import msgspec


class Factor(msgspec.Struct, frozen=True, gc=False):
    """One reason: ``field`` on the claim, ``words`` for a biller, ``contribution``.

    Contributions are in log-odds before calibration, above (positive) or below the average claim
    of the training window; over all factors of a claim they add up to its distance from it.
    ``category`` is the denial category through which the field works.
    """

    field: str
    words: str
    contribution: float
    category: str = ""


class LineRisk(msgspec.Struct, frozen=True, gc=False):
    """Risk of one service line: ``number`` (LX01), probability, likeliest category."""

    number: int
    denial_probability: float
    category: str


class CarcRisk(msgspec.Struct, frozen=True, gc=False):
    """Probability that the claim is denied with this CARC."""

    carc: str
    probability: float


class DenialRisk(msgspec.Struct, frozen=True, gc=False):
    """Risk of one claim.

    ``denial_probability`` is calibrated; ``expected_loss`` is it times ``expected_allowed``
    (dollars). ``categories`` holds one probability a category, summing to the claim's.
    ``flags`` name values never seen in training (``"never_seen:payer"``). ``base_rate`` is what
    this payer denies on average. Equal inputs with equal ``model_version`` and
    ``history_version`` give equal answers.
    """

    claim_id: str
    denial_probability: float
    expected_loss: float
    expected_allowed: float
    base_rate: float
    category: str
    category_probability: float
    categories: dict[str, float]
    carcs: list[CarcRisk]
    factors: list[Factor]
    lines: list[LineRisk]
    flags: list[str]
    model_version: str
    history_version: str
