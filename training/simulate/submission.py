"""Records of the simulated claim history: submissions, chains, and what was posted to them."""

from dataclasses import dataclass

from models.claims.claim import Claim, OtherPayer, ServiceLine
from training.simulate.adjudicate import Decision
from training.simulate.draft import Draft
from training.simulate.patients import Coverage
from training.simulate.remit import LineMoney
from training.simulate.rules import PayerRules
from training.simulate.visits import Visit


class Chain:
    """All submissions of one visit (a mistaken duplicate has a chain of its own).

    ``primary``: per line number and submission position the posted cents
    [contractual, paid, patient, denied]; ``secondary`` the same from the secondary payer;
    ``taken_back``: cents that reversals took, per line.
    """

    __slots__ = (
        "duplicate",
        "number",
        "primary",
        "secondary",
        "secondary_due",
        "submissions",
        "taken_back",
        "visit",
    )

    def __init__(self, visit: Visit, duplicate: bool = False) -> None:
        self.visit = visit
        self.number = visit.number
        self.duplicate = duplicate
        self.submissions: list[Submission] = []
        self.primary: dict[int, dict[int, list[int]]] = {}
        self.secondary: dict[int, list[int]] = {}
        self.secondary_due = False  # sent, or forwarded, to a secondary payer
        self.taken_back: dict[int, int] = {}

    def post(self, position: int, entry: LineMoney, sign: int, *, secondary: bool) -> None:
        """Add one line of a remittance of the submission at ``position``."""
        number = entry.line.number
        if secondary:
            into = self.secondary.setdefault(number, [0, 0, 0, 0])
        else:
            into = self.primary.setdefault(number, {}).setdefault(position, [0, 0, 0, 0])
            if sign < 0:
                self.taken_back[number] = self.taken_back.get(number, 0) + entry.paid
        for i, cents in enumerate((entry.contractual, entry.paid, entry.patient, entry.denied)):
            into[i] += sign * cents


@dataclass(frozen=True, slots=True)
class Secondary:
    """What a claim to a secondary payer adds: the primary's answer in its loops.

    ``entries``: the primary's answer per line.
    """

    other: OtherPayer
    lines: tuple[ServiceLine, ...]
    entries: list[LineMoney]

    @property
    def asked(self) -> tuple[bool, ...]:
        """Lines of which the primary left something to pay."""
        return tuple(e.patient > 0 for e in self.entries)


class Submission:
    """One claim as it went out, and what came of it.

    ``answered``: day of the payer's first answer, also where it lies after the history's end;
    ``known``: that answer has reached the practice.
    """

    __slots__ = (
        "accepted",
        "answered",
        "attempt",
        "chain",
        "claim",
        "control",
        "coverage",
        "day",
        "decision",
        "draft",
        "entries",
        "kind",
        "known",
        "position",
        "rules",
        "secondary",
    )

    def __init__(
        self, chain: Chain, draft: Draft, claim: Claim, day: int, rules: PayerRules, kind: str
    ) -> None:
        self.chain = chain
        self.draft = draft
        self.claim = claim
        self.coverage: Coverage = draft.coverage
        self.day = day
        self.rules = rules
        self.kind = kind  # original, correction, secondary, duplicate, resent
        self.attempt = 0
        self.secondary: Secondary | None = None
        self.accepted = True
        self.decision: Decision | None = None
        self.answered = 0
        self.known = False
        self.control = ""
        self.entries: list[LineMoney] = []
        self.position = len(chain.submissions)
        chain.submissions.append(self)
