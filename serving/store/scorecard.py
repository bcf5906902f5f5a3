"""How the predictions did on real outcomes: mature, answered submissions only."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, and_, case, extract, func, literal, select

from models.claims.common import ZERO
from models.errors import InputError
from serving.store.database import Database
from serving.store.joining import AS_SCORED, CHANGED, HEEDED
from serving.store.tables import OutcomeRow, PracticeRow, ScoredOutcomeRow, SubmissionRow

T = TypeVar("T")

GROUPS = ("model_version", "payer", "category", "month")
BINS = 10
# Answers that stay in memory: at 100,000 scored claims each takes half a second to work out.
_MOST_KEPT = 200

Row = ScoredOutcomeRow


class ScorecardRow(msgspec.Struct, omit_defaults=True):
    """Figures of one group.

    ``claims`` went out as they were scored, are mature and answered. ``risky`` of them were
    above the threshold, ``denied`` were denied, ``caught`` are both: ``precision`` is caught
    over risky, ``recall`` caught over denied. ``mean_probability`` beside ``denial_rate`` is
    calibration in the large; ``brier`` the mean squared error. Dollars are the denied lines'
    charges, and ``expected_loss`` what the scores had summed to.

    ``heeded``: claims changed after a warning, counted apart whatever became of them: a warning
    that was heeded is no false alarm. ``changed``: changed with no warning. ``hindsight``: of
    ``claims``, those scored after the day that the answer bears; it had not been loaded yet.

    Grouped by category, ``risky`` and ``claims`` go by the predicted category, ``denied`` and
    its dollars by the true one; ``caught`` were denied for any reason, ``caught_denied`` is the
    part of ``denied`` that was flagged for any, and ``recall`` is taken from that.
    """

    model_version: str = ""
    payer: str = ""
    category: str = ""
    month: str = ""  # YYYY-MM of submission
    shadow: bool = False
    claims: int = 0
    risky: int = 0
    denied: int = 0
    caught: int = 0
    caught_denied: int = 0
    mean_probability: float | None = None
    denial_rate: float | None = None
    brier: float | None = None
    precision: float | None = None
    recall: float | None = None
    charge: Decimal = ZERO
    denied_charge: Decimal = ZERO
    caught_charge: Decimal = ZERO
    expected_loss: float = 0.0
    heeded: int = 0
    heeded_denied: int = 0
    heeded_charge: Decimal = ZERO
    changed: int = 0
    hindsight: int = 0


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Claims whose probability lies in one tenth: what was said and what came true."""

    model_version: str
    lower: float
    claims: int
    mean_probability: float
    denial_rate: float


class Scorecards:
    """Queries over the outcomes that `serving.store.outcomes.Outcomes` keeps.

    An answer is used again until outcomes are worked out anew.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._state: tuple[Any, ...] = ()
        self._kept: dict[tuple[Any, ...], list[Any]] = {}

    def _once(self, key: tuple[Any, ...], work: Callable[[], list[T]]) -> list[T]:
        table = PracticeRow
        query = select(table.practice, table.outcomes_at, table.outcomes_time)
        with self._database.read() as connection:
            state = tuple(tuple(x) for x in connection.execute(query.order_by(table.practice)))
        with self._lock:
            if state != self._state:
                self._state, self._kept = state, {}
            found = self._kept.get(key)
        if found is None:
            found = work()
            with self._lock:
                if state == self._state and len(self._kept) < _MOST_KEPT:
                    self._kept[key] = found
        return list(found)

    def rows(
        self,
        practices: Sequence[str] | None,
        *,
        group_by: Sequence[str] = GROUPS,
        model_version: str | None = None,
        payer: str | None = None,
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> list[ScorecardRow]:
        """One row a group, ordered; an empty ``group_by`` gives the total.

        ``since`` and ``until`` (not included) bound the day of submission. ``practices=None``
        takes all.

        Raises:
            InputError: a group that is unknown.
        """
        unknown = [x for x in group_by if x not in GROUPS]
        if unknown:
            raise InputError(f"group_by={unknown[0]!r} is unknown; allowed: {', '.join(GROUPS)}")
        own = None if practices is None else tuple(practices)
        key = ("rows", own, tuple(group_by), model_version, payer, since, until)
        wanted = _filters(practices, model_version, payer, since, until)
        return self._once(key, lambda: self._rows(group_by, wanted))

    def _rows(
        self, group_by: Sequence[str], wanted: Sequence[ColumnElement[bool]]
    ) -> list[ScorecardRow]:
        if "category" not in group_by:
            found = self._grouped(_names(group_by), wanted, None)
            return [_finish(row, by_category=False) for row in found.values()]
        predicted = self._grouped(_names(group_by), wanted, Row.category)
        actual = self._grouped(_names(group_by), wanted, OutcomeRow.category)
        return [
            _finish(_merge(predicted.get(key), actual.get(key), key, group_by), by_category=True)
            for key in sorted({*predicted, *actual})
            if key in predicted or actual[key].denied
        ]

    def _grouped(
        self,
        names: Sequence[str],
        wanted: Sequence[ColumnElement[bool]],
        category: Any,
    ) -> dict[tuple[Any, ...], ScorecardRow]:
        year = extract("year", SubmissionRow.submitted)
        month = extract("month", SubmissionRow.submitted)
        columns: dict[str, Sequence[Any]] = {
            "shadow": (Row.shadow,),
            "model_version": (Row.model_version,),
            "payer": (OutcomeRow.payer,),
            "category": (category,),
            "month": (year, month),
        }
        keys = [x for name in names for x in columns[name]]
        query: Select[Any] = _joined(select(*keys, *_measures())).where(*wanted).group_by(*keys)
        with self._database.read() as connection:
            fetched = connection.execute(query).all()
        found = {}
        for values in fetched:
            parts = iter(values)
            key: list[Any] = []
            for name in names:
                if name == "month":
                    key.append(f"{int(next(parts)):04}-{int(next(parts)):02}")
                else:
                    key.append(next(parts))
            row = ScorecardRow(**dict(zip(names, key, strict=True)))
            for field, value in zip(_FIELDS, parts, strict=True):
                setattr(row, field, _plain(field, value))
            found[tuple(key)] = row
        return dict(sorted(found.items()))

    def reliability(
        self,
        practices: Sequence[str] | None,
        *,
        model_version: str | None = None,
        payer: str | None = None,
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> list[ReliabilityBin]:
        """Said against came true, in tenths of the probability, for each model version."""
        own = None if practices is None else tuple(practices)
        key = ("reliability", own, model_version, payer, since, until)
        wanted = _filters(practices, model_version, payer, since, until)
        return self._once(key, lambda: self._reliability(wanted))

    def _reliability(self, wanted: Sequence[ColumnElement[bool]]) -> list[ReliabilityBin]:
        cuts = [(Row.probability < (i + 1) / BINS, i) for i in range(BINS - 1)]
        tenth = case(*cuts, else_=BINS - 1)
        query = (
            _joined(
                select(
                    Row.model_version,
                    tenth,
                    func.count(),
                    func.avg(Row.probability),
                    func.avg(_one(OutcomeRow.denied.is_(True)) * 1.0),
                )
            )
            .where(*wanted, Row.state == AS_SCORED)
            .group_by(Row.model_version, tenth)
            .order_by(Row.model_version, tenth)
        )
        with self._database.read() as connection:
            return [
                ReliabilityBin(version, int(i) / BINS, n, float(said), float(true))
                for version, i, n, said, true in connection.execute(query)
            ]


def _names(group_by: Sequence[str]) -> list[str]:
    # A challenger's figures never mix with those of the version that people saw.
    return ["shadow", *(name for name in GROUPS if name in group_by)]


def _joined(query: Any) -> Any:
    return (
        query.select_from(Row)
        .join(OutcomeRow, OutcomeRow.submission == Row.submission)
        .join(SubmissionRow, SubmissionRow.id == Row.submission)
    )


def _filters(
    practices: Sequence[str] | None,
    model_version: str | None,
    payer: str | None,
    since: dt.date | None,
    until: dt.date | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [OutcomeRow.mature.is_(True), OutcomeRow.denied.is_not(None)]
    if practices is not None:
        found.append(Row.practice.in_(practices))
    if model_version is not None:
        found.append(Row.model_version == model_version)
    if payer is not None:
        found.append(OutcomeRow.payer == payer)
    if since is not None:
        found.append(SubmissionRow.submitted >= since)
    if until is not None:
        found.append(SubmissionRow.submitted < until)
    return found


_FIELDS = (
    "claims",
    "risky",
    "denied",
    "caught",
    "mean_probability",
    "brier",
    "charge",
    "denied_charge",
    "caught_charge",
    "expected_loss",
    "heeded",
    "heeded_denied",
    "heeded_charge",
    "changed",
    "hindsight",
)
_DOLLARS = frozenset({"charge", "denied_charge", "caught_charge", "heeded_charge"})
_SUMS = frozenset({"mean_probability", "brier", "expected_loss"})


def _one(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def _measures() -> list[Any]:
    sent = Row.state == AS_SCORED
    denied = and_(sent, OutcomeRow.denied.is_(True))
    caught = and_(denied, Row.risky)
    heeded = Row.state == HEEDED
    outcome = _one(OutcomeRow.denied.is_(True))
    error = (Row.probability - outcome) * (Row.probability - outcome)
    late = and_(sent, func.date(Row.created) > func.date(OutcomeRow.answered))

    def total(condition: Any, value: Any) -> Any:
        return func.coalesce(func.sum(case((condition, value), else_=literal(0))), 0)

    return [
        func.sum(_one(sent)),
        func.sum(_one(and_(sent, Row.risky))),
        func.sum(_one(denied)),
        func.sum(_one(caught)),
        total(sent, Row.probability),
        total(sent, error),
        total(sent, OutcomeRow.charge),
        total(denied, OutcomeRow.denied_charge),
        total(caught, OutcomeRow.denied_charge),
        total(sent, Row.expected_loss),
        func.sum(_one(heeded)),
        func.sum(_one(and_(heeded, OutcomeRow.denied.is_(True)))),
        total(heeded, OutcomeRow.charge),
        func.sum(_one(Row.state == CHANGED)),
        func.sum(_one(late)),
    ]


def _plain(field: str, value: Any) -> Any:
    if field in _DOLLARS:
        return value if isinstance(value, Decimal) else Decimal(value)
    return float(value) if field in _SUMS else int(value)


def _finish(row: ScorecardRow, *, by_category: bool) -> ScorecardRow:
    """Sums become means; ratios where they have a denominator."""
    n = row.claims
    row.mean_probability = (row.mean_probability or 0.0) / n if n else None
    row.brier = (row.brier or 0.0) / n if n else None
    if not by_category:
        row.caught_denied = row.caught
        row.denial_rate = row.denied / n if n else None
    row.precision = row.caught / row.risky if row.risky else None
    row.recall = row.caught_denied / row.denied if row.denied else None
    return row


def _merge(
    predicted: ScorecardRow | None,
    actual: ScorecardRow | None,
    key: tuple[Any, ...],
    group_by: Sequence[str],
) -> ScorecardRow:
    """What was said of a category, and what came of it."""
    row = predicted or ScorecardRow(**dict(zip(_names(group_by), key, strict=True)))
    row.denial_rate = row.denied / row.claims if row.claims else None
    row.denied = actual.denied if actual else 0
    row.caught_denied = actual.caught if actual else 0
    row.denied_charge = actual.denied_charge if actual else ZERO
    row.caught_charge = actual.caught_charge if actual else ZERO
    return row
