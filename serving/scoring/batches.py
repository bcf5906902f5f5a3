"""Works through batches: one at a time in a worker, in slices between the requests.

A batch belongs to a worker by a lease. What a killed worker had done is thrown away and done
again by the next: results are written aside and renamed at the end, and kept scores have names
that follow from the batch and the claim's place in it, so nothing is lost or doubled.
"""

import asyncio
import errno
import hashlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from models.claims.claim import Claim
from models.claims.x12 import read_x12
from models.claims.x12.context import Item
from models.errors import FirstpassError, Place, Problem
from serving.problems import ServiceError, field_error
from serving.scoring.follower import ModelFollower
from serving.scoring.requests import ScoreOptions
from serving.scoring.scorer import ClaimStream, EditDesk, Scored
from serving.scoring.stream import StreamRun
from serving.scoring.turns import Turns
from serving.settings import Settings
from serving.store.batches import Batch
from serving.store.errors import StoreUnavailableError
from serving.store.store import Store
from serving.telemetry.logs import logger
from serving.telemetry.metrics import Metrics

FOLDER = "batches"
LOOK_SECONDS = 1.0
TIDY_SECONDS = 3600.0
MAX_LINE = 8 << 20


class BatchOrder(msgspec.Struct, frozen=True):
    """What is kept with a batch: options, and the practices that its sender may ask about."""

    options: ScoreOptions
    practices: frozenset[str] | None = None


class ScoreKeeper(Protocol):
    """Keeps what was scored; `serving.api.keeping.Keeper`."""

    def keep_scores(
        self,
        actor: str,
        request_id: str,
        scored: Scored,
        uid: Callable[[int], bytes] | None = None,
    ) -> None:
        """Keep scores under the given names."""
        ...


class StoreDoor(Protocol):
    """Gives the store once it is open."""

    @property
    def store(self) -> Store:
        """The open store."""
        ...


class _StoppedError(Exception):
    """The batch is no longer ours: cancelled, taken over, or the service ends."""


class BatchRunner:
    """Takes batches from the queue while the service runs."""

    def __init__(
        self,
        settings: Settings,
        follower: ModelFollower,
        edits: EditDesk,
        keeper: ScoreKeeper,
        metrics: Metrics,
        turns: Turns,
        door: StoreDoor,
    ) -> None:
        self.folder = settings.state / FOLDER
        self._lease = settings.lease_seconds
        self._keep_seconds = 86_400 * settings.result_days
        self._tidied = -TIDY_SECONDS
        self._follower = follower
        self._edits = edits
        self._keeper = keeper
        self._metrics = metrics
        self._turns = turns
        self._door = door
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._ending = threading.Event()
        self._new = asyncio.Event()

    def wake(self) -> None:
        """A batch was just queued."""
        self._new.set()

    async def run(self) -> None:
        """Look for batches until cancelled."""
        try:
            while True:
                worked = False
                if time.monotonic() - self._tidied >= TIDY_SECONDS:
                    self._tidied = time.monotonic()
                    await asyncio.to_thread(self.tidy)
                if self._follower.current is not None:
                    try:
                        worked = await asyncio.shield(asyncio.to_thread(self._one))
                    except StoreUnavailableError:
                        pass  # the queue is in the store
                    except Exception as error:
                        logger().error("batches.failed", error=error)
                if not worked:
                    self._new.clear()
                    try:
                        await asyncio.wait_for(self._new.wait(), LOOK_SECONDS)
                    except TimeoutError:
                        continue
        finally:
            self._ending.set()

    def tidy(self) -> None:
        """Delete results older than ``result_days``: they hold what claims hold, and add up.

        What was asked and how it ended stays in the store; the result then answers 410.
        """
        if not self._keep_seconds:
            return
        oldest = time.time() - self._keep_seconds
        for result in self.folder.glob("*.ndjson"):
            try:
                if result.stat().st_mtime < oldest:
                    result.unlink()
                    logger().info("batch.result_deleted", batch=result.stem)
            except FileNotFoundError:
                continue  # another worker was quicker
            except OSError as error:
                logger().error("batch.result_kept", batch=result.stem, error=error)

    def _one(self) -> bool:
        """Take a batch and work it off; False where there is none."""
        batches = self._door.store.batches
        batch = batches.take(self._worker, self._lease)
        if batch is None:
            return False
        logger().info("batch.begun", batch=batch.id, attempt=batch.attempts)
        try:
            run = self._work(batch)
        except _StoppedError:
            if self._ending.is_set():
                batches.release(batch.id, self._worker)
            logger().info("batch.stopped", batch=batch.id)
        except StoreUnavailableError:
            raise  # whoever finds the store back takes the batch up again
        except (OSError, FirstpassError, ServiceError) as error:
            batches.fail(batch.id, self._worker, _reason(error))
            Path(batch.input).unlink(missing_ok=True)
            logger().error("batch.failed", batch=batch.id, error=error)
        else:
            logger().info("batch.done", batch=batch.id, claims=run.claims, problems=run.problems)
        return True

    def _work(self, batch: Batch) -> StreamRun:
        served = self._follower.require()
        order = msgspec.convert(batch.options, BatchOrder)
        key = f"batch:{batch.owner}"
        for left in self.folder.glob(f"{batch.id}.*.draft"):
            left.unlink(missing_ok=True)  # by a worker that was killed
        draft = self.folder / f"{batch.id}.{secrets.token_hex(4)}.draft"
        started = time.monotonic()
        done = 0

        def keep(scored: Scored) -> None:
            nonlocal done
            first = done
            done += len(scored.claims)
            self._keeper.keep_scores(
                batch.owner, f"batch-{batch.id}", scored, lambda i: _uid(batch.id, first + i)
            )
            self._metrics.scored("batch", scored.probabilities, scored.edit_ids)

        def between() -> None:
            nonlocal started
            if self._ending.is_set():
                raise _StoppedError
            if time.monotonic() - started > self._lease / 8:
                started = time.monotonic()
                if not self._door.store.batches.progress(
                    batch.id,
                    self._worker,
                    self._lease,
                    claims_done=run.claims,
                    problems=run.problems,
                ):
                    raise _StoppedError
            self._turns.pass_on(key)

        try:
            with draft.open("xb") as file:
                run = StreamRun(
                    ClaimStream(served, self._edits, order.options),
                    f"batch-{batch.id}",
                    write=lambda data: _write(file, data),
                    practices=order.practices,
                    keep=keep,
                    between=between,
                    damaged=self._metrics.damaged,
                )
                with self._turns.turn(key):
                    run.run(read_batch(Path(batch.input), batch.kind))
                _write(file, run.end())
                file.flush()
                os.fsync(file.fileno())
            result = self.folder / f"{batch.id}.ndjson"
            draft.replace(result)
            if not self._door.store.batches.finish(
                batch.id,
                self._worker,
                result=str(result),
                claims_done=run.claims,
                problems=run.problems,
            ):
                raise _StoppedError
        finally:
            draft.unlink(missing_ok=True)
        Path(batch.input).unlink(missing_ok=True)
        return run


def _reason(error: OSError | FirstpassError | ServiceError) -> str:
    if isinstance(error, ServiceError):  # a model that came since knows no such precision
        return "; ".join(x.detail for x in error.errors) or error.detail
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return "the service's disk is full" if full else f"the service's disk: {error.strerror}"
    return str(error)


def read_batch(path: Path, kind: str) -> Iterator[Item]:
    """Claims and problems of a batch's input: ``x12``, or ``ndjson`` with a claim a line."""
    if kind == "x12":
        yield from read_x12(path, name="body")
        return
    decoder = msgspec.json.Decoder(Claim)
    with path.open("rb") as lines:
        row = 0
        while line := lines.readline(MAX_LINE):
            row += 1
            if not line.strip():
                continue
            place = Place("body", row=row)
            try:
                claim = decoder.decode(line)
            except msgspec.ValidationError as error:
                fault = field_error(error)
                field = (fault.pointer or "").lstrip("/").replace("/", ".")
                at = msgspec.structs.replace(place, field=field)
                yield Problem(at, "claim.invalid", fault.detail, "this claim")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield Problem(place, "claim.malformed", "the line is not valid JSON", "this line")
            else:
                yield claim


def _write(file: BinaryIO, data: bytes) -> None:
    file.write(data)


def _uid(batch_id: str, position: int) -> bytes:
    text = f"{batch_id}/{position}".encode()
    return hashlib.blake2b(text, digest_size=16).digest()
