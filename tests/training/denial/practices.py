"""Small simulated practices, and their items up to a day."""

import datetime as dt
from functools import lru_cache

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.x12.context import Item
from training.simulate import SimulatedPractice, simulate


@lru_cache(maxsize=2)
def practice(claims: int = 2_500, months: int = 12, seed: int = 4) -> SimulatedPractice:
    """One practice for a whole test run."""
    return simulate("easy", claims=claims, months=months, seed=seed)


def items(made: SimulatedPractice) -> list[Item]:
    """Everything that the practice has, as its files hold it."""
    return [*made.claims(), *made.acknowledgements, *made.payments]


def day_of(item: Item) -> dt.date:
    """The day from which the practice knows an item."""
    if isinstance(item, Claim):
        return item.submitted
    if isinstance(item, Payment):
        return item.answered
    assert isinstance(item, Acknowledgement)
    return item.date
