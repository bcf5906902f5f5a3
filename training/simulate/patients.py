"""Patients and their coverages: age, sex, who insures them, and since when."""

import datetime as dt
from random import Random
from typing import TYPE_CHECKING

from models.claims.claim import Person
from training.simulate.calendar import day_date
from training.simulate.hidden import HiddenChange
from training.simulate.tables import Diagnosis, Specialty, names
from training.simulate.world import PracticePayer, World, address

if TYPE_CHECKING:
    from training.simulate.submission import Submission


class Coverage:
    """One insurance of one patient, as the practice has it on file."""

    __slots__ = (
        "group_number",
        "lapse",
        "other_primary",
        "patient",
        "payer",
        "relationship",
        "since",
        "subscriber",
    )

    def __init__(
        self,
        payer: PracticePayer,
        relationship: str,
        group_number: str,
        subscriber: Person,
        patient: Person,
        since: int,
    ) -> None:
        self.payer = payer
        self.relationship = relationship
        self.group_number = group_number
        self.subscriber = subscriber
        self.patient = patient
        self.since = since  # the practice's last check of it
        self.lapse: HiddenChange | None = None
        self.other_primary: HiddenChange | None = None


class Patient:
    """A patient of the practice, with what the practice has seen so far."""

    __slots__ = (
        "birth",
        "coverage",
        "deductible_left",
        "diagnoses",
        "index",
        "person",
        "secondary",
        "services",
        "sex",
        "specialties_seen",
        "specialty",
        "submissions",
    )

    def __init__(self, index: int, birth: int, sex: str, specialty: Specialty) -> None:
        self.index = index
        self.birth = birth
        self.sex = sex
        self.specialty = specialty
        self.person = Person()
        self.coverage: Coverage
        self.secondary: Coverage | None = None
        self.diagnoses: dict[str, Diagnosis] = {}  # group -> the one that recurs
        self.services: dict[str, list[int]] = {}  # code -> service days submitted so far
        self.specialties_seen: dict[str, int] = {}  # specialty -> first service day submitted
        self.submissions: dict[int, list[Submission]] = {}  # by service day
        self.deductible_left: dict[tuple[int, int], int] = {}  # (payer, year) -> cents

    def age(self, day: int) -> int:
        """Age in years."""
        return int((day - self.birth) / 365.25)


class PatientDraw:
    """Draws patients and coverages of one world."""

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._count = 0
        self._by_type: dict[str, tuple[list[PracticePayer], list[float]]] = {}
        for payer in world.payers:
            members, weights = self._by_type.setdefault(payer.type.name, ([], []))
            members.append(payer)
            weights.append(payer.weight)

    def patient(self, specialty: Specialty) -> Patient:
        """A new patient with a first coverage, checked on the first day of the history."""
        rng = self._rng
        day = self._world.calendar.start
        low, high = specialty.age
        age = rng.triangular(low, high, 62 if high > 85 else (low + high) / 2.2)
        if specialty.name == "family_medicine" and rng.random() < 0.2:
            age = rng.uniform(0, 18)
        sex = "F" if rng.random() < 0.55 else "M"
        patient = Patient(self._count, day - int(age * 365.25), sex, specialty)
        self._count += 1
        table = names()
        patient.person = Person(
            last_name=rng.choice(table["last"]).upper(),
            first_name=rng.choice(table["first_f" if sex == "F" else "first_m"]).upper(),
            middle_name=rng.choice("ABCDEGHJKLMNPRST") if rng.random() < 0.4 else "",
            birth_date=day_date(patient.birth),
            sex=sex,
            address=address(rng),
        )
        payer = self.payer_for(int(age))
        patient.coverage = self.coverage(patient, payer, day)
        self._add_secondary(patient, payer, day)
        return patient

    def payer_for(self, age: int, kind: str = "") -> PracticePayer:
        """A payer fit for an age, of the given type where one is asked for."""
        rng = self._rng
        if not kind:
            band = 0 if age < 19 else 1 if age < 65 else 2
            kinds = list(self._by_type)
            weights = [self._by_type[k][0][0].type.share[band] for k in kinds]
            kind = rng.choices(kinds, weights)[0]
        members, weights = self._by_type[kind]
        return rng.choices(members, weights)[0]

    def coverage(self, patient: Patient, payer: PracticePayer, day: int) -> Coverage:
        """A coverage of the patient with this payer, checked on ``day``."""
        rng = self._rng
        kind = payer.type.name
        member = (
            f"{rng.randrange(1, 10)}{rng.choice('ACDEFGHJKMNPQRTUVWXY')}"
            f"{rng.randrange(10)}{rng.choice('ACDEFGHJKMNPQRTUVWXY')}{rng.randrange(10**6, 10**7)}"
            if kind == "medicare"
            else f"{rng.choice('WXYZHJK')}{rng.randrange(10**8, 10**9)}"
        )
        relationship = "18"
        subscriber = patient.person
        if kind == "commercial":
            if patient.age(day) < 23:
                relationship = "19"
            elif rng.random() < 0.17:
                relationship = "01"
        table = names()
        if relationship != "18":
            years = 28 if relationship == "19" else rng.randint(-4, 4)
            birth = dt.date.fromordinal(patient.birth - int(years * 365.25))
            sex = rng.choice("FM")
            subscriber = Person(
                last_name=patient.person.last_name,
                first_name=rng.choice(table["first_f" if sex == "F" else "first_m"]).upper(),
                member_id=member,
                member_id_qualifier="MI",
                birth_date=birth,
                sex=sex,
                address=patient.person.address,
            )
            person = patient.person
        else:
            base = patient.person
            subscriber = person = Person(
                last_name=base.last_name,
                first_name=base.first_name,
                middle_name=base.middle_name,
                member_id=member,
                member_id_qualifier="MI",
                birth_date=base.birth_date,
                sex=base.sex,
                address=base.address,
            )
        group = rng.choice(payer.group_numbers) if kind == "commercial" else ""
        return Coverage(payer, relationship, group, subscriber, person, day)

    def _add_secondary(self, patient: Patient, payer: PracticePayer, day: int) -> None:
        rng = self._rng
        kind = payer.type.name
        chance = {"medicare": 0.62, "commercial": 0.03}.get(kind, 0.0)
        if rng.random() < chance:
            other = "medicaid" if kind == "medicare" and rng.random() < 0.18 else "commercial"
            second = self.payer_for(0, other)
            if second is not payer:
                patient.secondary = self.coverage(patient, second, day)
