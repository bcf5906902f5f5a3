"""Codes notes for the API, and says for the audit log what was behind each code."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from models.coding.answer import NoteAnswer, answer_note
from models.coding.suggestion import Evidence
from models.errors import InputError
from serving.audit import AuditEntry
from serving.coding.follower import ServedCoding
from serving.coding.requests import CodedNote, NoteBody, SuggestOptions

AUDITED_SCORE = 0.1
"""Suggestions below this probability leave no trace in the audit log."""
AUDITED_CODES = 40


def code_sets(served: ServedCoding, systems: Sequence[str] | None) -> dict[str, str]:
    """Release of each code system that suggestions come from."""
    wanted = systems or served.model.systems
    icd = served.model.icd10cm
    return {s: icd.version() if s == "ICD-10-CM" else "as learnt" for s in wanted}


def code_note(served: ServedCoding, note: NoteBody, options: SuggestOptions) -> CodedNote:
    """Answer one note.

    Raises:
        InputError: the note is empty, too long or no text, or a system is unknown.
    """
    answer = answer_note(
        served.model,
        note.text,
        draft=note.claim.draft() if note.claim else None,
        systems=options.systems,
        limit=options.limit,
        date=note.date,
        specialty=note.specialty,
    )
    return CodedNote(
        id=note.id,
        suggestions=answer.suggestions,
        visit=answer.visit,
        comparison=answer.comparison,
    )


def code_notes(
    served: ServedCoding,
    notes: Sequence[NoteBody],
    options: SuggestOptions,
    between: Callable[[], None],
) -> list[CodedNote]:
    """Answer several; what cannot be read is said beside its note.

    Raises:
        InputError: a system is unknown.
    """
    served.model.require_systems(options.systems or ())
    coded = []
    for note in notes:
        try:
            coded.append(code_note(served, note, options))
        except InputError as error:
            coded.append(CodedNote(id=note.id, problem=str(error)))
        between()
    return coded


def note_reference(key: bytes, text: str) -> str:
    """A name for a note that says nothing of it: whoever has the note and the key can check it."""
    return f"note:{hmac.new(key, text.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:24]}"


def audit_entry(
    actor: str,
    request_id: str,
    record: str,
    served: ServedCoding,
    coded: CodedNote | NoteAnswer,
    release: str,
) -> AuditEntry:
    """Which words (by their offsets), source and rule were behind each code; never the words."""
    codes = [
        f"{s.system} {s.code}@{_places(s.evidence)} {s.assertion} {s.source} {s.score:.3f}"
        for s in coded.suggestions
        if s.score >= AUDITED_SCORE
    ][:AUDITED_CODES]
    detail: dict[str, str | int | float | bool | None] = {
        "model": str(served.version),
        "code_set": release,
        "codes": "; ".join(codes),
    }
    if coded.visit is not None:
        visit = coded.visit
        detail["visit"] = (
            f"{visit.code}@{_places(visit.evidence)} {visit.basis}, rule of {visit.effective}"
        )
    if coded.comparison is not None:
        detail["findings"] = "; ".join(
            f"{f.kind} {f.billed or '-'}>{f.documented or '-'}@{_places(f.evidence)}"
            for f in coded.comparison.findings
        )
    return AuditEntry(
        actor=actor, action="note.suggest", record=record, request_id=request_id, detail=detail
    )


def _places(evidence: Sequence[Evidence]) -> str:
    return ",".join(f"{e.begin}-{e.end}" for e in evidence[:5])
