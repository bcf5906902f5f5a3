"""What follows from what was loaded, worked out from one reading of a practice's history."""

import msgspec

from models.history import HistoryOptions
from models.revenue.expected import ExpectedAmounts, FeeTables
from models.revenue.underpayment import compare_allowed
from serving.scoring.recovery import served_recovery
from serving.store.denied_notes import flag_denied_notes
from serving.store.ledger import Posted
from serving.store.outcomes import Refreshed
from serving.store.snapshot import read_snapshot
from serving.store.store import Store
from serving.store.work_items import WorkRefreshed


class WorkedIn(msgspec.Struct, frozen=True):
    """What was done; ``None`` where that part was up to date."""

    practice: str
    outcomes: Refreshed | None
    posted: Posted | None
    work: WorkRefreshed | None


def is_stale(store: Store, practice: str) -> bool:
    """Whether something was loaded, or decided, that is not worked in yet."""
    return (
        store.outcomes.state(practice).stale
        or store.ledgers.stale(practice)
        or store.kpis.stale([practice])
        or store.work_items.stale([practice])
        or store.balances.stale(practice)
    )


def work_in(store: Store, practice: str, options: HistoryOptions | None = None) -> WorkedIn | None:
    """Outcomes, postings, KPIs, work items and balances of one practice.

    ``None`` where all are up to date. Notes whose accepted codes turn out denied for coding are
    opened again.

    Killed in between, it is simply done again: nothing is lost or doubled.

    Raises:
        StoreUnavailableError: the store went away.
    """
    if not is_stale(store, practice):
        return None
    snapshot = read_snapshot(store.database, practice, options)
    if snapshot is None:
        return None
    outcomes = store.outcomes.refresh(practice, options, snapshot=snapshot)
    if outcomes is not None:
        flag_denied_notes(store.database, practice, snapshot.history.submissions)
    ledger = store.ledgers.compute(snapshot, options)
    posted = store.ledgers.post(practice, options, snapshot=snapshot, ledger=ledger)
    expected = ExpectedAmounts(FeeTables.load())
    compared = compare_allowed(snapshot.history, ledger, expected)
    store.kpis.refresh(snapshot, ledger, compared=compared)
    model = served_recovery(store.state)
    work = store.work_items.refresh(snapshot, ledger, model=model, compared=compared)
    store.balances.refresh(snapshot, ledger, FeeTables.load())
    return WorkedIn(practice, outcomes, posted, work)
