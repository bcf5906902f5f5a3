"""Stop rules: what a person said of a patient that ends letters, reminders or plans for now.

They are set and lifted by a person with a reason, and asked before every letter and plan.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

import msgspec

from models.codes.tables import check_value, read_rules
from models.errors import InputError


class StopKind(StrEnum):
    """Why a patient is left alone."""

    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    DECEASED = "deceased"
    BANKRUPTCY = "bankruptcy"
    DO_NOT_CONTACT = "do_not_contact"
    APPEAL = "appeal"


class Step(StrEnum):
    """What may be about to happen."""

    LETTER = "letters"  # a statement
    REMINDER = "reminders"
    PLAN = "plans"


class StopRule(msgspec.Struct, frozen=True):
    """What a stop ends, in words, and what it rests on."""

    kind: StopKind
    words: str
    stops: frozenset[Step]
    source: str


@lru_cache(maxsize=1)
def load_stops() -> dict[StopKind, StopRule]:
    """Rules by kind (``stops.csv``).

    Raises:
        InputError: the table is damaged, or lacks a kind.
    """
    steps = [str(x) for x in Step]
    found: dict[StopKind, StopRule] = {}
    for line, c in read_rules(
        "stops.csv", ("kind", "words", *steps, "source"), ("kind", "words"),
        package="models.revenue",
    ):  # fmt: skip
        kind = StopKind(check_value("stops.csv", line, "kind", c["kind"], list(StopKind)))
        for step in steps:
            check_value("stops.csv", line, step, c[step], ["stop", "go"])
        ended = frozenset(Step(step) for step in steps if c[step] == "stop")
        found[kind] = StopRule(kind, c["words"], ended, c["source"])
    missing = [x for x in StopKind if x not in found]
    if missing:
        raise InputError(f"stops.csv: kind {missing[0]!r} is missing")
    return found


def stopped(kinds: Iterable[StopKind], step: Step) -> list[str]:
    """Why a step may not be taken, in words; empty: no stop is against it.

    >>> stopped([StopKind.HARDSHIP], Step.PLAN), stopped([StopKind.HARDSHIP], Step.LETTER)
    ([], ['the patient has asked for help with the bill'])
    """
    rules = load_stops()
    return [rules[k].words for k in sorted(set(kinds)) if step in rules[k].stops]
