"""Patients' payments from a list, each posted once however often the list comes."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec
from sqlalchemy import Connection, select

from models.claims.common import ZERO
from models.revenue.entries import Account, Entry, Kind
from models.revenue.patient_payments import PatientPayment
from serving.store.database import Database
from serving.store.identity import column_text
from serving.store.ledger import lock_ledger
from serving.store.ledger_decisions import Decider, add_person_entries, patient_payment_entry
from serving.store.ledger_reading import Service
from serving.store.ledger_rows import PERSON, kept_entry
from serving.store.ledger_tables import LedgerEntryRow, LedgerServiceRow
from serving.store.practices import Practices

_AT_ONCE = 1000

_Key = tuple[str, int, str, str, str]


class PaymentsPosted(msgspec.Struct, frozen=True):
    """What became of a list: ``known`` were posted before; ``dollars`` are of what was posted."""

    posted: int
    known: int
    dollars: Decimal
    practices: tuple[str, ...]
    problems: tuple[str, ...]


def post_patient_payments(
    database: Database,
    payments: Sequence[PatientPayment],
    who: Decider,
    *,
    report: Callable[[int], None] | None = None,
) -> PaymentsPosted:
    """Posts what is not posted yet; a row without its service is a problem, the rest goes on.

    Two rows that are alike in everything are two payments. A payment that was countered counts
    as posted: the list does not bring it back. ``report`` is told how many rows are done.

    Raises:
        StoreUnavailableError: the store went away; what was posted before it stays, and the same
            list goes on from there.
    """
    problems: list[str] = []
    posted = known = done = 0
    dollars = ZERO
    touched: set[str] = set()
    # Rows of one claim stay together, so that what is there already is asked once.
    ordered = sorted(payments, key=lambda x: (x.claim_id, x.line, x.row))
    for chunk in _chunks(ordered):

        def work(
            connection: Connection, chunk: Sequence[PatientPayment] = chunk
        ) -> tuple[dict[str, list[Entry]], int, list[str]]:
            return _post(connection, chunk, who)

        added, same, wrong = database.transact(work)
        for practice, entries in added.items():
            touched.add(practice)
            posted += len(entries)
            dollars += sum((_signed(x) for x in entries), ZERO)
        known += same
        problems += wrong
        done += len(chunk)
        if report is not None:
            report(done)
    return PaymentsPosted(posted, known, dollars, tuple(sorted(touched)), tuple(problems))


def _chunks(payments: Sequence[PatientPayment]) -> Iterable[list[PatientPayment]]:
    chunk: list[PatientPayment] = []
    for _, rows in groupby(payments, key=lambda x: x.claim_id):
        chunk += rows
        if len(chunk) >= _AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _post(
    connection: Connection, chunk: Sequence[PatientPayment], who: Decider
) -> tuple[dict[str, list[Entry]], int, list[str]]:
    services, problems = _services(connection, chunk, who)
    for practice in sorted({x.practice for x in services.values()}):
        lock_ledger(connection, practice)
    there = _there(connection, services.values())
    added: dict[str, list[Entry]] = {}
    known = 0
    for payment in chunk:
        service = services.get((payment.claim_id, payment.line))
        if service is None:
            continue
        entry = patient_payment_entry(service, payment.dollars, payment.day, payment.reference)
        key = _key(service.practice, entry)
        if there[key] > 0:
            there[key] -= 1
            known += 1
        else:
            added.setdefault(service.practice, []).append(entry)
    for practice, entries in added.items():
        add_person_entries(connection, practice, entries, who.actor)
    if added:
        # With the entries, so that a list that was cut short leaves no stale figures.
        Practices(connection).changed(sorted(added))
    return added, known, problems


def _services(
    connection: Connection, chunk: Sequence[PatientPayment], who: Decider
) -> tuple[dict[tuple[str, int], Service], list[str]]:
    table = LedgerServiceRow
    claims = sorted({x.claim_id for x in chunk})
    query = select(table.practice, table.encounter, table.claim_id, table.line)
    found: dict[tuple[str, int], list[Service]] = {}
    for row in connection.execute(query.where(table.claim_id.in_(claims))):
        if who.may(row.practice):
            own = Service(row.practice, row.encounter, row.line)
            found.setdefault((row.claim_id, row.line), []).append(own)
    problems = []
    for payment in chunk:
        own_services = found.get((payment.claim_id, payment.line), [])
        if len(own_services) != 1:
            what = "several services have" if own_services else "no service has"
            problems.append(f"line {payment.row}: {what} this claim number and line in the ledger")
    return {key: x[0] for key, x in found.items() if len(x) == 1}, problems


def _there(connection: Connection, services: Iterable[Service]) -> Counter[_Key]:
    """Payments by persons that are posted on these services, countered ones too."""
    table = LedgerEntryRow
    found: Counter[_Key] = Counter()
    by_practice: dict[str, set[str]] = {}
    for service in services:
        by_practice.setdefault(service.practice, set()).add(service.encounter)
    for practice, encounters in by_practice.items():
        query = select(table).where(
            table.practice == practice,
            table.encounter.in_(sorted(encounters)),
            table.origin == PERSON,
        )
        for row in connection.execute(query.where(table.kind == str(Kind.PATIENT_PAYMENT))):
            found[_key(practice, kept_entry(row).entry)] += 1
    return found


def _key(practice: str, entry: Entry) -> _Key:
    return (
        f"{practice}/{entry.encounter}", entry.line, entry.date.isoformat(),
        f"{_signed(entry):.2f}", column_text(entry.reason),
    )  # fmt: skip


def _signed(entry: Entry) -> Decimal:
    return -entry.amount if entry.debit is Account.PATIENT else entry.amount
