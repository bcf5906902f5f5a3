"""A folder instead of HTTP: what is dropped in comes out scored, or is loaded, or is set aside.

``INBOX/*`` 837P: scored into the outbox. ``INBOX/submitted/*``: 837P as filed, loaded. 835 and
277CA are loaded from either. A file is taken by renaming it, so it is worked on once; what a kill
left half-done is done again from the start, and scores are kept under names that follow from
the file's bytes, so nothing is doubled.
"""

import asyncio
import csv
import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12 import read_x12
from models.denial.score import COLUMNS, row
from models.errors import FirstpassError, InputError, Problem
from serving.scoring.batches import ScoreKeeper
from serving.scoring.follower import ServedModel
from serving.scoring.requests import ScoreOptions
from serving.scoring.scorer import ClaimStream, EditDesk, Scored
from serving.scoring.stream import StreamRun
from serving.store.errors import StoreUnavailableError
from serving.store.loading import load_paths
from serving.store.store import Store
from serving.store.working import work_in
from serving.telemetry.logs import logger

ACTOR = "watch"
SUBMITTED = "submitted"
#: A file must not have changed for so long, since it may still be being written.
QUIET_SECONDS = 2.0
_PARTIAL = (".part", ".tmp", ".filepart", ".crdownload", "~")


class Waiting(FirstpassError):  # noqa: N818 - not an error of the file: it is tried again
    """The file is sound, but something else has to come first."""


class Kinds(msgspec.Struct):
    """What a file holds."""

    claims: int = 0
    others: int = 0
    problems: list[Problem] = []


class Watcher:
    """Works off one inbox. ``model`` gives the version that scores now, if there is one."""

    def __init__(
        self,
        inbox: Path,
        outbox: Path,
        *,
        model: Callable[[], ServedModel | None],
        edits: EditDesk,
        keeper: ScoreKeeper,
        store: Store,
        options: ScoreOptions,
    ) -> None:
        self.inbox = inbox
        self.outbox = outbox
        self.working = outbox / "working"
        self.done = outbox / "done"
        self.failed = outbox / "failed"
        self._model = model
        self._edits = edits
        self._keeper = keeper
        self._store = store
        self._options = options

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.inbox / SUBMITTED, self.working / SUBMITTED, self.done, self.failed):
            folder.mkdir(parents=True, exist_ok=True)

    async def run(self, every: float, once: bool) -> int:
        """Work files off as they come, or those that are there; how many failed."""
        failed = 0
        quiet = 0.0 if once else QUIET_SECONDS
        while True:
            for path in [*self._left(), *self._arrived(quiet)]:
                failed += not await asyncio.to_thread(self.take, path)
            if once:
                return failed
            await asyncio.sleep(every)

    def _left(self) -> Iterator[Path]:
        """What an earlier run was working on when it ended."""
        yield from _files(self.working)
        yield from _files(self.working / SUBMITTED)

    def _arrived(self, quiet: float) -> Iterator[Path]:
        now = time.time()
        for folder in (self.inbox, self.inbox / SUBMITTED):
            for path in _files(folder):
                if now - path.stat().st_mtime >= quiet:
                    yield path

    def take(self, path: Path) -> bool:
        """Work one file off; False where it was set aside."""
        sent = path.parent.name == SUBMITTED
        mine = (self.working / SUBMITTED if sent else self.working) / path.name
        try:
            if path != mine:
                path = path.rename(_free(mine))
        except FileNotFoundError:
            return True  # somebody took it back
        try:
            self._work(path, sent)
        except (Waiting, StoreUnavailableError) as error:
            # It stays in the working folder and is tried again.
            logger().warning("watch.waits", reason=str(error))
            return True
        except Exception as error:
            reason = str(error) if isinstance(error, FirstpassError) else type(error).__name__
            logger().error("watch.failed", error=error)
            aside = path.rename(_free(self.failed / path.name))
            aside.with_name(aside.name + ".reason.txt").write_text(reason + "\n")
            return False
        path.rename(_free(self.done / path.name))
        return True

    def _work(self, path: Path, sent: bool) -> None:
        kinds = _kinds(path)
        if not kinds.claims and not kinds.others:
            reasons = dict.fromkeys(str(x) for x in kinds.problems[:5])
            raise InputError("; ".join(reasons) or "the file holds no X12 that is read here")
        if kinds.claims and not sent:
            self._score(path)
        if kinds.others or sent:
            summary = load_paths(self._store, [path], actor=ACTOR, origin="watch")
            for practice in summary.practices:
                work_in(self._store, practice)

    def _score(self, path: Path) -> None:
        served = self._model()
        if served is None:
            raise Waiting("there is no model yet: run 'firstpass train denial HISTORY --promote'")
        digest = hashlib.sha256(path.read_bytes()).digest()
        request_id = f"watch-{digest.hex()[:16]}"
        drafts = [self.outbox / f".{path.name}.{kind}.draft" for kind in ("jsonl", "csv")]
        done = 0
        table = io.StringIO()
        writer = csv.DictWriter(table, COLUMNS)
        writer.writeheader()

        def keep(scored: Scored) -> None:
            nonlocal done
            first = done
            done += len(scored.claims)
            self._keeper.keep_scores(ACTOR, request_id, scored, lambda i: _uid(digest, first + i))
            writer.writerows(row(risk) for risk in scored.risks)
            csv_file.write(table.getvalue().encode())
            table.seek(0)
            table.truncate()

        with drafts[0].open("wb") as lines, drafts[1].open("wb") as csv_file:
            run = StreamRun(
                ClaimStream(served, self._edits, self._options),
                request_id,
                write=lambda data: _append(lines, data),
                keep=keep,
            )
            run.run(read_x12(path))
            lines.write(run.end())
            csv_file.write(table.getvalue().encode())
            for file in (lines, csv_file):
                file.flush()
                os.fsync(file.fileno())
        for draft, kind in zip(drafts, ("jsonl", "csv"), strict=True):
            draft.replace(self.outbox / f"{path.name}.scored.{kind}")
        logger().info("watch.scored", claims=run.claims, problems=run.problems)


def _append(file: BinaryIO, data: bytes) -> None:
    file.write(data)


def _kinds(path: Path) -> Kinds:
    kinds = Kinds()
    for item in read_x12(path):
        match item:
            case Claim():
                kinds.claims += 1
            case Payment() | Acknowledgement() | SetAcknowledgement():
                kinds.others += 1
            case Problem():
                kinds.problems.append(item)
    return kinds


def _files(folder: Path) -> list[Path]:
    found = [
        x
        for x in folder.iterdir()
        if x.is_file() and not x.name.startswith(".") and not x.name.endswith(_PARTIAL)
    ]
    return sorted(found, key=lambda x: (x.stat().st_mtime, x.name))


def _free(path: Path) -> Path:
    """``path``, or the same with a number where that is taken: nothing is overwritten."""
    number = 1
    while path.exists():
        number += 1
        stem = path.name.partition(".")
        path = path.with_name(f"{stem[0].rpartition('~')[0] or stem[0]}~{number}.{stem[2]}")
    return path


def _uid(digest: bytes, position: int) -> bytes:
    return hashlib.blake2b(digest + position.to_bytes(8, "big"), digest_size=16).digest()
