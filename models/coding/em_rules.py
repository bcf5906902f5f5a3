"""The rules of office visit levels as data: dated levels, words of each element, tests, add-ons.

Sources stand in the tables: the CPT guidelines for office and other outpatient visits in force
since 1 January 2021, and CMS's final rules for Medicare's own codes. The wording is ours.
"""

import datetime as dt
import re
from enum import IntEnum
from functools import lru_cache

import msgspec

from models.codes.tables import ANY, check_value, read_rules

PACKAGE = "models.coding"


class Degree(IntEnum):
    """How far an element reaches: 2 straightforward (99202, 99212) to 5 high (99205, 99215)."""

    STRAIGHTFORWARD = 2
    LOW = 3
    MODERATE = 4
    HIGH = 5

    @property
    def words(self) -> str:
        """``"moderate"``."""
        return self.name.lower()


class LevelRule(msgspec.Struct, frozen=True):
    """One code: the decision making that it needs, or the minutes; ``effective`` inclusive."""

    code: str
    new: bool
    degree: Degree
    minutes: int
    effective: dt.date
    until: dt.date | None
    source: str


class AddOn(msgspec.Struct, frozen=True):
    """A code beside a visit: prolonged time beyond ``base``, or longitudinal care."""

    code: str
    kind: str
    base: str
    minutes: int
    step: int
    effective: dt.date
    until: dt.date | None
    source: str
    words: str


class Words(msgspec.Struct, frozen=True):
    """Words of a note that count for an element, and what they stand for in our words."""

    element: str
    kind: str
    degree: Degree | None
    pattern: re.Pattern[str]
    words: str


class TestWords(msgspec.Struct, frozen=True):
    """A test as notes name it, and the codes under which it may be reported."""

    name: str
    codes: tuple[str, ...]
    pattern: re.Pattern[str]


def _date(cell: str) -> dt.date | None:
    return None if cell == ANY else dt.date.fromisoformat(cell)


def _in_force(effective: dt.date, until: dt.date | None, on: dt.date) -> bool:
    return effective <= on and (until is None or on <= until)


@lru_cache(maxsize=1)
def _levels() -> tuple[LevelRule, ...]:
    columns = ("code", "new", "level", "minutes", "effective", "until", "source")
    rules = []
    for line, row in read_rules("em_levels.csv", columns, columns[:5], package=PACKAGE):
        names = [d.words for d in Degree]
        degree = check_value("em_levels.csv", line, "level", row["level"], names)
        new = check_value("em_levels.csv", line, "new", row["new"], ("yes", "no")) == "yes"
        effective = dt.date.fromisoformat(row["effective"])
        rules.append(
            LevelRule(
                row["code"],
                new,
                Degree[degree.upper()],
                int(row["minutes"]),
                effective,
                _date(row["until"]),
                row["source"],
            )
        )
    return tuple(rules)


def level_rules(on: dt.date, *, new: bool) -> tuple[LevelRule, ...]:
    """Rules in force on a date of service, lowest level first; none before 2021."""
    found = [r for r in _levels() if r.new is new and _in_force(r.effective, r.until, on)]
    return tuple(sorted(found, key=lambda r: r.degree))


def is_office_visit(code: str) -> bool:
    """Whether the code is one of an office visit whose level follows from time or decisions.

    >>> is_office_visit("99214"), is_office_visit("99396")
    (True, False)
    """
    return any(rule.code == code for rule in _levels())


def is_new_patient_code(code: str) -> bool:
    """Whether an office visit code is for a new patient."""
    return any(rule.code == code and rule.new for rule in _levels())


@lru_cache(maxsize=1)
def _addons() -> tuple[AddOn, ...]:
    columns = ("code", "kind", "base", "minutes", "step", "effective", "until", "source", "words")
    return tuple(
        AddOn(
            row["code"], row["kind"], "" if row["base"] == ANY else row["base"],
            0 if row["minutes"] == ANY else int(row["minutes"]),
            0 if row["step"] == ANY else int(row["step"]),
            dt.date.fromisoformat(row["effective"]), _date(row["until"]),
            row["source"], row["words"],
        )
        for _, row in read_rules("em_addons.csv", columns, ("code", "kind", "effective"),
                                 package=PACKAGE)
    )  # fmt: skip


def addons(on: dt.date, kind: str) -> tuple[AddOn, ...]:
    """Add-ons of a kind (``prolonged``, ``longitudinal``) in force on a date."""
    return tuple(a for a in _addons() if a.kind == kind and _in_force(a.effective, a.until, on))


@lru_cache(maxsize=1)
def _preventive() -> dict[str, dt.date]:
    rows = read_rules("em_preventive.csv", ("code", "effective"), ("code", "effective"),
                      package=PACKAGE)  # fmt: skip
    return {row["code"]: dt.date.fromisoformat(row["effective"]) for _, row in rows}


def permits_longitudinal(code: str, on: dt.date) -> bool:
    """Whether G2211 stays payable beside this service although the visit has modifier 25."""
    effective = _preventive().get(code)
    return effective is not None and effective <= on


@lru_cache(maxsize=1)
def _words() -> tuple[Words, ...]:
    columns = ("element", "kind", "level", "pattern", "words")
    names = [d.words for d in Degree]
    found = []
    for line, row in read_rules("em_words.csv", columns, columns[:4], package=PACKAGE):
        degree = None
        if row["level"] != ANY:
            word = check_value("em_words.csv", line, "level", row["level"], names)
            degree = Degree[word.upper()]
        pattern = re.compile(row["pattern"], re.IGNORECASE)
        found.append(Words(row["element"], row["kind"], degree, pattern, row["words"]))
    return tuple(found)


@lru_cache(maxsize=32)
def words_of(element: str) -> tuple[Words, ...]:
    """Words of an element: problems, data, risk, exclude, new, longitudinal."""
    return tuple(w for w in _words() if w.element == element)


@lru_cache(maxsize=1)
def test_words() -> tuple[TestWords, ...]:
    """Tests whose order or review counts as data."""
    columns = ("test", "codes", "pattern")
    return tuple(
        TestWords(
            row["test"],
            () if row["codes"] == ANY else tuple(row["codes"].split()),
            re.compile(row["pattern"], re.IGNORECASE),
        )
        for _, row in read_rules("em_tests.csv", columns, ("test", "pattern"), package=PACKAGE)
    )


@lru_cache(maxsize=1)
def _natures() -> tuple[tuple[str, str, str], ...]:
    columns = ("from", "to", "nature")
    rows = [r for _, r in read_rules("em_natures.csv", columns, columns, package=PACKAGE)]
    return tuple((r["from"], r["to"], r["nature"]) for r in rows)


@lru_cache(maxsize=4096)
def nature_of(code: str) -> str:
    """Nature of an ICD-10-CM code's category: chronic, acute, minor, symptom, or none (no problem).

    The narrowest range wins. It only decides where the note states nothing.

    >>> nature_of("I10"), nature_of("J02.9"), nature_of("Z00.00")
    ('chronic', 'acute', 'none')
    """
    category = code[:3].upper()
    fits = [(b, a, n) for a, b, n in _natures() if a <= category <= b]
    if not fits:
        return "acute"
    return min(fits, key=lambda f: _width(f[1], f[0]))[2]


def _width(first: str, last: str) -> int:
    def number(category: str) -> int:
        return int(category[:2], 36) * 36 + int(category[2], 36)

    return number(last) - number(first)
