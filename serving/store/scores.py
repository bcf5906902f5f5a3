"""Scores: each claim as it was scored, the answer, and the edits that it broke."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from models.claims.claim import Claim
from models.denial.risk import DenialRisk
from serving.store.database import Database, insert_new
from serving.store.filing import claim_columns, claim_row
from serving.store.identity import body_key, column_text, encode
from serving.store.records import FoundEdit, ScoreRecord
from serving.store.tables import ClaimRow, FoundEditRow, PracticeRow, ScoreRow, SubmissionRow

_MANY = 500


class KeptScore(msgspec.Struct, frozen=True):
    """A score as it is kept."""

    uid: bytes
    request_id: str
    practice: str
    body: bytes
    risk: DenialRisk
    threshold: float
    risky: bool
    shadow: bool
    actor: str
    created: dt.datetime
    edits: tuple[FoundEdit, ...] = ()


class Scores:
    """Scores by practice. Every query takes the practice: nobody reads across by accident."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, records: Sequence[ScoreRecord]) -> int:
        """Keeps scores; how many were new. See `serving.store.recorder` for the fast path."""
        return self._database.transact(lambda connection: self.write(connection, records))

    def write(self, connection: Connection, records: Sequence[ScoreRecord]) -> int:
        """As `add`, within the caller's transaction."""
        contents: dict[bytes, dict[str, Any]] = {}
        rows: list[dict[str, Any]] = []
        edits: list[dict[str, Any]] = []
        for record in records:
            claim, risk = record.claim, record.risk
            body = body_key(claim)
            if body not in contents:
                contents[body] = claim_row(claim, body)
            rows.append(
                {
                    **claim_columns(claim, record.payer),
                    "uid": record.uid,
                    "request_id": column_text(record.request_id),
                    "body": body,
                    "probability": risk.denial_probability,
                    "category": column_text(risk.category),
                    "expected_loss": risk.expected_loss,
                    "threshold": record.threshold,
                    "risky": record.risky,
                    "shadow": record.shadow,
                    "model_version": column_text(risk.model_version),
                    "history_version": column_text(risk.history_version),
                    "actor": column_text(record.actor),
                    "created": record.created,
                    "payload": encode(risk),
                }
            )
            edits += [
                {
                    "score": record.uid,
                    "position": position,
                    "edit": column_text(found.edit),
                    "severity": found.severity,
                    "line": found.line,
                    "field": column_text(found.field),
                    "source": column_text(found.source),
                }
                for position, found in enumerate(record.edits)
            ]
        insert_new(connection, ClaimRow, [contents[k] for k in sorted(contents)])
        new = insert_new(connection, ScoreRow, rows)
        insert_new(connection, FoundEditRow, edits)
        if new:
            _mark_late(connection, rows)
        return new

    def of_claim(self, practice: str, claim_id: str, *, shadow: bool = False) -> list[KeptScore]:
        """Scores of one claim number, oldest first; a challenger's only with ``shadow``."""
        query = select(ScoreRow).where(
            ScoreRow.practice == practice, ScoreRow.claim_id == column_text(claim_id)
        )
        if not shadow:
            query = query.where(ScoreRow.shadow.is_(False))
        with self._database.read() as connection:
            return self._kept(connection, connection.execute(query.order_by(ScoreRow.id)).all())

    def of_request(self, request_id: str, practices: Sequence[str] | None) -> list[KeptScore]:
        """Scores that one request made, as far as they belong to ``practices`` (``None``: all)."""
        query = select(ScoreRow).where(ScoreRow.request_id == column_text(request_id))
        if practices is not None:
            query = query.where(ScoreRow.practice.in_(practices))
        with self._database.read() as connection:
            return self._kept(connection, connection.execute(query.order_by(ScoreRow.id)).all())

    def claim(self, practice: str, body: bytes) -> Claim | None:
        """The claim as scored, by `KeptScore.body`."""
        query = select(ClaimRow.payload).where(ClaimRow.body == body, ClaimRow.practice == practice)
        with self._database.read() as connection:
            payload = connection.execute(query).scalar()
        return None if payload is None else msgspec.json.decode(payload, type=Claim)

    def edits_hit(
        self, practice: str, since: dt.datetime, until: dt.datetime
    ) -> list[tuple[str, str, int]]:
        """(edit, severity, number of distinct claims) in that time, most frequent first."""
        count = func.count(func.distinct(ScoreRow.claim_id))
        query = (
            select(FoundEditRow.edit, FoundEditRow.severity, count)
            .join(ScoreRow, ScoreRow.uid == FoundEditRow.score)
            .where(
                ScoreRow.practice == practice,
                ScoreRow.created >= since,
                ScoreRow.created < until,
                ScoreRow.shadow.is_(False),
            )
            .group_by(FoundEditRow.edit, FoundEditRow.severity)
            .order_by(count.desc(), FoundEditRow.edit)
        )
        with self._database.read() as connection:
            return [(a, b, int(n)) for a, b, n in connection.execute(query)]

    def _kept(self, connection: Connection, rows: Sequence[Any]) -> list[KeptScore]:
        edits: dict[bytes, list[FoundEdit]] = {}
        uids = [row.uid for row in rows]
        for begin in range(0, len(uids), _MANY):
            query = (
                select(FoundEditRow)
                .where(FoundEditRow.score.in_(uids[begin : begin + _MANY]))
                .order_by(FoundEditRow.score, FoundEditRow.position)
            )
            for x in connection.execute(query):
                found = FoundEdit(x.edit, x.severity, x.line, x.field, x.source)
                edits.setdefault(x.score, []).append(found)
        return [
            KeptScore(
                row.uid,
                row.request_id,
                row.practice,
                row.body,
                msgspec.json.decode(row.payload, type=DenialRisk),
                row.threshold,
                row.risky,
                row.shadow,
                row.actor,
                row.created,
                tuple(edits.get(row.uid, ())),
            )
            for row in rows
        ]


def _mark_late(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """A score that arrives after its claim was filed changes outcomes that were worked out."""
    numbers: dict[str, set[str]] = {}
    for row in rows:
        numbers.setdefault(row["practice"], set()).add(row["claim_id"])
    for practice, wanted in sorted(numbers.items()):
        ordered = sorted(wanted)
        for begin in range(0, len(ordered), _MANY):
            query = select(SubmissionRow.id).where(
                SubmissionRow.practice == practice,
                SubmissionRow.claim_id.in_(ordered[begin : begin + _MANY]),
            )
            if connection.execute(query.limit(1)).scalar() is not None:
                # Once is enough: no other writer need wait for this row.
                connection.execute(
                    update(PracticeRow)
                    .where(
                        PracticeRow.practice == practice,
                        PracticeRow.outcomes_at == PracticeRow.changes,
                    )
                    .values(changes=PracticeRow.changes + 1)
                )
                break
