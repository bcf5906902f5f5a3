"""A store in which a practice was posted: denials, ledger and figures to look at."""

from serving.store.store import Store
from serving.store.working import work_in
from tests.serving.store.ledgers import load, practice_items


def post_practice(store: Store) -> str:
    """Loads a small simulated practice and works it in; its key."""
    before = set(store.outcomes.practices())
    load(store.database, practice_items())
    (practice,) = set(store.outcomes.practices()) - before
    work_in(store, practice)
    return practice
