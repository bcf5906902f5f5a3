"""The denial model: claims in, `DenialRisk` out.

A claim is denied when any cause strikes: hazards -log(1 - p) of categories and of service lines
add up, and the claim's probability is 1 - exp(-sum). A calibrator fitted on a later window maps
that to what then happened. All state is data (see `models.denial.artifact`).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.claims.claim import Claim
from models.denial.amounts import AllowedAmounts, CarcShares
from models.denial.attributes import INDEX
from models.denial.category import HazardModel
from models.denial.cells import Floats
from models.denial.explain import Explainer
from models.denial.features import FeatureBatch, FeatureEncoder, RowMaker, Vocabulary
from models.denial.past import Past, payer_key
from models.denial.risk import DenialRisk, Factor, LineRisk
from models.edits import EditTables
from models.measure.calibration import Calibrator

if TYPE_CHECKING:
    from models.denial.fixes import FixSession

#: Claims that are turned into numbers at once: enough to fill arrays, few enough to stream.
BATCH = 2048

#: Attributes whose never-seen values are told to the caller.
FLAGGED = ("payer", "rendering", "practice", "code", "diagnosis", "filing_indicator")
_FLAGGED_COLUMNS = [INDEX[name] for name in FLAGGED]


class Prediction(msgspec.Struct, gc=False):
    """Arrays of one batch: probabilities ``[claims]``, hazards ``[claims or lines, categories]``.

    ``raw`` is the probability before calibration.
    """

    probability: Floats
    raw: Floats
    hazards: Floats
    line_hazards: Floats


class DenialModel:
    """A fitted denial model; thread-safe for reading, one `Session` per stream of claims."""

    def __init__(
        self,
        *,
        vocabulary: Vocabulary,
        filing_limits: dict[str, int],
        hazards: HazardModel,
        calibrator: Calibrator,
        allowed: AllowedAmounts,
        carcs: CarcShares,
        explainer: Explainer,
        past: Past,
        base_rates: dict[str, float],
        thresholds: dict[str, float],
        model_version: str = "unregistered",
        history_version: str = "",
    ) -> None:
        """See `models.denial.artifact` for what each part is."""
        self.vocabulary = vocabulary
        self.filing_limits = filing_limits
        self.hazards = hazards
        self.calibrator = calibrator
        self.allowed = allowed
        self.carcs = carcs
        self.explainer = explainer
        self.past = past
        self.base_rates = base_rates
        self.thresholds = thresholds
        self.model_version = model_version
        self.history_version = history_version

    @property
    def names(self) -> list[str]:
        """Denial categories in the order of hazard columns."""
        return self.hazards.names

    def predict(self, batch: FeatureBatch) -> Prediction:
        """Probabilities and hazards of encoded claims."""
        return combine(self.hazards, batch, self.calibrator)

    def session(self) -> "Session":
        """A stream of claims that see each other (duplicates within a file are known)."""
        return Session(self)

    def fixes(self, tables: EditTables) -> "FixSession":
        """Fixes for a stream of claims, to go along with its `session`."""
        # Not at the top: fixes score with this model.
        from models.denial.fixes import FixSession

        return FixSession(self, tables)

    def score(self, claims: Iterable[Claim], *, factors: bool = True) -> Iterator[DenialRisk]:
        """Score claims in order, in batches; each call is a session of its own."""
        return self.session().score(claims, factors=factors)


def combine(hazards: HazardModel, batch: FeatureBatch, calibrator: Calibrator | None) -> Prediction:
    """Add up the hazards of all categories and lines; calibrate the claim's probability."""
    claims, lines = hazards.hazards(batch)
    raw = -np.expm1(-claims.sum(axis=1))
    probability = raw if calibrator is None else calibrator.predict(raw)
    return Prediction(probability, raw, claims, lines)


class Session:
    """Scores a stream of claims; remembers them on top of the model's snapshot."""

    def __init__(self, model: DenialModel) -> None:
        self.model = model
        self._past = model.past.overlay()
        self._encoder = FeatureEncoder(RowMaker(self._past, model.filing_limits), model.vocabulary)

    def score(self, claims: Iterable[Claim], *, factors: bool = True) -> Iterator[DenialRisk]:
        """Yield one `DenialRisk` a claim, in order."""
        stream = iter(claims)
        while chunk := list(islice(stream, BATCH)):
            yield from self.score_batch(chunk, factors=factors)

    def score_batch(
        self, claims: Sequence[Claim], *, factors: bool = True, lines: bool = False
    ) -> list[DenialRisk]:
        """Score claims that fit in memory together.

        With ``factors`` lines have categories, CARCs and flags of their own too; with ``lines``
        also factors, which costs as much as those of the claims.
        """
        model = self.model
        batch = self._encoder.encode(claims)
        prediction = model.predict(batch)
        total = np.maximum(prediction.hazards.sum(axis=1, keepdims=True), 1e-12)
        shares = prediction.hazards / total
        category_probability = prediction.probability[:, None] * shares
        best = category_probability.argmax(axis=1)
        line_shares = prediction.line_hazards.sum(axis=1)
        scale = prediction.probability / np.maximum(prediction.raw, 1e-12)
        line_probability = -np.expm1(-line_shares) * scale[batch.claim_of_line]
        line_best = prediction.line_hazards.argmax(axis=1)
        reasons = (
            model.explainer.explain(
                model.hazards,
                model.vocabulary,
                batch,
                prediction.hazards,
                prediction.line_hazards,
            )
            if factors
            else [[] for _ in claims]
        )
        details = None
        if lines or factors:
            details = self._details(batch, prediction, line_probability, lines)
        unseen = self._unseen(batch.values, batch.claim_of_line, len(batch))
        names = model.names
        result = []
        for i, claim in enumerate(claims):
            probability = float(prediction.probability[i])
            if claim.lines:
                amounts = model.allowed.expected_of_lines(claim)
                allowed = sum(amounts)
            else:
                amounts, allowed = [], model.allowed.expected(claim)
            low = int(batch.first_line[i])
            payer = payer_key(claim)
            categories = dict(zip(names, category_probability[i].tolist(), strict=True))
            carcs = model.carcs.likeliest(payer, names, category_probability[i])
            told = []
            for j, line in enumerate(claim.lines):
                row = low + j
                category = names[line_best[row]]
                p = float(line_probability[row])
                if details is None:
                    told.append(LineRisk(line.number, p, category, round(amounts[j], 2)))
                    continue
                own, own_carcs = categories, carcs
                if len(claim.lines) > 1:
                    own = dict(zip(names, details.categories[row].tolist(), strict=True))
                    own_carcs = model.carcs.likeliest(payer, names, details.categories[row])
                told.append(
                    LineRisk(
                        line.number,
                        p,
                        category,
                        round(amounts[j], 2),
                        own,
                        own_carcs,
                        details.factors[row],
                        details.flags[row],
                    )
                )
            result.append(
                DenialRisk(
                    claim_id=claim.claim_id,
                    denial_probability=probability,
                    expected_loss=round(probability * allowed, 2),
                    expected_allowed=round(allowed, 2),
                    base_rate=model.base_rates.get(payer, model.base_rates[""]),
                    category=names[best[i]],
                    category_probability=float(category_probability[i, best[i]]),
                    categories=categories,
                    carcs=carcs,
                    factors=reasons[i],
                    lines=told,
                    flags=unseen[i],
                    model_version=model.model_version,
                    history_version=model.history_version,
                )
            )
        return result

    def _details(
        self, batch: FeatureBatch, prediction: Prediction, probability: Floats, factors: bool
    ) -> "_LineDetails":
        """What is told of each line beside its probability, as if it were a claim of its own."""
        model, hazards = self.model, prediction.line_hazards
        rows = len(batch.values)
        shares = hazards / np.maximum(hazards.sum(axis=1, keepdims=True), 1e-12)
        alone = np.arange(rows, dtype=np.int32)
        lags = batch.lag_days[batch.claim_of_line]
        own = FeatureBatch(batch.values, alone, alone, lags, batch.charged)
        reasons: list[list[Factor]] = [[] for _ in range(rows)]
        if factors and rows:
            reasons = model.explainer.explain(
                model.hazards, model.vocabulary, own, hazards, hazards
            )
        return _LineDetails(
            probability[:, None] * shares, reasons, self._unseen(batch.values, alone, rows)
        )

    def _unseen(
        self, values: NDArray[np.int32], owner: NDArray[np.int32], size: int
    ) -> list[list[str]]:
        flags: list[list[str]] = [[] for _ in range(size)]
        unseen = values[:, _FLAGGED_COLUMNS] == 0
        for number in np.flatnonzero(unseen.any(axis=0)).tolist():
            name = FLAGGED[number]
            rows = np.flatnonzero(unseen[:, number])
            for own in dict.fromkeys(owner[rows].tolist()):
                flags[own].append(f"never_seen:{name}")
        return flags


class _LineDetails(msgspec.Struct, gc=False):
    """By line: probability a category ``[lines, categories]``, factors, flags."""

    categories: Floats
    factors: list[list[Factor]]
    flags: list[list[str]]
