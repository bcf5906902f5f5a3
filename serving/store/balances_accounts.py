"""A patient's account put together from the ledger and what persons decided, and its summary.

Whoever changes a service, a stop, a letter or a plan calls `renew`, so that the worklist's
columns follow at once.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, select, update

from models.claims.common import ZERO
from models.revenue.collection_policy import CollectionPolicy, current_policy
from models.revenue.entries import Account
from models.revenue.holds import Hold, Standing, open_holds
from models.revenue.patient_accounts import (
    AccountLine,
    LetterKind,
    PatientAccount,
    SentLetter,
    Service,
    next_step,
)
from models.revenue.payment_plans import Instalment, PlanStanding, PlanState, standing
from models.revenue.stops import StopKind
from serving.store.balances_tables import (
    AccountNoteRow,
    PatientAccountRow,
    PatientLetterRow,
    PatientServiceRow,
    PaymentPlanRow,
    StopRow,
)
from serving.store.ledger_tables import LedgerOpenRow, LedgerServiceRow
from serving.store.work_tables import WorkItemRow

MANY = 400


class KeptPlan(msgspec.Struct, frozen=True):
    """A plan as kept, and how it stands."""

    id: int
    total: Decimal
    instalments: list[Instalment]
    begun: dt.date
    reason: str
    made_by: str
    created: dt.datetime
    standing: PlanStanding
    ended: dt.date | None
    ended_by: str
    end_reason: str


def accounts_of(
    connection: Connection, ids: Sequence[int], today: dt.date, policy: CollectionPolicy
) -> dict[int, PatientAccount]:
    """Accounts by row number; those without any service too."""
    found: dict[int, PatientAccount] = {}
    for begin in range(0, len(ids), MANY):
        part = list(ids[begin : begin + MANY])
        lines = _lines(connection, part)
        stops = _stops(connection, part)
        letters = _letters(connection, part)
        again = _again(connection, part)
        plans = {x: p for x, p in plans_of(connection, part, today, policy).items() if p}
        for x in part:
            running = [p.standing for p in plans.get(x, ()) if p.ended is None]
            plan = next((p for p in running if p.state is not PlanState.PAID), None)
            found[x] = PatientAccount(
                lines.get(x, ()), stops.get(x, ()), letters.get(x, ()), plan, again.get(x)
            )
    return found


def renew(
    connection: Connection,
    ids: Sequence[int],
    *,
    today: dt.date | None = None,
    policy: CollectionPolicy | None = None,
) -> None:
    """Writes the summaries of these accounts anew."""
    today = today or dt.datetime.now(dt.UTC).date()
    policy = policy or current_policy()
    rows = []
    for number, account in accounts_of(connection, ids, today, policy).items():
        due = next_step(account, policy)
        open_ = [x for x in account.lines if x.owed > 0]
        rows.append(
            {
                "b_id": number,
                "owed": account.owed,
                "billable": sum((x.owed for x in account.billable), ZERO),
                "credit": account.credit,
                "services": len(open_),
                "oldest": min((x.since for x in open_), default=None),
                "step": str(due.step),
                "due": due.on,
                "why": due.why,
            }
        )
    if rows:
        names = [name for name in rows[0] if name != "b_id"]
        statement = (
            update(PatientAccountRow)
            .where(PatientAccountRow.id == bindparam("b_id"))
            .values({name: bindparam(name) for name in names})
        )
        connection.execute(statement, rows, execution_options={"synchronize_session": None})


def renew_of_encounters(connection: Connection, practice: str, encounters: Iterable[str]) -> None:
    """The accounts that these encounters belong to."""
    table = PatientServiceRow
    query = select(table.account).where(
        table.practice == practice, table.encounter.in_(list(encounters))
    )
    renew(connection, list(connection.execute(query.distinct()).scalars()))


def plans_of(
    connection: Connection, ids: Sequence[int], today: dt.date, policy: CollectionPolicy
) -> dict[int, list[KeptPlan]]:
    """Every plan of these accounts, the latest first."""
    table = PaymentPlanRow
    query = select(table).where(table.account.in_(ids)).order_by(table.id.desc())
    found: dict[int, list[KeptPlan]] = {}
    for row in connection.execute(query).all():
        made = [
            Instalment(i, dt.date.fromisoformat(due), Decimal(amount))
            for i, (due, amount) in enumerate(row.instalments, 1)
        ]
        paid = paid_to(connection, row.account, row.services) - row.paid_before
        found.setdefault(row.account, []).append(
            KeptPlan(
                row.id, row.total, made, row.begun, row.reason, row.made_by, row.created,
                standing(made, max(paid, ZERO), row.ended or today, policy), row.ended,
                row.ended_by, row.end_reason,
            )
        )  # fmt: skip
    return found


def paid_to(connection: Connection, account: int, services: Sequence[Sequence[object]]) -> Decimal:
    """What patients have paid to these services of an account's practice, in dollars."""
    practice = select(PatientAccountRow.practice).where(PatientAccountRow.id == account)
    wanted = {(str(encounter), line) for encounter, line, *_ in services}
    table = LedgerServiceRow
    query = select(table.encounter, table.line, table.patient_paid).where(
        table.practice == practice.scalar_subquery(),
        table.encounter.in_(sorted({encounter for encounter, _ in wanted})),
    )
    rows = connection.execute(query)
    return sum((x.patient_paid for x in rows if (x.encounter, x.line) in wanted), ZERO)


def _lines(connection: Connection, ids: Sequence[int]) -> dict[int, list[AccountLine]]:
    own = PatientServiceRow
    kept = connection.execute(select(own).where(own.account.in_(ids))).all()
    found: dict[int, list[AccountLine]] = {}
    by_practice: dict[str, set[str]] = {}
    for row in kept:
        by_practice.setdefault(row.practice, set()).add(row.encounter)
    for practice, encounters in by_practice.items():
        visits = _Visits(connection, practice, sorted(encounters))
        for row in kept:
            if row.practice == practice and (line := visits.line(row)) is not None:
                found.setdefault(row.account, []).append(line)
    return found


class _Visits:
    """What is open of some encounters, and with whom."""

    def __init__(self, connection: Connection, practice: str, encounters: Sequence[str]) -> None:
        self._services: dict[Service, Row[Any]] = {}
        self._open: dict[Service, list[Row[Any]]] = {}
        self._waiting: set[str] = set()
        self._appealed: set[Service] = set()
        self._paid: dict[str, Decimal] = {}
        for begin in range(0, len(encounters), MANY):
            part = encounters[begin : begin + MANY]
            table = LedgerServiceRow
            services = select(table).where(table.practice == practice, table.encounter.in_(part))
            for row in connection.execute(services):
                self._services[row.encounter, row.line] = row
                self._paid[row.encounter] = self._paid.get(row.encounter, ZERO) + row.patient_paid
            opened = LedgerOpenRow
            opens = select(opened).where(opened.practice == practice, opened.encounter.in_(part))
            for part_ in connection.execute(opens):
                self._open.setdefault((part_.encounter, part_.line), []).append(part_)
                if part_.account == Account.INSURANCE and part_.amount > 0:
                    self._waiting.add(part_.encounter)
            self._appealed |= _appealed(connection, practice, part)

    def line(self, kept: Row[Any]) -> AccountLine | None:
        """A kept service with what is open of it; ``None`` where nothing is with the patient."""
        service = self._services.get((kept.encounter, kept.line))
        open_ = self._open.get((kept.encounter, kept.line), [])
        patient = [x for x in open_ if x.account == Account.PATIENT]
        owed = sum((x.amount for x in patient), ZERO)
        if service is None or not owed:
            return None
        own = {True: ZERO, False: ZERO}  # with the payer that comes first, with a later one
        denied = ZERO
        for x in open_:
            if x.account == Account.INSURANCE:
                own[x.owner == service.payer] += x.amount
            elif x.account == Account.DENIED:
                denied += x.amount
        waits = own[True] > 0 or own[False] > 0
        standing_ = Standing(
            patient=owed,
            insurance=own[True],
            next_payer=own[False],
            denied=denied,
            appeal_open=(kept.encounter, kept.line) in self._appealed,
            visit_open=not waits and kept.encounter in self._waiting,
            paid_at_visit=kept.paid_at_visit,
            patient_paid=self._paid[kept.encounter],
        )
        holds = [*open_holds(standing_), *(Hold(x) for x in kept.holds)] if owed > 0 else []
        return AccountLine(
            kept.encounter, kept.line, service.claim_id, service.code, service.service_date,
            service.charge, service.contractual + service.prior_payer + service.written_off,
            service.paid_primary + service.paid_later, service.patient_paid, owed,
            min(x.since for x in patient), tuple(holds),
        )  # fmt: skip


def _appealed(connection: Connection, practice: str, encounters: Sequence[str]) -> set[Service]:
    """Services whose denial is being appealed: in work, or sent and not answered yet."""
    table = WorkItemRow
    query = select(table.encounter, table.service, table.state, table.outcome, table.settled).where(
        table.practice == practice, table.encounter.in_(encounters), table.action == "appeal"
    )
    return {
        (x.encounter, x.service)
        for x in connection.execute(query)
        if x.state == "in_work" or (x.outcome == "sent_again" and x.settled is None)
    }


def _stops(connection: Connection, ids: Sequence[int]) -> dict[int, list[StopKind]]:
    table = StopRow
    found: dict[int, list[StopKind]] = {}
    query = select(table.account, table.kind).where(table.account.in_(ids), table.lifted.is_(None))
    for row in connection.execute(query):
        found.setdefault(row.account, []).append(StopKind(row.kind))
    died = select(PatientAccountRow.id).where(
        PatientAccountRow.id.in_(ids), PatientAccountRow.died.is_not(None)
    )
    for number in connection.execute(died).scalars():
        found.setdefault(number, []).append(StopKind.DECEASED)
    return found


def _letters(connection: Connection, ids: Sequence[int]) -> dict[int, list[SentLetter]]:
    table = PatientLetterRow
    found: dict[int, list[SentLetter]] = {}
    query = select(table.account, table.kind, table.sent, table.services).where(
        table.account.in_(ids), table.sent.is_not(None)
    )
    for row in connection.execute(query):
        services = frozenset((str(e), int(n)) for e, n, _ in row.services)
        found.setdefault(row.account, []).append(
            SentLetter(LetterKind(row.kind), row.sent, services)
        )
    return found


def _again(connection: Connection, ids: Sequence[int]) -> dict[int, dt.date]:
    """The day that each account's latest note says to look at it again."""
    table = AccountNoteRow
    latest = select(func.max(table.id)).where(table.account.in_(ids)).group_by(table.account)
    query = select(table.account, table.again).where(table.id.in_(latest))
    return {x.account: x.again for x in connection.execute(query) if x.again is not None}
