"""A payer's denials as a whole against what the model expected of the same claims."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.cells import Floats
from models.denial.drift import DriftFinding
from models.measure.drift import by_group, fewer_than_foretold, more_than_foretold
from training.denial.rows import Mask

#: Chance of any false alarm in one run, over all payers together.
LEVEL = 0.01
#: One over the variance of the factor by which the model may be off for a whole payer: a third.
PAYER_SHAPE = 20.0
#: Denials' worth of belief that the model was right in the months before.
HELD = 0.5
#: Share of the usual denials by which a payer must be off.
LEAST_CHANGE = 0.5


class Answered(msgspec.Struct, frozen=True):
    """Answered claims: payer's name, whether denied, the model's probability, the patient."""

    payer: NDArray[np.str_]
    denied: Mask
    probability: Floats
    patient: NDArray[np.uint64]


class WholePayer(msgspec.Struct, frozen=True):
    """A payer's claims in the window, denied and as the model expected; ``p_value`` of patients.

    ``usual`` is what was expected, corrected by how wrong the model was in the months before.
    """

    payer: str
    claims: int
    denied: int
    expected: float
    usual: float
    p_value: float


def whole_payers(now: Answered, before: Answered) -> Iterator[WholePayer]:
    """Each payer of the window."""
    for payer in np.unique(now.payer).tolist():
        own, earlier = now.payer == payer, before.payer == payer
        ratio = float(
            (before.denied[earlier].sum() + HELD) / (before.probability[earlier].sum() + HELD)
        )
        p = now.probability[own]
        ways = ((max(ratio, 1.0), more_than_foretold), (min(ratio, 1.0), fewer_than_foretold))
        tails = []
        for factor, tail in ways:
            scaled = np.minimum(p * factor, 1.0)
            denied, foretold = by_group(now.denied[own], scaled, now.patient[own])
            tails.append(tail(int(denied.sum()), float(foretold.sum()), PAYER_SHAPE))
        yield WholePayer(
            payer,
            int(own.sum()),
            int(now.denied[own].sum()),
            float(p.sum()),
            float(p.sum()) * ratio,
            min(1.0, 2 * min(tails)),
        )


def whole_findings(by_payer: Sequence[WholePayer]) -> list[DriftFinding]:
    """Payers whose denials as a whole are not what the model, as wrong as before, expects."""
    return [
        DriftFinding(
            "outcomes",
            x.payer,
            f"{x.payer} denied {x.denied} of {x.claims} claims where {x.usual:.1f} were expected",
            float(x.denied),
            round(x.usual, 3),
            x.claims,
            x.p_value,
        )
        for x in by_payer
        if x.p_value < LEVEL / len(by_payer) and abs(x.denied - x.usual) > LEAST_CHANGE * x.usual
    ]
