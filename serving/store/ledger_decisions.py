"""What persons decide about the ledger: releases, counter-entries, write-offs, payments.

Every decision is an entry of its own, or a state of the suspense queue with name and reason; what
a person adds can be countered like anything else. The caller audits.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, insert, select, update

from models.claims.common import ZERO
from models.errors import InputError
from models.revenue.entries import RECEIVABLES, Account, Entry, Kind
from models.revenue.write_offs import Authority, WriteOff, load_authority
from serving.store.balances_accounts import renew_of_encounters
from serving.store.columns import now
from serving.store.database import Database
from serving.store.errors import ConflictError, NotFoundError
from serving.store.identity import column_text, digest
from serving.store.ledger import lock_ledger
from serving.store.ledger_balances import renew_balances
from serving.store.ledger_deposits import HELD, RELEASED
from serving.store.ledger_reading import PostedEntry, Service, SuspenseItem, posted_entry, struct_of
from serving.store.ledger_rows import (
    ENTRY_COLUMNS,
    PERSON,
    KeptEntry,
    entry_values,
    kept_entry,
    marked,
)
from serving.store.ledger_tables import LedgerEntryRow, LedgerOpenRow, SuspenseRow
from serving.store.practices import Practices
from serving.store.records import new_uid


class Decider(msgspec.Struct, frozen=True):
    """Who decides: for the record, roles for their authority, practices (``None``: all).

    ``name`` is how people call them.
    """

    actor: str
    roles: tuple[str, ...] = ()
    practices: tuple[str, ...] | None = None
    name: str = ""

    def may(self, practice: str) -> bool:
        """Whether the practice is theirs to decide about."""
        return self.practices is None or practice in self.practices


class LedgerDecisions:
    """Each method is one transaction, and gives back what is now kept."""

    def __init__(self, database: Database, authority: Authority | None = None) -> None:
        self._database = database
        self._authority = authority or load_authority()

    def release(self, key: str, who: Decider, reason: str) -> SuspenseItem:
        """Lets a held item be posted as it stands, at the next posting.

        Raises:
            NotFoundError: no such item of these practices.
            ConflictError: it is not held, or lacks something that only a load can bring.
        """
        return self._decide(key, who, reason, HELD, RELEASED)

    def hold(self, key: str, who: Decider, reason: str) -> SuspenseItem:
        """Takes a release back: what was posted for it is countered at the next posting.

        Raises:
            NotFoundError: no such item of these practices.
            ConflictError: it is not released.
        """
        return self._decide(key, who, reason, RELEASED, HELD)

    def _decide(self, key: str, who: Decider, reason: str, before: str, to: str) -> SuspenseItem:
        _need_reason(reason)

        def work(connection: Connection) -> SuspenseItem:
            table = SuspenseRow
            row = connection.execute(select(table).where(table.key == key)).one_or_none()
            if row is None or not who.may(row.practice):
                raise NotFoundError("no item of the suspense queue has this key")
            if row.status != before:
                raise ConflictError(f"the item is {row.status}, not {before}")
            if to == RELEASED and not row.releasable:
                raise ConflictError(
                    "the item cannot be released: load what it lacks, and it is posted by itself"
                )
            own = update(table).where(table.practice == row.practice, table.key == key)
            connection.execute(
                own.values(
                    status=to, decided_by=who.actor, decided=now(), decision=column_text(reason)
                )
            )
            Practices(connection).changed([row.practice])
            found = connection.execute(select(table).where(table.key == key)).one()
            return struct_of(SuspenseItem, found)

        return self._database.transact(work)

    def counter(self, entry_id: int, who: Decider, reason: str) -> PostedEntry:
        """Undoes one entry by a counter-entry; a counter-entry may itself be countered.

        Raises:
            NotFoundError: no such entry of these practices.
            ConflictError: it has been countered already.
        """
        _need_reason(reason)

        def work(connection: Connection) -> PostedEntry:
            table = LedgerEntryRow
            row = connection.execute(select(table).where(table.id == entry_id)).one_or_none()
            if row is None or not who.may(row.practice):
                raise NotFoundError("no ledger entry has this id")
            lock_ledger(connection, row.practice)
            kept = _family(connection, kept_entry(row))
            if kept.countered:
                raise ConflictError("the entry has been countered already")
            entry = kept.entry.countered(Kind.COUNTER, dt.datetime.now(dt.UTC).date())
            return add_person_entry(connection, row.practice, entry, who.actor, reason, entry_id)

        return self._database.transact(work)

    def write_off(
        self,
        service: Service,
        kind: WriteOff,
        who: Decider,
        reason: str,
        amount: Decimal | None = None,
    ) -> PostedEntry:
        """Writes off an open amount; ``None``: all that this kind may touch.

        A denial write-off takes from what is denied, a small balance from what the patient owes,
        another from whatever is open.

        Raises:
            NotFoundError: nothing of the kind is open on this service.
            ConflictError: more than is open, or more than these roles may write off.
            InputError: an amount that is not above zero.
        """
        _need_reason(reason)
        if amount is not None and amount <= 0:
            raise InputError(f"amount={amount}: allowed are dollars above zero")

        def work(connection: Connection) -> PostedEntry:
            account, owner, open_ = self._open(connection, service, kind, who)
            wanted = open_ if amount is None else amount
            if wanted > open_:
                raise ConflictError(f"{open_} dollars are open, not {wanted}")
            judged = open_ if kind is WriteOff.SMALL_BALANCE else wanted
            if not self._authority.allows(kind, who.roles, judged):
                most = self._authority.limit(kind, who.roles)
                raise ConflictError(f"these roles may write off {most} dollars at most")
            entry = Entry(
                dt.datetime.now(dt.UTC).date(), Kind.WRITE_OFF, kind.account, account, wanted,
                credit_owner=owner, encounter=service.encounter, line=service.line,
                reason=str(kind),
            )  # fmt: skip
            return add_person_entry(connection, service.practice, entry, who.actor, reason)

        return self._database.transact(work)

    def patient_payment(
        self, service: Service, who: Decider, amount: Decimal, date: dt.date, reference: str
    ) -> PostedEntry:
        """Posts what a patient paid for a service (below zero: paid back to the patient).

        Raises:
            NotFoundError: no such service of these practices.
            InputError: an amount of zero.
        """
        if not amount:
            raise InputError("amount=0: a payment has an amount")

        def work(connection: Connection) -> PostedEntry:
            lock_ledger(connection, service.practice)
            if not who.may(service.practice) or not _known(connection, service):
                raise NotFoundError("no such service in the ledger")
            entry = patient_payment_entry(service, amount, date, reference)
            return add_person_entry(connection, service.practice, entry, who.actor, reference)

        return self._database.transact(work)

    def _open(
        self, connection: Connection, service: Service, kind: WriteOff, who: Decider
    ) -> tuple[Account, str, Decimal]:
        lock_ledger(connection, service.practice)
        accounts: Sequence[Account] = RECEIVABLES
        if kind is WriteOff.DENIAL:
            accounts = (Account.DENIED,)
        elif kind is WriteOff.SMALL_BALANCE:
            accounts = (Account.PATIENT,)
        table = LedgerOpenRow
        rows = connection.execute(
            select(table.account, table.owner, table.amount)
            .where(
                table.practice == service.practice,
                table.encounter == service.encounter,
                table.line == service.line,
                table.amount > ZERO,
                table.account.in_([str(x) for x in accounts]),
            )
            .order_by(table.amount.desc())
        ).first()
        if rows is None or not who.may(service.practice):
            raise NotFoundError("nothing that may be written off so is open on this service")
        return Account(rows.account), rows.owner, rows.amount


def _known(connection: Connection, service: Service) -> bool:
    table = LedgerEntryRow
    query = select(table.id).where(
        table.practice == service.practice,
        table.encounter == service.encounter,
        table.line == service.line,
    )
    return connection.execute(query.limit(1)).first() is not None


def _family(connection: Connection, entry: KeptEntry) -> KeptEntry:
    """The entry, marked by the chain of counter-entries against it."""
    table = LedgerEntryRow
    found = [entry]
    ids = [entry.id]
    while ids:
        rows = connection.execute(select(table).where(table.reverses.in_(ids)).order_by(table.id))
        more = [kept_entry(row) for row in rows]
        found += more
        ids = [x.id for x in more]
    return marked(sorted(found, key=lambda x: x.id))[0]


def patient_payment_entry(
    service: Service, amount: Decimal, date: dt.date, reference: str
) -> Entry:
    """What a patient paid for a service (``amount`` below zero: paid back)."""
    sides = (Account.PATIENT_PAYMENT, Account.PATIENT)
    debit, credit = sides if amount > 0 else sides[::-1]
    return Entry(
        date, Kind.PATIENT_PAYMENT, debit, credit, abs(amount),
        encounter=service.encounter, line=service.line, reason=column_text(reference),
    )  # fmt: skip


def add_person_entries(
    connection: Connection, practice: str, entries: Sequence[Entry], actor: str
) -> None:
    """Adds entries to services, each with its reason as the words; balances follow."""
    time = now()
    rows = [
        dict(
            zip(
                ENTRY_COLUMNS,
                entry_values(
                    x, digest(new_uid())[:16], practice, time, PERSON, column_text(actor),
                    x.reason, None,
                ),
                strict=True,
            )
        )
        for x in entries
    ]  # fmt: skip
    connection.execute(insert(LedgerEntryRow), rows)
    encounters = sorted({x.encounter for x in entries})
    renew_balances(connection, practice, encounters)
    renew_of_encounters(connection, practice, encounters)


def add_person_entry(
    connection: Connection,
    practice: str,
    entry: Entry,
    actor: str,
    words: str,
    reverses: int | None = None,
) -> PostedEntry:
    """Adds an entry that a person made, within the caller's transaction; balances follow."""
    values = entry_values(
        entry, digest(new_uid())[:16], practice, now(), PERSON, column_text(actor),
        column_text(words), reverses,
    )  # fmt: skip
    row = dict(zip(ENTRY_COLUMNS, values, strict=True))
    added = connection.execute(insert(LedgerEntryRow).values(row)).inserted_primary_key
    assert added is not None
    if entry.encounter:
        renew_balances(connection, practice, [entry.encounter])
        renew_of_encounters(connection, practice, [entry.encounter])
    query = select(LedgerEntryRow).where(LedgerEntryRow.id == added[0])
    return posted_entry(kept_entry(connection.execute(query).one()))


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise InputError("a reason is needed: it is kept with the decision")
