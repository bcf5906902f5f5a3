"""Totals of the ledger's accounts, added up once: entries are only ever added."""

import threading
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, func, select

from models.claims.common import ZERO
from serving.store.ledger_tables import LedgerEntryRow

#: Entries counted anew each time: numbers are given out before their transactions end, so that
#: the newest entry may be there before one with a lower number.
RECENT = 20_000

Sums = dict[tuple[str, str], Decimal]


class LedgerTotals:
    """What a process has added up so far, by practice and account; safe beside other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._through = 0
        self._sums: Sums = {}

    def of(self, connection: Connection, practices: Sequence[str] | None) -> dict[str, Decimal]:
        """Debits less credits of every account that is not zero, of these practices (all)."""
        newest = connection.execute(select(func.max(LedgerEntryRow.id))).scalar() or 0
        settled = max(0, newest - RECENT)
        with self._lock:
            if newest < self._through:  # another database than before, as after a restore
                self._through, self._sums = 0, {}
            if settled > self._through:
                self._sums = _added(self._sums, _sums(connection, self._through, settled))
                self._through = settled
            through, known = self._through, self._sums
        found: dict[str, Decimal] = {}
        for (practice, account), amount in _added(
            known, _sums(connection, through, newest)
        ).items():
            if practices is None or practice in practices:
                found[account] = found.get(account, ZERO) + amount
        return {account: amount for account, amount in found.items() if amount}


def _sums(connection: Connection, after: int, through: int) -> Sums:
    """Of the entries numbered above ``after`` and up to ``through``."""
    table = LedgerEntryRow
    query = (
        select(table.practice, table.debit, table.credit, func.sum(table.amount))
        .where(table.id > after, table.id <= through)
        .group_by(table.practice, table.debit, table.credit)
    )
    found: Sums = {}
    for practice, debit, credit, amount in connection.execute(query):
        for account, sign in ((debit, 1), (credit, -1)):
            key = (practice, account)
            found[key] = found.get(key, ZERO) + sign * amount
    return found


def _added(one: Sums, other: Sums) -> Sums:
    return {key: one.get(key, ZERO) + other.get(key, ZERO) for key in one.keys() | other.keys()}
