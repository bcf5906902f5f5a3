"""Reads notes with the coding model: in the background, and at once when one is opened."""

import asyncio

from models.coding.answer import answer_note
from models.coding.draft import draft_of
from models.errors import FirstpassError
from serving.api.backend import Backend
from serving.coding.follower import CodingFollower, ServedCoding
from serving.scoring.turns import Turns
from serving.store.errors import StoreUnavailableError
from serving.store.identity import body_key
from serving.store.notes import Reading, StoredNote
from serving.telemetry.logs import logger

LOOK_SECONDS = 1.0
PORTION = 8
#: Codes of one system that a reviewer is shown.
MOST = 20


class NoteDesk:
    """Reads stored notes with the version that serves."""

    def __init__(self, follower: CodingFollower, backend: Backend, turns: Turns) -> None:
        self._follower = follower
        self._backend = backend
        self._turns = turns

    @property
    def served(self) -> ServedCoding | None:
        """The version that suggests, if there is one."""
        return self._follower.current

    def read(self, note: StoredNote, served: ServedCoding) -> Reading:
        """What a version says of one note; nothing where it cannot be read as one."""
        claim = self._backend.store.notes.claim_of(note)
        with self._turns.turn("notes"):
            try:
                answer = answer_note(
                    served.model,
                    note.text,
                    draft=draft_of(claim) if claim else None,
                    limit=MOST,
                    date=note.date,
                    specialty=note.specialty,
                )
            except FirstpassError as error:
                logger().error("note.not_read", note=note.token, error=error)
                return Reading([])
        key = body_key(claim).hex() if claim else ""
        return Reading(answer.suggestions, answer.visit, answer.comparison, key)

    def read_now(self, note: StoredNote) -> None:
        """Read a note that is opened before its turn has come, or whose claim has changed."""
        served = self._follower.current
        if served is None:
            return
        if note.reading is not None:
            claim = self._backend.store.notes.claim_of(note)
            if note.reading.draft == (body_key(claim).hex() if claim else ""):
                return
        self._keep(note, served)

    def _keep(self, note: StoredNote, served: ServedCoding) -> None:
        found = [(note, self.read(note, served))]
        self._backend.store.notes.keep_readings(found, str(served.version))

    async def run(self) -> None:
        """Keep every open note's reading that of the version that serves."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                while await asyncio.to_thread(self.read_some):
                    await asyncio.sleep(0)
            except StoreUnavailableError:
                continue
            except Exception as error:  # whatever it is, pages go on
                logger().error("notes.failed", error=error)
                await asyncio.sleep(30 * LOOK_SECONDS)

    def read_some(self) -> int:
        """Read a portion of the notes that wait; how many there were."""
        served = self._follower.current
        if served is None:
            return 0
        notes = self._backend.store.notes
        waiting = notes.to_suggest(str(served.version), PORTION)
        notes.keep_readings([(x, self.read(x, served)) for x in waiting], str(served.version))
        return len(waiting)
