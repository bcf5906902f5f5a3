"""Payments and the suspense queue as rows."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from models.claims.common import ZERO
from models.revenue.deposits import Held
from models.revenue.ledger import PostedDeposit
from serving.store.database import upsert
from serving.store.identity import column_dollars, column_text
from serving.store.ledger_tables import DepositRow, SuspenseRow

HELD, RELEASED, SETTLED = "held", "released", "settled"


def keep_deposits(
    connection: Connection, practice: str, posted: Sequence[PostedDeposit], created: dt.datetime
) -> None:
    """Writes payments and what of them is held; decisions that were made stay."""
    if not posted:
        return
    upsert(connection, DepositRow, [_deposit(practice, x) for x in posted])
    own = SuspenseRow.practice == practice
    query = select(SuspenseRow).where(own, SuspenseRow.deposit.in_([x.deposit.key for x in posted]))
    before = {row.key: row for row in connection.execute(query)}
    held = [h for x in posted for h in x.held]
    upsert(
        connection,
        SuspenseRow,
        [_suspense(practice, h, before.get(h.key), created) for h in held],
    )
    settled = set(before) - {h.key for h in held}
    if settled:
        settle(connection, practice, SuspenseRow.key.in_(settled))


def _deposit(practice: str, posted: PostedDeposit) -> dict[str, Any]:
    d = posted.deposit
    waiting = [h for h in posted.held if not h.released]
    if any(h.key == d.key for h in waiting):
        status = "held"
    elif waiting:
        status = "part_held"
    else:
        status = "released" if posted.held else "posted"
    return {
        "practice": practice,
        "key": d.key,
        "trace": column_text(d.trace),
        "payer": column_text(d.payer),
        "payer_name": column_text(d.payer_name),
        "date": d.date,
        "answered": d.answered,
        "amount": column_dollars(d.amount),
        "claims": column_dollars(d.claims),
        "adjustments": column_dollars(d.adjustments),
        "difference": column_dollars(d.difference),
        "suspended": column_dollars(sum((h.amount for h in waiting), ZERO)),
        "status": status,
        "file": column_text(d.source.file),
        "segment_number": d.source.segment_number,
    }


def settle(connection: Connection, practice: str, which: ColumnElement[bool]) -> None:
    """What these items lacked has come: they are held no more."""
    own = update(SuspenseRow).where(SuspenseRow.practice == practice, which)
    connection.execute(own.values(status=SETTLED))


def _suspense(practice: str, h: Held, before: Any, created: dt.datetime) -> dict[str, Any]:
    return {
        "practice": practice,
        "key": h.key,
        "deposit": h.deposit,
        "status": RELEASED if h.released else HELD,
        "reason": h.reason,
        "words": h.words,
        "releasable": h.releasable,
        "amount": column_dollars(h.amount),
        "date": h.date,
        "payer": column_text(h.payer),
        "payer_name": column_text(h.payer_name),
        "trace": column_text(h.trace),
        "claim_id": column_text(h.claim_id),
        "control": column_text(h.control),
        "file": column_text(h.source.file),
        "segment_number": h.source.segment_number,
        "decided_by": before.decided_by if before else "",
        "decided": before.decided if before else None,
        "decision": before.decision if before else "",
        "created": before.created if before else created,
    }
