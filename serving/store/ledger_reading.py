"""Looking at the ledger: balances, receivables by age, a claim's postings, payments, suspense."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import Connection, Select, case, func, select

from models.claims.common import ZERO
from models.revenue.ageing import BUCKETS, Basis, bucket_days
from serving.store.database import Database
from serving.store.errors import NotFoundError
from serving.store.ledger_rows import KeptEntry, read_entries
from serving.store.ledger_tables import (
    DepositRow,
    LedgerEntryRow,
    LedgerGroupRow,
    LedgerOpenRow,
    LedgerServiceRow,
    LedgerStateRow,
    SuspenseRow,
)
from serving.store.ledger_totals import LedgerTotals
from serving.store.tables import PracticeRow, SubmissionRow

T = TypeVar("T", bound=msgspec.Struct)

MOST = 1000


class AccountBalance(msgspec.Struct, frozen=True):
    """Debits less credits of an account, in dollars."""

    account: str
    owner: str
    balance: Decimal


class Service(msgspec.Struct, frozen=True):
    """Which service of which practice."""

    practice: str
    encounter: str
    line: int


class Receivable(msgspec.Struct, frozen=True):
    """What one owner owes, by age in days; ``credits`` (below zero) are kept apart."""

    account: str
    owner: str
    name: str
    services: int
    total: Decimal
    buckets: dict[str, Decimal]
    credits: Decimal


class ServiceRow(msgspec.Struct, frozen=True):
    """A service with its balances, in dollars."""

    encounter: str
    line: int
    claim_id: str
    code: str
    modifiers: str
    place_of_service: str
    service_date: dt.date | None
    provider: str
    payer: str
    charge: Decimal
    contractual: Decimal
    prior_payer: Decimal
    written_off: Decimal
    denial_written_off: Decimal
    paid_primary: Decimal
    paid_later: Decimal
    patient_paid: Decimal
    insurance: Decimal
    denied: Decimal
    patient: Decimal
    taken_back: Decimal


class PostedEntry(msgspec.Struct, frozen=True):
    """An entry as people see it, with the file and segment that it rests on."""

    id: int
    date: dt.date
    kind: str
    debit: str
    debit_owner: str
    credit: str
    credit_owner: str
    amount: Decimal
    encounter: str
    line: int
    payer: str
    submission: str
    payment: str
    control: str
    reason: str
    file: str
    segment_number: int
    origin: str
    actor: str
    words: str
    reverses: int | None
    countered: bool
    created: dt.datetime


class ClaimLedger(msgspec.Struct, frozen=True):
    """Everything posted to the encounters that began with a claim number."""

    claim_id: str
    services: list[ServiceRow]
    entries: list[PostedEntry]


class Deposit(msgspec.Struct, frozen=True):
    """A check or transfer: ``amount`` is BPR02, ``difference`` what does not add up."""

    key: str
    trace: str
    payer: str
    payer_name: str
    date: dt.date
    amount: Decimal
    claims: Decimal
    adjustments: Decimal
    difference: Decimal
    suspended: Decimal
    status: str
    file: str
    segment_number: int


class SuspenseItem(msgspec.Struct, frozen=True):
    """An item of the suspense queue."""

    key: str
    practice: str
    deposit: str
    status: str
    reason: str
    words: str
    releasable: bool
    amount: Decimal
    date: dt.date
    payer_name: str
    trace: str
    claim_id: str
    control: str
    file: str
    segment_number: int
    decided_by: str
    decided: dt.datetime | None
    decision: str


class LedgerReports:
    """Read-only views; ``practices`` is whose records may be seen (``None``: everybody's)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._totals = LedgerTotals()

    def practices(self) -> list[str]:
        """Practices with a ledger."""
        with self._database.read() as connection:
            query = select(LedgerStateRow.practice).order_by(LedgerStateRow.practice)
            return list(connection.execute(query).scalars())

    def stale(self, practices: Sequence[str] | None) -> bool:
        """Whether something loaded is not posted yet."""
        query = (
            select(PracticeRow.practice)
            .outerjoin(LedgerStateRow, LedgerStateRow.practice == PracticeRow.practice)
            .where(PracticeRow.changes != func.coalesce(LedgerStateRow.done, -1))
        )
        if practices is not None:
            query = query.where(PracticeRow.practice.in_(practices))
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def balances(
        self, practices: Sequence[str] | None, *, owners: bool = False
    ) -> list[AccountBalance]:
        """Balances of every account that is not zero; they add up to zero."""
        if not owners:
            with self._database.read(snapshot=True) as connection:
                totals = self._totals.of(connection, practices)
            return [AccountBalance(name, "", totals[name]) for name in sorted(totals)]
        found: dict[tuple[str, str], Decimal] = {}
        table = LedgerEntryRow
        with self._database.read(snapshot=True) as connection:
            for account, owner, sign in (
                (table.debit, table.debit_owner, 1),
                (table.credit, table.credit_owner, -1),
            ):
                query = select(account, owner, func.sum(table.amount)).group_by(account, owner)
                for row in connection.execute(_own(query, table.practice, practices)):
                    key = (row[0], row[1])
                    found[key] = found.get(key, ZERO) + sign * row[-1]
        return [AccountBalance(*key, found[key]) for key in sorted(found) if found[key]]

    def receivables(
        self,
        practices: Sequence[str] | None,
        *,
        as_of: dt.date,
        basis: Basis = Basis.RESPONSIBILITY,
    ) -> list[Receivable]:
        """Open amounts by payer and patient and age; the largest first."""
        table = LedgerOpenRow
        since = table.since if basis is Basis.RESPONSIBILITY else func.coalesce(
            table.service_date, table.since
        )  # fmt: skip
        name = case(
            *((since >= day, text) for text, day in bucket_days(as_of)),
            else_=BUCKETS[-1][0],
        )
        owed = func.sum(case((table.amount > ZERO, table.amount), else_=ZERO))
        credit = func.sum(case((table.amount < ZERO, table.amount), else_=ZERO))
        query = select(
            table.account, table.owner, name.label("bucket"), func.count().label("services"),
            owed.label("owed"), credit.label("credit"),
        ).group_by(table.account, table.owner, name)  # fmt: skip
        rows: dict[tuple[str, str], Receivable] = {}
        with self._database.read(snapshot=True) as connection:
            fetched = connection.execute(_own(query, table.practice, practices)).all()
            names = _payer_names(connection, practices, {row.owner for row in fetched} - {""})
        for row in fetched:
            key = (row.account, row.owner)
            before = rows.get(key) or Receivable(
                *key,
                names.get(row.owner, ""),
                0,
                ZERO,
                {name: ZERO for name, _ in BUCKETS},
                ZERO,
            )
            part, back = row.owed, row.credit
            before.buckets[row.bucket] += part
            rows[key] = Receivable(
                *key,
                before.name,
                before.services + row.services,
                before.total + part + back,
                before.buckets,
                before.credits + back,
            )
        return sorted(rows.values(), key=lambda x: (-x.total, x.account, x.owner))

    def claim(self, practices: Sequence[str] | None, claim_id: str) -> ClaimLedger:
        """Services and postings of a claim, by any of its account numbers."""
        table = LedgerEntryRow
        with self._database.read(snapshot=True) as connection:
            groups = select(LedgerGroupRow.practice, LedgerGroupRow.subject).where(
                LedgerGroupRow.claim_id == claim_id
            )
            found = [tuple(x) for x in connection.execute(
                _own(groups, LedgerGroupRow.practice, practices)
            )]  # fmt: skip
            if not found:
                # An account number under which the services were sent later.
                others = select(table.practice, table.encounter).distinct()
                others = others.where(
                    table.submission == claim_id, table.encounter.in_(_of_its_patient(claim_id))
                )
                found = [
                    tuple(x) for x in connection.execute(_own(others, table.practice, practices))
                ]
            services: list[ServiceRow] = []
            entries: list[PostedEntry] = []
            for practice, encounter in found:
                own = LedgerServiceRow
                query = select(own).where(own.practice == practice, own.encounter == encounter)
                services += [
                    struct_of(ServiceRow, row)
                    for row in connection.execute(query.order_by(own.line))
                ]
                kept = read_entries(connection, practice, encounters=[encounter])
                entries += [posted_entry(x) for x in kept]
        return ClaimLedger(claim_id, services, entries)

    def service(self, practices: Sequence[str] | None, claim_id: str, line: int) -> Service:
        """The service of a claim with this number.

        Raises:
            NotFoundError: there is none, or several encounters have one.
        """
        table = LedgerServiceRow
        query = select(table.practice, table.encounter).where(
            table.claim_id == claim_id, table.line == line
        )
        with self._database.read() as connection:
            rows = connection.execute(_own(query, table.practice, practices)).all()
        if len(rows) != 1:
            what = "several services have" if rows else "no service has"
            raise NotFoundError(f"{what} this claim number and line in the ledger")
        return Service(rows[0].practice, rows[0].encounter, line)

    def payment(self, practices: Sequence[str] | None, key: str) -> list[PostedEntry]:
        """Every entry of a payment: of its claims and of itself, oldest first."""
        table = LedgerEntryRow
        query = select(table.practice).where(table.payment == key, table.encounter == "").distinct()
        found: list[PostedEntry] = []
        with self._database.read(snapshot=True) as connection:
            for practice in connection.execute(
                _own(query, table.practice, practices)
            ).scalars().all():  # fmt: skip
                kept = read_entries(connection, practice, payment=key)
                found += [posted_entry(x) for x in kept]
        return found

    def deposits(
        self,
        practices: Sequence[str] | None,
        *,
        status: str = "",
        trace: str = "",
        limit: int = MOST,
    ) -> list[Deposit]:
        """Checks and transfers, the latest first."""
        table = DepositRow
        query = select(table).order_by(table.answered.desc(), table.key)
        if status:
            query = query.where(table.status == status)
        if trace:
            query = query.where(table.trace == trace)
        return self._rows(query, table.practice, practices, Deposit, limit)

    def suspense(
        self,
        practices: Sequence[str] | None,
        *,
        status: Literal["held", "released", "settled"] = "held",
        limit: int = MOST,
    ) -> list[SuspenseItem]:
        """The suspense queue, oldest first."""
        table = SuspenseRow
        query = select(table).where(table.status == status).order_by(table.date, table.key)
        return self._rows(query, table.practice, practices, SuspenseItem, limit)

    def _rows(
        self,
        query: Select[Any],
        practice: Any,
        practices: Sequence[str] | None,
        kind: type[T],
        limit: int,
    ) -> list[T]:
        with self._database.read() as connection:
            rows = connection.execute(_own(query, practice, practices).limit(limit))
            return [struct_of(kind, row) for row in rows]


def _of_its_patient(claim_id: str) -> Any:
    """Encounters of the patients of a claim number: the ledger has no index of later numbers."""
    sent = SubmissionRow
    patients = select(sent.patient).where(sent.claim_id == claim_id)
    numbers = select(sent.claim_id).where(sent.patient.in_(patients))
    return select(LedgerGroupRow.subject).where(LedgerGroupRow.claim_id.in_(numbers))


def posted_entry(x: KeptEntry) -> PostedEntry:
    """A kept entry as people see it."""
    e = x.entry
    return PostedEntry(
        x.id, e.date, str(e.kind), str(e.debit), e.debit_owner, str(e.credit), e.credit_owner,
        e.amount, e.encounter, e.line, e.payer, e.submission, e.payment, e.control, e.reason,
        e.source.file, e.source.segment_number, x.origin, x.actor, x.words, x.counters,
        x.countered, x.created,
    )  # fmt: skip


def _payer_names(
    connection: Connection, practices: Sequence[str] | None, payers: Iterable[str]
) -> dict[str, str]:
    """The name of each payer on its latest claim; each look ends at the first that is found."""
    table = SubmissionRow
    found = {}
    for payer in payers:
        query = select(table.payer_name).where(table.payer == payer).order_by(table.id.desc())
        name = connection.execute(_own(query, table.practice, practices).limit(1)).scalar()
        if name:
            found[payer] = name
    return found


def _own(query: Any, practice: Any, practices: Sequence[str] | None) -> Any:
    return query if practices is None else query.where(practice.in_(practices))


def struct_of(kind: type[T], row: Any) -> T:
    """A row as a struct of the same field names."""
    return kind(*(getattr(row, name) for name in kind.__struct_fields__))
