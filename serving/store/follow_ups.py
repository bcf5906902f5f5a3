"""Claims that no payer has answered: their state, and what somebody heard of them."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, insert, select

from models.claims.common import ZERO
from models.errors import InputError
from models.revenue.followup import ASKED_AFTER, Stage
from models.revenue.followup import WORDS as STAGE_WORDS
from serving.store.balances_reading import worked_in
from serving.store.balances_tables import FollowUpNoteRow, UnansweredClaimRow
from serving.store.columns import now
from serving.store.database import Database
from serving.store.errors import NotFoundError
from serving.store.identity import column_text
from serving.store.ledger_decisions import Decider


class UnansweredClaim(msgspec.Struct, frozen=True):
    """A submission without an answer; days as of the practice's last remittance.

    ``heard``: what somebody last noted about it, ``again``: when to ask again.
    """

    number: int
    practice: str
    claim_id: str
    payer: str
    payer_name: str
    stage: str
    words: str
    charge: Decimal
    submitted: dt.date
    age: int
    usual_days: int
    overdue: int
    syntax_accepted: dt.date | None
    accepted: dt.date | None
    control: str
    notes: list[str]
    heard: str
    heard_on: dt.datetime | None
    heard_by: str
    again: dt.date | None


class UnansweredPage(msgspec.Struct, frozen=True):
    """Unanswered claims, the largest first, with counts and charges by state."""

    claims: list[UnansweredClaim]
    count: int
    charge: Decimal
    stages: dict[str, int]
    as_of: dt.date | None
    stale: bool


class FollowUps:
    """Looks at unanswered claims, and keeps what was heard; the caller audits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unanswered(
        self,
        practices: Sequence[str] | None,
        *,
        today: dt.date,
        stage: str = "",
        payer: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> UnansweredPage:
        """Claims without an answer.

        Without ``stage`` those that somebody must ask after, and of which no note says to ask
        again on a later day.
        """
        table, said = UnansweredClaimRow, FollowUpNoteRow
        chosen: list[Any] = []
        if practices is not None:
            chosen.append(table.practice.in_(practices))
        if payer:
            chosen.append(table.payer == payer)
        wanted = list(chosen)
        if stage and stage != "all":
            wanted.append(table.stage == stage)
        elif not stage:
            wanted.append(table.stage.in_([str(x) for x in ASKED_AFTER]))
            wanted.append(said.again.is_(None) | (said.again <= today))
        query = _query(*wanted).order_by(table.charge.desc(), table.submission)
        sums = _query(*wanted).with_only_columns(func.count(), func.sum(table.charge))
        counts = select(table.stage, func.count()).where(*chosen).group_by(table.stage)
        with self._database.read(snapshot=True) as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
            count, charge = connection.execute(sums).one()
            stages = {row[0]: row[1] for row in connection.execute(counts)}
            as_of, stale = worked_in(connection, practices)
        return UnansweredPage(
            [_claim(row) for row in rows], count, charge or ZERO, stages, as_of, stale
        )

    def heard(
        self, number: int, words: str, who: Decider, *, again: dt.date | None, today: dt.date
    ) -> UnansweredClaim:
        """Notes what was heard about a claim without an answer, and when to ask again.

        Raises:
            NotFoundError: no such claim of these practices is without an answer.
            InputError: no words, or a day that is past.
        """
        if not words.strip():
            raise InputError("say what you heard: it is kept with the claim")
        if again is not None and again < today:
            raise InputError(f"{again} is past: choose a day to ask again")

        def work(connection: Connection) -> UnansweredClaim:
            table = UnansweredClaimRow
            wanted = [table.submission == number]
            if who.practices is not None:
                wanted.append(table.practice.in_(who.practices))
            if connection.execute(select(table.submission).where(*wanted)).first() is None:
                raise NotFoundError("no claim without an answer has this number")
            values = {
                "submission": number, "words": column_text(words.strip()[:1000]), "again": again,
                "actor": who.actor, "created": now(),
            }  # fmt: skip
            connection.execute(insert(FollowUpNoteRow).values(values))
            return _claim(connection.execute(_query(*wanted)).one())

        return self._database.transact(work)


def _query(
    *wanted: Any,
) -> Select[UnansweredClaimRow, str, dt.datetime, str, dt.date | None]:
    """Rows for `_claim`: claims without an answer, each with its latest note."""
    table, said = UnansweredClaimRow, FollowUpNoteRow
    latest = select(func.max(said.id)).group_by(said.submission)
    joined = (said.submission == table.submission) & said.id.in_(latest)
    return (
        select(table, said.words, said.created, said.actor, said.again)
        .outerjoin(said, joined)
        .where(*wanted)
    )


def _claim(row: Any) -> UnansweredClaim:
    """One row of `_query`."""
    return UnansweredClaim(
        row.submission, row.practice, row.claim_id, row.payer, row.payer_name, row.stage,
        STAGE_WORDS[Stage(row.stage)], row.charge, row.submitted, row.age, row.usual_days,
        row.overdue, row.syntax_accepted, row.accepted, row.control, row.notes, row.words or "",
        row.created, row.actor or "", row.again,
    )  # fmt: skip
