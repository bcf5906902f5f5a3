"""A stored practice to post, and what its ledger says."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select

from models.claims.x12 import Item
from models.history import build_history
from models.revenue.entries import entry_keys
from models.revenue.ledger import post_history
from serving.store.database import Database
from serving.store.intake import Intake, Transmission
from serving.store.ledger import Ledgers
from serving.store.ledger_rows import kept_entry, marked
from serving.store.ledger_tables import LedgerEntryRow, LedgerOpenRow, LedgerServiceRow
from serving.store.outcomes import Outcomes
from tests.models.history.x12_text import read
from training.simulate import simulate


@lru_cache(maxsize=1)
def practice_items() -> tuple[Item, ...]:
    """Claims, acknowledgements and payments of a small simulated practice."""
    made = simulate("typical", claims=300, months=6, seed=4)
    return (*made.claims(), *made.acknowledgements, *made.payments)


def load(database: Database, items: Iterable[Item], name: str = "file") -> None:
    """Stores records as one file."""
    digest = hashlib.sha256(name.encode()).digest()
    Intake(database).load(items, Transmission(name, digest, 1))


def load_text(database: Database, *files: str) -> str:
    """Stores hand-written X12, each file as one; the practice's key."""
    for i, text in enumerate(files):
        load(database, read(text), f"{i}{hashlib.sha256(text.encode()).hexdigest()}")
    return practice(database)


def practice(database: Database) -> str:
    """Key of the only practice."""
    (found,) = Outcomes(database).practices()
    return found


def standing(database: Database) -> list[bytes]:
    """Keys of the entries that stand, without counter-entries and what they undo."""
    with database.read() as connection:
        rows = connection.execute(select(LedgerEntryRow).order_by(LedgerEntryRow.id)).all()
    kept = marked([kept_entry(row) for row in rows])
    return sorted(x.key for x in kept if not x.countered and x.counters is None)


def wanted(items: Sequence[Item]) -> list[bytes]:
    """Keys of the entries that a posting of these items gives."""
    return sorted(entry_keys(list(post_history(build_history(items)).entries())))


def balances(database: Database) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Every service with its amounts and its open parts."""
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    with database.read() as connection:
        for table in (LedgerServiceRow, LedgerOpenRow):
            for row in connection.execute(select(table)):
                values = tuple(row)
                found[(table.__tablename__, *values[:3], *values[3:5])] = values
    return found


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum in dollars."""
    return sum(amounts, Decimal(0))


def open_ledgers(url: str) -> Ledgers:
    """The ledgers of a database that has its tables."""
    return Ledgers(Database(url))


ROOT = Path(__file__).parents[3]
