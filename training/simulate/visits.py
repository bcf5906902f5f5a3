"""Visits: who was seen when, for which diagnoses, and what was done.

Nothing here knows a payer's rules: the staff's handling of them comes when the claim is made.
"""

from bisect import bisect
from itertools import accumulate
from random import Random

from training.simulate.patients import Patient, PatientDraw
from training.simulate.tables import (
    Diagnosis,
    Procedure,
    Specialty,
    VisitKind,
    diagnoses,
    families,
)
from training.simulate.world import PracticeProvider, World

BILLING_LAG = (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 11)
"""Days from service to submission, all equally likely, before weekends are skipped."""


class Service:
    """One thing done at a visit: a procedure with units and diagnosis positions from 1."""

    __slots__ = ("pointers", "procedure", "side", "units")

    def __init__(
        self, procedure: Procedure, units: int, pointers: tuple[int, ...], side: str
    ) -> None:
        self.procedure = procedure
        self.units = units
        self.pointers = pointers
        self.side = side


class Visit:
    """One visit, which becomes one claim chain."""

    __slots__ = (
        "day",
        "diagnoses",
        "new",
        "number",
        "patient",
        "place",
        "provider",
        "services",
        "submitted",
        "surgical",
        "telehealth",
    )

    def __init__(self, patient: Patient, provider: PracticeProvider, day: int) -> None:
        self.patient = patient
        self.provider = provider
        self.day = day
        self.submitted = day
        self.number = 0
        self.new = False
        self.telehealth = False
        self.surgical = False
        self.place = 0  # index of the location
        self.diagnoses: list[Diagnosis] = []
        self.services: list[Service] = []


class VisitDraw:
    """Draws patients with their visits until there are enough."""

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self.patients = PatientDraw(world, rng)
        self._specialties: list[Specialty] = []
        self._weights: list[float] = []
        for provider in world.providers:
            if provider.specialty not in self._specialties:
                self._specialties.append(provider.specialty)
                self._weights.append(0.0)
            self._weights[self._specialties.index(provider.specialty)] += (
                provider.weight * provider.specialty.gap_days / 60
            )
        self._kinds: dict[tuple[str, bool, int], tuple[list[VisitKind], list[float]]] = {}
        self._members: dict[
            tuple[str, tuple[str, ...]], tuple[tuple[Procedure, ...], list[float]]
        ] = {}
        self._diagnosis_weights = {
            group: list(accumulate(d.weight for d in members))
            for group, members in diagnoses().items()
        }

    def visits(self, count: int) -> list[Visit]:
        """``count`` visits whose claims are submitted in the history or after it."""
        found: list[Visit] = []
        while len(found) < count:
            specialty = self._rng.choices(self._specialties, self._weights)[0]
            found.extend(self._career(self.patients.patient(specialty), specialty))
        del found[count:]
        for number, visit in enumerate(found):
            visit.number = number + 1
        return found

    def _career(self, patient: Patient, specialty: Specialty) -> list[Visit]:
        rng, calendar = self._rng, self._world.calendar
        established = rng.random() < 0.5
        span = calendar.future_end - calendar.start
        if established:
            day = calendar.start - 25 + int(rng.random() * specialty.gap_days * 1.5)
        else:
            day = calendar.start + int(rng.random() * span)
        new = not established
        pace = specialty.gap_days * rng.lognormvariate(-0.15, 0.55)
        providers = [p for p in self._world.providers if p.specialty is specialty]
        usual = rng.choices(providers, [p.weight for p in providers])[0]
        home = rng.randrange(len(self._world.places))
        found: list[Visit] = []
        while day <= calendar.future_end:
            weekday = day % 7  # ordinal 1 was a Monday: 6 is Saturday, 0 Sunday
            if weekday == 0 or (weekday == 6 and rng.random() < 0.85):
                day += 1 if weekday == 0 else 2
            provider = usual
            if rng.random() < 0.12 or usual.joined > day:
                there = [p for p in providers if p.joined <= day]
                if not there:
                    day = usual.joined
                    continue
                provider = rng.choice(there)
            visit = Visit(patient, provider, day)
            visit.new = new
            visit.place = home if rng.random() < 0.93 else rng.randrange(len(self._world.places))
            visit.submitted = self.submission_day(day)
            if calendar.start <= visit.submitted <= calendar.future_end:
                self._fill(visit)
                found.append(visit)
            new = False
            if rng.random() < 0.07:
                break
            day += max(1, int(pace * rng.lognormvariate(-0.18, 0.6)))
        return found

    def submission_day(self, day: int) -> int:
        """A working day on which a service of ``day`` is first billed."""
        rng = self._rng
        submitted = day + BILLING_LAG[int(rng.random() * len(BILLING_LAG))]
        if rng.random() < 0.03:
            submitted += int(rng.expovariate(1 / 20))
        weekday = submitted % 7
        return submitted + (2 if weekday == 6 else 1 if weekday == 0 else 0)

    def _kind(self, specialty: Specialty, new: bool, age: int) -> VisitKind:
        key = (specialty.name, new, age)
        entry = self._kinds.get(key)
        if entry is None:
            kinds = [k for k in specialty.kinds if k.first is new and k.age[0] <= age <= k.age[1]]
            if not kinds:
                kinds = [k for k in specialty.kinds if k.first is new]
            entry = self._kinds[key] = (kinds, list(accumulate(k.weight for k in kinds)))
        kinds, weights = entry
        return kinds[bisect(weights, self._rng.random() * weights[-1])]

    def _diagnosis(self, patient: Patient, group: str) -> Diagnosis:
        rng = self._rng
        kept = patient.diagnoses.get(group)
        if kept is not None and rng.random() < 0.78:
            return kept
        weights = self._diagnosis_weights[group]
        drawn = diagnoses()[group][bisect(weights, rng.random() * weights[-1])]
        patient.diagnoses.setdefault(group, drawn)
        return drawn

    def _procedure(self, family: str, groups: tuple[str, ...]) -> Procedure | None:
        key = (family, groups)
        entry = self._members.get(key)
        if entry is None:
            fit = tuple(
                p for p in families()[family] if not p.groups or set(p.groups) & set(groups)
            )
            entry = self._members[key] = (fit, list(accumulate(p.weight for p in fit)))
        members, weights = entry
        if not members:
            return None
        return members[bisect(weights, self._rng.random() * weights[-1])]

    def _fill(self, visit: Visit) -> None:
        rng = self._rng
        patient = visit.patient
        kind = self._kind(patient.specialty, visit.new, patient.age(visit.day))
        usual = [g for g in kind.groups if g in patient.diagnoses]
        groups = [rng.choice(usual) if usual and rng.random() < 0.7 else rng.choice(kind.groups)]
        while rng.random() < 0.38 and len(groups) < 4 and len(kind.groups) > 1:
            other = rng.choice(kind.groups)
            if other not in groups:
                groups.append(other)
        drawn = [self._diagnosis(patient, g) for g in groups]
        visit.diagnoses = list(dict.fromkeys(drawn))
        visit.telehealth = rng.random() < kind.telehealth
        visit.surgical = kind.surgical
        wanted = list(kind.always)
        if visit.telehealth:
            wanted += [f for f, p in kind.sometimes if f in {"complexity", "psych_addon"}
                       and rng.random() < p]  # fmt: skip
        else:
            wanted += [f for f, p in kind.sometimes if rng.random() < p]
        follow = {"steroid": ("injection", 0.7), "injection_admin": ("injectable", 0.95),
                  "vaccine_admin": ("vaccine", 1.0)}  # fmt: skip
        for family, (cause, chance) in follow.items():
            if cause in wanted and family not in wanted and rng.random() < chance:
                if family == "steroid" and "viscosupplement" in wanted:
                    continue
                wanted.append(family)
        if "vaccine" in wanted and all(d.group != "vaccine" for d in visit.diagnoses):
            visit.diagnoses.append(diagnoses()["vaccine"][0])
        chosen: dict[str, Procedure] = {}
        key = tuple(dict.fromkeys(d.group for d in visit.diagnoses))
        for family in wanted:
            procedure = self._procedure(family, key)
            if procedure is not None:
                chosen.setdefault(procedure.code, procedure)
        if not chosen:
            procedure = self._procedure("em_est", key)
            assert procedure is not None
            chosen[procedure.code] = procedure
        for procedure in chosen.values():
            visit.services.append(self._service(procedure, visit.diagnoses))

    def _service(self, procedure: Procedure, found: list[Diagnosis]) -> Service:
        rng = self._rng
        low, high = procedure.units
        units = low
        if high > low:
            # most near the low end, a tail to the high one, rarely beyond it
            span = high - low
            units = low + min(span, int(rng.expovariate(2.2 / span)))
            if rng.random() < 0.02:
                units = high + rng.randint(1, max(1, span))
        if procedure.groups:
            fit = [i for i, d in enumerate(found, 1) if d.group in procedure.groups][:4]
        else:
            fit = list(range(1, min(4, len(found)) + 1))
        pointers = tuple(fit) if fit else (1,)
        side = ""
        if "lat" in procedure.flags:
            side = next((found[i - 1].side for i in pointers if found[i - 1].side), "")
            side = side or rng.choice(("RT", "LT"))
        return Service(procedure, units, pointers, side)
