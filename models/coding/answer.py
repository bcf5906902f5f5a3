"""Everything that the coding assist says of one note: codes, visit level, note against claim."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from models.coding.assertion import Assertion
from models.coding.compare import Comparison, compare
from models.coding.draft import DraftClaim
from models.coding.em import VisitLevel, visit_level
from models.coding.em_elements import Condition
from models.coding.em_rules import is_office_visit
from models.coding.model import ICD10CM, CodingModel
from models.coding.note import read_note
from models.coding.reading import read_words
from models.coding.suggestion import Suggestion
from models.coding.words import vocabulary

MOST = 400
"""Codes of each system that a claim is held against: also unlikely and denied ones."""
NAMED = 0.3
"""From this probability on a condition tells the nature of a problem."""


class NoteAnswer(msgspec.Struct, frozen=True):
    """``visit``: the office visit level, where the note tells of one; ``comparison`` with a draft.

    ``suggestions`` are ranked by support in the note, never by payment.
    """

    suggestions: list[Suggestion]
    visit: VisitLevel | None
    comparison: Comparison | None


def answer_note(
    model: CodingModel,
    text: str,
    *,
    draft: DraftClaim | None = None,
    systems: Sequence[str] | None = None,
    limit: int = 20,
    date: dt.date | None = None,
    specialty: str = "",
) -> NoteAnswer:
    """Codes that the note supports, its visit level, and a draft claim held against it.

    ``date`` is the date of service (default: today), ``specialty`` that of who wrote the note.
    ``systems`` and ``limit`` bound the suggestions that are shown, not what the draft is
    compared with.

    Raises:
        InputError: the note is empty or too long, or a system is unknown to the model.
    """
    model.require_systems(systems or ())
    on = date or dt.date.today()
    note = read_note(text)
    reading = read_words(note, vocabulary())
    most = max(limit, MOST) if draft is not None else limit
    found = model.suggest_reading(
        reading,
        systems=None if draft is not None else systems,
        limit=most,
        date=on,
        specialty=specialty,
    )
    conditions = [
        Condition(e.begin, e.end, s.code)
        for s in found
        if s.system == ICD10CM and s.score >= NAMED and s.assertion is Assertion.PRESENT
        for e in s.evidence
    ]
    procedures = draft.procedures if draft is not None else ()
    modifiers = [
        m for line in draft.lines if is_office_visit(line.code) for m in line.modifiers
    ] if draft is not None else []  # fmt: skip
    visit = visit_level(
        note, date=on, billed=procedures, modifiers=modifiers, conditions=conditions
    )
    comparison = None
    if draft is not None:
        comparison = compare(
            note, draft, found, icd10cm=model.icd10cm, visit=visit, systems=model.systems
        )
    return NoteAnswer(_shown(found, systems, limit), visit, comparison)


def _shown(
    found: Sequence[Suggestion], systems: Sequence[str] | None, limit: int
) -> list[Suggestion]:
    counts: dict[str, int] = {}
    shown = []
    for suggestion in found:
        system = suggestion.system
        if systems is not None and system not in systems:
            continue
        counts[system] = counts.get(system, 0) + 1
        if counts[system] <= limit:
            shown.append(suggestion)
    return shown
