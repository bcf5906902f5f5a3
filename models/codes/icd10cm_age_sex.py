"""Diagnoses that belong to one sex or to an age, from the tabular list and CMS's code editor.

The rows are data (``icd10cm_age_sex.csv``) with their source. They are grounds to look again,
not proof: a condition of the newborn may persist, and sex on file need not tell anatomy.
"""

from bisect import bisect_right
from functools import lru_cache

import msgspec

from models.codes.tables import ANY, read_rules


class AgeSexRule(msgspec.Struct, frozen=True):
    """Codes ``first`` to ``last`` with subdivisions; ages in completed years, inclusive."""

    first: str
    last: str
    sex: str  # F, M or ""
    youngest: int | None
    oldest: int | None
    words: str
    source: str


class AgeSexRules:
    """Looks a code up among ranges that do not overlap."""

    def __init__(self, rules: list[AgeSexRule]) -> None:
        """``rules`` in any order."""
        self._rules = sorted(rules, key=lambda rule: rule.first)
        self._firsts = [rule.first for rule in self._rules]

    def find(self, code: str) -> AgeSexRule | None:
        """The rule for a code without its dot.

        >>> load_age_sex_rules().find("N401").words
        'male genital organs'
        """
        place = bisect_right(self._firsts, code) - 1
        if place < 0:
            return None
        rule = self._rules[place]
        return rule if code[: len(rule.last)] <= rule.last else None


@lru_cache(maxsize=1)
def load_age_sex_rules() -> AgeSexRules:
    """The rules that ship with Firstpass."""
    columns = ("first", "last", "sex", "youngest", "oldest", "words", "source")
    rules = []
    for _, row in read_rules("icd10cm_age_sex.csv", columns, columns):
        cells = {k: "" if v == ANY else v for k, v in row.items()}
        youngest, oldest = (int(cells[k]) if cells[k] else None for k in ("youngest", "oldest"))
        rules.append(
            AgeSexRule(
                cells["first"], cells["last"], cells["sex"], youngest, oldest,
                cells["words"], cells["source"],
            )
        )  # fmt: skip
    return AgeSexRules(rules)
