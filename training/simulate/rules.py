"""Payer rules: what each payer wants of a claim, from when to when, and how often it insists."""

from bisect import bisect_right
from dataclasses import dataclass
from random import Random

from training.simulate.tables import Mechanism
from training.simulate.world import PracticePayer

OPEN_START = -(10**9)
OPEN_END = 10**9
NEW_DAYS = 60
"""Days from a rule's start in which the staff may not have heard of it."""
FORGOTTEN_WHEN_NEW = 0.4
"""How often the staff, in those days, does not do what the rule asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of one payer; ``strength`` is the probability that it acts on a violation.

    ``codes``: procedures that it concerns; ``partners``: procedures whose presence on the claim
    makes it apply (bundling); ``diagnoses``: codes refused for them; ``modifiers``: one of which
    would satisfy it; ``places``: places of service that it accepts; ``limit``: units or days;
    ``provider``: index of the provider not enrolled. Effective from ``start`` up to and
    including ``stop`` by day of submission, for enrolment by day of service.
    """

    number: int
    payer: PracticePayer
    mechanism: Mechanism
    carc: str
    rarc: str
    group: str
    strength: float
    codes: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    limit: int = 0
    provider: int = -1
    npi: str = ""
    start: int = OPEN_START
    stop: int = OPEN_END

    def active(self, day: int) -> bool:
        """Whether it is in force on that day."""
        return self.start <= day <= self.stop

    def is_new(self, day: int) -> bool:
        """Whether it began so recently that the staff may not have heard of it."""
        return 0 <= day - self.start < NEW_DAYS


class Book:
    """The rules of one payer that are in force, arranged for looking up by code."""

    __slots__ = ("by_code", "by_diagnosis", "telehealth")

    def __init__(self, rules: list[Rule]) -> None:
        self.by_code: dict[str, tuple[Rule, ...]] = {}
        self.by_diagnosis: dict[str, Rule] = {}
        self.telehealth: Rule | None = None
        for rule in rules:
            name = rule.mechanism.name
            if name == "unspecified_diagnosis":
                for code in rule.diagnoses:
                    self.by_diagnosis.setdefault(code, rule)
            elif name == "telehealth":
                self.telehealth = rule
            else:
                for code in rule.codes:
                    before = self.by_code.get(code, ())
                    if not any(
                        r.mechanism is rule.mechanism and r.partners == rule.partners
                        for r in before
                    ):
                        self.by_code[code] = (*before, rule)


@dataclass(frozen=True, slots=True)
class Noise:
    """Denials of a line without a rule: cumulative chances over (mechanism, answer) pairs."""

    mechanisms: tuple[Mechanism, ...]
    chances: tuple[float, ...]
    total: float


class PayerRules:
    """All rules of one payer through time, its noise, and how its staff errors are set.

    ``errors`` maps a mechanism to the probability that the staff forgets what it asks for;
    ``noise`` a procedure family to its noise.
    """

    def __init__(self, payer: PracticePayer) -> None:
        self.payer = payer
        self.rules: list[Rule] = []
        self.errors: dict[str, float] = {}
        self.noise: dict[str, Noise] = {}
        self.enrollment: list[Rule] = []
        self.eligibility: Rule
        self.other_coverage: Rule
        self.timely_filing: Rule
        self.duplicate: Rule
        self.duplicate_share = 0.0
        self.late_share = 0.0
        self.lapse_scale = 0.0
        self.lapse_initial = 0.0
        self.primary_scale = 0.0
        self.primary_initial = 0.0
        self.false_alarm = 0.0
        self.claim_level_rate = 0.0  # aimed share of originals denied as a whole
        self._starts: list[int] = []
        self._books: list[Book] = []

    def compile(self) -> None:
        """Arrange the line rules by period; call once after the last rule was added."""
        edges = {OPEN_START}
        for rule in self.rules:
            edges.add(rule.start)
            edges.add(rule.stop + 1)
        self._starts = sorted(edges)
        self._books = [
            Book([r for r in self.rules if r.mechanism.scope == "line" and r.active(day)])
            for day in self._starts
        ]

    def book(self, day: int) -> Book:
        """The rules in force on that day."""
        return self._books[bisect_right(self._starts, day) - 1]

    def every_rule(self) -> list[Rule]:
        """Line rules, then the claim-level ones."""
        return [
            *self.rules,
            *self.enrollment,
            self.eligibility,
            self.other_coverage,
            self.timely_filing,
            self.duplicate,
        ]


def draw_group(mechanism: Mechanism, rng: Random) -> str:
    """An adjustment group code, by the mechanism's weights."""
    groups = [g for g, _ in mechanism.groups]
    return rng.choices(groups, [w for _, w in mechanism.groups])[0]
