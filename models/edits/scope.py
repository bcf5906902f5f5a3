"""Which edits bind which payer: payer types from the filing indicator, and a user's own rows.

NCCI and MUE bind Medicare and, with tables of its own, Medicaid; others only where a user's
scope file says so (columns ``edit, payer_type, payer, binds, program``).
"""

import datetime as dt
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.codes.tables import ANY, check_value, expand, read_rules
from models.edits.edit import Severity, load_rules
from models.errors import InputError

_HERE = Path(__file__).parent
_BINDS = ("no", "yes", "error", "warning")
PROGRAMS = ("medicare", "medicaid")
"""Editions that CMS publishes of the NCCI and MUE tables."""


class Scope(msgspec.Struct, frozen=True):
    """What binds one payer.

    ``severities`` holds the edits that bind it; ``program`` is the edition of NCCI and MUE
    tables to ask.
    """

    payer_type: str
    severities: dict[str, Severity]
    program: str
    filing_limit: int | None = None
    filing_source: str = ""

    def binds(self, prefix: str) -> bool:
        """Whether any edit of a family (``"ncci."``) binds."""
        return any(id_.startswith(prefix) for id_ in self.severities)


class _Row(msgspec.Struct, frozen=True):
    edit: str
    payer_type: str
    payer: str
    binds: str
    program: str


@lru_cache(maxsize=1)
def load_payer_types() -> dict[str, str]:
    """Payer type by claim filing indicator (SBR09)."""
    columns = ("filing_indicator", "payer_type")
    rows = read_rules(_HERE / "payer_types.csv", columns, columns)
    return {row["filing_indicator"]: row["payer_type"] for _, row in rows}


@lru_cache(maxsize=1)
def _filing_limits() -> list[tuple[str, int, dt.date, str]]:
    columns = ("payer_type", "days", "since", "source")
    return [
        (row["payer_type"], int(row["days"]), dt.date.fromisoformat(row["since"]), row["source"])
        for _, row in read_rules(_HERE / "filing_limits.csv", columns, columns)
    ]


class Scopes:
    """Scope by payer; ``Scopes()`` has the defaults, `load_scopes` adds a user's rows."""

    def __init__(self, rows: tuple[_Row, ...] = ()) -> None:
        """``rows``: a user's; the more specific ones later, so that they win."""
        self._rows = rows
        self._cache: dict[tuple[str, str], Scope] = {}

    def of(self, claim: Claim) -> Scope:
        """Scope of the claim's payer."""
        key = (claim.filing_indicator, claim.payer.id)
        scope = self._cache.get(key)
        if scope is None:
            if len(self._cache) > 10_000:  # payer ids come from outside
                self._cache.clear()
            scope = self._cache[key] = self._build(*key)
        return scope

    def _build(self, filing_indicator: str, payer: str) -> Scope:
        payer_type = load_payer_types().get(filing_indicator, "other")
        severities = {
            rule.id: rule.severity
            for rule in load_rules().values()
            if not rule.payers or payer_type in rule.payers
        }
        program = "medicaid" if payer_type == "medicaid" else "medicare"
        for row in self._rows:
            if row.payer_type not in (ANY, payer_type) or row.payer not in (ANY, payer):
                continue
            for rule in load_rules().values():
                if fnmatchcase(rule.id, row.edit):
                    if row.binds == "no":
                        severities.pop(rule.id, None)
                    elif row.binds == "yes":
                        severities.setdefault(rule.id, rule.severity)
                    else:
                        severities[rule.id] = Severity(row.binds)
            if row.program != ANY:
                program = row.program
        limit = next((x for x in reversed(_filing_limits()) if x[0] == payer_type), None)
        return Scope(
            payer_type, severities, program, limit[1] if limit else None, limit[3] if limit else ""
        )


def load_scopes(overrides: Path | None = None) -> Scopes:
    """The defaults with a user's rows over them.

    The CSV file has the columns ``edit`` (an id, or ``ncci.*``) and ``binds`` (``yes``, ``no``,
    or a severity), and any of ``payer_type``, ``payer`` (the payer's id, NM109) and
    ``program`` (``medicare`` or ``medicaid``: which edition of NCCI and MUE to ask).

    Raises:
        InputError: unknown column, edit, payer type, severity or program; the text lists those
            allowed.
    """
    if overrides is None:
        return Scopes()
    rows = []
    types = [ANY, *sorted({*load_payer_types().values(), "other"})]
    columns = ("payer_type", "payer", "program", "edit", "binds")
    for line, cells in read_rules(overrides, columns, ("edit", "binds")):
        name = overrides.name
        if not any(fnmatchcase(id_, cells["edit"]) for id_ in load_rules()):
            raise InputError(f"{name}, line {line}: edit={cells['edit']!r} names no edit")
        check_value(name, line, "binds", cells["binds"], _BINDS)
        check_value(name, line, "program", cells["program"], (ANY, *PROGRAMS))
        for payer_type, payer in expand(cells, ("payer_type", "payer")):
            check_value(name, line, "payer_type", payer_type, types)
            rows.append(_Row(cells["edit"], payer_type, payer, cells["binds"], cells["program"]))
    rows.sort(key=lambda r: (r.payer != ANY, r.payer_type != ANY, "*" not in r.edit))
    return Scopes(tuple(rows))
