"""A practice's claim history as stored at one moment, read once for all that follows from it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, select

from models.claims.x12.context import Item
from models.history import ClaimHistory, HistoryOptions, build_history
from serving.store.database import Database
from serving.store.history import (
    StoredRemittance,
    StoredSubmission,
    read_acknowledgements,
    read_payments,
    read_set_acknowledgements,
    read_submissions,
)
from serving.store.tables import PracticeRow


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection: millions of small objects that all live on, nothing to find."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class HistorySnapshot(msgspec.Struct):
    """``changes`` is the practice's count of changes; the history holds the very objects read."""

    practice: str
    changes: int
    submissions: list[StoredSubmission]
    remittances: list[StoredRemittance]
    history: ClaimHistory


def read_snapshot(
    database: Database, practice: str, options: HistoryOptions | None = None
) -> HistorySnapshot | None:
    """The history as it is now; ``None`` where no claim of the practice was ever stored.

    Raises:
        StoreUnavailableError: the store is away.
    """
    with uncollected(), database.read(snapshot=True) as connection:
        return snapshot_of(connection, practice, options)


def snapshot_of(
    connection: Connection, practice: str, options: HistoryOptions | None = None
) -> HistorySnapshot | None:
    """The same within the caller's transaction."""
    changes = connection.execute(
        select(PracticeRow.changes).where(PracticeRow.practice == practice)
    ).scalar()
    if changes is None:
        return None
    stored = list(read_submissions(connection, practice))
    payments = list(read_payments(connection, practice))
    items: list[Item] = [x.claim for x in stored]
    items += [payment for payment, _ in payments]
    items += read_acknowledgements(connection, practice)
    items += read_set_acknowledgements(connection, practice)
    history = build_history(items, options)
    remittances = [x for _, found in payments for x in found]
    return HistorySnapshot(practice, changes, stored, remittances, history)
