"""What reviewers submitted, as labelled notes to train from."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from models.claims.claim import Claim
from models.coding.notes_file import NoteCode
from models.coding.reviewed import ReviewedNote, ReviewerDecision
from models.coding.suggestion import Suggestion
from models.errors import InputError
from serving.store.database import Database
from serving.store.notes import ACCEPT, REPLACE, SUBMITTED, Decision, claim_payload, decisions_of
from serving.store.review_state import CODE_KINDS, review_state, standing
from serving.store.tables import DecisionRow, NoteRow

_suggestion: msgspec.json.Decoder[Suggestion] = msgspec.json.Decoder(Suggestion)
_encoder = msgspec.json.Encoder()


def export_reviewed(database: Database, path: Path, *, practice: str = "") -> int:
    """Writes every submitted note with its codes and decisions (`ReviewedNote`), one a line.

    The words that support a code go with it: those that the reviewer marked, or the evidence of
    the suggestion that was accepted. Notes under review are left out, so also those that came
    back because a payer denied an accepted code. ``practice`` limits it to one. Equal content
    gives an equal file. Returns the number of notes; the file appears whole or not at all.

    Raises:
        InputError: ``path`` cannot be written.
        StoreUnavailableError: the store is away.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with database.read(snapshot=True) as connection, partial.open("wb") as file:
            for note in reviewed_notes(connection, practice):
                file.write(_encoder.encode(note) + b"\n")
                count += 1
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def reviewed_notes(connection: Connection, practice: str = "") -> Iterator[ReviewedNote]:
    """Submitted notes by practice and id."""
    query = (
        select(NoteRow)
        .where(NoteRow.state == SUBMITTED)
        .order_by(NoteRow.practice, NoteRow.note_id)
    )
    if practice:
        query = query.where(NoteRow.practice == practice)
    for row in connection.execute(query).all():
        decisions = decisions_of(connection, row.id)
        shown = _suggestions(connection, row.id)
        payload = claim_payload(connection, row.practice, row.claim_id)
        claim = None if payload is None else msgspec.json.decode(payload, type=Claim)
        yield ReviewedNote(
            id=row.note_id,
            text=row.text,
            date=row.date,
            specialty=row.specialty,
            patient_id=row.patient_id,
            claim_id=row.claim_id,
            codes=_codes(decisions, shown),
            practice=row.practice,
            submitted=row.submitted,
            decisions=_told(decisions, shown),
            age=None if claim is None else _age(claim),
            sex="" if claim is None else claim.patient.sex,
        )


def _suggestions(connection: Connection, note: int) -> dict[int, Suggestion]:
    """By decision, the suggestion as it was shown."""
    query = select(DecisionRow.id, DecisionRow.suggestion).where(
        DecisionRow.note == note, DecisionRow.suggestion.is_not(None)
    )
    return {row.id: _suggestion.decode(row.suggestion) for row in connection.execute(query)}


def _codes(decisions: Sequence[Decision], shown: dict[int, Suggestion]) -> tuple[NoteCode, ...]:
    kinds = {x.id: x.kind for x in decisions}
    codes: list[NoteCode] = []
    for x in review_state(decisions).chosen:
        if x.begin is not None:
            codes.append(NoteCode(x.code, x.system, x.begin, x.end))
            continue
        about = shown.get(x.decision) if kinds[x.decision] == ACCEPT else None
        evidence = about.evidence if about is not None else ()
        codes += [NoteCode(x.code, x.system, e.begin, e.end) for e in evidence]
        if not evidence:
            codes.append(NoteCode(x.code, x.system))
    return tuple(codes)


def _told(
    decisions: Sequence[Decision], shown: dict[int, Suggestion]
) -> tuple[ReviewerDecision, ...]:
    return tuple(
        ReviewerDecision(
            kind=x.kind,
            system=x.system,
            code=x.code,
            reviewer=x.actor,
            model_version=x.model_version,
            score=shown[x.id].score if x.id in shown else None,
            replaces=x.replaces if x.kind == REPLACE else "",
            reason=x.reason,
        )
        for x in standing(decisions)
        if x.kind in CODE_KINDS
    )


def _age(claim: Claim) -> int | None:
    """Years on the first day of service."""
    birth, day = claim.patient.birth_date, claim.service_date or claim.submitted
    if birth is None:
        return None
    return max(0, day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)))
