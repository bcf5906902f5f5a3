"""What persons do about denials: take them, close them with an outcome, note, correct the claim.

Each is one transaction and leaves a note with name and time. The caller audits.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from models.claims.claim import Claim
from models.errors import InputError
from serving.store.balances_accounts import renew_of_encounters
from serving.store.columns import now
from serving.store.database import Database
from serving.store.errors import ConflictError
from serving.store.identity import column_text, encode
from serving.store.ledger_decisions import Decider
from serving.store.work_items import DONE, FILES, IN_WORK, OPEN, OUTCOMES, STATES
from serving.store.work_tables import WorkItemRow, WorkNoteRow
from serving.store.worklist import KeptItem, read_item

MOST_WORDS = 4000


class WorkChange(msgspec.Struct, frozen=True):
    """What to change; what is ``None`` stays. ``revision``: the one that was seen."""

    state: str | None = None
    outcome: str | None = None
    assigned_to: str | None = None
    note: str = ""
    revision: int | None = None


class WorkDecisions:
    """Each method gives back the item as it is then."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, key: str, who: Decider, change: WorkChange) -> KeptItem:
        """Moves an item to another state, to somebody, or adds a note.

        Raises:
            NotFoundError: no such item of these practices.
            ConflictError: somebody else changed it since ``revision``, or the files settled it.
            InputError: nothing is changed, an unknown state or outcome, or done without outcome.
        """
        _check(change)

        def work(connection: Connection) -> KeptItem:
            before = _locked(connection, key, who, change.revision)
            values: dict[str, Any] = {}
            said: list[tuple[str, str]] = []
            if change.state is not None and change.state != before.state:
                if before.state == DONE and before.closed_by == FILES:
                    raise ConflictError("the files have settled this item: there is nothing to do")
                values |= {"state": change.state, "outcome": "", "closed_by": ""}
                words = {OPEN: "put back", IN_WORK: "in work", DONE: "done"}[change.state]
                said.append(("state", words))
            if change.outcome is not None and (change.state or before.state) == DONE:
                if before.state == DONE and before.closed_by == FILES:
                    raise ConflictError("the files have settled this item: there is nothing to do")
                values |= {"outcome": change.outcome, "closed_by": column_text(who.actor)}
                said = [("state", f"done: {change.outcome.replace('_', ' ')}")]
            if change.assigned_to is not None and change.assigned_to != before.assigned_to:
                values["assigned_to"] = column_text(change.assigned_to)
                to = change.assigned_to
                said.append(("assigned", f"assigned to {to}" if to else "assigned to nobody"))
            if change.note.strip():
                said.append(("note", change.note.strip()))
            return keep(connection, before, who, values, said)

        return self._database.transact(work)

    def correct(
        self, key: str, who: Decider, claim: Claim | None, words: str, revision: int | None
    ) -> KeptItem:
        """Keeps the claim as somebody corrects it; ``None``: as it was sent.

        Raises:
            NotFoundError: no such item of these practices.
            ConflictError: somebody else changed it since ``revision``.
        """

        def work(connection: Connection) -> KeptItem:
            before = _locked(connection, key, who, revision)
            values = {"draft": None if claim is None else encode(claim)}
            return keep(connection, before, who, values, [("claim", words)])

        return self._database.transact(work)


def keep(
    connection: Connection,
    before: KeptItem,
    who: Decider,
    values: dict[str, Any],
    said: list[tuple[str, str]],
) -> KeptItem:
    """Writes what changed of an item with its notes, within the caller's transaction."""
    if not values and not said:
        return before
    moment = now()
    connection.execute(
        update(WorkItemRow)
        .where(WorkItemRow.practice == before.practice, WorkItemRow.key == before.key)
        .values(**values, revision=before.revision + 1, updated=moment)
    )
    if "state" in values or "outcome" in values:
        # An appeal in work, or sent, holds the patient's bill.
        own = select(WorkItemRow.encounter).where(
            WorkItemRow.practice == before.practice, WorkItemRow.key == before.key
        )
        renew_of_encounters(connection, before.practice, connection.execute(own).scalars().all())
    rows = [
        {
            "practice": before.practice, "item": before.key, "kind": kind,
            "words": column_text(words), "actor": column_text(who.actor),
            "who": column_text(who.name or who.actor), "created": moment,
        }
        for kind, words in said
    ]  # fmt: skip
    if rows:
        connection.execute(insert(WorkNoteRow), rows)
    return read_item(connection, before.key, [before.practice])


def _locked(connection: Connection, key: str, who: Decider, revision: int | None) -> KeptItem:
    connection.execute(select(WorkItemRow.key).where(WorkItemRow.key == key).with_for_update())
    found = read_item(connection, key, who.practices)
    if revision is not None and revision != found.revision:
        raise ConflictError(
            "somebody else changed this item since you opened it: look at it as it is now, and"
            " do it again if you still want it"
        )
    return found


def _check(change: WorkChange) -> None:
    if change.state is not None and change.state not in STATES:
        raise InputError(f"state={change.state!r} is unknown; allowed: {', '.join(STATES)}")
    if change.outcome is not None and change.outcome not in OUTCOMES:
        raise InputError(f"outcome={change.outcome!r} is unknown; allowed: {', '.join(OUTCOMES)}")
    if change.state == DONE and change.outcome is None:
        raise InputError(f"what is done has an outcome; allowed: {', '.join(OUTCOMES)}")
    if change.outcome is not None and change.state != DONE:
        raise InputError("an outcome goes with the state 'done'")
    if len(change.note) > MOST_WORDS or len(change.assigned_to or "") > 80:
        raise InputError(f"a note has at most {MOST_WORDS} characters, a name 80")
    if (change.state, change.assigned_to) == (None, None) and not change.note.strip():
        raise InputError("nothing is changed: give a state, a person, or a note")
