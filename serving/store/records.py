"""What is handed to the store and what it hands back, as plain values."""

import datetime as dt
import os
import time

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.denial.risk import DenialRisk
from models.errors import Problem
from serving.store.columns import now


def new_uid() -> bytes:
    """Sixteen bytes that no other record has; later ones sort after earlier ones."""
    return time.time_ns().to_bytes(8, "big") + os.urandom(8)


class FoundEdit(msgspec.Struct, frozen=True, omit_defaults=True):
    """An edit that a claim broke.

    ``edit`` is its stable id, ``severity`` error or warning, ``line`` LX01 or ``None`` for the
    claim, ``field`` a JSON pointer into the claim, ``source`` the table and its version.
    """

    edit: str
    severity: str
    line: int | None = None
    field: str = ""
    source: str = ""


class ScoreRecord(msgspec.Struct, frozen=True, tag="score", kw_only=True):
    """One claim as scored, and what was answered.

    ``risky`` is the decision at ``threshold``; ``shadow`` marks a challenger's score that nobody
    saw. ``actor`` is the key or user that asked. The same ``uid`` is kept once.
    """

    claim: Claim
    risk: DenialRisk
    threshold: float
    risky: bool
    request_id: str = ""
    actor: str = ""
    shadow: bool = False
    edits: tuple[FoundEdit, ...] = ()
    payer: str = ""  # key by the payer crosswalk; empty: the claim's own
    created: dt.datetime = msgspec.field(default_factory=now)
    uid: bytes = msgspec.field(default_factory=new_uid)


class IntakeRecord(msgspec.Struct, frozen=True, tag="intake", kw_only=True):
    """Claims, payments and acknowledgements that came while the store was away.

    ``practices`` are those that the sender may write to; ``None``: any.
    """

    name: str
    sha256: bytes
    size: int
    origin: str
    claims: tuple[Claim, ...] = ()
    payments: tuple[Payment, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    set_acknowledgements: tuple[SetAcknowledgement, ...] = ()
    practices: tuple[str, ...] | None = None


class Counts(msgspec.Struct):
    """How many were read, and how many of these the store did not have."""

    read: int = 0
    new: int = 0


class LoadReport(msgspec.Struct):
    """What loading one file or body did; ``already``: its bytes had been loaded before."""

    name: str
    sha256: str
    already: bool = False
    claims: Counts = msgspec.field(default_factory=Counts)
    payments: Counts = msgspec.field(default_factory=Counts)
    remittances: Counts = msgspec.field(default_factory=Counts)
    acknowledgements: Counts = msgspec.field(default_factory=Counts)
    set_acknowledgements: Counts = msgspec.field(default_factory=Counts)
    notes: Counts = msgspec.field(default_factory=Counts)
    skipped: dict[str, int] = msgspec.field(default_factory=dict)
    refused: int = 0
    problem_count: int = 0
    problems: list[Problem] = msgspec.field(default_factory=list)
    practices: list[str] = msgspec.field(default_factory=list)

    @property
    def counts(self) -> dict[str, Counts]:
        """The counts by kind."""
        return {
            "claims": self.claims,
            "payments": self.payments,
            "remittances": self.remittances,
            "acknowledgements": self.acknowledgements,
            "set_acknowledgements": self.set_acknowledgements,
            "notes": self.notes,
        }

    @property
    def new(self) -> int:
        """Records that the store did not have."""
        return sum(count.new for count in self.counts.values())

    @property
    def kind(self) -> str:
        """``837P``, ``835``, ``277CA``, ``999``, ``notes``, ``mixed`` or ``nothing``."""
        kinds = {
            "claims": "837P",
            "payments": "835",
            "acknowledgements": "277CA",
            "set_acknowledgements": "999",
            "notes": "notes",
        }
        found = [name for key, name in kinds.items() if self.counts[key].read]
        return found[0] if len(found) == 1 else "mixed" if found else "nothing"
