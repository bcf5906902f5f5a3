"""How likely a denied line is paid after all, if something is done about it.

What was learnt from the practice's own attempts says so; where there are too few, rates by kind
of attempt and category do, drawn towards what the table of actions assumes (raised or lowered as a
whole by how the practice does with that kind of attempt).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from models.claims.common import ZERO
from models.codes.categories import DenialCategory
from models.errors import RegistryError
from models.history.history import ClaimHistory
from models.registry import require_schema, write_schema
from models.revenue.actions import load_actions
from models.revenue.denials import Attempt, DeniedLine
from models.revenue.outcome_model import OutcomeModel
from models.revenue.routes import UNPROCESSABLE_REMARK, payer_type

MODEL_NAME = "recovery"
FEATURE_SCHEMA = 1
#: An assumption weighs as much as so many attempts of the practice's own.
PRIOR_WEIGHT = 8.0
CATEGORICAL = (
    "attempt", "category", "carc", "rarc", "payer", "payer_type", "code", "responsibility",
    "unprocessable", "visit",
)  # fmt: skip
NUMERIC = ("charge", "days_to_answer", "attempts_before", "lines", "denied_share")


class RecoveryFacts(msgspec.Struct, frozen=True):
    """What is known when the office decides: nothing of what happened later.

    ``attempt`` is what is (or would be) done; ``charge`` the line's, in dollars (its logarithm
    is learnt from); ``days_to_answer`` from service to denial; ``denied_share`` the denied part
    of the claim's charge.
    """

    attempt: str
    category: str
    carc: str = ""
    rarc: str = ""
    payer: str = ""
    payer_type: str = "other"
    code: str = ""
    responsibility: str = "P"
    unprocessable: str = "no"
    charge: float = 0.0
    days_to_answer: float = 0.0
    attempts_before: float = 0.0
    lines: float = 1.0
    denied_share: float = 1.0

    def row(self) -> dict[str, str | float]:
        """As `OutcomeModel` takes it."""
        from math import log1p

        row: dict[str, str | float] = msgspec.structs.asdict(self)
        row["charge"] = log1p(max(0.0, self.charge))
        row["visit"] = "yes" if self.code.startswith("99") else "no"
        return row


def facts_of(history: ClaimHistory, item: DeniedLine, attempt: Attempt) -> RecoveryFacts:
    """Facts of a denied line, if ``attempt`` is made."""
    submission = history.submissions[item.submission]
    claim = submission.claim
    line = claim.lines[item.line]
    outcome = item.outcome
    served = line.service_date or claim.service_date or claim.submitted
    denied = sum(
        (b.charge for b, o in zip(claim.lines, item.adjudication.lines, strict=True) if o.denied),
        ZERO,
    )
    carcs = outcome.denial_carcs or outcome.carcs
    return RecoveryFacts(
        attempt=attempt.value,
        category=(outcome.category or DenialCategory.OTHER).value,
        carc=next(iter(carcs), ""),
        rarc=next(iter(outcome.rarcs), ""),
        payer=submission.payer,
        payer_type=payer_type(claim.filing_indicator),
        code=line.code,
        responsibility=claim.responsibility,
        unprocessable="yes" if UNPROCESSABLE_REMARK in outcome.rarcs else "no",
        charge=float(line.charge),
        days_to_answer=float((item.answered - served).days),
        attempts_before=float(item.attempts_before),
        lines=float(len(claim.lines)),
        denied_share=float(denied / claim.charge) if claim.charge > 0 else 1.0,
    )


class Rate(msgspec.Struct):
    """Attempts of one kind on one category, and how many of them brought money."""

    attempts: int = 0
    recovered: int = 0


class RecoveryModel(msgspec.Struct):
    """``rates`` by ``attempt/category``; ``learnt`` names the attempts that ``model`` knows."""

    rates: dict[str, Rate]
    learnt: list[str] = []
    model: OutcomeModel | None = None
    model_version: str = ""

    def estimate(self, facts: Sequence[RecoveryFacts]) -> list[float]:
        """Probability that each line is paid, in order."""
        found = [self._shrunken(f) for f in facts]
        known = [i for i, f in enumerate(facts) if f.attempt in self.learnt]
        if self.model is not None and known:
            for i, p in zip(
                known, self.model.predict([facts[i].row() for i in known]), strict=True
            ):
                found[i] = float(p)
        return found

    def source(self, attempt: Attempt) -> str:
        """``model``, ``rate`` (own attempts drawn to an assumption) or ``assumption``."""
        if self.model is not None and attempt.value in self.learnt:
            return "model"
        own = any(k.startswith(f"{attempt.value}/") and r.attempts for k, r in self.rates.items())
        return "rate" if own else "assumption"

    def _shrunken(self, facts: RecoveryFacts) -> float:
        rate = self.rates.get(f"{facts.attempt}/{facts.category}", Rate())
        prior = min(0.95, assumed(facts.attempt, facts.category) * self._level(facts.attempt))
        return (rate.recovered + PRIOR_WEIGHT * prior) / (rate.attempts + PRIOR_WEIGHT)

    def _level(self, attempt: str) -> float:
        """How the practice does with one kind of attempt, against what is assumed of it."""
        won = expected = 0.0
        for key, rate in self.rates.items():
            kind, _, category = key.partition("/")
            if kind == attempt:
                won += rate.recovered
                expected += rate.attempts * assumed(kind, category)
        return (won + PRIOR_WEIGHT) / (expected + PRIOR_WEIGHT)


def assumed(attempt: str, category: str) -> float:
    """The share recovered that the table of actions assumes."""
    choices = load_actions().get(DenialCategory(category), ())
    found = [c.prior for c in choices if c.action.attempt == attempt]
    return max(found, default=0.1)


def count_rates(attempts: Iterable[tuple[RecoveryFacts, bool]]) -> dict[str, Rate]:
    """Rates of what was tried and whether it brought money."""
    rates: dict[str, Rate] = {}
    for facts, recovered in attempts:
        rate = rates.setdefault(f"{facts.attempt}/{facts.category}", Rate())
        rate.attempts += 1
        rate.recovered += recovered
    return rates


def save_artifact(model: RecoveryModel, folder: Path) -> None:
    """Write ``model.json`` and ``schema.json`` into ``folder`` (made if absent)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_bytes(msgspec.json.encode(model))
    write_schema(folder, MODEL_NAME, FEATURE_SCHEMA)


def load_artifact(folder: Path, *, model_version: str = "") -> RecoveryModel:
    """The model in ``folder``.

    Raises:
        RegistryError: another model's, of a schema that this code cannot read, or damaged.
    """
    require_schema(folder, MODEL_NAME, (FEATURE_SCHEMA,))
    try:
        model = msgspec.json.decode((folder / "model.json").read_bytes(), type=RecoveryModel)
    except (OSError, msgspec.MsgspecError) as error:
        raise RegistryError(f"{folder / 'model.json'} is damaged or absent") from error
    model.model_version = model_version
    return model
