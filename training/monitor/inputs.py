"""Whether today's claims, and what the model says of them, are still like those before.

Something is told when it is large (the customary mark of the stability index; a mean score that
is half as high again), when chance does not explain it (chi-square, Kolmogorov and Smirnov; the
level shared out over all that is looked at), and when it lasts: both halves of the window show
it. What moved at several payers in one run is a change of the practice (a new provider, the new
year), told once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec
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
#: How many times as high, or as low, a payer's mean score must be.
SCORE_RATIO = 1.5
LEVEL = 0.01
LEAST_CLAIMS = 60
#: Payers at which the same thing moved, from which on it is the practice that changed.
SEVERAL = 2
ALL_PAYERS = "several payers"


class Sent(msgspec.Struct, frozen=True):
    """Submitted claims: payer's name, day, the first line's attributes, the probability."""

    payer: NDArray[np.str_]
    day: NDArray[np.int32]
    values: NDArray[np.int32]
    score: Floats


def watched() -> list[str]:
    """The watched attributes that this feature schema has."""
    return [name for name in WATCHED if name in INDEX]


def _groups(now: Sent, before: Sent) -> list[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Payers with enough claims in the window and before it."""
    found = [(str(p), now.payer == p, before.payer == p) for p in np.unique(now.payer)]
    return [g for g in found if min(g[1].sum(), g[2].sum()) >= LEAST_CLAIMS]


def _halves(now: Sent, own: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """A payer's claims in the first and in the second half of the window."""
    middle = (int(now.day.min()) + int(now.day.max()) + 1) // 2
    return [own & (now.day < middle), own & (now.day >= middle)]


def input_findings(now: Sent, before: Sent) -> Iterator[DriftFinding]:
    """Attributes of claims' first lines whose spread moved, payer by payer."""
    names = watched()
    groups = _groups(now, before)
    least = LEVEL / max(len(groups) * len(names), 1)
    found: dict[str, list[DriftFinding]] = defaultdict(list)
    for payer, own, own_before in groups:
        for name in names:
            column = INDEX[name]
            size = int(max(before.values[:, column].max(), now.values[:, column].max())) + 1
            counts = np.bincount(now.values[own, column], minlength=size)
            reference = np.bincount(before.values[own_before, column], minlength=size)
            value = spread_p_value(reference, counts)
            if value >= least or not _act(reference, counts):
                continue
            halves = [
                np.bincount(now.values[half, column], minlength=size) for half in _halves(now, own)
            ]
            if not all(_act(reference, half) for half in halves):
                continue
            index = stability_index(reference, counts)
            words = ATTRIBUTES[column].words
            found[name].append(
                DriftFinding(
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
            )
    for name, same in found.items():
        words = ATTRIBUTES[INDEX[name]].words
        yield from _told(same, f"claims differ from before in: {words}")


def _act(reference: NDArray[np.int64], counts: NDArray[np.int64]) -> bool:
    """Whether the stability index says "act" beyond what so few claims show by chance."""
    if not reference.sum() or not counts.sum():
        return False
    cells = np.count_nonzero(reference + counts) - 1
    noise = cells * (1 / reference.sum() + 1 / counts.sum())
    return bool(stability_index(reference, counts) > ACT + noise)


def score_findings(now: Sent, before: Sent) -> Iterator[DriftFinding]:
    """Payers whose claims are suddenly scored higher or lower."""
    from scipy import stats

    groups = _groups(now, before)
    found = []
    for payer, own, own_before in groups:
        earlier = before.score[own_before]
        usual = float(earlier.mean())
        factor = [
            float(now.score[half].mean()) / usual if half.any() else 1.0
            for half in _halves(now, own)
        ]
        higher = min(factor) > SCORE_RATIO
        if not higher and max(factor) * SCORE_RATIO > 1:
            continue
        value = float(stats.ks_2samp(now.score[own], earlier).pvalue)
        if value >= LEVEL / len(groups):
            continue
        mean = float(now.score[own].mean())
        found.append(
            DriftFinding(
                "scores",
                payer,
                f"claims to {payer} are scored {'higher' if higher else 'lower'} than before:"
                f" {mean:.3f} on average, {usual:.3f} in the year before",
                round(mean, 4),
                round(usual, 4),
                int(own.sum()),
                value,
            )
        )
    yield from _told(found, "claims are scored otherwise than before")


def _told(found: Iterable[DriftFinding], words: str) -> Iterator[DriftFinding]:
    """Findings about the same thing: one by one, or as the practice's where there are several."""
    ordered = sorted(found, key=lambda x: x.p_value)
    if len(ordered) < SEVERAL:
        yield from ordered
        return
    first = ordered[0]
    names = ", ".join(x.payer for x in ordered)
    yield msgspec.structs.replace(
        first,
        payer=ALL_PAYERS,
        words=f"{words}, at {len(ordered)} payers at once ({names}): a change of the practice"
        " rather than of a payer",
        count=sum(x.count for x in ordered),
    )
