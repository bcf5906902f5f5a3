"""Thresholds that travel with a denial model: training names them, serving asks by name.

``precision:0.85``: the probability from which on 85 % of the claims of the calibration window
were denied; ``capacity:0.1``: the one that flagged a tenth of them.
"""

import math
from collections.abc import Mapping
from typing import Literal

Basis = Literal["precision", "capacity"]


def threshold_name(basis: Basis, target: float) -> str:
    """The name of a threshold.

    >>> threshold_name("capacity", 0.1)
    'capacity:0.1'
    """
    return f"{basis}:{target:g}"


def known_targets(thresholds: Mapping[str, float], basis: Basis) -> dict[float, float]:
    """Targets of one basis with their probabilities.

    >>> known_targets({"precision:0.85": 0.6, "capacity:0.1": 0.4}, "precision")
    {0.85: 0.6}
    """
    prefix = basis + ":"
    return {
        float(name.removeprefix(prefix)): value
        for name, value in thresholds.items()
        # A target that nothing in the window reached is infinite.
        if name.startswith(prefix) and math.isfinite(value)
    }
