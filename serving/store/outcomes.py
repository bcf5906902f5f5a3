"""Outcomes: what became of each submission, beside what had been said about it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, tuple_, update
from sqlalchemy.orm import DeclarativeBase

from models.claims.common import ZERO
from models.claims.x12.context import Item
from models.history import ClaimHistory, HistoryOptions, Submission, build_history
from serving.store.columns import now
from serving.store.database import Database, upsert
from serving.store.history import (
    read_acknowledgements,
    read_payments,
    read_set_acknowledgements,
    read_submissions,
)
from serving.store.identity import column_dollars, column_text
from serving.store.joining import Filed, Said, join_scores
from serving.store.snapshot import HistorySnapshot, snapshot_of
from serving.store.tables import OutcomeRow, PracticeRow, ScoredOutcomeRow, ScoreRow

_CHUNK = 1000
_CENT = Decimal("0.01")

Row = dict[str, Any]


class OutcomeState(msgspec.Struct, frozen=True):
    """Whether a practice's outcomes are up to date, and when they were last worked out."""

    stale: bool
    worked_out: dt.datetime | None


class Refreshed(msgspec.Struct, frozen=True):
    """What working out did: rows written or removed, and submissions with a label."""

    practice: str
    submissions: int
    labelled: int
    changed: int


class Outcomes:
    """First adjudications by the rules of `models.history`, and their join with scores.

    Everything here follows from what is stored, and is worked out anew for a practice at a
    time: call `refresh` after loads, or when `state` says that it is stale.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def practices(self) -> list[str]:
        """Every practice that a claim was stored for."""
        with self._database.read() as connection:
            query = select(PracticeRow.practice).order_by(PracticeRow.practice)
            return list(connection.execute(query).scalars())

    def state(self, practice: str) -> OutcomeState:
        """How current a practice's outcomes are."""
        with self._database.read() as connection:
            row = connection.execute(
                select(
                    PracticeRow.changes, PracticeRow.outcomes_at, PracticeRow.outcomes_time
                ).where(PracticeRow.practice == practice)
            ).one_or_none()
        if row is None:
            return OutcomeState(False, None)
        return OutcomeState(row.changes != row.outcomes_at, row.outcomes_time)

    def history(self, practice: str, options: HistoryOptions | None = None) -> ClaimHistory:
        """The practice's claim history, for instance to learn payer rules from."""
        with self._database.read(snapshot=True) as connection:
            return build_history(_items(connection, practice), options)

    def refresh(
        self,
        practice: str,
        options: HistoryOptions | None = None,
        *,
        force: bool = False,
        snapshot: HistorySnapshot | None = None,
    ) -> Refreshed | None:
        """Works out one practice's outcomes; ``None`` where they are up to date.

        ``snapshot``: the practice's history, where it has been read already.

        Takes about 0.2 ms a claim (see docs/store.md), in memory; writes only what changed, in
        short transactions. Killed in between, it is simply done again.

        Raises:
            StoreUnavailableError: the store went away.
        """
        if not force and not self.state(practice).stale:
            return None
        with self._database.read(snapshot=True) as connection:
            snapshot = snapshot or snapshot_of(connection, practice, options)
            if snapshot is None:
                return None
            changes = snapshot.changes
            worked = _work_out(connection, practice, snapshot)
            outcomes = _difference(connection, OutcomeRow, practice, worked.outcomes)
            joined = _difference(connection, ScoredOutcomeRow, practice, worked.joined)
        changed = self._write(OutcomeRow, *outcomes) + self._write(ScoredOutcomeRow, *joined)
        self._database.transact(
            lambda c: c.execute(
                update(PracticeRow)
                .where(PracticeRow.practice == practice, PracticeRow.outcomes_at <= changes)
                .values(outcomes_at=changes, outcomes_time=now())
            )
        )
        return Refreshed(practice, len(worked.outcomes), worked.labelled, changed)

    def _write(self, kind: type[DeclarativeBase], rows: list[Row], gone: list[Any]) -> int:
        for chunk in _portions(rows):
            self._database.transact(lambda c, chunk=chunk: upsert(c, kind, chunk))  # type: ignore[misc]
        keys = tuple_(*kind.__table__.primary_key)
        for part in _portions(gone):
            self._database.transact(
                lambda c, part=part: c.execute(delete(kind).where(keys.in_(part)))  # type: ignore[misc]
            )
        return len(rows) + len(gone)


class _Worked(msgspec.Struct):
    outcomes: dict[Any, Row]
    joined: dict[Any, Row]
    labelled: int


def _items(connection: Connection, practice: str) -> Iterator[Item]:
    for stored in read_submissions(connection, practice):
        yield stored.claim
    for payment, _ in read_payments(connection, practice):
        yield payment
    yield from read_acknowledgements(connection, practice)
    yield from read_set_acknowledgements(connection, practice)


def _work_out(connection: Connection, practice: str, snapshot: HistorySnapshot) -> _Worked:
    history = snapshot.history
    # The history keeps the very objects that it was given.
    of_claim = {id(x.claim): x for x in snapshot.submissions}
    arrivals = {id(x.remittance): x.created for x in snapshot.remittances}
    outcomes: dict[Any, Row] = {}
    filed: list[Filed] = []
    for submission in history.submissions:
        own = of_claim.get(id(submission.claim))
        if own is None:
            continue
        received = _received(submission, arrivals)
        outcomes[own.id] = _outcome_row(own.id, practice, submission, received)
        claim = submission.claim
        filed.append(
            Filed(
                own.id,
                column_text(claim.claim_id),
                column_text(claim.responsibility),
                own.body,
                claim.submitted,
                own.created,
                received,
            )
        )
    joined = _joined_rows(connection, practice, filed)
    return _Worked(outcomes, joined, len(history.labelled))


def _received(submission: Submission, arrivals: Mapping[int, dt.datetime]) -> dt.datetime | None:
    """When the store had the first adjudication."""
    if submission.first is None:
        return None
    known = [arrivals[id(r)] for r in submission.first.remittances if id(r) in arrivals]
    return min(known, default=None)


def _outcome_row(
    number: int, practice: str, submission: Submission, received: dt.datetime | None
) -> Row:
    claim, first = submission.claim, submission.first
    lost = ZERO
    if first is not None:
        lines = zip(claim.lines, first.lines, strict=True)
        lost = sum((billed.charge for billed, line in lines if line.denied), ZERO)
    return {
        "submission": number,
        "practice": practice,
        "payer": column_text(submission.payer),
        "state": str(submission.outcome),
        "mature": submission.mature,
        "denied": submission.denied,
        "category": "" if first is None or first.category is None else str(first.category),
        "carcs": [] if first is None else [column_text(x) for x in first.denial_carcs],
        "answered": None if first is None else first.answered,
        "received": received,
        "charge": _cents(claim.charge),
        "denied_charge": _cents(lost),
        "paid": _cents(ZERO if first is None else first.paid),
        "allowed": _cents(ZERO if first is None else first.allowed),
        "overturned": submission.overturned,
        "duplicate": submission.duplicate_of is not None,
    }


def _joined_rows(connection: Connection, practice: str, filed: list[Filed]) -> dict[Any, Row]:
    columns = (
        ScoreRow.uid,
        ScoreRow.claim_id,
        ScoreRow.responsibility,
        ScoreRow.body,
        ScoreRow.model_version,
        ScoreRow.shadow,
        ScoreRow.risky,
        ScoreRow.created,
        ScoreRow.probability,
        ScoreRow.category,
        ScoreRow.expected_loss,
    )
    query = select(*columns).where(ScoreRow.practice == practice)
    scores = {row.uid: row for row in connection.execute(query)}
    said = (Said(*row[:8]) for row in scores.values())
    found: dict[Any, Row] = {}
    for pair in join_scores(filed, said):
        score = scores[pair.score]
        found[pair.submission, pair.score] = {
            "submission": pair.submission,
            "score": pair.score,
            "practice": practice,
            "model_version": score.model_version,
            "shadow": score.shadow,
            "state": pair.state,
            "probability": score.probability,
            "risky": score.risky,
            "category": score.category,
            "expected_loss": score.expected_loss,
            "created": score.created,
        }
    return found


def _difference(
    connection: Connection,
    kind: type[OutcomeRow | ScoredOutcomeRow],
    practice: str,
    wanted: Mapping[Any, Row],
) -> tuple[list[Row], list[Any]]:
    """Rows to write, and keys of rows to remove."""
    names = [column.name for column in kind.__table__.primary_key]
    missing = dict(wanted)
    gone: list[Any] = []
    for found in connection.execute(select(kind).where(kind.practice == practice)):
        row = dict(found._mapping)
        key = row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
        if wanted.get(key) == row:
            del missing[key]
        elif key not in wanted:
            gone.append(key if len(names) > 1 else (key,))
    return list(missing.values()), gone


def _cents(amount: Decimal) -> Decimal:
    """As it will be read back, so that an unchanged row compares equal."""
    return column_dollars(amount).quantize(_CENT, ROUND_HALF_UP)


def _portions(rows: list[Any]) -> Iterable[list[Any]]:
    return (rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK))
