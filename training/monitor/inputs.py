"""Whether today's claims, and what the model says of them, are still like those before."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.denial.attributes import ATTRIBUTES, INDEX
from models.denial.cells import Floats
from models.denial.drift import DriftFinding
from models.measure.drift import spread_p_value, stability_index

#: Attributes whose spread is watched: what a payer, a provider or an interface could change.
WATCHED = (
    "place", "frequency", "authorization", "referral", "referring", "relationship", "rendering",
    "facility", "separate_modifier", "telehealth", "kind", "units", "diagnosis_chapter", "lag",
    "age", "sex", "filing_indicator", "drug", "attachment",
)  # fmt: skip
#: Customary mark of the stability index for "act".
ACT = 0.25
LEVEL = 0.01
LEAST_CLAIMS = 60


def watched() -> list[str]:
    """The watched attributes that this feature schema has."""
    return [name for name in WATCHED if name in INDEX]


def input_findings(
    payers: NDArray[np.str_],
    before: NDArray[np.int32],
    payers_before: NDArray[np.str_],
    now: NDArray[np.int32],
) -> Iterator[DriftFinding]:
    """Attributes of claims' first lines whose spread moved, for each payer.

    ``before`` and ``now`` are int32 ``[claims, attributes]`` of the claims submitted before and
    within the window. Told where the index says "act" and chance does not explain it.
    """
    names = watched()
    groups = [(str(p), payers == p, payers_before == p) for p in np.unique(payers)]
    groups = [g for g in groups if min(g[1].sum(), g[2].sum()) >= LEAST_CLAIMS]
    least = LEVEL / max(len(groups) * len(names), 1)
    for payer, own, own_before in groups:
        for name in names:
            column = INDEX[name]
            size = int(max(before[:, column].max(), now[:, column].max())) + 1
            counts = np.bincount(now[own, column], minlength=size)
            reference = np.bincount(before[own_before, column], minlength=size)
            index = stability_index(reference, counts)
            noise = (np.count_nonzero(reference + counts) - 1) * (
                1 / reference.sum() + 1 / counts.sum()
            )
            value = spread_p_value(reference, counts)
            if index > ACT + noise and value < least:
                words = ATTRIBUTES[column].words
                yield DriftFinding(
                    "inputs",
                    payer,
                    f"claims to {payer} differ from before in: {words} (stability index"
                    f" {index:.2f}; {ACT} is the customary mark)",
                    round(index, 4),
                    ACT,
                    int(counts.sum()),
                    value,
                    subject=name,
                )


def score_findings(
    payers: NDArray[np.str_], now: Floats, payers_before: NDArray[np.str_], before: Floats
) -> Iterator[DriftFinding]:
    """Payers whose claims are suddenly scored higher or lower, by Kolmogorov and Smirnov."""
    from scipy import stats

    groups = [(str(p), now[payers == p], before[payers_before == p]) for p in np.unique(payers)]
    groups = [g for g in groups if min(len(g[1]), len(g[2])) >= LEAST_CLAIMS]
    for payer, own, own_before in groups:
        test = stats.ks_2samp(own, own_before)
        if test.pvalue < LEVEL / len(groups) and test.statistic > 0.2:
            higher = "higher" if own.mean() > own_before.mean() else "lower"
            yield DriftFinding(
                "scores",
                payer,
                f"claims to {payer} are scored {higher} than before: {own.mean():.3f} on average,"
                f" {own_before.mean():.3f} in the months before",
                round(float(own.mean()), 4),
                round(float(own_before.mean()), 4),
                len(own),
                float(test.pvalue),
            )
