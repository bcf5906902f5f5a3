"""A claim as the checks read it: each question about a line answered once."""

import datetime as dt
from collections.abc import Iterator

from models.claims.claim import Claim, Diagnosis, ServiceLine
from models.edits.context import EditContext, patient_of
from models.edits.groups import load_groups
from models.edits.scope import Scope
from models.edits.tables import EditTables
from models.history.services import EarlierService


class PreparedLine:
    """One line. ``path`` is its JSON pointer; ``on`` the day that tables are asked for."""

    __slots__ = ("code", "groups", "line", "modifiers", "on", "path", "place", "provider")

    def __init__(self, line: ServiceLine, path: str, claim: Claim, fallback: dt.date) -> None:
        """``fallback``: the day for a line without a date."""
        self.line = line
        self.path = path
        self.code = line.code
        self.modifiers = line.modifiers
        self.on = line.service_date or fallback
        self.place = line.place_of_service or claim.place_of_service
        rendering = line.rendering or claim.rendering
        self.provider = rendering.npi if rendering is not None else claim.billing.npi
        self.groups = load_groups().of(line.code)


class PreparedClaim:
    """What every check gets: the claim, its lines, tables, context and scope."""

    __slots__ = (
        "claim", "context", "day", "diagnoses", "lines", "patient", "patient_path", "scope",
        "tables", "today",
    )  # fmt: skip

    def __init__(
        self, claim: Claim, tables: EditTables, context: EditContext, scope: Scope
    ) -> None:
        """Tables are asked for the first date of service, or for the day of submission."""
        self.claim = claim
        self.tables = tables
        self.context = context
        self.scope = scope
        self.day = claim.service_date or claim.submitted
        self.today = context.today or claim.submitted
        self.patient, self.patient_path = patient_of(claim)
        self.lines = [
            PreparedLine(line, _PATHS[i] if i < 50 else f"/lines/{i}", claim, self.day)
            for i, line in enumerate(claim.lines)
        ]
        self.diagnoses: tuple[Diagnosis, ...] = claim.diagnoses

    def same_day(self, line: PreparedLine) -> Iterator[EarlierService]:
        """Services of the line's day on other claims of the patient."""
        return (
            s
            for s in self.context.earlier
            if s.date == line.on and s.claim_id != self.claim.claim_id and s.outcome != "rejected"
        )


_PATHS = tuple(f"/lines/{i}" for i in range(50))
