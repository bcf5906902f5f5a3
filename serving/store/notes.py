"""Clinical notes under review: text, suggestions, decisions as they were made, and who reads."""

import datetime as dt
import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from models.claims.claim import Claim
from models.coding.compare import Comparison
from models.coding.em import VisitLevel
from models.coding.notes_file import NoteCode, NoteRecord
from models.coding.suggestion import Suggestion
from serving.store.columns import now
from serving.store.database import Database, insert_new, upsert
from serving.store.errors import ConflictError, NotFoundError
from serving.store.identity import column_text, encode
from serving.store.tables import (
    ClaimRow,
    DecisionRow,
    DraftRow,
    NoteReaderRow,
    NoteRow,
    PracticeRow,
    SubmissionRow,
)

OPEN, SUBMITTED = "open", "submitted"
ACCEPT, REJECT, REPLACE, ADD, UNDO, SUBMIT, REOPEN, FLAG = (
    "accept",
    "reject",
    "replace",
    "add",
    "undo",
    "submit",
    "reopen",
    "flag",
)
#: Whoever has not asked for a note for so long has it open no more.
READING = dt.timedelta(seconds=25)
#: Suggestions below are not what a reviewer must look at; they do not count as certainty.
WORTH_A_LOOK = 0.2
#: Certainty of a note that was not read by the model yet: it comes last.
NOT_YET = 2.0
_MANY = 500


class Reading(msgspec.Struct, frozen=True):
    """What a version of the coding model says of a note.

    ``draft`` is the key of the claim that the note was held against, empty where there was none.
    """

    suggestions: list[Suggestion]
    visit: VisitLevel | None = None
    comparison: Comparison | None = None
    draft: str = ""


_reading: msgspec.json.Decoder[Reading] = msgspec.json.Decoder(Reading)


class QueueLine(msgspec.Struct, frozen=True):
    """A note in the queue; ``certainty`` is that of its least certain suggestion."""

    token: str
    date: dt.date | None
    specialty: str
    certainty: float
    state: str
    decided: int


class StoredNote(msgspec.Struct, frozen=True):
    """A note whole; ``reading`` is ``None`` until the model has read it."""

    id: int
    token: str
    practice: str
    note_id: str
    text: str
    date: dt.date | None
    specialty: str
    patient_id: str
    claim_id: str
    state: str
    revision: int
    model_version: str
    reading: Reading | None
    submitted: dt.datetime | None
    submitted_by: str


class Decision(msgspec.Struct, frozen=True):
    """One decision as it was made.

    ``kind`` is accept, reject, replace, add, undo (of ``undoes``), submit, reopen or flag (a
    payer denied the code, ``reason`` says how); ``replaces`` is the system and code that a
    replacement stands for; ``begin``/``end`` are the words marked.
    """

    id: int
    kind: str
    system: str
    code: str
    words: str
    begin: int | None
    end: int | None
    replaces: str
    reason: str
    model_version: str
    undoes: int | None
    actor: str
    who: str
    created: dt.datetime


class NewDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that is to be kept; ``suggestion`` is the one that it is about, as shown."""

    kind: str
    system: str = ""
    code: str = ""
    words: str = ""
    begin: int | None = None
    end: int | None = None
    replaces: str = ""
    reason: str = ""
    suggestion: Suggestion | None = None
    model_version: str = ""
    undoes: int | None = None


class QueueFilter(msgspec.Struct, frozen=True):
    """Which notes, in which order (``order``: certainty, newest or oldest)."""

    specialty: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    order: str = "certainty"


class QueueCounts(msgspec.Struct, frozen=True):
    """How many notes wait, were decided in part, and were submitted by this person today."""

    waiting: int
    unread: int
    today: int


class Notes:
    """Notes by practice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, records: Sequence[NoteRecord], practice: str = "") -> tuple[int, int, int]:
        """Keeps notes; (new, replaced, passed over).

        A note belongs to the practice of its claim, else to ``practice``, else to the store's
        only one. One that came before is replaced while nobody has decided anything about it.
        """
        done = [0, 0, 0]
        for begin in range(0, len(records), _MANY):
            portion = records[begin : begin + _MANY]
            found = self._database.transact(partial(self._load, records=portion, practice=practice))
            done = [a + b for a, b in zip(done, found, strict=True)]
        return done[0], done[1], done[2]

    def _load(
        self, connection: Connection, records: Sequence[NoteRecord], practice: str
    ) -> tuple[int, int, int]:
        owners = _owners(connection, [x.claim_id for x in records if x.claim_id])
        known = connection.execute(select(PracticeRow.practice).limit(2)).scalars().all()
        only = known[0] if len(known) == 1 else ""
        moment = now()
        new = replaced = same = 0
        for record in records:
            content = {
                "text": record.text,
                "date": record.date,
                "specialty": column_text(record.specialty),
                "patient_id": column_text(record.patient_id),
                "claim_id": column_text(record.claim_id),
                "codes": encode(record.codes),
            }
            row = {
                **content,
                "token": secrets.token_urlsafe(12),
                "practice": practice or owners.get(record.claim_id, only),
                "note_id": column_text(record.id),
                "state": OPEN,
                "created": moment,
                "revision": 0,
                "model_version": "",
                "suggestions": None,
                "certainty": NOT_YET,
                "submitted_by": "",
            }
            if insert_new(connection, NoteRow, [row]):
                new += 1
                continue
            changed = connection.execute(
                update(NoteRow)
                .where(
                    NoteRow.practice == row["practice"],
                    NoteRow.note_id == row["note_id"],
                    NoteRow.revision == 0,
                    or_(NoteRow.text != record.text, NoteRow.codes != content["codes"]),
                )
                .values(**content, model_version="", suggestions=None, certainty=NOT_YET)
            ).rowcount
            replaced, same = replaced + changed, same + 1 - changed
        return new, replaced, same

    def queue(
        self,
        practices: Sequence[str] | None,
        wanted: QueueFilter,
        *,
        limit: int = 60,
        offset: int = 0,
    ) -> list[QueueLine]:
        """Open notes in the order asked for."""
        decided = (
            select(func.count())
            .where(DecisionRow.note == NoteRow.id, DecisionRow.kind != UNDO)
            .correlate(NoteRow)
            .scalar_subquery()
        )
        query = (
            select(
                NoteRow.token,
                NoteRow.date,
                NoteRow.specialty,
                NoteRow.certainty,
                NoteRow.state,
                decided,
            )
            .where(*_conditions(practices, wanted))
            .order_by(*_order(wanted.order))
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return [QueueLine(*row) for row in connection.execute(query)]

    def following(
        self, practices: Sequence[str] | None, wanted: QueueFilter, note: StoredNote
    ) -> str:
        """Token of the note to go on with after this one, or ``""``."""
        query = (
            select(NoteRow.token)
            .where(*_conditions(practices, wanted))
            .order_by(*_order(wanted.order))
            .limit(200)
        )
        with self._database.read() as connection:
            tokens = list(connection.execute(query).scalars())
        if note.token in tokens:
            tokens = tokens[tokens.index(note.token) + 1 :] + tokens[: tokens.index(note.token)]
        return tokens[0] if tokens else ""

    def counts(
        self, practices: Sequence[str] | None, actor: str, since: dt.datetime
    ) -> QueueCounts:
        """How much there is to do, and what ``actor`` did since."""
        conditions = _conditions(practices, QueueFilter())
        with self._database.read() as connection:
            waiting, unread = connection.execute(
                select(func.count(), func.count().filter(NoteRow.certainty == NOT_YET)).where(
                    *conditions
                )
            ).one()
            today = connection.execute(
                select(func.count(func.distinct(DecisionRow.note))).where(
                    DecisionRow.created >= since,
                    DecisionRow.kind == SUBMIT,
                    DecisionRow.actor == actor,
                )
            ).scalar_one()
        return QueueCounts(waiting, unread, today)

    def specialties(self, practices: Sequence[str] | None) -> list[tuple[str, int]]:
        """Specialties of the open notes with their numbers."""
        query = (
            select(NoteRow.specialty, func.count())
            .where(*_conditions(practices, QueueFilter()), NoteRow.specialty != "")
            .group_by(NoteRow.specialty)
            .order_by(NoteRow.specialty)
        )
        with self._database.read() as connection:
            return [(name, count) for name, count in connection.execute(query)]

    def get(self, token: str, practices: Sequence[str] | None) -> StoredNote:
        """One note.

        Raises:
            NotFoundError: there is none, or not of these practices.
        """
        query = select(NoteRow).where(NoteRow.token == token)
        if practices is not None:
            query = query.where(NoteRow.practice.in_(practices))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("there is no such note: the queue shows those that there are")
        return _note(row)

    def labels(self, token: str) -> tuple[NoteCode, ...]:
        """Codes that came with a note; empty where it came to be coded."""
        with self._database.read() as connection:
            query = select(NoteRow.codes).where(NoteRow.token == token)
            payload = connection.execute(query).scalar_one()
        return msgspec.json.decode(payload, type=tuple[NoteCode, ...] | None) or ()

    def decisions(self, note: int) -> list[Decision]:
        """Every decision about a note, as they were made."""
        with self._database.read() as connection:
            return decisions_of(connection, note)

    def decide(
        self, note: StoredNote, decision: NewDecision, *, actor: str, who: str, revision: int
    ) -> None:
        """Keeps a decision that was made looking at ``revision``.

        Raises:
            ConflictError: somebody else decided something about the note since then.
        """
        state = {SUBMIT: SUBMITTED, REOPEN: OPEN}.get(decision.kind, note.state)
        moment = now()

        def work(connection: Connection) -> int:
            done = connection.execute(
                update(NoteRow)
                .where(NoteRow.id == note.id, NoteRow.revision == revision)
                .values(
                    revision=revision + 1,
                    state=state,
                    submitted=moment if state == SUBMITTED else None,
                    submitted_by=actor if state == SUBMITTED else "",
                )
            ).rowcount
            if done:
                shown = decision.suggestion
                connection.execute(
                    insert(DecisionRow).values(
                        note=note.id,
                        kind=decision.kind,
                        system=column_text(decision.system),
                        code=column_text(decision.code),
                        words=column_text(decision.words),
                        begin=decision.begin,
                        end=decision.end,
                        replaces=decision.replaces,
                        reason=column_text(decision.reason),
                        suggestion=None if shown is None else encode(shown),
                        model_version=decision.model_version,
                        undoes=decision.undoes,
                        actor=actor,
                        who=column_text(who),
                        created=moment,
                    )
                )
            return done

        if self._database.transact(work) != 1:
            raise ConflictError("somebody else decided on this note since you looked at it")

    def to_suggest(self, version: str, limit: int) -> list[StoredNote]:
        """Open notes that this version did not read; those under review keep what was shown."""
        waiting = or_(
            NoteRow.suggestions.is_(None),
            and_(NoteRow.model_version != version, NoteRow.revision == 0),
        )
        query = (
            select(NoteRow).where(NoteRow.state == OPEN, waiting).order_by(NoteRow.id).limit(limit)
        )
        with self._database.read() as connection:
            return [_note(row) for row in connection.execute(query)]

    def keep_readings(self, read: Sequence[tuple[StoredNote, Reading]], version: str) -> None:
        """Keeps what a version says, unless somebody has begun to decide meanwhile."""

        def work(connection: Connection) -> None:
            for note, reading in read:
                connection.execute(
                    update(NoteRow)
                    .where(
                        NoteRow.id == note.id,
                        or_(NoteRow.revision == 0, NoteRow.suggestions.is_(None)),
                    )
                    .values(
                        suggestions=encode(reading),
                        model_version=version,
                        certainty=certainty(reading.suggestions),
                    )
                )

        self._database.transact(work)

    def reading(self, note: int, reader: str, who: str) -> list[str]:
        """Notes that ``reader`` has the note open; names of the others who have."""
        moment = now()

        def work(connection: Connection) -> list[str]:
            row = {"note": note, "reader": reader, "who": column_text(who), "seen": moment}
            upsert(connection, NoteReaderRow, [row])
            connection.execute(delete(NoteReaderRow).where(NoteReaderRow.seen < moment - READING))
            query = select(NoteReaderRow.who).where(
                NoteReaderRow.note == note, NoteReaderRow.reader != reader
            )
            return list(connection.execute(query.order_by(NoteReaderRow.who)).scalars())

        return self._database.transact(work)

    def claim_of(self, note: StoredNote) -> Claim | None:
        """The claim that belongs to the note: a draft, else the last one submitted."""
        with self._database.read() as connection:
            payload = claim_payload(connection, note.practice, note.claim_id)
        return None if payload is None else msgspec.json.decode(payload, type=Claim)


def claim_payload(connection: Connection, practice: str, claim_id: str) -> bytes | None:
    """JSON of the claim that a note names: a draft, else the last one submitted."""
    if not claim_id:
        return None
    draft = select(DraftRow.payload).where(
        DraftRow.practice == practice, DraftRow.claim_id == claim_id
    )
    filed = (
        select(ClaimRow.payload)
        .join(SubmissionRow, SubmissionRow.body == ClaimRow.body)
        .where(SubmissionRow.practice == practice, SubmissionRow.claim_id == claim_id)
        .order_by(SubmissionRow.submitted.desc())
        .limit(1)
    )
    return connection.execute(draft).scalar() or connection.execute(filed).scalar()


def decisions_of(connection: Connection, note: int) -> list[Decision]:
    """Every decision about a note, as they were made."""
    columns = [getattr(DecisionRow, x) for x in Decision.__struct_fields__]
    query = select(*columns).where(DecisionRow.note == note).order_by(DecisionRow.id)
    return [Decision(*row) for row in connection.execute(query)]


def certainty(suggestions: Sequence[Suggestion]) -> float:
    """How sure the model is of its least certain suggestion: 0.5 (a coin) to 1.

    A note with nothing worth a look is the least certain of all: 0.

    >>> certainty([])
    0.0
    """
    found = [max(x.score, 1 - x.score) for x in suggestions if x.score >= WORTH_A_LOOK]
    return min(found, default=0.0)


def _owners(connection: Connection, numbers: Sequence[str]) -> dict[str, str]:
    """Practice by claim number, where only one has it."""
    found: dict[str, set[str]] = {}
    for table in (DraftRow, SubmissionRow):
        for begin in range(0, len(numbers), _MANY):
            query = select(table.claim_id, table.practice).where(
                table.claim_id.in_(numbers[begin : begin + _MANY])
            )
            for number, practice in connection.execute(query.distinct()):
                found.setdefault(number, set()).add(practice)
    return {number: next(iter(x)) for number, x in found.items() if len(x) == 1}


def _conditions(practices: Sequence[str] | None, wanted: QueueFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [NoteRow.state == OPEN]
    if practices is not None:
        found.append(NoteRow.practice.in_(practices))
    if wanted.specialty:
        found.append(NoteRow.specialty == wanted.specialty)
    if wanted.since is not None:
        found.append(NoteRow.date >= wanted.since)
    if wanted.until is not None:
        found.append(NoteRow.date <= wanted.until)
    return found


def _order(name: str) -> list[Any]:
    if name == "newest":
        return [NoteRow.date.desc(), NoteRow.id]
    if name == "oldest":
        return [NoteRow.date, NoteRow.id]
    return [NoteRow.certainty, NoteRow.id]


def _note(row: Any) -> StoredNote:
    values = {
        name: getattr(row, name) for name in StoredNote.__struct_fields__ if name != "reading"
    }
    return StoredNote(**values, reading=_decoded(row.suggestions))


def _decoded(payload: bytes | None) -> Reading | None:
    """What was said; nothing where an earlier version of this program said it in another form."""
    try:
        return None if payload is None else _reading.decode(payload)
    except msgspec.MsgspecError:
        return None
