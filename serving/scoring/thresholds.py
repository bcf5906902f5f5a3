"""From what a caller asks for to the probability at which a claim is for review.

A model brings the thresholds that reached a precision or a review capacity on its calibration
window (`models.denial.thresholds`), and perhaps a ``"default"``.
"""

import math
from collections.abc import Mapping, Sequence

from models.denial.thresholds import Basis, known_targets
from serving.problems import FieldError
from serving.scoring.answers import Threshold
from serving.scoring.requests import ScoreOptions, invalid

#: Where the model says nothing better: more likely denied than not.
EVEN = 0.5
#: From so many claims on, a share of the request's own claims is meant by a capacity.
OWN_SHARE = 20


def choose(
    thresholds: Mapping[str, float], options: ScoreOptions, probabilities: Sequence[float] | None
) -> Threshold:
    """The threshold for a request.

    ``probabilities`` are those of all its claims, or ``None`` where they are not known yet (a
    stream); they decide a capacity where there are enough of them, else the model's own window.

    Raises:
        ServiceError: 422; the precision or capacity is not one that the model can tell.
    """
    if options.precision is not None:
        known = known_targets(thresholds, "precision")
        reached = [x for x in sorted(known) if x >= options.precision - 1e-9]
        if not reached:
            raise invalid([FieldError(_unknown("precision", known), "/precision")])
        return Threshold(known[reached[0]], "precision", reached[0])
    if options.capacity is not None:
        if probabilities is not None and len(probabilities) >= OWN_SHARE:
            count = math.ceil(options.capacity * len(probabilities))
            cut = sorted(probabilities, reverse=True)[count - 1]
            return Threshold(cut, "capacity", options.capacity)
        known = known_targets(thresholds, "capacity")
        within = [x for x in sorted(known) if x <= options.capacity + 1e-9]
        if not within:
            raise invalid([FieldError(_unknown("capacity", known), "/capacity")])
        return Threshold(known[within[-1]], "capacity", within[-1])
    return Threshold(thresholds.get("default", EVEN), "default", None)


def _unknown(basis: Basis, known: Mapping[float, float]) -> str:
    listed = ", ".join(f"{x:g}" for x in sorted(known)) or "none"
    bound = "at most the largest of" if basis == "precision" else "at least the smallest of"
    extra = "" if basis == "precision" else f", or send {OWN_SHARE} claims or more at once"
    return f"the model in use knows no such {basis}; {bound} these is possible: {listed}{extra}"
