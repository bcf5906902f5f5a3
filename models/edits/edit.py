"""What an edit is: its finding, its rule in the registry, and the collector that checks fill.

The registry is data (``edits.csv``): stable id, severity, the payer types that it binds, the
table that it needs, its wording and its source.
"""

import csv
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from models.edits.scope import Scope


class Severity(StrEnum):
    """`ERROR`: the payer will reject or deny it as it stands; `WARNING`: a person decides."""

    ERROR = "error"
    WARNING = "warning"


class Edit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One finding on a claim.

    ``path`` is a JSON pointer into the claim's JSON (``/lines/2/modifiers``), ``related`` are
    pointers to what it stands in conflict with. ``message`` says what is wrong, ``remedy`` what
    a person may truthfully do, each in one sentence; neither holds names, numbers or dates of
    a patient. ``source`` names the rule or the table with its version.
    """

    id: str
    severity: Severity
    path: str
    message: str
    remedy: str
    source: str
    related: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """One row of the registry.

    ``payers`` are the payer types that it binds, empty for all; ``table`` the kind of imported
    table without which it is silent, or ``""``. ``message``, ``remedy`` and ``source`` are
    templates.
    """

    id: str
    severity: Severity
    payers: tuple[str, ...]
    table: str
    checks: str
    message: str
    remedy: str
    source: str


@lru_cache(maxsize=1)
def load_rules() -> dict[str, Rule]:
    """Every edit by its id, in the order of ``edits.csv``.

    >>> load_rules()["npi.check_digit"].severity
    <Severity.ERROR: 'error'>
    """
    text = resources.files("models.edits").joinpath("edits.csv").read_text(encoding="utf-8")
    rules = {}
    for row in csv.DictReader(text.splitlines()):
        rules[row["id"]] = Rule(
            id=row["id"],
            severity=Severity(row["severity"]),
            payers=() if row["payers"] == "*" else tuple(row["payers"].split()),
            table=row["table"],
            checks=row["checks"],
            message=row["message"],
            remedy=row["remedy"],
            source=row["source"],
        )
    return rules


# A practice's claims break the same edits with the same codes again and again.
_RENDERED: dict[tuple[object, ...], tuple[str, str, str]] = {}
_CACHED = 20_000


class Findings:
    """Collects the edits of one claim; leaves out those that do not bind its payer."""

    __slots__ = ("edits", "scope")

    def __init__(self, scope: "Scope") -> None:
        """``scope``: what binds the claim's payer."""
        self.scope = scope
        self.edits: list[Edit] = []

    def add(
        self,
        id_: str,
        path: str,
        *,
        related: tuple[str, ...] = (),
        table: str = "",
        **words: object,
    ) -> None:
        """Add the edit ``id_`` at ``path``; ``words`` fill its templates."""
        severity = self.scope.severities.get(id_)
        if severity is None:
            return
        key = (id_, *words.values())
        texts = _RENDERED.get(key)
        if texts is None:
            rule = load_rules()[id_]
            if len(_RENDERED) >= _CACHED:
                _RENDERED.clear()
            texts = _RENDERED[key] = (
                rule.message.format(**words),
                rule.remedy.format(**words),
                rule.source,
            )
        source = texts[2] if texts[2] != "{table}" else table
        self.edits.append(Edit(id_, severity, path, texts[0], texts[1], source, related))
