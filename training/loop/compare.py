"""Champion and challenger on the same most recent claims, which neither has learnt from.

Both see each claim as it was submitted, with the past that was known on that day. Claims that
were changed after the champion had warned are no fair question: what the payer said is about the
changed claim, and the champion's best calls are among them. They are left out, and the claims
that it warned of in vain, unchanged, stand for them (inverse probability weighting within bands
of the champion's score; Horvitz and Thompson 1952).
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.claims.claim import Claim
from models.denial.cells import Floats
from models.measure.drift import paired_gain
from training.denial.dataset import DenialData
from training.denial.judge import Figures, claim_charges, figures
from training.denial.rows import Mask
from training.loop.gate import Criterion, Gate

Int64s = NDArray[np.int64]

#: Most claims that one unchanged claim stands for, and bands in which they are counted.
MOST_WEIGHT = 10.0
BANDS = 5
AGE_GROUPS = ((0, "under 18"), (18, "18 to 44"), (45, "45 to 64"), (65, "65 and over"))


class GroupGain(msgspec.Struct, frozen=True):
    """One group: mean log-loss gain of the challenger, its standard error."""

    attribute: str
    group: str
    claims: int
    denied: int
    gain: float
    error: float


class Comparison(msgspec.Struct):
    """Both models on the same claims; ``heeded`` claims were left out."""

    claims: int
    denied: int
    heeded: int
    champion: Figures | None
    challenger: Figures | None
    gain: float
    gain_error: float
    ratio: float  # predicted over observed denials, challenger
    groups: list[GroupGain]


def log_losses(denied: Mask, probability: Floats) -> Floats:
    """Log-loss of each claim, in nats."""
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    result: Floats = -np.where(denied, np.log(p), np.log1p(-p))
    return result


def heeded_weights(champion: Floats, warned: Mask, heeded: Mask) -> Floats:
    """How many claims each claim stands for; 0 for a heeded one.

    ``champion`` are its probabilities ``[claims]``, ``warned`` whether it had warned before
    submission, ``heeded`` whether the claim was then changed. Within bands of the champion's
    score among warned claims, unchanged ones are weighted up to the band's size, at most by
    `MOST_WEIGHT`: a band in which everything was heeded is lost, and nothing can stand for it.
    """
    weights = np.where(heeded, 0.0, 1.0)
    rows = np.flatnonzero(warned | heeded)
    if not heeded.any() or not len(rows):
        return weights
    order = rows[np.argsort(champion[rows], kind="stable")]
    for band in np.array_split(order, min(BANDS, len(order))):
        left = int((~heeded[band]).sum())
        if left:
            weights[band[~heeded[band]]] = min(len(band) / left, MOST_WEIGHT)
    return weights


def compare(
    data: DenialData,
    rows: Int64s,
    champion: Floats,
    challenger: Floats,
    gate: Gate,
    *,
    warned: Mask | None = None,
    heeded: Mask | None = None,
) -> Comparison:
    """Hold two sets of probabilities ``[rows]`` against what the payers answered.

    ``warned`` and ``heeded`` are about the same rows (see `heeded_weights`).
    """
    nobody = np.zeros(len(rows), bool)
    heeded = nobody if heeded is None else heeded
    weights = heeded_weights(champion, nobody if warned is None else warned, heeded)
    used = weights > 0
    denied, charge = data.denied[rows], claim_charges(data, rows)
    losses = log_losses(denied, champion), log_losses(denied, challenger)
    patient = data.patient[rows]
    gain, error = paired_gain(*losses, patient, weights)
    groups = []
    for attribute, name_of in _attributes(gate):
        names = np.array([name_of(data.claims[i]) for i in rows], dtype=np.str_)
        for name in np.unique(names[used]).tolist():
            own = used & (names == name)
            count, lost = int(own.sum()), int(denied[own].sum())
            if count < gate.groups.least_claims or lost < gate.groups.least_denials:
                continue
            found = paired_gain(losses[0][own], losses[1][own], patient[own], weights[own])
            groups.append(GroupGain(attribute, name, count, lost, *found))
    observed = float((weights * denied).sum())
    return Comparison(
        int(used.sum()),
        int(denied[used].sum()),
        int(heeded.sum()),
        figures(denied[used], champion[used], charge[used]),
        figures(denied[used], challenger[used], charge[used]),
        gain,
        error,
        float((weights * challenger).sum()) / observed if observed else float("nan"),
        groups,
    )


def _attributes(gate: Gate) -> Iterator[tuple[str, Callable[[Claim], str]]]:
    known: dict[str, Callable[[Claim], str]] = {
        "payer": lambda c: c.payer.name,
        "specialty": specialty,
        "age": age_group,
        "sex": lambda c: c.patient.sex or "unknown",
    }
    for name in gate.groups.by:
        yield name, known[name]


def specialty(claim: Claim) -> str:
    """The rendering provider's taxonomy code, else the billing provider's."""
    rendering = claim.rendering.taxonomy if claim.rendering else ""
    return rendering or claim.billing.taxonomy or "unknown"


def age_group(claim: Claim) -> str:
    """The patient's age group on the first day of service."""
    birth, day = claim.patient.birth_date, claim.service_date or claim.submitted
    if birth is None:
        return "unknown"
    return age_group_of(day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)))


def age_group_of(years: int | None) -> str:
    """The age group of so many years.

    >>> age_group_of(44), age_group_of(None)
    ('18 to 44', 'unknown')
    """
    if years is None:
        return "unknown"
    return next(name for least, name in reversed(AGE_GROUPS) if max(years, 0) >= least)


def criteria(found: Comparison | None, gate: Gate) -> Iterator[Criterion]:
    """The gate's questions about performance, answered; ``None``: there is no champion."""
    if found is None:
        yield Criterion("better", "passed", "there is no champion to be better than")
        return
    period, enough = gate.period, True
    if found.claims < period.least_claims or found.denied < period.least_denials:
        enough = False
    yield Criterion(
        "period",
        "passed" if enough else "undecided",
        f"{found.claims} claims that neither has learnt from, {found.denied} denied,"
        f" {found.heeded} more left out as changed after a warning"
        f" ({period.least_claims} and {period.least_denials} are needed)",
    )
    if not enough or found.challenger is None or found.champion is None:
        return
    z = found.gain / found.gain_error if found.gain_error > 0 else 0.0
    yield Criterion(
        "better",
        "passed" if z > gate.better.least_z else "failed",
        f"log-loss {found.champion.log_loss:.4f} to {found.challenger.log_loss:.4f}; gain"
        f" {found.gain:+.4f}, {z:+.1f} standard errors (more than {gate.better.least_z} asked)",
    )
    yield _calibration(found, gate)
    yield _groups(found, gate)


def _calibration(found: Comparison, gate: Gate) -> Criterion:
    assert found.challenger is not None
    rate = found.denied / found.claims
    noise = float(np.sqrt(rate * (1 - rate) * 10 / found.claims))
    spread = 2.0 / float(np.sqrt(max(found.denied, 1)))
    error, limits = found.challenger.calibration_error, gate.calibrated
    fits = error <= limits.most_error + noise
    fits &= abs(found.ratio - 1) <= limits.most_ratio_off + spread
    return Criterion(
        "calibrated",
        "passed" if fits else "failed",
        f"calibration error {error:.4f} (at most {limits.most_error} and {noise:.4f} for chance);"
        f" predicted over observed {found.ratio:.2f} (within {limits.most_ratio_off} of 1 and"
        f" {spread:.2f} for chance)",
    )


def _groups(found: Comparison, gate: Gate) -> Criterion:
    worse = [g for g in found.groups if g.error > 0 and g.gain < -gate.groups.most_z * g.error]
    if not worse:
        return Criterion("groups", "passed", f"none of {len(found.groups)} groups is clearly worse")
    names = "; ".join(f"{g.attribute} {g.group}: {g.gain:+.4f} ± {g.error:.4f}" for g in worse)
    return Criterion("groups", "failed", f"clearly worse for {names}")
