from itertools import product
from random import Random

import pytest

from training.simulate.hidden import Hazard, HiddenChange

HAZARD = Hazard(0, [0.01 * day + (0.3 if day >= 20 else 0.0) for day in range(60)])


def change(uniform: float = 0.5, exponential: float = 1.0, start: int = 5) -> HiddenChange:
    return HiddenChange(HAZARD, start, 0.04, 1.5, 0.9, 0.02, (uniform, exponential))


def by_enumeration(start: int, observed: list[tuple[int, bool]], day: int) -> float:
    """The posterior by summing over every day on which the change may fall."""
    import math

    weights = {-1: 0.04}
    left = 0.96
    for possible in range(start + 1, 200):
        still = 0.96 * math.exp(-1.5 * (HAZARD.at(possible) - HAZARD.at(start)))
        weights[possible] = left - still
        left = still
    weights[10**9] = left
    total = after = 0.0
    for possible, weight in weights.items():
        for seen, denied in observed:
            p = 0.9 if possible <= max(seen, start) else 0.02
            weight *= p if denied else 1.0 - p
        total += weight
        after += weight if possible <= max(day, start) else 0.0
    return after / total


@pytest.mark.parametrize("answers", list(product([False, True], repeat=3)))
@pytest.mark.parametrize("day", [2, 5, 12, 25, 40, 59])
def test_posterior_equals_enumeration(answers: tuple[bool, ...], day: int) -> None:
    hidden = change()
    observed = list(zip([30, 3, 14], answers, strict=True))  # out of order, one before the start
    for seen, denied in observed:
        hidden.observe(seen, denied)
    assert hidden.posterior(day) == pytest.approx(by_enumeration(5, observed, day), abs=1e-12)


def test_posterior_without_observations_is_the_prior() -> None:
    assert change().posterior(5) == pytest.approx(0.04)
    assert change().posterior(45) == pytest.approx(by_enumeration(5, [], 45))


def test_days_of_change_follow_the_hazard() -> None:
    rng = Random(3)
    drawn = [change(rng.random(), rng.expovariate(1.0)) for _ in range(20_000)]
    for day in (5, 10, 19, 20, 45):
        share = sum(x.happened(day) for x in drawn) / len(drawn)
        assert share == pytest.approx(drawn[0].posterior(day), abs=0.012)


def test_a_denial_raises_and_a_payment_lowers_the_probability() -> None:
    base = change().denial_probability(40)
    denied, paid = change(), change()
    denied.observe(30, True)
    paid.observe(30, False)
    assert paid.denial_probability(40) < base < denied.denial_probability(40)
