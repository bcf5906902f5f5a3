"""What the review's templates are given: one typed context each."""

import datetime as dt

import msgspec

from serving.store.notes import QueueCounts, QueueFilter
from serving.web.codes import FoundCode
from serving.web.note_view import NoteBlock
from serving.web.obstacles import Obstacle


class QueueItem(msgspec.Struct, frozen=True):
    """A note in the list at the left."""

    token: str
    date: dt.date | None
    specialty: str
    certainty: str
    decided: int
    current: bool


class Item(msgspec.Struct, frozen=True):
    """A suggestion; ``spans`` are its evidence as ``begin-end``, joined by spaces."""

    key: str
    system: str
    code: str
    words: str
    score: float
    spans: str
    evidence: int
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    assertion: str
    hatched: bool
    status: str
    reason: str
    replaced_by: str
    billed: bool


class ChosenItem(msgspec.Struct, frozen=True):
    """A code that will be submitted and that no suggestion proposed as it is."""

    system: str
    code: str
    words: str
    spans: str
    replaces: str


class FindingItem(msgspec.Struct, frozen=True):
    """A difference between the note and the claim."""

    kind: str
    billed: str
    documented: str
    why: str
    needed: str
    spans: str


class Conflict(msgspec.Struct, frozen=True):
    """A decision that was not stored: somebody else decided in between."""

    changes: tuple[str, ...]
    words: str
    fields: tuple[tuple[str, str], ...]
    action: str


class Panel(msgspec.Struct, frozen=True):
    """Everything at the right of the note; it changes with each decision."""

    token: str
    revision: int
    read: bool
    items: tuple[Item, ...]
    chosen: tuple[ChosenItem, ...]
    findings: tuple[FindingItem, ...]
    visit: str
    visit_spans: str
    obstacles: tuple[Obstacle, ...]
    errors: int
    warnings: int
    decided: int
    total: int
    undoable: str
    submitted: bool
    submitted_by: str
    next: str
    reasons: tuple[str, ...]
    systems: tuple[str, ...]
    problem: str
    done: str
    conflict: Conflict | None
    others: tuple[str, ...]
    model_version: str


class ReviewPage(msgspec.Struct, frozen=True):
    """The review of one note."""

    queue: tuple[QueueItem, ...]
    counts: QueueCounts
    chosen: QueueFilter
    orders: tuple[tuple[str, str], ...]
    specialties: tuple[tuple[str, int], ...]
    token: str
    note_id: str
    date: dt.date | None
    specialty: str
    patient: str
    account: str
    blocks: tuple[NoteBlock, ...]
    panel: Panel
    first_use: bool


class EmptyReviewPage(msgspec.Struct, frozen=True):
    """The queue has no note: what was done today, and how notes come in."""

    counts: QueueCounts
    chosen: QueueFilter
    filtered: bool
    reason: str


class Searched(msgspec.Struct, frozen=True):
    """Codes that a search found, and what choosing one will do."""

    token: str
    query: str
    found: tuple[FoundCode, ...]
    system: str


class Presence(msgspec.Struct, frozen=True):
    """Who else has the note open, and what others decided since it was shown here."""

    token: str
    others: tuple[str, ...]
    changes: tuple[str, ...]
