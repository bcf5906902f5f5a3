"""What scoring a claim answers."""

import msgspec


class CarcRisk(msgspec.Struct, frozen=True, gc=False):
    """Probability that the claim, or line, is denied with this CARC."""

    carc: str
    probability: float


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


class LineRisk(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Risk of one service line: ``number`` (LX01), probability, likeliest category.

    ``expected_allowed`` is what the payer would be expected to allow for it, in dollars. The
    rest is told where lines are asked for in detail, and means what it means for the claim; a
    line's factors add up to its distance from the average claim.
    """

    number: int
    denial_probability: float
    category: str
    expected_allowed: float = 0.0
    categories: dict[str, float] = {}
    carcs: list[CarcRisk] = []
    factors: list[Factor] = []
    flags: list[str] = []


class Fix(msgspec.Struct, frozen=True, gc=False):
    """A change that a person may truthfully make, and what it would do.

    ``path`` is a JSON pointer to what is changed, ``line`` the service line's number (LX01) or
    ``None``. ``change`` may be made only under the condition ``allowed_if``. With it the model
    says ``denial_probability`` (of several ways to make it the worst); ``protects`` is the fall
    in probability times what the payer would be expected to allow, in dollars. ``because`` names
    the edits and payer rules that ask for it, or the denial categories that the model sees;
    ``source`` where the rule behind it is written.
    """

    kind: str
    path: str
    line: int | None
    change: str
    allowed_if: str
    denial_probability: float
    protects: float
    because: tuple[str, ...]
    source: str


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
