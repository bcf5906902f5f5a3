"""What a denial traces back to: an edit, a learnt payer rule, or the gap that its category names.

Which edit explains which category, and what kind of gap each one is, is data (``causes.csv``).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

from models.codes.categories import DenialCategory, load_categories
from models.codes.tables import ANY, check_value, expand, read_rules
from models.edits.edit import Edit, load_rules
from models.history.history import ClaimHistory
from models.history.rules import learn_rules
from models.history.rules.kinds import load_kinds
from models.history.rules.rule import PayerRule

TABLE = "causes.csv"


class Gap(StrEnum):
    """What the practice lacked."""

    MISSING_ELEMENT = "missing_element"
    REGISTRATION = "registration"
    CODING = "coding"
    DOCUMENTATION = "documentation"
    FILING = "filing"  # late, or twice
    ENROLLMENT = "enrollment"
    COVERAGE = "coverage"  # the plan does not pay for it
    PRICING = "pricing"  # the payer paid below what was to be expected
    UNEXPLAINED = "unexplained"


class RootCause(msgspec.Struct, frozen=True):
    """``found_by`` is ``edit``, ``payer_rule`` or ``category``, ``id`` its stable name.

    ``words`` say what was wrong, ``remedy`` what a person may truthfully do (``""``: nothing
    known), each without patient data. ``path`` points into the claim's JSON.
    """

    gap: Gap
    found_by: str
    id: str
    words: str
    remedy: str = ""
    path: str = ""


class _Row(msgspec.Struct, frozen=True):
    pattern: str
    gap: Gap
    categories: frozenset[str]


@lru_cache(maxsize=1)
def _rows() -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {"edit": [], "payer_rule": [], "category": []}
    columns = ("found_by", "id", "categories", "gap")
    for line, cells in read_rules(TABLE, columns, columns, package="models.revenue"):
        check_value(TABLE, line, "found_by", cells["found_by"], list(found))
        gap = Gap(check_value(TABLE, line, "gap", cells["gap"], list(Gap)))
        names = frozenset(cells["categories"].split())
        for (pattern,) in expand(cells, ("id",)):
            found[cells["found_by"]].append(_Row(pattern, gap, names))
    return found


def gap_of(found_by: str, id_: str, category: DenialCategory) -> Gap | None:
    """The gap that an edit, payer rule kind or category stands for, if it explains ``category``.

    >>> gap_of("edit", "clia.missing", DenialCategory.MISSING_INFORMATION)
    <Gap.MISSING_ELEMENT: 'missing_element'>
    >>> gap_of("edit", "clia.missing", DenialCategory.ELIGIBILITY)
    """
    for row in _rows()[found_by]:
        if fnmatchcase(id_, row.pattern):
            fits = ANY in row.categories or category.value in row.categories
            return row.gap if fits else None
    return None


class RuleLines:
    """Which denied lines each learnt payer rule explains."""

    def __init__(self, rules: Mapping[tuple[str, int, int], PayerRule]) -> None:
        """``rules`` by claim number, line number (from 1) and ordinal day of submission."""
        self._rules = rules

    def of(self, claim_id: str, line: int, day: int) -> PayerRule | None:
        """The surest rule that the line broke and was denied by."""
        return self._rules.get((claim_id, line, day))


def learn_rule_lines(history: ClaimHistory) -> RuleLines:
    """The rules of the history's payers, by the denied lines that they rest on."""
    found: dict[tuple[str, int, int], PayerRule] = {}
    for rule in learn_rules(history):
        for line in rule.lines:
            if line.denied:
                key = (line.claim_id, line.number, line.submitted.toordinal())
                found.setdefault(key, rule.rule)
    return RuleLines(found)


def root_cause(
    category: DenialCategory,
    carcs: Sequence[str],
    line: int,
    edits: Sequence[Edit],
    rule: PayerRule | None,
) -> RootCause:
    """The cause of a denied line (index ``line``): a broken edit first, then a payer rule.

    An edit counts where it speaks of this line or of the whole claim and explains the category.
    """
    here = f"/lines/{line}/"
    of_line = [e for e in edits if f"{e.path}/".startswith(here)]
    of_claim = [e for e in edits if not e.path.startswith("/lines/")]
    for edit in (*of_line, *of_claim):
        if edit.id not in load_rules():
            continue  # an accepted payer rule: it is told by its own evidence below
        gap = gap_of("edit", edit.id, category)
        if gap is not None:
            return RootCause(gap, "edit", edit.id, edit.message, edit.remedy, edit.path)
    if rule is not None:
        gap = gap_of("payer_rule", rule.kind, category) or Gap.UNEXPLAINED
        path = load_kinds()[rule.kind].path.replace("{line}", f"/lines/{line}")
        return RootCause(gap, "payer_rule", rule.key, rule.words, rule.remedy, path)
    gap = gap_of("category", category.value, category) or Gap.UNEXPLAINED
    words = next((w for c in carcs if (w := load_categories().words(c))), "")
    return RootCause(gap, "category", category.value, words or category.value.replace("_", " "))
