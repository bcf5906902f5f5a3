"""A practice's stored records as a claim history, and as files to train from."""

import csv
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Executable, Row, Select, or_, select

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment, Remittance
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.tabular import write_jsonl, write_parquet
from models.claims.tabular_columns import TableName
from models.errors import InputError
from serving.store.database import Database
from serving.store.tables import (
    AcknowledgementRow,
    ClaimRow,
    PaymentRow,
    PracticeRow,
    RemittanceRow,
    ScoredOutcomeRow,
    SetAcknowledgementRow,
    SubmissionRow,
)

FORMS = ("parquet", "jsonl")
_PAGE = 5000

_claim: msgspec.json.Decoder[Claim] = msgspec.json.Decoder(Claim)
decode_payment = msgspec.json.Decoder(Payment).decode
decode_remittance = msgspec.json.Decoder(Remittance).decode
decode_set_acknowledgement = msgspec.json.Decoder(SetAcknowledgement).decode
decode_acknowledgement = msgspec.json.Decoder(Acknowledgement).decode


class StoredSubmission(msgspec.Struct, frozen=True):
    """A submission with its row number, content key and day of arrival."""

    id: int
    body: bytes
    created: dt.datetime
    claim: Claim


class StoredRemittance(msgspec.Struct, frozen=True):
    """A remittance with its row number and day of arrival."""

    id: int
    created: dt.datetime
    remittance: Remittance


def read_submissions(connection: Connection, practice: str) -> Iterator[StoredSubmission]:
    """Every submission of a practice, in the order of arrival."""
    for row in _rows(connection, submission_query(practice)):
        yield stored_submission(row)


def submission_query(
    practice: str,
) -> Select[int, bytes, dt.date, dt.datetime, bytes, str, str, str]:
    """Rows for `stored_submission`, in the order of arrival."""
    return (
        select(
            SubmissionRow.id,
            SubmissionRow.body,
            SubmissionRow.submitted,
            SubmissionRow.created,
            ClaimRow.payload,
            SubmissionRow.interchange,
            SubmissionRow.group_number,
            SubmissionRow.transaction_number,
        )
        .join(ClaimRow, ClaimRow.body == SubmissionRow.body)
        .where(SubmissionRow.practice == practice)
        .order_by(SubmissionRow.id)
    )


def stored_submission(
    row: Row[int, bytes, dt.date, dt.datetime, bytes, str, str, str],
) -> StoredSubmission:
    """One row of `submission_query`."""
    claim = _claim.decode(row.payload)
    if claim.submitted != row.submitted:
        # One content filed on several days is kept once, each day's set is kept apart.
        source = msgspec.structs.replace(
            claim.source,
            interchange=row.interchange,
            group=row.group_number,
            transaction=row.transaction_number,
        )
        claim = msgspec.structs.replace(claim, submitted=row.submitted, source=source)
    return StoredSubmission(row.id, row.body, row.created, claim)


def read_payments(
    connection: Connection, practice: str
) -> Iterator[tuple[Payment, list[StoredRemittance]]]:
    """Every payment of a practice, whole, by the day on which it was answered."""
    query = (
        select(
            PaymentRow.key,
            PaymentRow.payload.label("header"),
            RemittanceRow.id,
            RemittanceRow.created,
            RemittanceRow.payload,
        )
        .outerjoin(RemittanceRow, RemittanceRow.payment == PaymentRow.key)
        .where(PaymentRow.practice == practice)
        .order_by(PaymentRow.answered, PaymentRow.key, RemittanceRow.id)
    )
    key, header, found = b"", b"", list[StoredRemittance]()
    for row in _rows(connection, query):
        if row.key != key:
            if key:
                yield _whole(header, found)
            key, header, found = row.key, row.header, []
        if row.id is not None:
            found.append(StoredRemittance(row.id, row.created, decode_remittance(row.payload)))
    if key:
        yield _whole(header, found)


def _whole(header: bytes, found: list[StoredRemittance]) -> tuple[Payment, list[StoredRemittance]]:
    payment = msgspec.structs.replace(
        decode_payment(header), remittances=tuple(x.remittance for x in found)
    )
    return payment, found


def read_acknowledgements(connection: Connection, practice: str) -> Iterator[Acknowledgement]:
    """A practice's acknowledgements, and those of nobody that name one of its claims."""
    own_numbers = select(SubmissionRow.claim_id).where(SubmissionRow.practice == practice)
    query = (
        select(AcknowledgementRow.payload)
        .where(
            or_(
                AcknowledgementRow.practice == practice,
                (AcknowledgementRow.practice == "") & AcknowledgementRow.claim_id.in_(own_numbers),
            )
        )
        .order_by(AcknowledgementRow.id)
    )
    for row in _rows(connection, query):
        yield decode_acknowledgement(row.payload)


def read_set_acknowledgements(
    connection: Connection, practice: str
) -> Iterator[SetAcknowledgement]:
    """A practice's 999s, and those that may concern several: the history finds its own."""
    table = SetAcknowledgementRow
    query = select(table.payload).where(table.practice.in_((practice, ""))).order_by(table.id)
    for row in _rows(connection, query):
        yield decode_set_acknowledgement(row.payload)


def _rows(connection: Connection, query: Executable) -> Iterator[Any]:
    """Rows as they come from the server, not all at once."""
    yield from connection.execute(query, execution_options={"yield_per": _PAGE})


class Exported(msgspec.Struct):
    """How many records were written, and where."""

    folder: str
    files: list[str] = []
    submissions: int = 0
    payments: int = 0
    acknowledgements: int = 0
    set_acknowledgements: int = 0
    notes: int = 0


def export_history(
    database: Database, practice: str, out: Path, *, form: str = "parquet"
) -> Exported:
    """Writes a practice's claim history where `models.history.read_history` can read it.

    ``parquet``: claims, remittances and acknowledgements in the columns of docs/tabular.md;
    ``jsonl``: every field, for moving to another store. Files appear whole or not at all.

    Raises:
        InputError: unknown form, or ``out`` cannot be written.
        StoreUnavailableError: the store is away.
    """
    if form not in FORMS:
        raise InputError(f"form={form!r} is unknown; allowed: {', '.join(FORMS)}")
    done = Exported(str(out))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with database.read(snapshot=True) as connection:
            done.submissions = _write(
                out / f"claims.{form}",
                (x.claim for x in read_submissions(connection, practice)),
                "claims",
                done,
            )
            done.payments = _write(
                out / f"remittances.{form}",
                (payment for payment, _ in read_payments(connection, practice)),
                "remittances",
                done,
            )
            done.acknowledgements = _write(
                out / f"acknowledgements.{form}",
                read_acknowledgements(connection, practice),
                "acknowledgements",
                done,
            )
            done.set_acknowledgements = _write(
                out / "set_acknowledgements.jsonl",
                read_set_acknowledgements(connection, practice),
                "acknowledgements",
                done,
            )
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror})") from error
    return done


def stored_practices(database: Database) -> list[str]:
    """Keys of all practices that the store knows."""
    with database.read() as connection:
        return list(connection.scalars(select(PracticeRow.practice).order_by(PracticeRow.practice)))


#: Columns of `export_scored`; training reads them.
SCORED_COLUMNS = ("practice", "claim_id", "submitted", "model_version", "warned", "heeded")


def export_scored(database: Database, path: Path, *, practice: str = "") -> int:
    """Writes which submissions a served model had warned of, and which were changed for it.

    One row a submission and model version that somebody saw (no shadow scores); ``warned`` and
    ``heeded`` are 1 or 0. ``practice`` limits it to one. Returns the number of rows.

    Raises:
        InputError: ``path`` cannot be written.
        StoreUnavailableError: the store is away.
    """
    query = (
        select(
            SubmissionRow.practice,
            SubmissionRow.claim_id,
            SubmissionRow.submitted,
            ScoredOutcomeRow.model_version,
            ScoredOutcomeRow.risky,
            ScoredOutcomeRow.state,
        )
        .join(SubmissionRow, SubmissionRow.id == ScoredOutcomeRow.submission)
        .where(ScoredOutcomeRow.shadow.is_(False))
        .order_by(SubmissionRow.id)
    )
    if practice:
        query = query.where(SubmissionRow.practice == practice)
    count = 0
    try:
        with database.read(snapshot=True) as connection, path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(SCORED_COLUMNS)
            for row in _rows(connection, query):
                heeded = row.state == "heeded"
                writer.writerow(
                    (
                        row.practice,
                        row.claim_id,
                        row.submitted.isoformat(),
                        row.model_version,
                        int(row.risky or heeded),
                        int(heeded),
                    )
                )
                count += 1
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror})") from error
    return count


def _write(path: Path, records: Iterator[Any], table: TableName, done: Exported) -> int:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            if path.suffix == ".parquet":
                count = write_parquet(records, file, table)
            else:
                count = write_jsonl(records, file)
        if count:
            partial.replace(path)
            done.files.append(path.name)
    finally:
        partial.unlink(missing_ok=True)
    return count
