"""Moves journalled scores into the store, joins outcomes and posts; one for all workers.

Run as ``python -m serving.mover STATE``. Several may be started on one state folder: one works,
the others wait for its lock. A record that is moved twice is stored once, so a kill at any
moment loses and doubles nothing.
"""

import argparse
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from models.errors import FirstpassError
from serving.api.keeping import FOLDER
from serving.scoring.artifacts import load_denial
from serving.settings import read_settings
from serving.shadow import Shadow
from serving.standing import ending
from serving.store.errors import StoreUnavailableError
from serving.store.records import ScoreRecord
from serving.store.spool import Spool, SpoolRecord
from serving.store.store import Store, open_store
from serving.store.working import work_in
from serving.telemetry.logs import configure_logs, logger

PAUSE_SECONDS = 0.3
RETRY_SECONDS = 2.0
OUTCOME_SECONDS = 3.0
FIRST_RULE_SECONDS = 20.0
# A rule is made of months; learning it reads the whole history.
RULE_SECONDS = 600.0


def move(store: Store, journal: Spool, shadow: Shadow | None = None) -> int:
    """Store everything that workers have handed on, a shadow's scores beside it; how many records.

    Raises:
        StoreUnavailableError: the store is away; the rest stays.
    """

    def keep(records: Sequence[SpoolRecord]) -> None:
        # All scores, then all audit entries: two statements instead of two for every request.
        scores = [x for x in records if isinstance(x, ScoreRecord)]
        silent = shadow.records(scores) if shadow is not None else []
        others = [x for x in records if not isinstance(x, ScoreRecord)]
        ordered = [*scores, *silent, *others]
        store.database.transact(lambda c: store.recorder.write(c, ordered))

    return journal.replay(keep)


def work_in_loads(store: Store) -> None:
    """Work out outcomes and postings of practices for which something new was loaded.

    Raises:
        StoreUnavailableError: the store is away.
    """
    for practice in store.outcomes.practices():
        done = work_in(store, practice)
        if done is None:
            continue
        if (joined := done.outcomes) is not None:
            logger().info("outcomes.joined", submissions=joined.submissions, changed=joined.changed)
        if (posted := done.posted) is not None:
            logger().info("ledger.posted", entries=posted.entries, held=posted.held)


def learn_rules(store: Store) -> None:
    """Learn the payer rules of practices for which something new was loaded.

    Raises:
        StoreUnavailableError: the store is away.
    """
    for practice in store.outcomes.practices():
        if store.rule_learning.due(practice):
            learnt = store.rule_learning.learn(practice)
            logger().info("rules.learnt", found=learnt.found, new=learnt.new, gone=learnt.gone)


def main() -> None:
    """Move until standard input ends, and once more after that."""
    parser = argparse.ArgumentParser(prog="serving.mover", description=__doc__)
    parser.add_argument("state", type=Path)
    state: Path = parser.parse_args().state
    settings = read_settings()
    configure_logs(settings.log_level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for who started us
    end = ending()
    lock = FileLock(state / "mover.lock")
    while True:
        try:
            lock.acquire(timeout=1.0)
            break
        except Timeout:
            if end.is_set():
                return
    journal = Spool(state / FOLDER)
    shadow = Shadow(state, settings.model, load_denial) if settings.shadow_alias else None
    store: Store | None = None
    last = False
    due = time.monotonic() + OUTCOME_SECONDS
    rules_due = time.monotonic() + FIRST_RULE_SECONDS
    while not last:
        last = end.wait(PAUSE_SECONDS)
        try:
            store = store or open_store(state, settings.database_url)
            move(store, journal, shadow)
            if not last and time.monotonic() >= due:
                work_in_loads(store)
                due = time.monotonic() + OUTCOME_SECONDS
            if not last and time.monotonic() >= rules_due:
                learn_rules(store)
                rules_due = time.monotonic() + RULE_SECONDS
        except StoreUnavailableError as error:
            logger().warning("mover.store_away", reason=str(error))
            end.wait(RETRY_SECONDS)
        except FirstpassError as error:
            logger().error("mover.failed", reason=str(error))
            end.wait(10 * RETRY_SECONDS)
        except Exception as error:
            # Nothing is lost: the files stay where they are.
            logger().error("mover.failed", error=error)
            end.wait(10 * RETRY_SECONDS)
    if store is not None:
        store.database.close()


if __name__ == "__main__":
    main()
