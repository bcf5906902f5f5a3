"""The drawing tables beside this module, read once: procedures, diagnoses, visits, payers.

They are the simulator's own: nothing that scores or edits claims reads them, so that a model
cannot know the world that it is tested in.
"""

import csv
import functools
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent / "tables"

CATEGORIES = (
    "eligibility",
    "authorization",
    "coordination_of_benefits",
    "coding_bundling",
    "medical_necessity",
    "missing_information",
    "duplicate",
    "timely_filing",
    "provider_enrollment",
    "noncovered",
    "other",
)
"""Denial categories in the order of DESIGN.md; arrays per category follow it."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """A billable code: charge in cents per unit, diagnosis groups that call for it."""

    code: str
    family: str
    charge: int
    weight: float
    groups: tuple[str, ...]
    units: tuple[int, int]
    flags: frozenset[str]  # em lat component drug lab zero minutes procedure therapy surgery


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An ICD-10-CM code without its dot; ``unspecified``: payers may refuse it as such."""

    code: str
    group: str
    weight: float
    unspecified: bool

    @property
    def side(self) -> str:
        """RT or LT where the code says the side."""
        if self.group in {"knee", "shoulder", "hip", "hand", "ankle", "fracture"}:
            last = self.code.rstrip("A")[-1]
            return {"1": "RT", "2": "LT"}.get(last, "")
        return ""


@dataclass(frozen=True, slots=True)
class VisitKind:
    """What a visit is made of; see ``tables/visits.toml``."""

    name: str
    weight: float
    groups: tuple[str, ...]
    always: tuple[str, ...]
    sometimes: tuple[tuple[str, float], ...] = ()
    first: bool = False
    age: tuple[int, int] = (0, 120)
    telehealth: float = 0.0
    surgical: bool = False


@dataclass(frozen=True, slots=True)
class Specialty:
    """A specialty with its kinds of visits and the usual days between two of them."""

    name: str
    taxonomy: str
    gap_days: float
    age: tuple[int, int]
    kinds: tuple[VisitKind, ...]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A reason to deny; ``answers`` are (CARC, RARC) pairs that payers choose from.

    ``families``: procedure families that rules of it concern; ``days``: usual limits by family.
    """

    name: str
    category: str
    scope: str
    answers: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, float], ...]
    share: float = 1.0
    families: tuple[str, ...] = ()
    days: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PayerType:
    """Base rates and habits of one type of payer; see ``tables/payers.toml``."""

    name: str
    filing_indicators: tuple[str, ...]
    rate: float
    count: tuple[int, int]
    share: tuple[float, float, float]
    limit_days: tuple[int, ...]
    fee: tuple[float, float]
    lag_days: tuple[float, float]
    replacement: bool
    shares: dict[str, float] = field(default_factory=dict)  # category -> share of denials


@functools.cache
def _toml(name: str) -> dict[str, Any]:
    with (TABLES / name).open("rb") as file:
        return tomllib.load(file)


def _split_answer(text: str) -> tuple[str, str]:
    carc, _, rarc = text.partition("+")
    return carc, rarc


@functools.cache
def procedures() -> dict[str, Procedure]:
    """Every procedure by its code."""
    found = {}
    with (TABLES / "procedures.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            low, _, high = row["units"].partition("-")
            found[row["code"]] = Procedure(
                row["code"],
                row["family"],
                int(row["charge"]) * 100,
                float(row["weight"]),
                tuple(filter(None, row["groups"].split("|"))),
                (int(low), int(high or low)),
                frozenset(row["flags"].split()),
            )
    return found


@functools.cache
def families() -> dict[str, tuple[Procedure, ...]]:
    """Procedures by family."""
    found: dict[str, list[Procedure]] = {}
    for procedure in procedures().values():
        found.setdefault(procedure.family, []).append(procedure)
    return {name: tuple(members) for name, members in found.items()}


@functools.cache
def diagnoses() -> dict[str, tuple[Diagnosis, ...]]:
    """Diagnoses by group."""
    found: dict[str, tuple[Diagnosis, ...]] = {}
    with (TABLES / "diagnoses.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            members = []
            for item in row["codes"].split():
                code, _, weight = item.partition(":")
                unspecified = weight.endswith("u")
                members.append(
                    Diagnosis(code, row["group"], float(weight.rstrip("u")), unspecified)
                )
            found[row["group"]] = tuple(members)
    return found


@functools.cache
def specialties() -> dict[str, Specialty]:
    """Specialties by name."""
    found = {}
    for name, entry in _toml("visits.toml").items():
        kinds = tuple(
            VisitKind(
                kind["name"],
                float(kind["weight"]),
                tuple(kind["groups"]),
                tuple(kind["always"]),
                tuple((family, share) for family, share in kind.get("sometimes", ())),
                kind.get("first", False),
                tuple(kind.get("age", (0, 120))),
                kind.get("telehealth", 0.0),
                kind.get("surgical", False),
            )
            for kind in entry["kinds"]
        )
        found[name] = Specialty(
            name, entry["taxonomy"], float(entry["gap_days"]), tuple(entry["age"]), kinds
        )
    return found


@functools.cache
def mechanisms() -> dict[str, Mechanism]:
    """Mechanisms by name; noise appears once per category as ``noise:<category>``."""
    found = {}
    for name, entry in _toml("mechanisms.toml").items():
        groups = tuple((group, float(w)) for group, w in entry["groups"].items())
        if name == "noise":
            for category, answers in entry["by_category"].items():
                pairs = tuple(map(_split_answer, answers))
                key = f"noise:{category}"
                found[key] = Mechanism(key, category, "line", pairs, groups)
            continue
        found[name] = Mechanism(
            name,
            entry["category"],
            entry["scope"],
            tuple(map(_split_answer, entry["answers"])),
            groups,
            float(entry.get("share", 1.0)),
            tuple(entry.get("families", ())),
            tuple(entry.get("days", {}).items()),
        )
    return found


@functools.cache
def payer_types() -> dict[str, PayerType]:
    """Payer types by name, each with its category shares (summing to 1, duplicates apart)."""
    data = _toml("payers.toml")
    base = {name: share for name, share in data["categories"].items() if name != "duplicate"}
    found = {}
    for name, entry in data["types"].items():
        shares = {c: s * entry.get("categories", {}).get(c, 1.0) for c, s in base.items()}
        total = sum(shares.values())
        shares = {c: s / total for c, s in shares.items()}
        shares["duplicate"] = data["categories"]["duplicate"]
        found[name] = PayerType(
            name,
            tuple(entry["filing_indicators"]),
            entry["rate"],
            tuple(entry["count"]),
            tuple(entry["share"]),
            tuple(entry["limit_days"]),
            tuple(entry["fee"]),
            tuple(entry["lag_days"]),
            entry["replacement"],
            shares,
        )
    return found


@functools.cache
def names() -> dict[str, Any]:
    """Invented names."""
    return _toml("names.toml")


def profile_table() -> dict[str, dict[str, Any]]:
    """The raw profiles by name."""
    return _toml("profiles.toml")
