"""Writes behind the requests: many small records, few transactions, nothing lost.

A thread gathers what requests hand over and stores it in one transaction (group commit). When
the store is away the same records go to the spool; when it is back they are replayed.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from sqlalchemy import Connection

from serving.audit import AuditEntry
from serving.store.audit_log import AuditLog
from serving.store.database import Database
from serving.store.errors import SpoolFullError, StoreUnavailableError
from serving.store.intake import Intake
from serving.store.migrate import migrate
from serving.store.records import IntakeRecord, ScoreRecord
from serving.store.scores import Scores
from serving.store.spool import Spool, SpoolRecord

STORED, SPOOLED = "stored", "spooled"
_MOST = 2000
_RETRY_S = 1.0


class Recorder:
    """Keeps scores, audit entries and small intakes.

    ``record`` returns at once with a future: ``"stored"`` or ``"spooled"`` once the records are
    safe on a disk; `SpoolFullError` where neither the store nor the spool took them. Records of
    one call stay together, and calls keep their order.
    """

    def __init__(
        self,
        database: Database,
        spool: Spool,
        *,
        scores: Scores,
        audit: AuditLog,
        intake: Intake,
        on_away: Callable[[str], None] | None = None,
    ) -> None:
        self._database, self._spool = database, spool
        self._scores, self._audit, self._intake = scores, audit, intake
        self._on_away = on_away
        self._queue: deque[tuple[Sequence[SpoolRecord], Future[str]]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._away_since: float | None = None
        self._next_try = 0.0

    @property
    def away(self) -> bool:
        """Whether records go to the spool now."""
        return self._away_since is not None

    def start(self) -> None:
        """Starts the thread; what earlier processes spooled is replayed first."""
        if self._thread is None:
            late = self._spool.waiting() or bool(self._database.held)
            self._away_since = time.monotonic() if late else None
            self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
            self._thread.start()

    def record(self, *records: SpoolRecord) -> Future[str]:
        """Hands over records."""
        future: Future[str] = Future()
        with self._wake:
            if self._closing or self._thread is None:
                raise RuntimeError("the recorder is not running")
            self._queue.append((records, future))
            self._wake.notify()
        return future

    def close(self, timeout_s: float = 30.0) -> None:
        """Waits until everything handed over is safe, then stops."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._spool.close()

    def write(self, connection: Connection, records: Sequence[SpoolRecord]) -> None:
        """Stores records within the caller's transaction, each kind in its order."""
        for record in records:
            if isinstance(record, IntakeRecord):
                self._intake.write(connection, record)
        self._scores.write(connection, [x for x in records if isinstance(x, ScoreRecord)])
        self._audit.write(connection, [x for x in records if isinstance(x, AuditEntry)])

    def replay(self) -> int:
        """Stores what is spooled; how many records.

        Raises:
            StoreUnavailableError: the store is still away; the rest stays spooled.
        """
        migrate(self._database)
        return self._spool.replay(
            lambda records: self._database.transact(lambda c: self.write(c, records))
        )

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closing and not self._due():
                    self._wake.wait(_RETRY_S if self.away else None)
                if not self._queue and self._closing:
                    return
                portion = self._portion()
            if self._due():
                self._try_replay()
            if portion:
                self._keep(portion)

    def _due(self) -> bool:
        return self.away and time.monotonic() >= self._next_try

    def _portion(self) -> list[tuple[Sequence[SpoolRecord], Future[str]]]:
        portion: list[tuple[Sequence[SpoolRecord], Future[str]]] = []
        count = 0
        while self._queue and count < _MOST:
            portion.append(self._queue.popleft())
            count += len(portion[-1][0])
        return portion

    def _try_replay(self) -> None:
        try:
            self.replay()
        except StoreUnavailableError:
            self._next_try = time.monotonic() + _RETRY_S
        except Exception:
            # One record that cannot be stored must not stop those that can: it stays spooled.
            self._next_try = time.monotonic() + 30 * _RETRY_S
            self._report("spooled records could not be stored")
        else:
            self._away_since = None

    def _keep(self, portion: Sequence[tuple[Sequence[SpoolRecord], Future[str]]]) -> None:
        records = [record for group, _ in portion for record in group]
        where = STORED
        if not self.away:
            try:
                self._database.transact(lambda c: self.write(c, records))
            except StoreUnavailableError as error:
                self._away_since = time.monotonic()
                self._next_try = time.monotonic() + _RETRY_S
                self._report(str(error))
            except Exception as error:
                self._one_by_one(portion, error)
                return
        if self.away:
            # While older records wait in the spool, newer ones queue up behind them.
            where = SPOOLED
            try:
                self._spool.append(records)
            except SpoolFullError as error:
                for _, future in portion:
                    future.set_exception(error)
                return
        for _, future in portion:
            future.set_result(where)

    def _one_by_one(
        self, portion: Sequence[tuple[Sequence[SpoolRecord], Future[str]]], error: Exception
    ) -> None:
        """A faulty record fails its own request, not those that were gathered with it."""
        if len(portion) == 1:
            portion[0][1].set_exception(error)
            return
        for one in portion:
            self._keep([one])

    def _report(self, reason: str) -> None:
        if self._on_away is not None:
            self._on_away(reason)
