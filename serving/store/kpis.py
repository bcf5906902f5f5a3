"""KPIs kept as their cube, so that a dashboard asks for sums only."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, func, not_, or_, select

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.edits import check_claim
from models.edits.edit import Severity
from models.edits.tables import EditTables
from models.errors import InputError
from models.history import ClaimHistory
from models.revenue.analysis import denial_pareto
from models.revenue.entries import Entry
from models.revenue.expected import ExpectedAmounts, FeeTables
from models.revenue.facts import Protected, build_cube
from models.revenue.kpis import DIMENSIONS, Cube, Figure, Key, figure, load_kpis
from models.revenue.ledger import Ledger
from models.revenue.underpayment import compare_allowed
from serving.store.columns import now
from serving.store.database import Database, insert_many, upsert
from serving.store.identity import column_text, encode
from serving.store.joining import HEEDED
from serving.store.ledger_rows import PERSON, kept_entry, marked
from serving.store.ledger_tables import KpiFactRow, KpiStateRow, LedgerEntryRow
from serving.store.snapshot import HistorySnapshot
from serving.store.tables import OutcomeRow, PracticeRow, ScoredOutcomeRow

_CELL = "cell"
_CLAIMS = 200  # claim numbers kept for a reason of denials, the latest


class KeptReason(msgspec.Struct, frozen=True):
    """A reason of initial denials with the latest of its claims."""

    carc: str
    category: str
    words: str
    lines: int
    claims: int
    dollars: float
    claim_ids: tuple[str, ...]


class KpiDetail(msgspec.Struct, frozen=True):
    """What is kept beside the cube."""

    reasons: list[KeptReason] = []
    payers: dict[str, str] = {}


class KpiRow(msgspec.Struct, frozen=True):
    """A KPI of one cell of a view; dimensions that the view does not tell apart are absent."""

    kpi: str
    where: dict[str, str]
    value: float | None
    numerator: float
    denominator: float


class KpiStates(msgspec.Struct, frozen=True):
    """How current the KPIs of some practices are."""

    as_of: str
    stale: bool


class Kpis:
    """The cube of each practice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stale(self, practices: Sequence[str] | None) -> bool:
        """Whether something loaded is not in the figures yet."""
        query = (
            select(PracticeRow.practice)
            .outerjoin(KpiStateRow, KpiStateRow.practice == PracticeRow.practice)
            .where(PracticeRow.changes != func.coalesce(KpiStateRow.done, -1))
        )
        if practices is not None:
            query = query.where(PracticeRow.practice.in_(practices))
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def refresh(
        self, snapshot: HistorySnapshot, ledger: Ledger, *, home: Path | None = None
    ) -> int:
        """Works the cube of a practice out anew; how many cells it has.

        Raises:
            StoreUnavailableError: the store went away; the figures from before stay.
        """
        practice, history = snapshot.practice, snapshot.history
        with self._database.read(snapshot=True) as connection:
            persons = _persons(connection, practice)
            protected = list(_protected(connection, practice, snapshot))
        tables = EditTables.load(home)

        def edited(claim: Claim) -> bool:
            return any(x.severity is Severity.ERROR for x in check_claim(claim, tables))

        compared = compare_allowed(history, ledger, ExpectedAmounts(FeeTables.load(home)))
        cube = build_cube(
            history, ledger, edited=edited, persons=persons, compared=compared,
            protected=protected,
        )  # fmt: skip
        detail = _detail(history)
        rows = list(_cells(practice, cube))
        state = {
            "practice": practice,
            "done": snapshot.changes,
            "as_of": history.as_of.isoformat() if history.as_of else "",
            "time": now(),
            "detail": encode(detail),
        }
        self._database.transact(lambda c: _keep(c, practice, rows, state))
        return len(rows)

    def figures(
        self,
        practices: Sequence[str] | None,
        *,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        kpis: Sequence[str] = (),
        since: str = "",
        until: str = "",
    ) -> list[KpiRow]:
        """KPIs told apart by dimensions, as `models.revenue.kpis.by_dimensions` has them.

        Raises:
            InputError: an unknown dimension or KPI.
        """
        where = where or {}
        _check([*by, *where], DIMENSIONS, "dimension")
        _check(kpis, tuple(load_kpis()), "kpi")
        table = KpiFactRow
        level = _level({*by, *where})
        conditions: list[Any] = [table.level == level]
        conditions += [getattr(table, name) == value for name, value in where.items()]
        if practices is not None:
            conditions.append(table.practice.in_(practices))
        if kpis:
            conditions.append(table.kpi.in_(kpis))
        if since:
            conditions.append(table.month >= since)
        if until:
            conditions.append(table.month <= until)
        columns: list[Any] = [table.kpi, *(getattr(table, name) for name in by)]
        with self._database.read(snapshot=True) as connection:
            if "month" not in by:
                conditions.append(_last_month_only(connection, practices, since, until))
            query = (
                select(*columns, func.sum(table.numerator), func.sum(table.denominator))
                .where(*conditions)
                .group_by(*columns)
                .order_by(*columns)
            )
            return [
                _row(row[0], dict(zip(by, row[1:-2], strict=True)), row[-2], row[-1])
                for row in connection.execute(query)
            ]

    def detail(self, practices: Sequence[str] | None) -> tuple[KpiDetail, str]:
        """Reasons of denials and payers' names over practices, and the last day of the figures."""
        query = select(KpiStateRow.detail, KpiStateRow.as_of)
        if practices is not None:
            query = query.where(KpiStateRow.practice.in_(practices))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [msgspec.json.decode(row.detail, type=KpiDetail) for row in rows]
        payers = {key: name for x in found for key, name in x.payers.items()}
        as_of = max((row.as_of for row in rows), default="")
        return KpiDetail(_joined(x for y in found for x in y.reasons), payers), as_of


def _check(names: Iterable[str], allowed: Sequence[str], what: str) -> None:
    for name in names:
        if name not in allowed:
            raise InputError(f"{what} {name!r} is unknown; allowed: {', '.join(allowed)}")


def _last_month_only(
    connection: Connection, practices: Sequence[str] | None, since: str, until: str
) -> Any:
    """What stands at a month's end is not added up over months: of each practice the last."""
    table = KpiFactRow
    query = select(table.practice, func.max(table.month).label("last")).where(
        table.level == "month", table.kpi == "days_in_ar"
    )
    if practices is not None:
        query = query.where(table.practice.in_(practices))
    if since:
        query = query.where(table.month >= since)
    if until:
        query = query.where(table.month <= until)
    last = connection.execute(query.group_by(table.practice)).all()
    standing = [k.id for k in load_kpis().values() if k.month == "month end"]
    own = [and_(table.practice == row.practice, table.month == row.last) for row in last]
    return or_(not_(table.kpi.in_(standing)), *own)


def _row(kpi: str, where: dict[str, str], numerator: float, denominator: float) -> KpiRow:
    found: Figure = figure(kpi, Decimal(str(numerator)), Decimal(str(denominator)))
    return KpiRow(kpi, where, found.value, found.numerator, found.denominator)


def _level(dimensions: set[str]) -> str:
    """The smallest level that tells these dimensions apart."""
    told = dimensions - {"month"}
    if len(told) > 1:
        return _CELL
    return next(iter(told), "month")


def _cells(practice: str, cube: Cube) -> Iterable[tuple[Any, ...]]:
    levels: dict[tuple[str, Key], list[Decimal]] = {}
    for key, (numerator, denominator) in cube.items():
        yield (practice, _CELL, *map(column_text, key), float(numerator), float(denominator))
        for i, name in enumerate(DIMENSIONS, 1):
            told = ["", "", "", "", "", ""]
            told[0], told[1], told[i] = key[0], key[1], key[i]
            own = levels.setdefault((name, tuple(told)), [ZERO, ZERO])  # type: ignore[arg-type]
            own[0] += numerator
            own[1] += denominator
    for (name, key), (numerator, denominator) in levels.items():
        yield (practice, name, *map(column_text, key), float(numerator), float(denominator))


_COLUMNS = ("practice", "level", "kpi", *DIMENSIONS, "numerator", "denominator")


def _keep(
    connection: Connection, practice: str, rows: list[tuple[Any, ...]], state: dict[str, Any]
) -> None:
    connection.execute(delete(KpiFactRow).where(KpiFactRow.practice == practice))
    insert_many(connection, KpiFactRow, _COLUMNS, rows)
    upsert(connection, KpiStateRow, [state])


def _persons(connection: Connection, practice: str) -> list[Entry]:
    """What persons posted and nobody undid."""
    table = LedgerEntryRow
    query = select(table).where(table.practice == practice, table.origin == PERSON)
    kept = marked([kept_entry(row) for row in connection.execute(query.order_by(table.id))])
    return [x.entry for x in kept if not x.countered and x.counters is None]


def _protected(
    connection: Connection, practice: str, snapshot: HistorySnapshot
) -> Iterable[Protected]:
    """Claims that were changed after a warning, once their payer has answered."""
    claims = {x.id: x.claim for x in snapshot.submissions}
    query = (
        select(
            ScoredOutcomeRow.submission, ScoredOutcomeRow.expected_loss, OutcomeRow.payer,
            OutcomeRow.denied_charge, OutcomeRow.charge, OutcomeRow.allowed, OutcomeRow.denied,
        )
        .join(OutcomeRow, OutcomeRow.submission == ScoredOutcomeRow.submission)
        .where(
            ScoredOutcomeRow.practice == practice,
            ScoredOutcomeRow.state == HEEDED,
            OutcomeRow.denied.is_not(None),
        )
    )  # fmt: skip
    for row in connection.execute(query):
        claim = claims.get(row.submission)
        if claim is not None:
            loss = Decimal(str(row.expected_loss))
            yield Protected(claim, row.payer, loss, row.denied_charge if row.denied else loss * 0)


def _detail(history: ClaimHistory) -> KpiDetail:
    reasons = [
        KeptReason(
            x.carc, x.category, x.words, x.lines, x.claims, float(x.dollars),
            tuple(history.submissions[i].claim.claim_id for i in x.submissions[-_CLAIMS:]),
        )
        for x in denial_pareto(history)
    ]  # fmt: skip
    payers = {s.payer: s.claim.payer.name or s.payer for s in history.submissions}
    return KpiDetail(reasons, payers)


def _joined(reasons: Iterable[KeptReason]) -> list[KeptReason]:
    found: dict[tuple[str, str], KeptReason] = {}
    for x in reasons:
        key = (x.carc, x.category)
        before = found.get(key)
        if before is not None:
            x = msgspec.structs.replace(
                x,
                lines=x.lines + before.lines,
                claims=x.claims + before.claims,
                dollars=x.dollars + before.dollars,
                claim_ids=(*before.claim_ids, *x.claim_ids)[-_CLAIMS:],
            )
        found[key] = x
    return sorted(found.values(), key=lambda x: (-x.dollars, x.carc))
