"""Reasons of denial: finer than categories, told apart by CARC and RARC when a model is fitted.

A payer that answers "16 with M119" wants a drug number and nothing else. Counting those answers
apart from other missing information, and looking for their causes only where the reason points,
finds rules from a handful of denials. ``reasons.json`` is data: ``codes`` are CARCs or
``CARC+RARC`` (a denial has the first reason of its category that names its code, the reason
without codes otherwise), ``looks_at`` the attributes, beside payer and procedure, that the
reason can rest on, ``apart`` those by which its cells are told apart before any that is found (a
payer that comes second seldom asks for other coverage), for which there are too few claims to
find it.
"""

from functools import lru_cache
from pathlib import Path

import msgspec

from models.codes.categories import DenialCategory
from models.denial.attributes import INDEX

_FILE = Path(__file__).with_name("reasons.json")


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason; see the module's text."""

    name: str
    category: DenialCategory
    codes: tuple[str, ...]
    looks_at: tuple[str, ...]
    apart: tuple[str, ...] = ()


class ReasonTable(msgspec.Struct, frozen=True):
    """All reasons; a reason's number in arrays is its place here, from 1."""

    reasons: tuple[Reason, ...]
    by_code: dict[tuple[DenialCategory, str], int]
    rest: dict[DenialCategory, int]

    def number(self, category: DenialCategory, carc: str, rarcs: tuple[str, ...] = ()) -> int:
        """The reason of a denial.

        >>> table = load_reasons()
        >>> number = table.number(DenialCategory.MISSING_INFORMATION, "16", ("M119",))
        >>> table.reasons[number - 1].name
        'drug_number'
        """
        for rarc in rarcs:
            found = self.by_code.get((category, f"{carc}+{rarc}"))
            if found is not None:
                return found
        return self.by_code.get((category, carc), self.rest[category])

    def numbers(self, category: DenialCategory) -> list[int]:
        """Numbers of a category's reasons."""
        return [i for i, r in enumerate(self.reasons, 1) if r.category is category]


@lru_cache(maxsize=1)
def load_reasons() -> ReasonTable:
    """The table of ``reasons.json``.

    Raises:
        ValueError: a row names no attribute or category of ours, or a category has not exactly
            one reason without codes.
    """
    reasons = tuple(msgspec.json.decode(_FILE.read_bytes(), type=list[Reason]))
    by_code: dict[tuple[DenialCategory, str], int] = {}
    rest: dict[DenialCategory, int] = {}
    for number, reason in enumerate(reasons, 1):
        unknown = [name for name in (*reason.looks_at, *reason.apart) if name not in INDEX]
        if unknown:
            raise ValueError(f"{_FILE.name}: {reason.name} looks at {unknown}, no attributes")
        for code in reason.codes:
            by_code.setdefault((reason.category, code), number)
        if not reason.codes and rest.setdefault(reason.category, number) != number:
            raise ValueError(f"{_FILE.name}: {reason.category} has two reasons without codes")
    absent = [c.value for c in DenialCategory if c not in rest]
    if absent:
        raise ValueError(f"{_FILE.name}: no reason without codes for {', '.join(absent)}")
    return ReasonTable(reasons, by_code, rest)
