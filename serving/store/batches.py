"""Batches: work too long to wait for, which survives restarts and never runs twice at once."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, or_, select, update

from serving.store.columns import now
from serving.store.database import Database, insert_new
from serving.store.errors import ConflictError, NotFoundError
from serving.store.identity import column_text
from serving.store.tables import BatchRow

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
_OPEN = (QUEUED, RUNNING)


class Batch(msgspec.Struct, frozen=True):
    """One batch.

    ``owner`` is the actor that sent it; ``input`` and ``result`` are locations that the caller
    chose; ``checkpoint`` says how far it came, so that another worker can go on from there.
    """

    id: str
    owner: str
    idempotency_key: str
    fingerprint: bytes
    kind: str
    status: str
    options: dict[str, Any]
    input: str
    result: str
    claims_done: int
    problems: int
    checkpoint: dict[str, Any]
    attempts: int
    error: str
    worker: str
    lease_until: dt.datetime | None
    created: dt.datetime
    started: dt.datetime | None
    finished: dt.datetime | None


class Batches:
    """The queue. A worker holds a batch by a lease that it must renew with `progress`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        batch_id: str,
        owner: str,
        idempotency_key: str,
        fingerprint: bytes,
        *,
        kind: str,
        input: str,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[Batch, bool]:
        """The batch, and whether it is new: the same owner and key give the first one again.

        ``fingerprint`` is a hash of what was sent (body and options).

        Raises:
            ConflictError: the key was used for something else.
        """
        row = {
            "id": batch_id,
            "owner": owner,
            "idempotency_key": column_text(idempotency_key),
            "fingerprint": fingerprint,
            "kind": kind,
            "status": QUEUED,
            "options": dict(options or {}),
            "input": input,
            "result": "",
            "claims_done": 0,
            "problems": 0,
            "checkpoint": {},
            "attempts": 0,
            "error": "",
            "worker": "",
            "created": now(),
        }

        def work(connection: Connection) -> tuple[Batch, bool]:
            new = insert_new(connection, BatchRow, [row]) == 1
            query = select(BatchRow).where(
                BatchRow.owner == owner, BatchRow.idempotency_key == row["idempotency_key"]
            )
            return _batch(connection.execute(query).one()), new

        found, new = self._database.transact(work)
        if found.fingerprint != fingerprint:
            raise ConflictError("this Idempotency-Key was already used for a different batch")
        return found, new

    def find(self, owner: str, idempotency_key: str) -> Batch | None:
        """The batch that this owner sent under this key, before anything is received again."""
        query = select(BatchRow).where(
            BatchRow.owner == owner, BatchRow.idempotency_key == column_text(idempotency_key)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else _batch(row)

    def get(self, batch_id: str, owner: str | None = None) -> Batch:
        """A batch; with ``owner`` only one of its own.

        Raises:
            NotFoundError: there is none, or it is another's: the text does not tell which.
        """
        query = select(BatchRow).where(BatchRow.id == column_text(batch_id))
        if owner is not None:
            query = query.where(BatchRow.owner == owner)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError("no batch has this id")
            return _batch(row)

    def recent(self, owner: str | None = None, limit: int = 100) -> list[Batch]:
        """Newest first; with ``owner`` its own."""
        query = select(BatchRow).order_by(BatchRow.created.desc(), BatchRow.id).limit(limit)
        if owner is not None:
            query = query.where(BatchRow.owner == owner)
        with self._database.read() as connection:
            return [_batch(row) for row in connection.execute(query)]

    def take(self, worker: str, lease_s: float, *, attempts: int = 5) -> Batch | None:
        """The oldest batch that waits or whose worker let its lease run out, now ``worker``'s.

        A batch that was begun ``attempts`` times without an end fails: it takes workers down.
        """
        moment = now()
        free = or_(
            BatchRow.status == QUEUED,
            (BatchRow.status == RUNNING) & (BatchRow.lease_until < moment),
        )

        def work(connection: Connection) -> Batch | None:
            connection.execute(
                update(BatchRow)
                .where(free, BatchRow.attempts >= attempts)
                .values(
                    status=FAILED,
                    finished=moment,
                    error=f"given up: its worker was lost {attempts} times",
                )
            )
            query = (
                select(BatchRow.id).where(free).order_by(BatchRow.created, BatchRow.id).limit(1)
            ).with_for_update(skip_locked=True)
            batch_id = connection.execute(query).scalar()
            if batch_id is None:
                return None
            connection.execute(
                update(BatchRow)
                .where(BatchRow.id == batch_id)
                .values(
                    status=RUNNING,
                    worker=worker,
                    attempts=BatchRow.attempts + 1,
                    lease_until=moment + dt.timedelta(seconds=lease_s),
                    started=moment,
                )
            )
            return _batch(connection.execute(select(BatchRow).where(BatchRow.id == batch_id)).one())

        return self._database.transact(work)

    def progress(
        self,
        batch_id: str,
        worker: str,
        lease_s: float,
        *,
        claims_done: int,
        problems: int = 0,
        checkpoint: Mapping[str, Any] | None = None,
    ) -> bool:
        """Notes how far it came and renews the lease.

        ``False``: the batch is no longer this worker's (cancelled, or the lease ran out and
        another took it): stop, and write nothing more to its result.
        """
        values: dict[str, Any] = {
            "claims_done": claims_done,
            "problems": problems,
            "lease_until": now() + dt.timedelta(seconds=lease_s),
        }
        if checkpoint is not None:
            values["checkpoint"] = dict(checkpoint)
        return self._change(batch_id, worker, values)

    def finish(
        self, batch_id: str, worker: str, *, result: str, claims_done: int, problems: int = 0
    ) -> bool:
        """Ends it well; ``False`` as in `progress`."""
        return self._change(
            batch_id,
            worker,
            {
                "status": DONE,
                "result": result,
                "claims_done": claims_done,
                "problems": problems,
                "finished": now(),
            },
        )

    def fail(self, batch_id: str, worker: str, error: str) -> bool:
        """Ends it with the reason, free of patient data; ``False`` as in `progress`."""
        return self._change(
            batch_id,
            worker,
            {"status": FAILED, "error": column_text(error), "finished": now()},
        )

    def release(self, batch_id: str, worker: str) -> bool:
        """Puts it back into the queue, as a worker that shuts down should do."""
        return self._change(batch_id, worker, {"status": QUEUED, "attempts": BatchRow.attempts - 1})

    def cancel(self, batch_id: str, owner: str | None = None) -> Batch:
        """Stops a batch that is not yet over; one that is over stays as it is.

        Raises:
            NotFoundError: as `get`.
        """
        self.get(batch_id, owner)
        self._database.transact(
            lambda c: c.execute(
                update(BatchRow)
                .where(BatchRow.id == batch_id, BatchRow.status.in_(_OPEN))
                .values(status=CANCELLED, finished=now())
            )
        )
        return self.get(batch_id, owner)

    def _change(self, batch_id: str, worker: str, values: dict[str, Any]) -> bool:
        mine = (
            BatchRow.id == batch_id,
            BatchRow.worker == worker,
            BatchRow.status == RUNNING,
        )
        changed = self._database.transact(
            lambda c: c.execute(update(BatchRow).where(*mine).values(**values)).rowcount
        )
        return changed == 1


def _batch(row: Any) -> Batch:
    return msgspec.convert(row._mapping, Batch)
