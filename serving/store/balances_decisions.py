"""What persons decide about patients' accounts: letters, stops, plans, payments, write-offs.

Holds and stops are asked anew in the very transaction that writes. Nothing is sent by itself: a
person says that a letter was sent. The caller audits.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from models.claims.common import ZERO
from models.errors import InputError
from models.revenue.collection_policy import CollectionPolicy
from models.revenue.entries import Account, Entry, Kind
from models.revenue.patient_accounts import (
    LetterKind,
    PatientAccount,
    letter_lines,
    plan_refusals,
    refusals,
)
from models.revenue.patient_letters import unfinished
from models.revenue.payment_plans import check_plan
from models.revenue.stops import StopKind
from models.revenue.write_offs import Authority, WriteOff, load_authority
from serving.store.balances_accounts import accounts_of, paid_to, plans_of, renew
from serving.store.balances_reading import (
    AccountNote,
    KeptLetter,
    KeptStop,
    account_row,
    kept_letter,
    latest_claim,
    written,
)
from serving.store.balances_tables import (
    AccountNoteRow,
    PatientLetterRow,
    PaymentPlanRow,
    StopRow,
)
from serving.store.columns import now
from serving.store.database import Database
from serving.store.errors import ConflictError, NotFoundError
from serving.store.identity import column_text
from serving.store.ledger import lock_ledger
from serving.store.ledger_decisions import Decider, add_person_entry
from serving.store.ledger_reading import PostedEntry

T = TypeVar("T")

WAYS = ("mail", "portal", "handed", "email")
LONGEST_LETTER = 20_000


class BalanceDecisions:
    """Each method is one transaction; all raise `NotFoundError` for accounts of others."""

    def __init__(
        self, database: Database, policy: CollectionPolicy, authority: Authority | None = None
    ) -> None:
        self._database = database
        self._policy = policy
        self._authority = authority or load_authority()

    def write_letter(
        self, token: str, kind: LetterKind, who: Decider, *, today: dt.date
    ) -> KeptLetter:
        """Fills a new letter from the data and keeps it as version 1.

        Raises:
            InputError: a hold, a stop or the calendar is against it; the text says all reasons.
        """

        def work(connection: Connection, row: Any, account: PatientAccount) -> KeptLetter:
            plans = plans_of(connection, [row.id], today, self._policy).get(row.id, [])
            claim = latest_claim(connection, row.body)
            letter = written(account, kind, claim, row.claim_id, plans, today, self._policy)
            query = select(func.max(PatientLetterRow.number))
            last = connection.execute(query.where(PatientLetterRow.account == row.id)).scalar()
            services = [[x.encounter, x.line, str(x.owed)] for x in letter.lines]
            return _keep_letter(
                connection, row.id, (last or 0) + 1, 1, kind, letter.text, letter.amount,
                services, who,
            )  # fmt: skip

        return self._change(token, who, today, work)

    def edit_letter(
        self, token: str, number: int, text: str, who: Decider, *, today: dt.date
    ) -> KeptLetter:
        """Keeps a letter's edited text as its next version; the same text makes none.

        Raises:
            NotFoundError: no such letter.
            ConflictError: it was sent already.
            InputError: an empty or overlong text.
        """
        if not text.strip() or len(text) > LONGEST_LETTER:
            raise InputError(f"a letter has 1 to {LONGEST_LETTER:,} characters")

        def work(connection: Connection, row: Any, account: PatientAccount) -> KeptLetter:
            last = _latest(connection, row.id, number)
            if last.sent is not None:
                raise ConflictError("the letter was sent: write a new one")
            own = column_text(text.replace("\r\n", "\n").rstrip() + "\n")
            if own == last.text:
                return kept_letter(last)
            return _keep_letter(
                connection, row.id, number, last.version + 1, LetterKind(last.kind), own,
                last.amount, last.services, who,
            )  # fmt: skip

        return self._change(token, who, today, work)

    def mark_sent(
        self, token: str, number: int, way: str, who: Decider, *, day: dt.date, today: dt.date
    ) -> KeptLetter:
        """Notes that a person sent the letter's latest version.

        Raises:
            NotFoundError: no such letter.
            ConflictError: it was sent already, the balance has changed since it was written, or
                something is against it now.
            InputError: an unknown way, a day that has not come, or words that are still missing.
        """
        if way not in WAYS:
            raise InputError(f"way={way!r} is unknown; allowed: {', '.join(WAYS)}")
        if day > today:
            raise InputError(f"{day} has not come yet")

        def work(connection: Connection, row: Any, account: PatientAccount) -> KeptLetter:
            last = _latest(connection, row.id, number)
            if last.sent is not None:
                raise ConflictError(f"the letter was sent on {last.sent}")
            if unfinished(last.text):
                raise InputError("words in square brackets are still to be written")
            kind = LetterKind(last.kind)
            against = refusals(account, kind, today, self._policy)
            if against:
                raise ConflictError("not to be sent now: " + "; ".join(against))
            if kind is not LetterKind.PLAN:
                told = {(str(e), int(n)): Decimal(x) for e, n, x in last.services}
                asked = {x.service: x.owed for x in letter_lines(account, kind)}
                if told != asked:
                    raise ConflictError("the balance has changed since: write the letter anew")
            own = update(PatientLetterRow).where(PatientLetterRow.id == last.id)
            connection.execute(own.values(sent=day, sent_by=who.actor, way=way))
            return kept_letter(_latest(connection, row.id, number))

        return self._change(token, who, today, work)

    def stop(
        self, token: str, kind: StopKind, reason: str, who: Decider, *, today: dt.date
    ) -> KeptStop:
        """Sets a stop.

        Raises:
            ConflictError: this stop is set already.
            InputError: no reason.
        """
        _need_reason(reason)

        def work(connection: Connection, row: Any, account: PatientAccount) -> KeptStop:
            table = StopRow
            same = select(table.id).where(
                table.account == row.id, table.kind == str(kind), table.lifted.is_(None)
            )
            if connection.execute(same).first() is not None:
                raise ConflictError("this stop is set already")
            values = {
                "account": row.id, "kind": str(kind), "reason": column_text(reason),
                "set_by": who.actor, "created": now(), "lifted": None, "lifted_by": "",
                "lift_reason": "",
            }  # fmt: skip
            added = connection.execute(insert(table).values(values)).inserted_primary_key
            assert added is not None
            return _stop(connection, added[0])

        return self._change(token, who, today, work)

    def lift(
        self, token: str, stop_id: int, reason: str, who: Decider, *, today: dt.date
    ) -> KeptStop:
        """Lifts a stop; it stays on record.

        Raises:
            NotFoundError: no such stop on this account.
            ConflictError: it was lifted already.
            InputError: no reason.
        """
        _need_reason(reason)

        def work(connection: Connection, row: Any, account: PatientAccount) -> KeptStop:
            table = StopRow
            found = connection.execute(
                select(table).where(table.id == stop_id, table.account == row.id)
            ).one_or_none()
            if found is None:
                raise NotFoundError("no such stop on this account")
            if found.lifted is not None:
                raise ConflictError("this stop was lifted already")
            own = update(table).where(table.id == stop_id)
            values = {"lifted": now(), "lifted_by": who.actor, "lift_reason": column_text(reason)}
            connection.execute(own.values(values))
            return _stop(connection, stop_id)

        return self._change(token, who, today, work)

    def plan(
        self,
        token: str,
        count: int,
        first: dt.date,
        reason: str,
        who: Decider,
        *,
        today: dt.date,
        total: Decimal | None = None,
    ) -> int:
        """Begins a payment plan over what may be billed, or ``total`` of it; its number.

        Raises:
            ConflictError: a stop, a hold or a running plan is against it.
            InputError: instalments that the policy does not allow, or no reason.
        """
        _need_reason(reason)

        def work(connection: Connection, row: Any, account: PatientAccount) -> int:
            billable = account.billable
            wanted = sum((x.owed for x in billable), ZERO) if total is None else total
            against = plan_refusals(account, wanted)
            if against:
                raise ConflictError("no payment plan: " + "; ".join(against))
            made = check_plan(wanted, count, first, today, self._policy)
            _end_paid_plans(connection, row.id, today, self._policy)
            services = [[x.encounter, x.line] for x in billable]
            values = {
                "account": row.id, "total": wanted,
                "instalments": [[x.due.isoformat(), str(x.amount)] for x in made],
                "services": services, "paid_before": paid_to(connection, row.id, services),
                "begun": today, "reason": column_text(reason), "made_by": who.actor,
                "created": now(), "ended": None, "ended_by": "", "end_reason": "",
            }  # fmt: skip
            added = connection.execute(insert(PaymentPlanRow).values(values)).inserted_primary_key
            assert added is not None
            return int(added[0])

        return self._change(token, who, today, work)

    def end_plan(self, token: str, reason: str, who: Decider, *, today: dt.date) -> int:
        """Ends the plan that runs; its number.

        Raises:
            NotFoundError: none runs.
            InputError: no reason.
        """
        _need_reason(reason)

        def work(connection: Connection, row: Any, account: PatientAccount) -> int:
            table = PaymentPlanRow
            query = select(table.id).where(table.account == row.id, table.ended.is_(None))
            found = connection.execute(query.order_by(table.id.desc())).scalar()
            if found is None or account.plan is None:
                raise NotFoundError("no payment plan runs on this account")
            values = {"ended": today, "ended_by": who.actor, "end_reason": column_text(reason)}
            connection.execute(update(table).where(table.id == found).values(values))
            return int(found)

        return self._change(token, who, today, work)

    def note(
        self, token: str, words: str, who: Decider, *, again: dt.date | None, today: dt.date
    ) -> AccountNote:
        """Notes what was said with a patient; until ``again`` the account waits.

        Raises:
            InputError: no words, or a day that is past.
        """
        if not words.strip():
            raise InputError("say what was said: it is kept with the account")
        if again is not None and again < today:
            raise InputError(f"{again} is past: choose a day to look again")

        def work(connection: Connection, row: Any, account: PatientAccount) -> AccountNote:
            made = AccountNote(column_text(words.strip()[:1000]), again, who.actor, now())
            values = {"account": row.id, **msgspec.structs.asdict(made)}
            connection.execute(insert(AccountNoteRow).values(values))
            return made

        return self._change(token, who, today, work)

    def pay(
        self, token: str, amount: Decimal, reference: str, who: Decider, *,
        day: dt.date, today: dt.date,
    ) -> list[PostedEntry]:  # fmt: skip
        """Posts a patient's payment to the oldest services that may be billed.

        Raises:
            ConflictError: more than may be billed.
            InputError: an amount that is no money above zero, or no reference.
        """
        _need_reason(reference)
        if not amount.is_finite() or amount <= 0 or amount != amount.quantize(Decimal("0.01")):
            raise InputError(f"amount={amount}: allowed are dollars and cents above zero")

        def work(connection: Connection, row: Any, account: PatientAccount) -> list[PostedEntry]:
            most = sum((x.owed for x in account.billable), ZERO)
            if amount > most:
                raise ConflictError(
                    f"{most:,.2f} dollars may be billed: post a payment of what is on hold to its"
                    " service"
                )
            posted, rest = [], amount
            for x in account.billable:
                part = min(rest, x.owed)
                if part <= 0:
                    break
                entry = Entry(
                    day, Kind.PATIENT_PAYMENT, Account.PATIENT_PAYMENT, Account.PATIENT, part,
                    encounter=x.encounter, line=x.line, reason=column_text(reference),
                )  # fmt: skip
                posted.append(
                    add_person_entry(connection, row.practice, entry, who.actor, reference)
                )
                rest -= part
            return posted

        return self._change(token, who, today, work)

    def write_off_small(
        self, token: str, reason: str, who: Decider, *, today: dt.date
    ) -> list[PostedEntry]:
        """Writes off a small balance: all that may be billed, judged by all that is owed.

        Raises:
            ConflictError: more than these roles may write off, a running plan, or nothing owed.
            InputError: no reason.
        """
        _need_reason(reason)

        def work(connection: Connection, row: Any, account: PatientAccount) -> list[PostedEntry]:
            kind = WriteOff.SMALL_BALANCE
            if not account.billable:
                raise ConflictError("nothing may be billed, so nothing is written off as small")
            if account.plan is not None:
                raise ConflictError("a payment plan runs: end it first")
            if not self._authority.allows(kind, who.roles, account.owed):
                most = self._authority.limit(kind, who.roles)
                raise ConflictError(
                    f"{account.owed:,.2f} dollars are owed; these roles may write off {most} at"
                    " most"
                )
            return [
                add_person_entry(
                    connection, row.practice,
                    Entry(
                        today, Kind.WRITE_OFF, kind.account, Account.PATIENT, x.owed,
                        encounter=x.encounter, line=x.line, reason=str(kind),
                    ),
                    who.actor, reason,
                )
                for x in account.billable
            ]  # fmt: skip

        return self._change(token, who, today, work)

    def practice(self, token: str, who: Decider) -> str:
        """Whose account it is, for the audit log."""
        with self._database.read() as connection:
            return str(account_row(connection, who.practices, token).practice)

    def _change(
        self,
        token: str,
        who: Decider,
        today: dt.date,
        work: Callable[[Connection, Any, PatientAccount], T],
    ) -> T:
        def changed(connection: Connection) -> T:
            practice = account_row(connection, who.practices, token).practice
            lock_ledger(connection, practice)
            row = account_row(connection, who.practices, token)
            account = accounts_of(connection, [row.id], today, self._policy)[row.id]
            done = work(connection, row, account)
            renew(connection, [row.id], today=today, policy=self._policy)
            return done

        return self._database.transact(changed)


def _keep_letter(
    connection: Connection,
    account: int,
    number: int,
    version: int,
    kind: LetterKind,
    text: str,
    amount: Decimal,
    services: list[Any],
    who: Decider,
) -> KeptLetter:
    values = {
        "account": account, "number": number, "version": version, "kind": str(kind),
        "text": column_text(text), "amount": amount, "services": services,
        "written_by": who.actor, "created": now(), "sent": None, "sent_by": "", "way": "",
    }  # fmt: skip
    connection.execute(insert(PatientLetterRow).values(values))
    return kept_letter(_latest(connection, account, number))


def _latest(connection: Connection, account: int, number: int) -> Any:
    table = PatientLetterRow
    query = select(table).where(table.account == account, table.number == number)
    row = connection.execute(query.order_by(table.version.desc())).first()
    if row is None:
        raise NotFoundError("no letter of this account has this number")
    return row


def _stop(connection: Connection, number: int) -> KeptStop:
    row = connection.execute(select(StopRow).where(StopRow.id == number)).one()
    return KeptStop(*(getattr(row, name) for name in KeptStop.__struct_fields__))


def _end_paid_plans(
    connection: Connection, account: int, today: dt.date, policy: CollectionPolicy
) -> None:
    """A plan that was paid does not run any more."""
    table = PaymentPlanRow
    own = update(table).where(table.account == account, table.ended.is_(None))
    connection.execute(own.values(ended=today, ended_by="", end_reason="paid"))


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise InputError("a reason is needed: it is kept with the decision")
