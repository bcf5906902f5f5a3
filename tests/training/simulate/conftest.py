"""Practices that several tests of the simulator look at."""

import pytest

from training.simulate import SimulatedPractice, simulate


@pytest.fixture(scope="session")
def practice() -> SimulatedPractice:
    """A typical practice of 4,000 original claims over twelve months."""
    return simulate("typical", claims=4000, months=12, seed=11)
