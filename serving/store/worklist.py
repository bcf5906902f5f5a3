"""Looking at denials as work: the list for stated hours, one item with all that is known of it."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, select

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.revenue.work import WorkItem, fitting
from serving.store.database import Database
from serving.store.errors import NotFoundError
from serving.store.ledger_reading import struct_of
from serving.store.work_items import DONE, IN_WORK, OPEN
from serving.store.work_tables import WorkItemRow, WorkNoteRow, WorkStateRow

TO_DO = "to_do"
"""Open and in work together."""

MOST_FACETS = 60


class WorkFilter(msgspec.Struct, frozen=True):
    """Which items; what is empty is not asked."""

    state: str = TO_DO
    payer: str = ""
    category: str = ""
    action: str = ""
    assigned_to: str = ""
    claim_id: str = ""
    carc: str = ""
    gap: str = ""


class WorkLine(msgspec.Struct, frozen=True):
    """An item in the list; ``within``: it belongs to what fits the hours."""

    key: str
    practice: str
    claim_id: str
    line: int
    kind: str
    payer: str
    payer_name: str
    code: str
    category: str
    gap: str
    carc: str
    warned: bool | None
    denied_on: dt.date
    action: str
    route: str
    deadline: dt.date | None
    charge: Decimal
    at_stake: Decimal
    probability: float
    hours: float
    worth: float
    state: str
    outcome: str
    recovered: Decimal
    assigned_to: str
    within: bool = False


class WorkTotals(msgspec.Struct, frozen=True):
    """Sums over what was asked for; ``within``: of what fits the hours, if any were stated."""

    count: int = 0
    at_stake: Decimal = ZERO
    worth: float = 0.0
    within: int = 0
    within_hours: float = 0.0
    within_worth: float = 0.0


class WorkPage(msgspec.Struct, frozen=True):
    """Part of the list, in its order."""

    totals: WorkTotals
    lines: list[WorkLine]


class WorkNote(msgspec.Struct, frozen=True):
    """What was done or said about an item."""

    kind: str
    words: str
    who: str
    created: dt.datetime


class KeptItem(msgspec.Struct, frozen=True):
    """One item: as the rules made it, and what became of it.

    ``encounter`` and ``service`` name it in the ledger, ``others`` the other items of the same
    claim. ``draft`` is the claim as a person is correcting it.
    """

    key: str
    practice: str
    submission: int
    encounter: str
    service: int
    item: WorkItem
    state: str
    outcome: str
    closed_by: str
    settled: dt.date | None
    recovered: Decimal
    assigned_to: str
    revision: int
    updated: dt.datetime
    notes: list[WorkNote]
    others: list[WorkLine]
    draft: Claim | None = None


class WorkFacet(msgspec.Struct, frozen=True):
    """A value to filter by, with its items."""

    value: str
    words: str
    count: int


class CauseRow(msgspec.Struct, frozen=True):
    """A root cause: its items, those to do, dollars at stake of these, and dollars recovered."""

    gap: str
    items: int
    to_do: int
    at_stake: Decimal
    recovered: Decimal


class WorkState(msgspec.Struct, frozen=True):
    """Until when the files were read, and which version of ``recovery`` tells the chances."""

    as_of: dt.date | None
    model: str


class DenialWorklist:
    """Read-only; ``practices`` is whose items may be seen (``None``: everybody's)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        practices: Sequence[str] | None,
        wanted: WorkFilter,
        *,
        hours: float | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> WorkPage:
        """Items by dollars an hour; with ``hours`` those that fit and pay come first."""
        table = WorkItemRow
        query = (
            select(table.practice, table.key, table.hours, table.worth, table.at_stake)
            .where(*_conditions(practices, wanted))
            .order_by(
                table.rate.desc(),
                table.deadline.is_(None),
                table.deadline,
                table.claim_id,
                table.line,
                table.key,
            )
        )
        with self._database.read(snapshot=True) as connection:
            rows = connection.execute(query).all()
            fits = fitting([(x.hours, x.worth) for x in rows], hours) if hours is not None else []
            within = [x for x, fit in zip(rows, fits, strict=False) if fit]
            ordered = within + [x for x, fit in zip(rows, fits, strict=False) if not fit]
            part = (ordered if hours is not None else rows)[offset : offset + limit]
            chosen = {x.key for x in within}
            lines = {
                x.key: msgspec.structs.replace(x, within=x.key in chosen)
                for x in _lines(connection, [x.key for x in part])
            }
        totals = WorkTotals(
            len(rows),
            sum((x.at_stake for x in rows), ZERO),
            sum(x.worth for x in rows if x.worth > 0),
            len(within),
            sum(x.hours for x in within),
            sum(x.worth for x in within),
        )
        return WorkPage(totals, [lines[x.key] for x in part if x.key in lines])

    def get(self, key: str, practices: Sequence[str] | None) -> KeptItem:
        """One item.

        Raises:
            NotFoundError: no such item of these practices.
        """
        with self._database.read(snapshot=True) as connection:
            return read_item(connection, key, practices)

    def facets(self, practices: Sequence[str] | None) -> dict[str, list[WorkFacet]]:
        """Values of what waits, by payer, category, action, root cause, and who has it."""
        table = WorkItemRow
        names = ("payer", "category", "action", "assigned_to", "gap")
        columns = [getattr(table, name) for name in names]
        # One look at the items instead of one for each kind of value.
        query = (
            select(*columns, func.max(table.payer_name), func.count())
            .where(*_conditions(practices, WorkFilter()))
            .group_by(*columns)
        )
        counts: dict[str, Counter[str]] = {name: Counter() for name in names}
        words: dict[str, str] = {}
        with self._database.read() as connection:
            for *values, payer_name, count in connection.execute(query):
                for name, value in zip(names, values, strict=True):
                    counts[name][value] += count
                words[values[0]] = max(words.get(values[0], ""), payer_name)
        return {
            name: [
                WorkFacet(value, (words.get(value) if name == "payer" else "") or value, count)
                for value, count in sorted(own.items(), key=lambda x: (-x[1], x[0]))[:MOST_FACETS]
                if value
            ]
            for name, own in counts.items()
        }

    def causes(self, practices: Sequence[str] | None) -> list[CauseRow]:
        """What denials trace back to, the most at stake first."""
        table = WorkItemRow
        waits = table.state != DONE
        query = select(
            table.gap,
            func.count().label("items"),
            func.sum(case((waits, 1), else_=0)).label("to_do"),
            func.sum(case((waits, table.at_stake), else_=ZERO)).label("at_stake"),
            func.sum(table.recovered).label("recovered"),
        ).group_by(table.gap)
        if practices is not None:
            query = query.where(table.practice.in_(practices))
        with self._database.read() as connection:
            rows = [struct_of(CauseRow, x) for x in connection.execute(query)]
        return sorted(rows, key=lambda x: (-x.at_stake, x.gap))

    def counts(self, practices: Sequence[str] | None) -> dict[str, int]:
        """How many items are in each state."""
        query = select(WorkItemRow.state, func.count()).group_by(WorkItemRow.state)
        if practices is not None:
            query = query.where(WorkItemRow.practice.in_(practices))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def state(self, practices: Sequence[str] | None) -> WorkState:
        """How current the items are."""
        query = select(func.max(WorkStateRow.as_of), func.max(WorkStateRow.model))
        if practices is not None:
            query = query.where(WorkStateRow.practice.in_(practices))
        with self._database.read() as connection:
            row = connection.execute(query).one()
        return WorkState(row[0], row[1] or "")


def read_item(connection: Connection, key: str, practices: Sequence[str] | None) -> KeptItem:
    """One item within the caller's transaction.

    Raises:
        NotFoundError: no such item of these practices.
    """
    table, notes = WorkItemRow, WorkNoteRow
    query = select(table).where(table.key == key)
    if practices is not None:
        query = query.where(table.practice.in_(practices))
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError("no denial of the worklist has this key")
    said = connection.execute(
        select(notes.kind, notes.words, notes.who, notes.created)
        .where(notes.practice == row.practice, notes.item == key)
        .order_by(notes.id)
    )
    same = select(table.key).where(
        table.practice == row.practice, table.claim_id == row.claim_id, table.key != key,
        table.submission == row.submission,
    )  # fmt: skip
    others = list(connection.execute(same).scalars())
    return KeptItem(
        key, row.practice, row.submission, row.encounter, row.service,
        msgspec.json.decode(row.payload, type=WorkItem), row.state, row.outcome, row.closed_by,
        row.settled, row.recovered, row.assigned_to, row.revision, row.updated,
        [WorkNote(*x) for x in said],
        sorted(_lines(connection, others), key=lambda x: (x.line, x.denied_on)),
        None if row.draft is None else msgspec.json.decode(row.draft, type=Claim),
    )  # fmt: skip


def _lines(connection: Connection, keys: Sequence[str]) -> list[WorkLine]:
    table = WorkItemRow
    names = [x for x in WorkLine.__struct_fields__ if x != "within"]
    if not keys:
        return []
    query = select(*(getattr(table, name) for name in names)).where(table.key.in_(keys))
    return [WorkLine(*row) for row in connection.execute(query)]


def _conditions(practices: Sequence[str] | None, wanted: WorkFilter) -> list[Any]:
    table = WorkItemRow
    found: list[Any] = []
    if practices is not None:
        found.append(table.practice.in_(practices))
    states = {TO_DO: (OPEN, IN_WORK), OPEN: (OPEN,), IN_WORK: (IN_WORK,), DONE: (DONE,)}
    if wanted.state in states:
        found.append(table.state.in_(states[wanted.state]))
    found += [
        getattr(table, name) == value
        for name in ("payer", "category", "action", "assigned_to", "claim_id", "carc", "gap")
        if (value := getattr(wanted, name))
    ]
    return found
