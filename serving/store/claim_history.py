"""The history of one claim: what a packet needs, without reading the whole practice."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, select, union

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.claims.x12.context import Item
from models.history import ClaimHistory, Submission, build_history
from models.history.lines import match_lines
from serving.store.errors import NotFoundError
from serving.store.history import (
    StoredSubmission,
    decode_acknowledgement,
    decode_payment,
    decode_remittance,
    stored_submission,
    submission_query,
)
from serving.store.ledger_tables import LedgerEntryRow, LedgerGroupRow
from serving.store.tables import AcknowledgementRow, PaymentRow, RemittanceRow, SubmissionRow

_MOST_NUMBERS = 500


class PartHistory(msgspec.Struct):
    """A history of one patient's claims; ``rows`` are the submissions' numbers in the store."""

    history: ClaimHistory
    rows: list[int]

    def index(self, submission: int) -> int:
        """Where a stored submission stands in the history.

        Raises:
            NotFoundError: it is gone from the store.
        """
        if submission not in self.rows:
            raise NotFoundError("the claim of this item is not in the store any more")
        return self.rows.index(submission)


class RemittancePart(msgspec.Struct, frozen=True):
    """What one remittance says of one line, with the place that it rests on.

    ``adjustments`` are group, CARC and dollars, those of the whole claim behind the line's.
    """

    date: dt.date
    payer: str
    trace: str
    control: str
    status: str
    charge: Decimal
    paid: Decimal
    adjustments: tuple[tuple[str, str, Decimal], ...]
    remarks: tuple[str, ...]
    file: str
    segment_number: int


def remittances_of(submission: Submission, line: int) -> list[RemittancePart]:
    """What each remittance says of a line (index) of a submission, in the order of the answers."""
    found = []
    for payment, r in submission.answers:
        own = [
            x for x, i in zip(r.lines, match_lines(submission.claim, r.lines), strict=True)
            if i == line
        ]  # fmt: skip
        cuts = [(a.group, a.carc, a.amount) for x in own for a in x.adjustments]
        cuts += [(a.group, a.carc, a.amount) for a in r.adjustments]
        remarks = [c for x in own for c in x.remark_codes] or list(r.remark_codes)
        found.append(
            RemittancePart(
                payment.answered, payment.payer_name, payment.trace, r.payer_control_number,
                r.status, sum((x.charge for x in own), ZERO) if own else r.charge,
                sum((x.paid for x in own), ZERO) if own else r.paid, tuple(cuts),
                tuple(dict.fromkeys(remarks)), r.source.file, r.source.segment_number,
            )
        )  # fmt: skip
    return found


def part_history(connection: Connection, practice: str, submission: int) -> PartHistory:
    """The claims of a submission's patient, with their answers and acknowledgements.

    Answers are found by claim number, and by the payers' numbers that the ledger has for them.

    Raises:
        NotFoundError: there is no such submission.
    """
    own = SubmissionRow
    patient = connection.execute(
        select(own.patient).where(own.id == submission, own.practice == practice)
    ).scalar()
    if patient is None:
        raise NotFoundError("the claim of this item is not in the store any more")
    stored = [
        stored_submission(row)
        for row in connection.execute(submission_query(practice).where(own.patient == patient))
    ]
    numbers = sorted({x.claim.claim_id for x in stored})[:_MOST_NUMBERS]
    items: list[Item] = [x.claim for x in stored]
    items += _payments(connection, practice, numbers)
    answer = AcknowledgementRow
    found = connection.execute(
        select(answer.practice, answer.payload)
        .where(answer.claim_id.in_(numbers))
        .order_by(answer.id)
    )
    # Whose they are is looked at here: as a condition, SQLite would go through the practice's.
    own_answers = (x.payload for x in found if x.practice in (practice, ""))
    items += [decode_acknowledgement(payload) for payload in own_answers]
    history = build_history(items)
    return PartHistory(history, _rows(history, stored))


def as_filed(connection: Connection, practice: str, submission: int) -> Claim:
    """A submission's claim.

    Raises:
        NotFoundError: there is no such submission.
    """
    query = submission_query(practice).where(SubmissionRow.id == submission)
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError("the claim of this item is not in the store any more")
    return stored_submission(row).claim


def _rows(history: ClaimHistory, stored: Sequence[StoredSubmission]) -> list[int]:
    known = {id(x.claim): x.id for x in stored}
    return [known.get(id(s.claim), 0) for s in history.submissions]


def _payments(connection: Connection, practice: str, numbers: Sequence[str]) -> list[Item]:
    """Payments that name one of the claims, each with these remittances only."""
    entry, group, paid = LedgerEntryRow, LedgerGroupRow, RemittanceRow
    # All by index: encounters bear the number of their first claim, a claim of the same patient.
    encounters = select(group.subject).where(
        group.practice == practice, group.claim_id.in_(numbers)
    )
    controls = select(entry.control).where(
        entry.practice == practice, entry.encounter.in_(encounters),
        entry.submission.in_(numbers), entry.control != "",
    )  # fmt: skip
    known = sorted(set(connection.execute(controls).scalars()))[:_MOST_NUMBERS]
    # One condition on both columns, or a join, would make SQLite read all payments.
    parts: dict[bytes, list[bytes]] = {}
    for row in connection.execute(
        union(
            select(paid.id, paid.payment, paid.payload).where(paid.claim_id.in_(numbers)),
            select(paid.id, paid.payment, paid.payload).where(paid.payer_control_number.in_(known)),
        ).order_by("id")
    ):
        parts.setdefault(row.payment, []).append(row.payload)
    headers = connection.execute(
        select(PaymentRow.key, PaymentRow.payload)
        .where(PaymentRow.key.in_(sorted(parts)), PaymentRow.practice == practice)
        .order_by(PaymentRow.answered, PaymentRow.key)
    ).all()
    return [
        msgspec.structs.replace(
            decode_payment(header.payload),
            remittances=tuple(decode_remittance(x) for x in parts[header.key]),
        )
        for header in headers
    ]
