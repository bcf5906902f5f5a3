"""Appeal packets kept with their versions; none is overwritten, and nothing is sent."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, insert, select

from models.claims.claim import Claim
from models.edits import EditTables
from models.revenue.actions import Action
from models.revenue.packet import Packet, PacketDraft, PacketOptions, draft_packet
from models.revenue.work import WorkItem
from serving.store.claim_history import (
    RemittancePart,
    as_filed,
    part_history,
    remittances_of,
)
from serving.store.columns import now
from serving.store.database import Database, insert_new
from serving.store.errors import ConflictError, NotFoundError
from serving.store.identity import column_text, encode
from serving.store.ledger_decisions import Decider
from serving.store.work_decisions import keep
from serving.store.work_items import DONE
from serving.store.work_tables import PacketFileRow, PacketRow, WorkItemRow
from serving.store.worklist import KeptItem, read_item

LETTER = "letter.txt"


class PacketOrder(msgspec.Struct, frozen=True):
    """What a person decides about a packet; see `models.revenue.packet.PacketOptions`.

    The claim is the item's draft, where somebody corrected it.
    """

    action: Action | None = None
    letter: str | None = None
    enclosures: tuple[str, ...] = ()


class PacketVersion(msgspec.Struct, frozen=True):
    """A version: who made it when, and what it holds."""

    version: int
    who: str
    created: dt.datetime
    packet: Packet


class Packets:
    """Packets of the claims of work items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def draft(
        self,
        key: str,
        practices: Sequence[str] | None,
        order: PacketOrder,
        *,
        today: dt.date,
        home: Path | None = None,
    ) -> PacketDraft:
        """The packet of an item's claim as it would be made now; nothing is kept.

        Raises:
            NotFoundError: no such item of these practices.
            InputError: the action is not open to the claim, or its claim cannot be made.
        """
        with self._database.read(snapshot=True) as connection:
            item = read_item(connection, key, practices)
            return _draft(connection, item, order, today, home)

    def make(
        self, key: str, who: Decider, order: PacketOrder, *, today: dt.date,
        home: Path | None = None,
    ) -> PacketVersion:  # fmt: skip
        """Keeps the packet as the next version, if it says something new.

        Raises:
            NotFoundError: no such item of these practices.
            ConflictError: somebody else made a version at the same moment.
            InputError: as `draft`.
        """

        def work(connection: Connection) -> PacketVersion:
            item = read_item(connection, key, who.practices)
            made = _draft(connection, item, order, today, home)
            digest = _digest(made)
            table = PacketRow
            own = (table.practice == item.practice, table.claim_id == item.item.claim_id)
            last = connection.execute(select(func.max(table.version)).where(*own)).scalar() or 0
            query = select(table.digest).where(*own, table.version == last)
            if last and connection.execute(query).scalar() == digest:
                return _version(connection, item, last)
            number = last + 1
            packet = made.kept("", number, True)
            row = {
                "practice": item.practice, "claim_id": item.item.claim_id, "version": number,
                "action": str(made.option.action), "digest": digest, "payload": encode(packet),
                "actor": column_text(who.actor), "who": column_text(who.name or who.actor),
                "created": now(),
            }  # fmt: skip
            if not insert_new(connection, PacketRow, [row]):
                raise ConflictError("somebody else made this version: look at it, then try again")
            connection.execute(
                insert(PacketFileRow),
                [
                    {
                        "practice": item.practice, "claim_id": item.item.claim_id,
                        "version": number, "name": name, "content": content,
                    }
                    for name, content in made.files.items()
                ],
            )  # fmt: skip
            said = f"packet version {number}: {str(made.option.action).replace('_', ' ')}"
            keep(connection, item, who, {}, [("packet", said)])
            return _version(connection, item, number)

        return self._database.transact(work)

    def versions(self, practice: str, claim_id: str) -> list[PacketVersion]:
        """All versions of a claim's packet, the newest first."""
        table = PacketRow
        query = (
            select(table.version, table.who, table.created, table.payload)
            .where(table.practice == practice, table.claim_id == claim_id)
            .order_by(table.version.desc())
        )
        with self._database.read() as connection:
            return [
                PacketVersion(x.version, x.who, x.created, _packet(x.payload))
                for x in connection.execute(query)
            ]

    def file(self, practice: str, claim_id: str, version: int, name: str) -> bytes:
        """One file of a version.

        Raises:
            NotFoundError: there is none of this name.
        """
        table = PacketFileRow
        query = select(table.content).where(
            table.practice == practice, table.claim_id == claim_id, table.version == version,
            table.name == name,
        )  # fmt: skip
        with self._database.read() as connection:
            content = connection.execute(query).scalar()
        if content is None:
            raise NotFoundError("the packet has no such file")
        return bytes(content)

    def remittances(self, item: KeptItem) -> list[RemittancePart]:
        """What each remittance says of an item's line.

        Raises:
            NotFoundError: the claim is gone from the store.
        """
        with self._database.read(snapshot=True) as connection:
            part = part_history(connection, item.practice, item.submission)
        submission = part.history.submissions[part.index(item.submission)]
        return remittances_of(submission, item.item.line - 1)

    def filed(self, item: KeptItem) -> Claim:
        """The claim of an item as it was sent.

        Raises:
            NotFoundError: it is gone from the store.
        """
        with self._database.read() as connection:
            return as_filed(connection, item.practice, item.submission)


def _draft(
    connection: Connection, item: KeptItem, order: PacketOrder, today: dt.date, home: Path | None
) -> PacketDraft:
    part = part_history(connection, item.practice, item.submission)
    place = part.index(item.submission)
    own = [item.item]
    if item.state != DONE:
        table = WorkItemRow
        query = select(table.payload).where(
            table.practice == item.practice, table.submission == item.submission,
            table.key != item.key, table.state != DONE,
        )  # fmt: skip
        found = connection.execute(query.order_by(table.line)).scalars()
        own += [msgspec.json.decode(x, type=WorkItem) for x in found]
    items = [msgspec.structs.replace(x, submission=place) for x in own]
    options = PacketOptions(
        today, order.action, item.draft, letter=order.letter, enclosures=order.enclosures
    )  # fmt: skip
    return draft_packet(part.history, items, options, EditTables.load(home))


def _version(connection: Connection, item: KeptItem, number: int) -> PacketVersion:
    table = PacketRow
    row = connection.execute(
        select(table.who, table.created, table.payload).where(
            table.practice == item.practice, table.claim_id == item.item.claim_id,
            table.version == number,
        )
    ).one()  # fmt: skip
    return PacketVersion(number, row.who, row.created, _packet(row.payload))


def _packet(payload: bytes) -> Packet:
    return msgspec.json.decode(payload, type=Packet)


def _digest(made: PacketDraft) -> bytes:
    found = hashlib.sha256()
    for name, content in sorted(made.files.items()):
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.digest()
