"""From fitted categories to a `DenialModel`: tables, base rates, thresholds."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.denial.amounts import fit_allowed, fit_carcs
from models.denial.category import HazardModel
from models.denial.explain import Explainer
from models.denial.model import DenialModel, combine
from models.denial.past import payer_key
from models.measure import Calibrator
from training.denial.dataset import CATEGORY_NUMBER, Encoded
from training.denial.rows import Window

#: Claims' worth of belief in the overall denial rate before a payer's own claims speak.
_HELD_CLAIMS = 20.0
#: Claims that the average hazard is taken over.
_BASELINE_CLAIMS = 20_000


def assemble(
    encoded: Encoded,
    hazards: HazardModel,
    calibrator: Calibrator,
    window: Window,
    thresholds: dict[str, float],
) -> DenialModel:
    """A model that knows what was answered before ``window.as_of``."""
    data = encoded.data
    known = data.answered < window.as_of
    payers = [payer_key(c) for c in data.claims]
    names = {number: name for name, number in CATEGORY_NUMBER.items()}
    owner = data.batch.claim_of_line
    paid = np.flatnonzero(known[owner] & np.isfinite(data.line_allowed) & (data.line_charge > 0))
    denied = np.flatnonzero(known[owner] & (data.line_category > 0))
    recent = np.flatnonzero(known & (data.submitted < window.settled))[-_BASELINE_CLAIMS:]
    baseline = combine(hazards, data.batch.take(recent), None).hazards.mean(axis=0)
    return DenialModel(
        vocabulary=encoded.vocabulary,
        filing_limits=encoded.filing_limits,
        hazards=hazards,
        calibrator=calibrator,
        allowed=fit_allowed(
            (
                payers[owner[i]],
                data.line_code[i],
                float(data.line_charge[i]),
                float(data.line_allowed[i]),
            )
            for i in paid
        ),
        carcs=fit_carcs(
            (names[int(data.line_category[i])], payers[owner[i]], data.line_carc[i])
            for i in denied
            if data.line_carc[i]
        ),
        explainer=Explainer(baseline),
        past=encoded.past,
        base_rates=_base_rates(payers, data.denied, known & data.mature),
        thresholds=thresholds,
        history_version=history_version(encoded, window),
    )


def _base_rates(
    payers: Sequence[str], denied: NDArray[np.bool_], known: NDArray[np.bool_]
) -> dict[str, float]:
    """Share of claims denied by payer, held towards the overall share under ``""``."""
    overall = float((denied & known).sum() + 0.5) / float(known.sum() + 1.0)
    seen: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for i in np.flatnonzero(known).tolist():
        seen[payers[i]] += 1
        lost[payers[i]] += int(denied[i])
    rates = {
        payer: round((lost[payer] + _HELD_CLAIMS * overall) / (seen[payer] + _HELD_CLAIMS), 4)
        for payer in seen
    }
    return {"": round(overall, 4), **rates}


def history_version(encoded: Encoded, window: Window) -> str:
    """Short name of the answers that a model's rates rest on; equal answers, equal name."""
    data = encoded.data
    digest = hashlib.sha256()
    for array in (data.submitted, data.answered, data.line_category, data.line_charge):
        digest.update(array.tobytes())
    digest.update(str(window.as_of).encode())
    return f"h{digest.hexdigest()[:12]}"
