"""Days within which each payer wants a claim, learnt from denials for timely filing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

#: Limits that contracts and laws name, in days; Medicare's is one calendar year (42 CFR 424.44).
LIMITS = (30, 45, 60, 90, 95, 100, 120, 150, 180, 210, 240, 270, 300, 365)
_DEFAULT = 365
#: Beta priors of the denial rate within and past a limit.
_WITHIN, _PAST = (0.2, 200.0), (6.0, 1.0)
#: Nats by which a stricter limit must explain the answers better than the longest.
_MARGIN = 2.0


def learn_filing_limits(
    payers: Sequence[str],
    lag_days: NDArray[np.int32],
    timely: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> dict[str, int]:
    """Limit in days by payer key, the limit for an unknown payer under ``""``.

    Each candidate splits the answered claims in two; the one under which "hardly ever denied for
    it" and "nearly always" are most probable wins (Beta-binomial marginal likelihood). A payer
    that has shown nothing keeps the default.
    """
    by_payer: dict[str, list[int]] = {}
    for i, payer in enumerate(payers):
        if known[i]:
            by_payer.setdefault(payer, []).append(i)
    limits = {"": _DEFAULT}
    for payer, rows in by_payer.items():
        lag, hit = lag_days[rows], timely[rows]
        if not hit.any():
            limits[payer] = _DEFAULT
            continue
        scores = np.array([_score(lag, hit, limit) for limit in LIMITS])
        best = int(np.argmax(scores))
        limits[payer] = LIMITS[best] if scores[best] > scores[-1] + _MARGIN else _DEFAULT
    return limits


def _score(lag: NDArray[np.int32], hit: NDArray[np.bool_], limit: int) -> float:
    total = 0.0
    for inside, (a, b) in ((lag <= limit, _WITHIN), (lag > limit, _PAST)):
        n, k = int(inside.sum()), int(hit[inside].sum())
        total += float(betaln(a + k, b + n - k) - betaln(a, b))
    return total


def over_limit(
    payers: Sequence[str], lag_days: NDArray[np.int32], limits: dict[str, int]
) -> NDArray[np.bool_]:
    """Whether each claim came after its payer's limit."""
    default = limits[""]
    allowed = np.array([limits.get(p, default) for p in payers], np.int32)
    return lag_days > allowed
