"""How fast coverage must be lost for the aimed share of claims to be denied for it."""

from math import exp

from training.simulate.exposure import Exposure
from training.simulate.hidden import Hazard


def solve_scale(seen: Exposure, hazard: Hazard, initial: float, aim: float) -> float:
    """Hazard scale at which the expected share of claims after a hidden change is ``aim``.

    A change hits the first visit after it, those that follow before the answer is known and
    acted upon, and, where nobody acts, some of the later ones.
    """
    if not seen.gaps or aim <= 0.0:
        return 0.0
    step = max(1, len(seen.gaps) // 4000)
    rows = []
    base = 0.0
    for before, day, after in seen.gaps[::step]:
        hit = 1.0 + 0.6 * (after // 100) + 0.12 * (after % 100)
        if before < 0:
            base += initial * hit
        rows.append((hazard.at(day) - hazard.at(before) if before > 0 else 0.0, hit))
    goal = aim * len(rows) - base
    if goal <= 0.0:
        return 0.0
    low, high = 0.0, 5.0
    for _ in range(40):
        middle = (low + high) / 2
        if sum((1.0 - exp(-middle * jump)) * hit for jump, hit in rows) < goal:
            low = middle
        else:
            high = middle
    return low
