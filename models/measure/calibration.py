"""From scores that rank to probabilities that can be taken at their word.

A fitted calibrator is a few numbers: it travels in an artifact as JSON and needs no library to
be applied. Both kinds are strictly increasing, so that they never change a ranking, and never
answer exactly 0 or 1, since no payer is ever certain.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import msgspec
import numpy as np

from models.measure.discrimination import Floats, Labels, Scores, checked

# Scores outside are treated as these; log-odds of about -16 and 16.
LOWEST = 1e-7
# A beta map must not be flat: ranks are kept.
LEAST_SLOPE = 1e-3
# One imagined claim at each end, as likely denied as any: the ends stay away from 0 and 1.
END_WEIGHT = 1.0


class Calibrator(Protocol):
    """Scores in (0, 1) to probabilities in (0, 1)."""

    def predict(self, scores: Scores) -> Floats:
        """Calibrated probabilities, of the scores' shape."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, from which `calibrator_from_dict` makes an equal calibrator."""


class BetaCalibrator(msgspec.Struct, frozen=True):
    """Three numbers: logit(p) = a ln(s) - b ln(1 - s) + c with a, b > 0.

    The identity (a = b = 1, c = 0) is one of them, and Platt's logistic map of log-odds is
    a = b. Needs little data, therefore the choice for a few hundred denials; cannot follow a
    bend in the middle. Kull, Silva Filho and Flach, "Beta calibration", AISTATS 2017.
    """

    kind: ClassVar[str] = "beta"
    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    @classmethod
    def fit(cls, scores: Scores, labels: Labels) -> "BetaCalibrator":
        """Maximum likelihood, with a slight pull towards the identity.

        Raises:
            ValueError: Scores and labels do not fit together.
        """
        from scipy.optimize import minimize

        y, s = checked(labels, scores)
        low, high = _logs(s)

        def loss(theta: Floats) -> tuple[float, Floats]:
            z = theta[0] * low - theta[1] * high + theta[2]
            error = _sigmoid(z) - y
            pull = theta - np.array([1.0, 1.0, 0.0])
            value = float((np.logaddexp(0.0, z) - y * z).sum() + 0.5 * (pull**2).sum())
            return value, np.array([error @ low, -(error @ high), error.sum()]) + pull

        bounds = [(LEAST_SLOPE, None), (LEAST_SLOPE, None), (None, None)]
        best = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
        return cls(*(float(value) for value in best.x))

    def predict(self, scores: Scores) -> Floats:
        """Calibrated probabilities, of the scores' shape."""
        low, high = _logs(np.asarray(scores, dtype=np.float64))
        return _sigmoid(self.a * low - self.b * high + self.c)

    def to_dict(self) -> dict[str, Any]:
        """``kind``, ``a``, ``b``, ``c``."""
        return {"kind": self.kind, "a": self.a, "b": self.b, "c": self.c}


class IsotonicCalibrator(msgspec.Struct, frozen=True):
    """Breakpoints on log-odds, joined by straight lines.

    Isotonic regression finds blocks of equal observed rate; each block becomes one breakpoint
    at its mean score and rate, and the line between them keeps the ranking that steps would
    destroy. Follows any increasing shape, and therefore wants some thousand claims.
    Oron and Flournoy, "Centered isotonic regression", Stat. Biopharm. Res. 2017.
    """

    kind: ClassVar[str] = "isotonic"
    x: tuple[float, ...] = (0.0,)
    y: tuple[float, ...] = (0.0,)

    @classmethod
    def fit(cls, scores: Scores, labels: Labels) -> "IsotonicCalibrator":
        """Pool adjacent violators, then centre the blocks.

        Raises:
            ValueError: Scores and labels do not fit together.
        """
        from scipy.optimize import isotonic_regression

        labels_, s = checked(labels, scores)
        order = np.argsort(s, kind="stable")
        z = _logit(s[order])
        # Equal scores are one observation: their order among themselves means nothing.
        starts = np.flatnonzero(np.diff(z, prepend=-np.inf))
        weight = np.diff(starts, append=z.size).astype(np.float64)
        rate = np.add.reduceat(labels_[order], starts) / weight
        z = z[starts]
        base = (labels_.sum() + 0.5) / (labels_.size + 1.0)
        z = np.concatenate([z[:1], z, z[-1:]])
        rate = np.concatenate([[base], rate, [base]])
        weight = np.concatenate([[END_WEIGHT], weight, [END_WEIGHT]])
        fitted = isotonic_regression(rate, weights=weight)
        blocks = np.asarray(fitted.blocks)[:-1]
        mass = np.add.reduceat(weight, blocks)
        x = np.add.reduceat(weight * z, blocks) / mass
        y = _logit(np.add.reduceat(weight * rate, blocks) / mass)
        keep = np.concatenate([[True], np.diff(x) > 1e-9])
        return cls(tuple(x[keep].tolist()), tuple(y[keep].tolist()))

    def predict(self, scores: Scores) -> Floats:
        """Calibrated probabilities, of the scores' shape."""
        z = _logit(np.asarray(scores, dtype=np.float64))
        x, y = np.array(self.x), np.array(self.y)
        # Outside the breakpoints the map runs on in parallel to the identity.
        outside = np.minimum(z - x[0], 0.0) + np.maximum(z - x[-1], 0.0)
        return _sigmoid(np.interp(z, x, y) + outside)

    def to_dict(self) -> dict[str, Any]:
        """``kind``, and the breakpoints ``x`` (log-odds in) and ``y`` (log-odds out)."""
        return {"kind": self.kind, "x": list(self.x), "y": list(self.y)}


def fit_calibrator(scores: Scores, labels: Labels, *, folds: int = 5, seed: int = 0) -> Calibrator:
    """The kind with the lower cross-validated log-loss, fitted on everything.

    Beta wins a draw: it has three numbers. Without a denial, or without a paid claim, the
    rate's own beta calibrator is returned, since there is no shape to learn.
    """
    from models.measure.probability import log_loss

    y, s = checked(labels, scores)
    if min(y.sum(), y.size - y.sum()) < folds:
        return BetaCalibrator.fit(s, y)
    fold = np.random.default_rng(seed).permutation(y.size) % folds
    fits: tuple[Callable[[Scores, Labels], Calibrator], ...]
    fits = (BetaCalibrator.fit, IsotonicCalibrator.fit)
    losses = []
    for fit in fits:
        held_out = np.empty_like(s)
        for number in range(folds):
            inside = fold != number
            held_out[~inside] = fit(s[inside], y[inside]).predict(s[~inside])
        losses.append(log_loss(y, held_out))
    return fits[int(np.argmin(losses))](s, y)


def calibrator_from_dict(data: dict[str, Any]) -> Calibrator:
    """The calibrator that ``to_dict`` described.

    >>> calibrator_from_dict({"kind": "beta", "a": 1.0, "b": 1.0, "c": 0.0}).predict([0.25])
    array([0.25])

    Raises:
        ValueError: ``kind`` is unknown.
    """
    kinds: dict[str, type[BetaCalibrator] | type[IsotonicCalibrator]] = {
        kind.kind: kind for kind in (BetaCalibrator, IsotonicCalibrator)
    }
    if data.get("kind") not in kinds:
        raise ValueError(f"calibrator kind={data.get('kind')!r}: one of {sorted(kinds)} is needed")
    return msgspec.convert(
        {key: value for key, value in data.items() if key != "kind"}, kinds[data["kind"]]
    )


def _logs(s: Floats) -> tuple[Floats, Floats]:
    s = np.clip(s, LOWEST, 1 - LOWEST)
    return np.log(s), np.log1p(-s)


def _logit(p: Floats) -> Floats:
    low, high = _logs(p)
    return low - high


def _sigmoid(z: Floats) -> Floats:
    # Bounded so that rounding never yields exactly 0 or 1.
    bound = -np.log(LOWEST) * 2
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -bound, bound)))
    return result
