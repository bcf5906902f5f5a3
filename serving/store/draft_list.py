"""The worklist: open drafts in the order of what can still be protected, and their sums."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import ColumnElement, func, select

from serving.store.database import Database
from serving.store.draft_types import OPEN
from serving.store.tables import DraftRow


class DraftLine(msgspec.Struct, frozen=True):
    """A draft as the worklist shows it; amounts are dollars."""

    token: str
    claim_id: str
    initials: str
    payer_name: str
    provider_name: str
    service_date: dt.date | None
    charge: Decimal
    probability: float
    expected_loss: float
    preventable: float
    category: str
    reason: str
    fix: str
    protects: float
    deadline: dt.date | None
    errors: int
    warnings: int
    scored_revision: int  # -1: not scored yet


class DraftFilter(msgspec.Struct, frozen=True):
    """Which drafts; ``older_than`` counts days since the service."""

    payer: str = ""
    category: str = ""
    provider: str = ""
    older_than: int = 0


class Facet(msgspec.Struct, frozen=True):
    """A value that drafts can be narrowed by, its words, and how many have it."""

    value: str
    words: str
    count: int


class Totals(msgspec.Struct, frozen=True):
    """Of the drafts that a filter leaves: how many, and dollars."""

    count: int
    expected_loss: float
    preventable: float
    within: float  # preventable dollars of the first ``capacity`` drafts
    unscored: int


class DraftList:
    """Open drafts as a list, by practice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        practices: Sequence[str] | None,
        wanted: DraftFilter,
        *,
        today: dt.date,
        limit: int,
        offset: int = 0,
    ) -> list[DraftLine]:
        """Open drafts, most dollars that can still be protected first."""
        columns = [getattr(DraftRow, x) for x in DraftLine.__struct_fields__]
        query = (
            select(*columns)
            .where(*_conditions(practices, wanted, today))
            .order_by(DraftRow.preventable.desc(), DraftRow.id)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return [DraftLine(*row) for row in connection.execute(query)]

    def totals(
        self,
        practices: Sequence[str] | None,
        wanted: DraftFilter,
        *,
        today: dt.date,
        capacity: int,
    ) -> Totals:
        """Sums over the drafts that a filter leaves."""
        conditions = _conditions(practices, wanted, today)
        first = (
            select(DraftRow.preventable)
            .where(*conditions)
            .order_by(DraftRow.preventable.desc(), DraftRow.id)
            .limit(capacity)
            .subquery()
        )
        with self._database.read() as connection:
            count, loss, preventable, scored = connection.execute(
                select(
                    func.count(),
                    func.coalesce(func.sum(DraftRow.expected_loss), 0.0),
                    func.coalesce(func.sum(DraftRow.preventable), 0.0),
                    func.count().filter(DraftRow.scored_revision >= 0),
                ).where(*conditions)
            ).one()
            within = connection.execute(
                select(func.coalesce(func.sum(first.c.preventable), 0.0))
            ).scalar_one()
        return Totals(count, float(loss), float(preventable), float(within), count - scored)

    def facets(self, practices: Sequence[str] | None) -> dict[str, list[Facet]]:
        """Payers, categories and providers of the open drafts, by frequency."""
        found = {}
        conditions = _conditions(practices, DraftFilter(), dt.date.min)
        with self._database.read() as connection:
            for name, value, words in (
                ("payer", DraftRow.payer, func.max(DraftRow.payer_name)),
                ("category", DraftRow.category, func.max(DraftRow.category)),
                ("provider", DraftRow.provider, func.max(DraftRow.provider_name)),
            ):
                query = (
                    select(value, words, func.count())
                    .where(*conditions)
                    .group_by(value)
                    .order_by(func.count().desc(), value)
                    .limit(200)
                )
                found[name] = [Facet(v, w or v, n) for v, w, n in connection.execute(query) if v]
        return found

    def counts(self, practices: Sequence[str] | None) -> dict[str, int]:
        """How many drafts are in each state."""
        query = select(DraftRow.state, func.count()).group_by(DraftRow.state)
        if practices is not None:
            query = query.where(DraftRow.practice.in_(practices))
        with self._database.read() as connection:
            return {row.state: row[1] for row in connection.execute(query)}


def _conditions(
    practices: Sequence[str] | None, wanted: DraftFilter, today: dt.date
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [DraftRow.state == OPEN]
    if practices is not None:
        found.append(DraftRow.practice.in_(practices))
    for column, value in (
        (DraftRow.payer, wanted.payer),
        (DraftRow.category, wanted.category),
        (DraftRow.provider, wanted.provider),
    ):
        if value:
            found.append(column == value)
    if wanted.older_than:
        found.append(DraftRow.service_date <= today - dt.timedelta(days=wanted.older_than))
    return found
