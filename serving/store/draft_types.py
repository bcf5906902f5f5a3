"""A draft, what was said about it, and what persons changed of it."""

import datetime as dt

import msgspec

from models.claims.claim import Claim
from models.denial.risk import DenialRisk
from models.edits import Edit

OPEN, EXPORTED = "open", "exported"
"""States of a draft, beside `serving.store.settling.SUBMITTED`."""


class DraftFix(msgspec.Struct, frozen=True, kw_only=True):
    """A change that a person may truthfully make, under the condition ``allowed_if``.

    ``needs`` names what a person must enter, which goes to the field at ``pointer``; ``applies``:
    it can be made here, by that or by a click. ``probability`` is the claim's after the fix;
    ``protects`` is in dollars. ``kind``, ``path`` and ``line`` are those of `models.denial.fixes`.
    """

    id: str
    kind: str
    line: int | None
    words: str
    allowed_if: str
    pointer: str
    path: str
    needs: str
    applies: bool
    probability: float
    protects: float
    source: str


class Assessment(msgspec.Struct, frozen=True):
    """What model and edits say about a draft, as it stands in one revision.

    ``edition`` names the tables and payer rules that the edits asked.
    """

    edition: str
    risk: DenialRisk
    edits: list[Edit]
    fixes: list[DraftFix]
    preventable: float
    reason: str
    deadline: dt.date | None


class Draft(msgspec.Struct, frozen=True):
    """A draft whole."""

    id: int
    token: str
    practice: str
    state: str
    claim: Claim
    loaded: Claim
    revision: int
    scored_revision: int
    updated: dt.datetime
    updated_by: str
    created: dt.datetime
    patient: bytes
    assessment: Assessment | None


class DraftChange(msgspec.Struct, frozen=True):
    """One change: ``kind`` is loaded, field, fix, undo, exported or submitted."""

    id: int
    who: str
    kind: str
    field: str
    words: str
    probability_before: float | None
    probability_after: float | None
    created: dt.datetime


def version_key(model_version: str, history_version: str, edition: str) -> str:
    """Names what assessed a draft."""
    return f"{model_version}/{history_version}/{edition}"
