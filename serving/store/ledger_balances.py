"""Balances beside the entries: rows of services and of what is open of them."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from models.revenue.entries import Entry
from models.revenue.services import service_balances
from serving.store.database import insert_many
from serving.store.ledger_rows import (
    Details,
    cached_dollars,
    cached_text,
    effective,
    read_entries,
)
from serving.store.ledger_tables import LedgerOpenRow, LedgerServiceRow

Key = tuple[str, int]
"""Encounter and line."""

SERVICE_AMOUNTS = (
    "charge", "contractual", "prior_payer", "written_off", "denial_written_off", "paid_primary",
    "paid_later", "patient_paid", "insurance", "denied", "patient", "taken_back",
)  # fmt: skip
_amounts = attrgetter(*SERVICE_AMOUNTS)
OPEN_COLUMNS = (
    "practice", "encounter", "line", "account", "owner", "claim_id", "amount", "since",
    "service_date",
)  # fmt: skip
DETAIL_COLUMNS = (
    "claim_id", "code", "modifiers", "place_of_service", "service_date", "control_number",
    "provider", "payer",
)  # fmt: skip
SERVICE_COLUMNS = ("practice", "encounter", "line", *DETAIL_COLUMNS, *SERVICE_AMOUNTS)


def keep_balances(
    connection: Connection,
    practice: str,
    entries: Sequence[Entry],
    details: Mapping[Key, Details],
) -> None:
    """Adds the balances of encounters that have none yet."""
    services: list[tuple[Any, ...]] = []
    opens: list[tuple[Any, ...]] = []
    for balance in service_balances(entries):
        own = details.get((balance.encounter, balance.line))
        if own is None:
            continue
        key = (practice, balance.encounter, balance.line)
        amounts = map(cached_dollars, _amounts(balance))
        services.append((*key, *msgspec.structs.astuple(own), *amounts))
        opens += [
            (
                *key, str(x.account), cached_text(x.owner), own.claim_id,
                cached_dollars(x.amount), x.since, own.service_date,
            )
            for x in balance.open
        ]  # fmt: skip
    insert_many(connection, LedgerServiceRow, SERVICE_COLUMNS, services)
    insert_many(connection, LedgerOpenRow, OPEN_COLUMNS, opens)


def renew_balances(
    connection: Connection,
    practice: str,
    encounters: Sequence[str],
    details: Mapping[Key, Details] | None = None,
) -> None:
    """Balances of these encounters anew, from all entries that stand, also persons'.

    ``details``: as the files say now; ``None``: as they are kept.
    """
    if not encounters:
        return
    if details is None:
        details = _kept_details(connection, practice, encounters)
    for table in (LedgerServiceRow, LedgerOpenRow):
        connection.execute(
            delete(table).where(table.practice == practice, table.encounter.in_(encounters))
        )
    kept = read_entries(connection, practice, encounters=encounters)
    keep_balances(connection, practice, effective(kept), details)


def _kept_details(
    connection: Connection, practice: str, encounters: Sequence[str]
) -> dict[Key, Details]:
    table = LedgerServiceRow
    query = select(table).where(table.practice == practice, table.encounter.in_(encounters))
    return {
        (row.encounter, row.line): Details(*(getattr(row, name) for name in DETAIL_COLUMNS))
        for row in connection.execute(query)
    }
