"""What the ICD-10-CM tables say of single codes, asked once and kept."""

import datetime as dt
from typing import NamedTuple

from models.codes.icd10cm import CodeStatus, Icd10cm
from models.codes.icd10cm_age_sex import AgeSexRule, load_age_sex_rules

_EXTERNAL_CAUSES = "VWXY"
_CACHED = 50_000


class DiagnosisFact(NamedTuple):
    """What the tables say of one code, whatever claim it stands on.

    ``reaches``: categories that its Excludes1 notes name; ``principal``: why it is never first.
    """

    status: CodeStatus
    unspecified_side: bool
    principal: str
    rule: AgeSexRule | None
    reaches: frozenset[str]


class DiagnosisFacts:
    """Facts by code for one state of the table: a practice uses some hundred codes."""

    def __init__(self, table: Icd10cm) -> None:
        """``table``: asked once for every code."""
        self.table = table
        self._known: dict[tuple[int, int], dict[str, DiagnosisFact]] = {}

    def of(self, day: dt.date) -> dict[str, DiagnosisFact]:
        """What is known so far of codes sent for services of that day; see `learn`."""
        span = self.table.releases_around(day)
        found = self._known.get(span)
        if found is None:
            found = self._known[span] = {}
        return found

    def learn(self, code: str, day: dt.date) -> DiagnosisFact:
        """The facts of a code without its dot, from now on known."""
        table, known = self.table, self.of(day)
        principal = ""
        if table.is_manifestation(code):
            principal = "a manifestation, coded after its cause"
        elif code[:1] and code[0] in _EXTERNAL_CAUSES and code in table:
            principal = "an external cause"
        facts = DiagnosisFact(
            table.status(code, day),
            table.side(code) == "unspecified",
            principal,
            load_age_sex_rules().find(code),
            table.excluded_categories(code),
        )
        if len(known) >= _CACHED:  # codes come from outside
            known.clear()
        known[code] = facts
        return facts
