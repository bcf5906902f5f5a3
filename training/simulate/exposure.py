"""How often the practice's visits meet what rules could be about, counted once per payer type."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from training.simulate.visits import Visit

REPEAT_WINDOW = 800
"""Days back in which an earlier service of the same code counts as a repeat."""


@dataclass(slots=True)
class Exposure:
    """Counts of claims, by what they hold; divide by ``claims`` for shares."""

    claims: int = 0
    lines: int = 0  # with a charge
    telehealth: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)  # lines
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    units: Counter[tuple[str, int]] = field(default_factory=Counter)
    pointed: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    unspecified: Counter[str] = field(default_factory=Counter)
    repeats: Counter[tuple[str, int]] = field(default_factory=Counter)  # (code, days since)
    seen_before: Counter[str] = field(default_factory=Counter)  # codes at established visits
    gaps: list[tuple[int, int, int]] = field(default_factory=list)  # (before, day, soon after)

    def share(self, code: str) -> float:
        """Share of claims with the code."""
        return self.codes[code] / max(1, self.claims)


def _count(visit: Visit, into: Exposure, last: dict[str, int]) -> None:
    into.claims += 1
    into.telehealth += visit.telehealth
    charged = [s for s in visit.services if s.procedure.charge]
    into.lines += len(charged)
    codes = [s.procedure.code for s in charged]
    refused = set()
    for service in charged:
        procedure = service.procedure
        code = procedure.code
        into.codes[code] += 1
        into.families[procedure.family] += 1
        if procedure.units[1] > 1:
            into.units[code, service.units] += 1
        found = tuple(visit.diagnoses[i - 1].code for i in service.pointers)
        into.pointed[code, found] += 1
        first = visit.diagnoses[service.pointers[0] - 1]
        if first.unspecified:
            refused.add(first.code)
        if not visit.new:
            into.seen_before[code] += 1
        before = last.get(code)
        if before is not None and 0 < visit.day - before <= REPEAT_WINDOW:
            into.repeats[code, visit.day - before] += 1
        last[code] = visit.day
    for code in refused:
        into.unspecified[code] += 1
    for i, a in enumerate(codes):
        for b in codes[i + 1 :]:
            into.pairs[a, b] += 1
            into.pairs[b, a] += 1


def count_exposure(visits: Iterable[Visit]) -> dict[str, Exposure]:
    """Exposure by payer type; visits of one patient must stand together, in order of time."""
    found: dict[str, Exposure] = {}
    patient = None
    last: dict[str, int] = {}
    days: list[int] = []
    into = Exposure()
    for visit in visits:
        if visit.patient is not patient:
            _add_gaps(into, days)
            patient, last, days = visit.patient, {}, []
            into = found.setdefault(visit.patient.coverage.payer.type.name, Exposure())
        _count(visit, into, last)
        days.append(visit.day)
    _add_gaps(into, days)
    return found


def _add_gaps(into: Exposure, days: list[int]) -> None:
    for i, day in enumerate(days):
        soon = sum(1 for other in days[i + 1 :] if other - day <= 45)
        later = len(days) - i - 1 - soon
        into.gaps.append((days[i - 1] if i else -1, day, 100 * soon + min(99, later)))
