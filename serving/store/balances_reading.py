"""Looking at patients' accounts and unanswered claims: the collector's two worklists."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, or_, select

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.revenue.collection_policy import CollectionPolicy
from models.revenue.holds import WORDS
from models.revenue.patient_accounts import (
    STEP_WORDS,
    Due,
    LetterKind,
    NextStep,
    PatientAccount,
    next_step,
    plan_refusals,
    refusals,
)
from models.revenue.patient_letters import PatientLetter, compose_patient_letter
from serving.store.balances_accounts import KeptPlan, accounts_of, plans_of
from serving.store.balances_tables import (
    AccountNoteRow,
    BalanceStateRow,
    PatientAccountRow,
    PatientLetterRow,
    StopRow,
)
from serving.store.database import Database
from serving.store.errors import NotFoundError
from serving.store.tables import ClaimRow, PracticeRow

ACTIONS = (
    NextStep.STATEMENT, NextStep.REMINDER, NextStep.LAST_REMINDER, NextStep.CALL,
    NextStep.PLAN_BROKEN, NextStep.CREDIT, NextStep.PLAN,
)  # fmt: skip
"""Steps that somebody must take once their day has come (of a plan: an instalment is missed)."""

_claim: msgspec.json.Decoder[Claim] = msgspec.json.Decoder(Claim)


class AccountRow(msgspec.Struct, frozen=True):
    """One account in the worklist, in dollars; ``ready``: its day has come."""

    account: str
    practice: str
    claim_id: str  # of the patient's latest claim
    initials: str
    owed: Decimal
    billable: Decimal
    credit: Decimal
    services: int
    oldest: dt.date | None
    step: str
    words: str
    due: dt.date | None
    why: str
    ready: bool


class AccountPage(msgspec.Struct, frozen=True):
    """A part of the worklist, with sums over everything that was asked for."""

    accounts: list[AccountRow]
    count: int
    owed: Decimal
    billable: Decimal
    ready: int
    steps: dict[str, int]
    as_of: dt.date | None
    stale: bool


class AccountLineRow(msgspec.Struct, frozen=True):
    """One service of an account, with the words of what holds it."""

    encounter: str
    line: int
    claim_id: str
    code: str
    service_date: dt.date | None
    charge: Decimal
    taken_off: Decimal
    plan_paid: Decimal
    patient_paid: Decimal
    owed: Decimal
    since: dt.date
    holds: list[str]
    hold_words: list[str]


class KeptStop(msgspec.Struct, frozen=True):
    """A stop as kept."""

    id: int
    kind: str
    reason: str
    set_by: str
    created: dt.datetime
    lifted: dt.datetime | None
    lifted_by: str
    lift_reason: str


class KeptLetter(msgspec.Struct, frozen=True):
    """One version of a letter."""

    number: int
    version: int
    kind: str
    text: str
    amount: Decimal
    written_by: str
    created: dt.datetime
    sent: dt.date | None
    sent_by: str
    way: str


class AccountNote(msgspec.Struct, frozen=True):
    """What was said with a patient; ``again``: when to look at the account again."""

    words: str
    again: dt.date | None
    actor: str
    created: dt.datetime


class AccountView(msgspec.Struct, frozen=True):
    """Everything about one account. ``refused``: for each letter why it may not be written now."""

    account: str
    practice: str
    claim_id: str
    initials: str
    owed: Decimal
    billable: Decimal
    credit: Decimal
    step: str
    words: str
    due: dt.date | None
    why: str
    lines: list[AccountLineRow]
    stops: list[KeptStop]
    letters: list[KeptLetter]
    plans: list[KeptPlan]
    notes: list[AccountNote]
    refused: dict[str, list[str]]
    plan_refused: list[str]


class BalanceReports:
    """Read-only; ``practices`` is whose records may be seen (``None``: everybody's)."""

    def __init__(self, database: Database, policy: CollectionPolicy) -> None:
        self._database = database
        self._policy = policy

    def accounts(
        self,
        practices: Sequence[str] | None,
        *,
        today: dt.date,
        step: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> AccountPage:
        """Accounts that owe something: what is ready first, the largest billable amount first.

        ``step``: one of `NextStep`, or ``ready``.
        """
        table = PatientAccountRow
        ready = table.step.in_([str(x) for x in ACTIONS]) & (
            table.due.is_(None) | (table.due <= today)
        )
        chosen = [or_(table.owed > ZERO, table.credit > ZERO)]
        if practices is not None:
            chosen.append(table.practice.in_(practices))
        wanted = list(chosen)
        if step == "ready":
            wanted.append(ready)
        elif step:
            wanted.append(table.step == step)
        one, none = 1, 0
        query = (
            select(table, case((ready, one), else_=none).label("ready"))
            .where(*wanted)
            .order_by(
                case((ready, none), else_=one), table.billable.desc(), table.owed.desc(), table.id
            )
        )
        sums = select(
            func.count(), func.sum(table.owed), func.sum(table.billable),
            func.sum(case((ready, one), else_=none)),
        ).where(*wanted)  # fmt: skip
        counts = select(table.step, func.count()).where(*chosen).group_by(table.step)
        with self._database.read(snapshot=True) as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
            total = connection.execute(sums).one()
            steps = {row[0]: row[1] for row in connection.execute(counts)}
            as_of, stale = worked_in(connection, practices)
        return AccountPage(
            [_account_row(row) for row in rows], total[0], total[1] or ZERO, total[2] or ZERO,
            total[3] or 0, steps, as_of, stale,
        )  # fmt: skip

    def account(
        self, practices: Sequence[str] | None, token: str, *, today: dt.date
    ) -> AccountView:
        """One account with its services, stops, letters and plans.

        Raises:
            NotFoundError: no such account of these practices.
        """
        with self._database.read(snapshot=True) as connection:
            row = account_row(connection, practices, token)
            account = accounts_of(connection, [row.id], today, self._policy)[row.id]
            plans = plans_of(connection, [row.id], today, self._policy).get(row.id, [])
            stops = connection.execute(
                select(StopRow).where(StopRow.account == row.id).order_by(StopRow.id.desc())
            ).all()
            letters = connection.execute(
                select(PatientLetterRow)
                .where(PatientLetterRow.account == row.id)
                .order_by(PatientLetterRow.number.desc(), PatientLetterRow.version.desc())
            ).all()
            notes = connection.execute(
                select(AccountNoteRow)
                .where(AccountNoteRow.account == row.id)
                .order_by(AccountNoteRow.id.desc())
            ).all()
        due = next_step(account, self._policy)
        kept = [AccountNote(x.words, x.again, x.actor, x.created) for x in notes]
        return _view(row, account, due, plans, stops, letters, kept, today, self._policy)

    def preview(
        self, practices: Sequence[str] | None, token: str, kind: LetterKind, *, today: dt.date
    ) -> str:
        """A letter's text as it would be written now, without keeping it.

        Raises:
            NotFoundError: no such account of these practices.
            InputError: a hold, a stop or the calendar is against it.
        """
        with self._database.read(snapshot=True) as connection:
            row = account_row(connection, practices, token)
            account = accounts_of(connection, [row.id], today, self._policy)[row.id]
            plans = plans_of(connection, [row.id], today, self._policy).get(row.id, [])
            claim = latest_claim(connection, row.body)
        return written(account, kind, claim, row.claim_id, plans, today, self._policy).text

    def find(self, practices: Sequence[str] | None, text: str) -> str:
        """The account's token that ``text`` names: itself, or the number of any of its claims.

        Raises:
            NotFoundError: none, or several patients have a claim of this number.
        """
        from serving.store.balances_tables import PatientServiceRow
        from serving.store.ledger_tables import LedgerServiceRow

        table, service, ledger = PatientAccountRow, PatientServiceRow, LedgerServiceRow
        by_claim = (
            select(service.account)
            .join(
                ledger,
                (ledger.practice == service.practice)
                & (ledger.encounter == service.encounter)
                & (ledger.line == service.line),
            )
            .where(ledger.claim_id == text)
        )
        query = select(table.token).where(
            or_(table.token == text, table.claim_id == text, table.id.in_(by_claim))
        )
        if practices is not None:
            query = query.where(table.practice.in_(practices))
        with self._database.read() as connection:
            found = list(connection.execute(query.distinct()).scalars())
        if text in found:
            return text
        if len(found) != 1:
            what = "several patients have" if found else "no patient's balance has"
            raise NotFoundError(f"{what} this account or claim number")
        return str(found[0])


def account_row(connection: Connection, practices: Sequence[str] | None, token: str) -> Any:
    """The row of an account.

    Raises:
        NotFoundError: no such account of these practices.
    """
    query = select(PatientAccountRow).where(PatientAccountRow.token == token)
    if practices is not None:
        query = query.where(PatientAccountRow.practice.in_(practices))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("no patient's balance has this account number")
    return row


def latest_claim(connection: Connection, body: bytes) -> Claim:
    """The claim that an account's letters are addressed by."""
    query = select(ClaimRow.payload).where(ClaimRow.body == body)
    return _claim.decode(connection.execute(query).scalar_one())


def written(
    account: PatientAccount,
    kind: LetterKind,
    claim: Claim,
    number: str,
    plans: Sequence[KeptPlan],
    today: dt.date,
    policy: CollectionPolicy,
) -> PatientLetter:
    """A letter filled from the data, of a plan that of the one that runs.

    Raises:
        InputError: a hold, a stop or the calendar is against it.
    """
    running = next((p for p in plans if p.ended is None), None)
    return compose_patient_letter(
        account, kind, claim, number=number, today=today, policy=policy,
        instalments=running.instalments if running else (),
    )  # fmt: skip


def kept_letter(row: Any) -> KeptLetter:
    """A row of `PatientLetterRow`."""
    return KeptLetter(*(getattr(row, name) for name in KeptLetter.__struct_fields__))


def _view(
    row: Any,
    account: PatientAccount,
    due: Due,
    plans: list[KeptPlan],
    stops: Sequence[Any],
    letters: Sequence[Any],
    notes: list[AccountNote],
    today: dt.date,
    policy: CollectionPolicy,
) -> AccountView:
    billable = sum((x.owed for x in account.billable), ZERO)
    return AccountView(
        account=row.token,
        practice=row.practice,
        claim_id=row.claim_id,
        initials=row.initials,
        owed=account.owed,
        billable=billable,
        credit=account.credit,
        step=str(due.step),
        words=STEP_WORDS[due.step],
        due=due.on,
        why=due.why,
        lines=[
            AccountLineRow(
                x.encounter, x.line, x.claim_id, x.code, x.service_date, x.charge, x.taken_off,
                x.plan_paid, x.patient_paid, x.owed, x.since, [str(h) for h in x.holds],
                [WORDS[h] for h in x.holds],
            )
            for x in sorted(
                account.lines, key=lambda x: (x.service_date or x.since, x.claim_id, x.line)
            )
        ],
        stops=[KeptStop(*(getattr(x, n) for n in KeptStop.__struct_fields__)) for x in stops],
        letters=[kept_letter(x) for x in letters],
        plans=plans,
        notes=notes,
        refused={str(kind): refusals(account, kind, today, policy) for kind in LetterKind},
        plan_refused=plan_refusals(account, billable),
    )  # fmt: skip


def _account_row(row: Any) -> AccountRow:
    return AccountRow(
        row.token, row.practice, row.claim_id, row.initials, row.owed, row.billable, row.credit,
        row.services, row.oldest, row.step, STEP_WORDS[NextStep(row.step)], row.due, row.why,
        bool(row.ready),
    )  # fmt: skip


def worked_in(
    connection: Connection, practices: Sequence[str] | None
) -> tuple[dt.date | None, bool]:
    """The last day of the files, and whether something is not worked in yet."""
    query = select(PracticeRow.changes, BalanceStateRow.done, BalanceStateRow.as_of).outerjoin(
        BalanceStateRow, BalanceStateRow.practice == PracticeRow.practice
    )
    if practices is not None:
        query = query.where(PracticeRow.practice.in_(practices))
    rows = connection.execute(query).all()
    days = [x.as_of for x in rows if x.as_of is not None]
    return max(days, default=None), any(x.changes != x.done for x in rows)
