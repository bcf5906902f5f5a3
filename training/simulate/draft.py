"""A claim before it is written: the visit, the coverage, and what the staff put on it."""

from decimal import Decimal

from models.claims.claim import Provider
from training.simulate.patients import Coverage
from training.simulate.tables import Diagnosis, Procedure
from training.simulate.visits import Visit

_MONEY: dict[int, Decimal] = {}


def money(cents: int) -> Decimal:
    """Dollars of an amount in cents (shared objects)."""
    found = _MONEY.get(cents)
    if found is None:
        found = _MONEY[cents] = Decimal(cents).scaleb(-2)
    return found


class DraftLine:
    """A service line before it is written; ``charge`` in cents, ``number`` from 1."""

    __slots__ = ("charge", "drug", "modifiers", "number", "pointers", "procedure", "units")

    def __init__(self, procedure: Procedure, units: int, pointers: tuple[int, ...]) -> None:
        self.procedure = procedure
        self.units = units
        self.pointers = pointers
        self.charge = procedure.charge * units
        self.modifiers: tuple[str, ...] = ()
        self.drug = False
        self.number = 0

    def copy(self) -> "DraftLine":
        """A line that can be corrected without touching this one."""
        twin = DraftLine(self.procedure, self.units, self.pointers)
        twin.modifiers, twin.drug, twin.number = self.modifiers, self.drug, self.number
        return twin


class Draft:
    """A claim before it is written: everything that a payer's rule can look at.

    ``series`` sets a visit's services apart by how often they were entered: L, or D for the
    services of a visit that was entered twice by mistake.
    """

    __slots__ = (
        "authorization",
        "coverage",
        "diagnoses",
        "laboratory",
        "lines",
        "place",
        "referring",
        "series",
        "visit",
    )

    def __init__(self, visit: Visit, coverage: Coverage) -> None:
        self.visit = visit
        self.coverage = coverage
        self.diagnoses: list[Diagnosis] = visit.diagnoses
        self.lines: list[DraftLine] = []
        self.authorization = ""
        self.referring: Provider | None = None
        self.laboratory = False
        self.place = "11"
        self.series = "L"

    def copy(self) -> "Draft":
        """A draft that can be corrected without touching this one."""
        twin = Draft(self.visit, self.coverage)
        twin.diagnoses = list(self.diagnoses)
        twin.lines = [line.copy() for line in self.lines]
        twin.authorization, twin.referring = self.authorization, self.referring
        twin.laboratory, twin.place, twin.series = self.laboratory, self.place, self.series
        return twin
