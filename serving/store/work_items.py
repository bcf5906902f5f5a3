"""Denials as work, kept: what the files say of each open line, beside what persons did about it.

Items are made anew with each load from the whole history, so loading again changes nothing. What
the files settle (sent again, answered, paid) is closed by them, and opened again if they no longer
say so; what a person closed stays closed.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from models.claims.common import ZERO
from models.edits import EditTables
from models.history import ClaimHistory
from models.revenue.attempts import tried
from models.revenue.denials import Attempt, DeniedLine, denied_lines
from models.revenue.expected import FeeTables
from models.revenue.ledger import Ledger
from models.revenue.recovery import RecoveryModel, count_rates
from models.revenue.underpaid_work import UNDERPAID, underpaid_items
from models.revenue.underpayment import Finding
from models.revenue.work import WorkItem, Worklist, WorkOptions
from serving.store.columns import now
from serving.store.database import Database, insert_new, upsert
from serving.store.identity import column_dollars, column_text, encode
from serving.store.joining import HEEDED
from serving.store.ledger_tables import LedgerServiceRow
from serving.store.snapshot import HistorySnapshot
from serving.store.tables import PracticeRow, ScoredOutcomeRow
from serving.store.work_tables import WorkItemRow, WorkNoteRow, WorkStateRow

OPEN, IN_WORK, DONE = "open", "in_work", "done"
STATES = (OPEN, IN_WORK, DONE)
FILES = "files"
RECOVERED, DENIED_AGAIN, SENT_AGAIN = "recovered", "denied_again", "sent_again"
WRITTEN_OFF, SUPERSEDED = "written_off", "superseded"
OUTCOMES = (
    RECOVERED, DENIED_AGAIN, SENT_AGAIN, WRITTEN_OFF, "billed_patient", "not_worth_it",
)  # fmt: skip
"""How a person may close an item; a load may also find it superseded by another answer."""

_CHUNK = 500
_FOLLOWING = (
    "submission", "encounter", "service", "payer", "payer_name", "category", "gap", "carc",
    "warned", "action", "route", "deadline", "charge", "at_stake", "probability", "hours",
    "worth", "rate", "payload", "digest",
)  # fmt: skip

Row = dict[str, Any]


class WorkRefreshed(msgspec.Struct):
    """What a load did to the items of a practice."""

    practice: str
    open: int = 0
    new: int = 0
    changed: int = 0
    closed: int = 0
    reopened: int = 0


class _SupersededError(Exception):
    """Somebody keeps items of a newer state of the practice."""


class _Settled(msgspec.Struct, frozen=True):
    """What the files say became of an item."""

    outcome: str
    words: str
    day: dt.date | None = None
    recovered: Decimal = ZERO


class _Change(msgspec.Struct):
    """Rows to write; ``notes`` say what the files closed or opened again."""

    new: list[Row] = []
    changed: list[Row] = []
    moved: list[Row] = []
    notes: list[Row] = []


class WorkItems:
    """Makes the items of each practice; see `serving.store.worklist` for looking at them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stale(self, practices: Sequence[str] | None, model: str | None = None) -> bool:
        """Whether something loaded, or another model (a version), is not in the items yet."""
        old = PracticeRow.changes != func.coalesce(WorkStateRow.done, -1)
        if model is not None:
            old = or_(old, func.coalesce(WorkStateRow.model, "") != model)
        query = (
            select(PracticeRow.practice)
            .outerjoin(WorkStateRow, WorkStateRow.practice == PracticeRow.practice)
            .where(old)
        )
        if practices is not None:
            query = query.where(PracticeRow.practice.in_(practices))
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def refresh(
        self,
        snapshot: HistorySnapshot,
        ledger: Ledger,
        *,
        home: Path | None = None,
        model: RecoveryModel | None = None,
        compared: Sequence[Finding] = (),
    ) -> WorkRefreshed | None:
        """Makes a practice's items anew; ``None`` where somebody has a newer state of it.

        ``compared``: services beside what was expected; those paid below it are work as well.
        ``model``: the champion of ``recovery``; ``None``: rates of the practice's own attempts.
        Killed in between, it is simply done again.

        Raises:
            StoreUnavailableError: the store went away; what was kept until then stays.
        """
        practice, history = snapshot.practice, snapshot.history
        lines = denied_lines(history)
        version = model.model_version if model is not None else ""
        if model is None:
            attempts = tried(history, lines=lines)
            model = RecoveryModel(count_rates((t.facts, t.recovered) for t in attempts))
        worklist = Worklist(
            history, model, edits=EditTables.load(home), fees=FeeTables.load(home)
        )  # fmt: skip
        items = worklist.items([x for x in lines if x.open])
        options = WorkOptions(today=worklist.today)
        items += underpaid_items(history, ledger, compared, options)
        services = _services(ledger)
        with self._database.read(snapshot=True) as connection:
            warned = _warned(connection, practice)
            gone = _written_off(connection, practice)
            kept = _kept(connection, practice)
        stored = {id(x.claim): x.id for x in snapshot.submissions}
        rows = [stored.get(id(s.claim), 0) for s in history.submissions]
        for item in items:
            item.warned = warned.get(rows[item.submission])
        paid = {(x.encounter, x.line): x for x in compared if x.below > 0 >= x.open}
        change, done = _difference(snapshot, rows, items, lines, services, gone, kept, paid)
        try:
            for part in _portions(change):
                self._database.transact(lambda c, part=part: _write(c, practice, snapshot, part))  # type: ignore[misc]
            state = {
                "practice": practice, "done": snapshot.changes, "as_of": history.as_of,
                "model": version, "time": now(),
            }  # fmt: skip
            self._database.transact(lambda c: _finish(c, practice, snapshot, state))
        except _SupersededError:
            return None
        return done


def item_key(
    history: ClaimHistory, submission: int, line: int, answered: dt.date, control: str,
    kind: str = "",
) -> str:  # fmt: skip
    """Names a line (index) at one answer, the same way with every load."""
    claim = history.submissions[submission].claim
    text = "\x1f".join(
        (
            claim.practice, claim.claim_id, claim.submitted.isoformat(), claim.responsibility,
            str(line), answered.isoformat(), control, kind,
        )
    )  # fmt: skip
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _line_key(history: ClaimHistory, line: DeniedLine) -> str:
    control = line.adjudication.remittances[-1].payer_control_number
    return item_key(history, line.submission, line.line, line.answered, control)


def _key_of(history: ClaimHistory, item: WorkItem) -> str:
    kind = item.kind if item.kind == UNDERPAID else ""
    place = (item.submission, item.line - 1, item.denied_on)
    return item_key(history, *place, item.control_number, kind)


def _services(ledger: Ledger) -> dict[tuple[int, int], tuple[str, int]]:
    """Encounter and service number of each submission's lines, by index."""
    return {
        (i, line): (posted.encounter.key, position + 1)
        for posted in ledger.encounters
        for i, positions in zip(
            posted.encounter.submissions, posted.encounter.positions, strict=True
        )
        for line, position in enumerate(positions)
    }


def _warned(connection: Connection, practice: str) -> dict[int, bool]:
    """Whether a score that somebody saw before the answer had warned, by submission."""
    table = ScoredOutcomeRow
    found: dict[int, bool] = {}
    query = select(table.submission, table.risky, table.state).where(
        table.practice == practice, table.shadow.is_(False)
    )
    for row in connection.execute(query):
        warned = row.risky or row.state == HEEDED
        found[row.submission] = found.get(row.submission, False) or warned
    return found


def _written_off(connection: Connection, practice: str) -> set[tuple[str, int]]:
    """Services of which a person wrote the denied part off, and nothing of it is left."""
    table = LedgerServiceRow
    query = select(table.encounter, table.line).where(
        table.practice == practice, table.denial_written_off > ZERO, table.denied <= ZERO
    )
    return {(row.encounter, row.line) for row in connection.execute(query)}


def _kept(connection: Connection, practice: str) -> dict[str, Any]:
    table = WorkItemRow
    query = select(
        table.key, table.digest, table.state, table.outcome, table.closed_by, table.settled,
        table.recovered, table.kind, table.encounter, table.service,
    ).where(table.practice == practice)  # fmt: skip
    return {row.key: row for row in connection.execute(query)}


def _difference(
    snapshot: HistorySnapshot,
    rows: Sequence[int],
    items: Sequence[WorkItem],
    lines: Sequence[DeniedLine],
    services: Mapping[tuple[int, int], tuple[str, int]],
    gone: set[tuple[str, int]],
    kept: Mapping[str, Any],
    paid: Mapping[tuple[str, int], Finding],
) -> tuple[_Change, WorkRefreshed]:
    history, practice = snapshot.history, snapshot.practice
    change, done = _Change(), WorkRefreshed(practice)
    moment = now()
    seen: set[str] = set()

    def move(key: str, state: str, what: _Settled) -> None:
        """Closes or opens an item, where that is a change; a person's decision stays."""
        row, outcome, settled = kept[key], what.outcome, what.day
        recovered = column_dollars(what.recovered)
        decided = row.state == DONE and row.closed_by != FILES
        if decided:
            state, outcome, by = row.state, row.outcome, row.closed_by
        else:
            by = FILES if state == DONE else ""
            if state == OPEN and row.state == IN_WORK:
                state = IN_WORK
        before = (row.state, row.outcome, row.settled, row.recovered)
        if before == (state, outcome, settled, recovered):
            return
        change.moved.append(
            {
                "b_key": key, "state": state, "outcome": outcome, "closed_by": by,
                "settled": settled, "recovered": recovered, "updated": moment,
            }
        )  # fmt: skip
        if row.state != state or row.outcome != outcome:
            done.closed += state == DONE
            done.reopened += state == OPEN
            change.notes.append(_note(practice, key, what.words, moment))

    for item in items:
        key = _key_of(history, item)
        if key in seen:
            continue
        seen.add(key)
        service = services.get((item.submission, item.line - 1), ("", 0))
        row = _row(practice, key, rows[item.submission], item, service)
        before = kept.get(key)
        written = service in gone
        if before is None:
            if written:
                continue  # it never waited for anybody
            change.new.append({**row, **_fresh(moment)})
            done.new += 1
        else:
            if before.digest != row["digest"]:
                values = {name: row[name] for name in _FOLLOWING}
                change.changed.append({"b_key": key, **values, "updated": moment})
                done.changed += 1
            if written:
                move(key, DONE, _Settled(WRITTEN_OFF, "written off in the ledger"))
            elif before.state == DONE and before.closed_by == FILES:
                move(key, OPEN, _Settled("", "open again: the files no longer settle it"))
    done.open = len(seen)
    by_key = {_line_key(history, x): x for x in lines} if len(seen) < len(kept) else {}
    for key, row in kept.items():
        if key in seen:
            continue
        short = paid.get((row.encounter, row.service)) if row.kind == UNDERPAID else None
        if short is not None:
            words = f"what was missing was paid: {short.recovered:,.2f} dollars"
            move(key, DONE, _Settled(RECOVERED, words, history.as_of, short.recovered))
        else:
            move(key, DONE, _settled(by_key.get(key)))
    return change, done


def _settled(line: DeniedLine | None) -> _Settled:
    """What the files say became of a line that is open no more."""
    if line is None or (line.settled is None and line.attempt is Attempt.NONE):
        return _Settled(SUPERSEDED, "the files show nothing open here any more")
    if line.settled is None:
        day = f" on {line.attempted}" if line.attempted else ""
        return _Settled(SENT_AGAIN, f"a claim for it went out{day}")
    if line.recovered > 0:
        words = f"{line.recovered:,.2f} dollars more were paid on {line.settled}"
        return _Settled(RECOVERED, words, line.settled, line.recovered)
    words = f"answered again on {line.settled}: nothing more was paid"
    return _Settled(DENIED_AGAIN, words, line.settled)


def _row(practice: str, key: str, submission: int, item: WorkItem, service: tuple[str, int]) -> Row:
    best = item.best
    # Its place in this reading of the history says nothing about the item.
    payload = encode(msgspec.structs.replace(item, submission=0))
    words = blake2b(payload, digest_size=16)
    words.update(f"{submission} {service}".encode())
    return {
        "practice": practice,
        "key": key,
        "claim_id": column_text(item.claim_id),
        "line": item.line,
        "submission": submission,
        "encounter": service[0],
        "service": service[1],
        "kind": item.kind,
        "payer": column_text(item.payer),
        "payer_name": column_text(item.payer_name),
        "code": column_text(item.code),
        "category": str(item.category),
        "gap": str(item.cause.gap),
        "carc": column_text(next(iter(item.carcs), "")),
        "warned": item.warned,
        "denied_on": item.denied_on,
        "action": str(best.action),
        "route": "" if best.route is None else str(best.route),
        "deadline": best.deadline,
        "charge": column_dollars(item.charge),
        "at_stake": column_dollars(item.at_stake),
        "probability": best.probability,
        "hours": best.hours,
        "worth": best.worth,
        "rate": best.rate,
        "payload": payload,
        "digest": words.digest(),
    }


def _fresh(moment: dt.datetime) -> Row:
    return {
        "state": OPEN, "outcome": "", "closed_by": "", "settled": None, "recovered": Decimal(0),
        "assigned_to": "", "draft": None, "revision": 0, "created": moment, "updated": moment,
    }  # fmt: skip


def _note(practice: str, key: str, words: str, moment: dt.datetime) -> Row:
    return {
        "practice": practice, "item": key, "kind": FILES, "words": words, "actor": FILES,
        "who": "the files", "created": moment,
    }  # fmt: skip


def _portions(change: _Change) -> Iterator[_Change]:
    """Small transactions: what is new, then what changed, then what moved with its notes."""
    for begin in range(0, len(change.new), _CHUNK):
        yield _Change(new=change.new[begin : begin + _CHUNK])
    for begin in range(0, len(change.changed), _CHUNK):
        yield _Change(changed=change.changed[begin : begin + _CHUNK])
    notes = {x["item"]: x for x in change.notes}
    for begin in range(0, len(change.moved), _CHUNK):
        part = change.moved[begin : begin + _CHUNK]
        own = [notes[x["b_key"]] for x in part if x["b_key"] in notes]
        yield _Change(moved=part, notes=own)


def _write(connection: Connection, practice: str, snapshot: HistorySnapshot, part: _Change) -> None:
    _check(connection, practice, snapshot)
    insert_new(connection, WorkItemRow, part.new)
    for rows in (part.changed, part.moved):
        if rows:
            names = [name for name in rows[0] if name != "b_key"]
            own = update(WorkItemRow).where(
                WorkItemRow.practice == practice, WorkItemRow.key == bindparam("b_key")
            )
            connection.execute(own.values({name: bindparam(name) for name in names}), rows)
    if part.notes:
        connection.execute(insert(WorkNoteRow), part.notes)


def _check(connection: Connection, practice: str, snapshot: HistorySnapshot) -> None:
    query = select(WorkStateRow.done).where(WorkStateRow.practice == practice)
    done = connection.execute(query.with_for_update()).scalar()
    if done is not None and done > snapshot.changes:
        raise _SupersededError


def _finish(connection: Connection, practice: str, snapshot: HistorySnapshot, state: Row) -> None:
    _check(connection, practice, snapshot)
    upsert(connection, WorkStateRow, [state])
