"""The kinds of payer rules: which lines one concerns, and what it says (``kinds.csv``).

A *condition* is what a kind finds on a line: a pair of subject (a procedure, or ``""`` for any)
and value (a diagnosis, a place, ...; ``""`` where the kind says it all).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from models.codes.categories import DenialCategory
from models.codes.tables import ANY, check_value, read_rules
from models.history.rules.facts import LineFacts, is_procedure, is_visit

Scope = Literal["code", "value", "pair", "all", "each", "exclusion", "threshold", "claim_threshold"]
Condition = tuple[str, str]

_COLUMNS = ("kind", "scope", "categories", "carcs", "not_carcs", "path", "words", "remedy")
_SCOPES = ("code", "value", "pair", "all", "each", "exclusion", "threshold", "claim_threshold")


class Kind(msgspec.Struct, frozen=True):
    """One row of ``kinds.csv``.

    ``scope`` says what makes one rule: ``code`` all procedures with one answer; ``value`` the
    same for each value; ``pair`` one procedure with its values; ``all`` the payer with its
    values; ``each`` the payer with one value; ``exclusion`` procedures compared with the payer's
    others; ``threshold`` one procedure with a limit; ``claim_threshold`` the payer with a limit.
    A denial counts only if its category is one of ``categories`` (where there are ``carcs``, its
    CARC one of these) and its CARC none of ``not_carcs``: a payer says with 197 that it missed
    an authorization, with 50 it does not. ``path`` is a JSON pointer into the claim, ``{line}``
    the line's own.
    """

    name: str
    scope: Scope
    categories: frozenset[str]
    carcs: frozenset[str]
    not_carcs: frozenset[str]
    path: str
    words: str
    remedy: str

    def may_be_told_by(self, carc: str, category: str) -> bool:
        """Whether a denial with this CARC can say that such a rule was broken."""
        if carc in self.not_carcs:
            return False
        return carc in self.carcs if self.carcs else category in self.categories


@lru_cache(maxsize=1)
def load_kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    kinds = {}
    path = Path(__file__).with_name("kinds.csv")
    for line, row in read_rules(path, _COLUMNS, ("kind",)):
        check_value(path.name, line, "scope", row["scope"], _SCOPES)
        categories = row["categories"].split()
        for category in categories:
            check_value(path.name, line, "categories", category, list(DenialCategory))
        kinds[row["kind"]] = msgspec.convert(
            {
                "name": row["kind"],
                "scope": row["scope"],
                "categories": categories,
                "carcs": [] if row["carcs"] == ANY else row["carcs"].split(),
                "not_carcs": [] if row["not_carcs"] == ANY else row["not_carcs"].split(),
                "path": row["path"],
                "words": row["words"],
                "remedy": row["remedy"],
            },
            Kind,
        )
    return kinds


def _separate(line: LineFacts) -> Iterable[Condition]:
    if is_visit(line.code) and not line.separate and any(map(is_procedure, line.partners)):
        yield line.code, ""


def _pairs(line: LineFacts) -> Iterable[Condition]:
    if not line.separate and not is_visit(line.code):
        for partner in line.partners:
            if not is_visit(partner):
                yield line.code, partner


def _diagnosis(line: LineFacts) -> Iterable[Condition]:
    """Payers refuse a line when none of its diagnoses supports it: only one alone tells."""
    if len(line.pointed) == 1:
        yield line.code, line.pointed[0]


def _one(holds: bool, subject: str, value: str = "") -> Iterable[Condition]:
    return ((subject, value),) if holds else ()


#: Conditions that a kind finds on a line; kinds that are not here ask `LineFacts.missing`.
_FINDERS: dict[str, Callable[[LineFacts], Iterable[Condition]]] = {
    "separate_service": _separate,
    "procedure_pair": _pairs,
    "with_modifier": lambda x: [(x.code, m) for m in x.modifiers],
    "place": lambda x: _one(bool(x.place) and not x.telehealth, x.code, x.place),
    "telehealth": lambda x: _one(bool(x.telehealth), "", x.telehealth),
    "new_patient": lambda x: _one(x.seen, x.code),
    "diagnosis": _diagnosis,
    "refused_diagnosis": lambda x: [("", d) for d in x.pointed[:1]],
    "exclusion": lambda x: _one(True, x.code),
    "sex": lambda x: _one(bool(x.claim.sex), x.code, x.claim.sex),
    "enrollment": lambda x: _one(bool(x.claim.provider), "", x.claim.provider),
    "duplicate": lambda x: _one(x.duplicate, ""),
}
#: What a threshold is set on, and whether what lies above it (True) or up to it is refused.
_MEASURES: dict[str, tuple[Callable[[LineFacts], int], bool]] = {
    "units": (lambda x: x.units, True),
    "frequency": (lambda x: x.since, False),
    "age_below": (lambda x: x.claim.age + 1, False),
    "age_from": (lambda x: x.claim.age + 1, True),
    "filing_limit": (lambda x: x.claim.lag, True),
}


def conditions(kind: Kind, line: LineFacts) -> Iterable[Condition]:
    """What a kind without a threshold finds on a line."""
    finder = _FINDERS.get(kind.name)
    if finder is not None:
        return finder(line)
    return _one(kind.name in line.missing, line.code)


def measure(kind: Kind, line: LineFacts) -> int:
    """What a threshold kind measures on a line; 0 or less: nothing to measure."""
    return _MEASURES[kind.name][0](line)


def beyond(kind: Kind, value: int, limit: int) -> bool:
    """Whether a measured value breaks a limit; ages are measured one year up, from 1."""
    if value <= 0:
        return False
    return value > limit if _MEASURES[kind.name][1] else value <= limit


def is_above(kind: Kind) -> bool:
    """Whether the payer refuses what lies above the limit."""
    return _MEASURES[kind.name][1]
