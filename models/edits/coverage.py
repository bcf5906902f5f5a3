"""Which diagnoses support a procedure under the coverage policies that were imported."""

import datetime as dt
from collections.abc import Iterable

import msgspec

from models.edits.rows import PolicyRow


class _Group(msgspec.Struct):
    covered: set[str] = msgspec.field(default_factory=set)
    refused: set[str] = msgspec.field(default_factory=set)


class CoverageTable:
    """Policies by procedure. Codes have no dots."""

    def __init__(self, rows: Iterable[PolicyRow]) -> None:
        """``rows`` in any order."""
        self._groups: dict[tuple[str, str], _Group] = {}
        self._procedures: dict[str, list[PolicyRow]] = {}
        for row in rows:
            if row.role == "procedure":
                self._procedures.setdefault(row.code, []).append(row)
                continue
            group = self._groups.setdefault((row.policy, row.group), _Group())
            (group.covered if row.role == "covered" else group.refused).add(row.code)

    def __len__(self) -> int:
        return len(self._procedures)

    def unsupported(self, code: str, diagnoses: Iterable[str], on: dt.date) -> str:
        """The policy under which none of ``diagnoses`` supports a procedure; ``""``: none does.

        One policy that supports it is enough; a procedure without a policy, or a policy without
        a list of diagnoses, says nothing.
        """
        rows = self._procedures.get(code)
        if rows is None:
            return ""
        own = set(diagnoses)
        against = ""
        for row in rows:
            if (row.effective and on < row.effective) or (row.ended and row.ended < on):
                continue
            groups = [g for g in {(row.policy, row.group), (row.policy, "")} if g in self._groups]
            for group in (self._groups[g] for g in groups):
                if own & group.covered or (not group.covered and own - group.refused):
                    return ""
                against = against or row.policy
        return against
