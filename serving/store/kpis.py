"""KPIs kept as their cube, so that a dashboard asks for sums only."""

import datetime as dt
import threading
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from models.claims.claim import Claim
from models.edits import check_claim
from models.edits.edit import Severity
from models.edits.tables import EditTables
from models.errors import InputError
from models.history import ClaimHistory
from models.revenue.analysis import DenialReason, Reason, denial_pareto, ranked_reasons, reason_cube
from models.revenue.costs import kept_costs
from models.revenue.cube import ColumnCube, Sums, decode_cube, encode_cube, interval, merged, pack
from models.revenue.entries import Entry
from models.revenue.expected import ExpectedAmounts, FeeTables
from models.revenue.facts import PROTECTED_VARIANCE, Protected, build_cube, variance_cube
from models.revenue.kpis import DIMENSIONS, Figure, load_kpis
from models.revenue.ledger import Ledger
from models.revenue.underpayment import Finding, compare_allowed
from serving.reports.kpis import KpiReport
from serving.store.columns import now
from serving.store.database import Database, upsert
from serving.store.identity import encode
from serving.store.joining import HEEDED
from serving.store.ledger_rows import PERSON, kept_entry, marked
from serving.store.ledger_tables import KpiStateRow, LedgerEntryRow
from serving.store.snapshot import HistorySnapshot
from serving.store.tables import OutcomeRow, PracticeRow, ScoredOutcomeRow

_PROTECTED = "dollars_protected"
# Cubes that stay in memory; one of a million claim lines takes about 50 MB.
_MOST_BYTES = 1 << 28
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
    """A KPI of one cell of a view; dimensions that the view does not tell apart are absent.

    ``low`` and ``high`` bound what is an expectation (`dollars_protected`) with 95 % certainty.
    """

    kpi: str
    where: dict[str, str]
    value: float | None
    numerator: float
    denominator: float
    low: float | None = None
    high: float | None = None


class KpiStates(msgspec.Struct, frozen=True):
    """How current the KPIs of some practices are."""

    as_of: str
    stale: bool


_Known = tuple[tuple[int, dt.datetime], ColumnCube, int]


class Kpis:
    """The cube of each practice."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

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
        self,
        snapshot: HistorySnapshot,
        ledger: Ledger,
        *,
        home: Path | None = None,
        compared: Sequence[Finding] | None = None,
    ) -> int:
        """Works the cube of a practice out anew; how many cells it has.

        ``compared``: services beside what was expected, where that was worked out already.

        Raises:
            InputError: a table, or ``costs.csv``, is faulty.
            StoreUnavailableError: the store went away; the figures from before stay.
        """
        practice, history = snapshot.practice, snapshot.history
        with self._database.read(snapshot=True) as connection:
            persons = _persons(connection, practice)
            protected = list(_protected(connection, practice, snapshot))
        tables = EditTables.load(home)

        def edited(claim: Claim) -> bool:
            return any(x.severity is Severity.ERROR for x in check_claim(claim, tables))

        if compared is None:
            compared = compare_allowed(history, ledger, ExpectedAmounts(FeeTables.load(home)))
        cube = build_cube(
            history, ledger, edited=edited, persons=persons, compared=compared,
            costs=kept_costs(practice, home), protected=protected,
        )  # fmt: skip
        detail = _detail(history)
        packed = pack({**cube, **reason_cube(history), **variance_cube(protected)})
        state = {
            "practice": practice,
            "done": snapshot.changes,
            "as_of": history.as_of.isoformat() if history.as_of else "",
            "time": now(),
            "detail": encode(detail),
            "cube": encode_cube(packed),
        }
        self._database.transact(lambda c: upsert(c, KpiStateRow, [state]))
        return packed.cells

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
        _check([*by, *(where or {})], DIMENSIONS, "dimension")
        _check(kpis, tuple(load_kpis()), "kpi")
        total = merged(
            cube.sums(by, where=where, kpis=kpis, since=since, until=until)
            for cube in self.cubes(practices)
        )
        dollars = {name for name, kpi in load_kpis().items() if kpi.unit == "dollars"}
        rows = [
            KpiRow(
                key[0],
                dict(zip(by, key[1:], strict=True)),
                None if not below else above if key[0] in dollars else above / below,
                above,
                below,
            )
            for key, (above, below) in sorted(total.items())
        ]
        if not any(x.kpi == _PROTECTED for x in rows):
            return rows
        spread = merged(
            cube.sums(by, where=where, kpis=[PROTECTED_VARIANCE], since=since, until=until)
            for cube in self.cubes(practices)
        )
        return [_bounded(x, by, spread) if x.kpi == _PROTECTED else x for x in rows]

    def reasons(
        self,
        practices: Sequence[str] | None,
        *,
        where: Mapping[str, str] | None = None,
        since: str = "",
        until: str = "",
    ) -> list[Reason]:
        """Reasons of initial denials in one view, the costliest first.

        Raises:
            InputError: an unknown dimension.
        """
        return ranked_reasons(
            merged(
                cube.sums((), where=where, kpis=names, since=since, until=until)
                for cube in self.cubes(practices)
                if (names := cube.reasons())
            )
        )

    def report(self, practices: Sequence[str] | None) -> KpiReport:
        """What reports and downloads are written from."""
        detail, as_of = self.detail(practices)
        total = sum(x.dollars for x in detail.reasons)
        seen, reasons = 0.0, []
        for x in detail.reasons:
            seen += x.dollars
            reasons.append(
                DenialReason(
                    x.carc, x.category, x.words, x.lines, x.claims, Decimal(str(x.dollars)),
                    x.dollars / total if total else 0.0, seen / total if total else 0.0, (),
                )
            )  # fmt: skip
        return KpiReport(self.cubes(practices), reasons, [], detail.payers, as_of)

    def values(self, practices: Sequence[str] | None) -> dict[str, list[str]]:
        """Every value of each dimension."""
        cubes = self.cubes(practices)
        return {
            name: sorted({x for cube in cubes for x in cube.values[i]})
            for i, name in enumerate(DIMENSIONS)
        }

    def cubes(self, practices: Sequence[str] | None) -> list[ColumnCube]:
        """Cubes of practices; what was read stays in memory until it is worked out anew."""
        table = KpiStateRow
        query = select(table.practice, table.done, table.time).order_by(table.practice)
        if practices is not None:
            query = query.where(table.practice.in_(practices))
        found = []
        with self._database.read(snapshot=True) as connection:
            for row in connection.execute(query).all():
                state = (row.done, row.time)
                with self._lock:
                    known = self._known.get(row.practice)
                if known is None or known[0] != state:
                    own = select(table.cube).where(table.practice == row.practice)
                    data = bytes(connection.execute(own).scalar_one())
                    known = (state, decode_cube(data), len(data))
                    self._remember(row.practice, known)
                found.append(known[1])
        return found

    def _remember(self, practice: str, cube: "_Known") -> None:
        with self._lock:
            self._known.pop(practice, None)
            self._known[practice] = cube
            while sum(x[2] for x in self._known.values()) > _MOST_BYTES and len(self._known) > 1:
                self._known.pop(next(iter(self._known)))

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


def _bounded(row: KpiRow, by: Sequence[str], spread: Sums) -> KpiRow:
    variance, _ = spread.get((PROTECTED_VARIANCE, *(row.where[x] for x in by)), (0.0, 0.0))
    found = interval(Figure(row.value, row.numerator, row.denominator), variance)
    if found is None:
        return row
    return msgspec.structs.replace(row, low=found[0], high=found[1])


def _check(names: Iterable[str], allowed: Sequence[str], what: str) -> None:
    for name in names:
        if name not in allowed:
            raise InputError(f"{what} {name!r} is unknown; allowed: {', '.join(allowed)}")


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
            ScoredOutcomeRow.probability,
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
            denied = row.denied_charge if row.denied else loss * 0
            yield Protected(claim, row.payer, loss, denied, row.probability)


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
