"""Ageing: how long an amount has been open, from the service or since somebody owes it."""

import datetime as dt
from enum import StrEnum

BUCKETS: tuple[tuple[str, int], ...] = (
    ("0-30", 30),
    ("31-60", 60),
    ("61-90", 90),
    ("91-120", 120),
    ("over 120", 100_000),
)
"""Name and last day of each bucket."""


class Basis(StrEnum):
    """From which day an amount ages."""

    SERVICE = "service"
    RESPONSIBILITY = "responsibility"  # since this payer, or the patient, owes it


def bucket(days: int) -> str:
    """Name of the bucket of an amount that has been open for so many days.

    >>> bucket(0), bucket(31), bucket(500)
    ('0-30', '31-60', 'over 120')
    """
    return next(name for name, last in BUCKETS if days <= last)


def bucket_days(as_of: dt.date) -> list[tuple[str, dt.date]]:
    """For each bucket the earliest day from which an amount still falls into it or a later one."""
    return [
        (name, dt.date.fromordinal(max(as_of.toordinal() - last, 1))) for name, last in BUCKETS[:-1]
    ]
