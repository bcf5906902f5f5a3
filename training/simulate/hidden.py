"""Hidden states of a patient's coverage, and what the practice can infer about them.

A `HiddenChange` is an event that the practice does not see when it happens: the coverage ends,
or another payer becomes primary. The day of the change is drawn from a hazard that the payer's
type sets; answered claims are noisy observations of whether the change had happened by their
service date. `probability` integrates the day out exactly (Bayes over the intervals between
observed service dates), so the simulator can state what a perfect model could say.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from math import exp


class Hazard:
    """Cumulative hazard by day: ``cumulative[day - first_day]``, non-decreasing.

    Days before ``first_day`` have the first value, days after the end the last one.
    """

    __slots__ = ("_cumulative", "_first_day", "_last")

    def __init__(self, first_day: int, cumulative: Sequence[float]) -> None:
        self._first_day = first_day
        self._cumulative = list(cumulative)
        self._last = len(self._cumulative) - 1

    def at(self, day: int) -> float:
        """Cumulative hazard up to and including ``day`` (an ordinal)."""
        return self._cumulative[min(max(day - self._first_day, 0), self._last)]

    def day_reaching(self, value: float) -> int:
        """First day whose cumulative hazard is at least ``value``; far future if none."""
        index = bisect_left(self._cumulative, value)
        return self._first_day + index if index <= self._last else 10**9


class HiddenChange:
    """One hidden change of one coverage: its true day, and the posterior given observations.

    ``start``: the day on which the practice last knew the state (with ``initial`` probability
    that it was already wrong then); ``scale`` multiplies the hazard; ``sensitivity`` is the
    probability that a claim after the change is denied for it, ``false_alarm`` before it.
    """

    __slots__ = (
        "_base",
        "_observed",
        "false_alarm",
        "hazard",
        "initial",
        "scale",
        "sensitivity",
        "start",
        "true_day",
    )

    def __init__(
        self,
        hazard: Hazard,
        start: int,
        initial: float,
        scale: float,
        sensitivity: float,
        false_alarm: float,
        draws: tuple[float, float],
    ) -> None:
        """``draws``: a uniform (already wrong at the start?) and a unit exponential number."""
        self.hazard = hazard
        self.start = start
        self.initial = initial
        self.scale = scale
        self.sensitivity = sensitivity
        self.false_alarm = false_alarm
        self._base = hazard.at(start)
        self._observed: list[tuple[int, bool]] = []
        uniform, exponential = draws
        if uniform < initial:
            self.true_day = -1
        elif scale <= 0.0:
            self.true_day = 10**9
        else:
            self.true_day = max(hazard.day_reaching(self._base + exponential / scale), start + 1)

    def happened(self, day: int) -> bool:
        """Whether the change is in force for a service on ``day`` (the truth)."""
        return self.true_day <= max(day, self.start)

    def observe(self, day: int, denied: bool) -> None:
        """An answer is known: the service of ``day`` was, or was not, denied for this."""
        insort(self._observed, (max(day, self.start), denied))

    def _survival(self, day: int) -> float:
        if day <= self.start:
            return 1.0 - self.initial
        return (1.0 - self.initial) * exp(-self.scale * (self.hazard.at(day) - self._base))

    def posterior(self, day: int) -> float:
        """P(the change is in force for a service on ``day`` | what was observed so far)."""
        day = max(day, self.start)
        observed = self._observed
        if not observed:
            return 1.0 - self._survival(day)
        alarm, sense = self.false_alarm, self.sensitivity
        # weight of "the change falls between two neighbouring observations", for those up to
        # `day` and those after it; `before` is the likelihood of what lies before the change,
        # `after` of what lies after it, built from the right
        position = bisect_right(observed, (day, True))
        after = [1.0] * (len(observed) + 1)
        for i in range(len(observed) - 1, -1, -1):
            after[i] = after[i + 1] * (sense if observed[i][1] else 1.0 - sense)
        changed = unchanged = 0.0
        before = 1.0
        previous = 1.0
        for i, (seen, denied) in enumerate(observed):
            if i == position:
                now = self._survival(day)
                changed += (previous - now) * before * after[i]
                previous = now
            now = self._survival(seen)
            mass = (previous - now) * before * after[i]
            if i < position:
                changed += mass
            else:
                unchanged += mass
            previous = now
            before *= alarm if denied else 1.0 - alarm
        if position == len(observed):
            now = self._survival(day)
            changed += (previous - now) * before
            previous = now
        unchanged += previous * before
        total = changed + unchanged
        return changed / total if total > 0.0 else 1.0

    def denial_probability(self, day: int) -> float:
        """P(a claim for a service on ``day`` is denied for this | what was observed)."""
        p = self.posterior(day)
        return p * self.sensitivity + (1.0 - p) * self.false_alarm

    def true_probability(self, day: int) -> float:
        """The same given the true state: what the outcome is drawn from."""
        return self.sensitivity if self.happened(day) else self.false_alarm
