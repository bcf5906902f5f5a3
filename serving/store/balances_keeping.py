"""Accounts of patients and unanswered claims, worked out anew from a practice's files.

Follows every posting, in short transactions; killed in between it is simply done again.
"""

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, tuple_, update

from models.claims.common import ZERO
from models.history import Submission
from models.revenue.collection_policy import CollectionPolicy
from models.revenue.expected import FeeTables
from models.revenue.followup import unanswered
from models.revenue.ledger import Ledger
from models.revenue.patient_shares import PatientShare, patient_shares
from serving.store.balances_accounts import MANY, renew
from serving.store.balances_tables import (
    BalanceStateRow,
    PatientAccountRow,
    PatientServiceRow,
    UnansweredClaimRow,
)
from serving.store.columns import now
from serving.store.database import Database, insert_new, upsert
from serving.store.identity import column_dollars, column_text, patient_fingerprint
from serving.store.snapshot import HistorySnapshot
from serving.store.tables import InstallationRow, PracticeRow

Row = dict[str, Any]


class _Patient(msgspec.Struct):
    """One patient of the practice: the latest claim, and the services."""

    submission: Submission
    shares: list[PatientShare] = []
    died: dt.date | None = None


class BalanceKeeping:
    """Keeps accounts and unanswered claims up to date."""

    def __init__(self, database: Database, policy: CollectionPolicy) -> None:
        self._database = database
        self._policy = policy

    def stale(self, practice: str) -> bool:
        """Whether something was loaded, or decided, that is not worked in yet."""
        query = (
            select(PracticeRow.changes, BalanceStateRow.done)
            .outerjoin(BalanceStateRow, BalanceStateRow.practice == PracticeRow.practice)
            .where(PracticeRow.practice == practice)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return row is not None and row.changes != row.done

    def refresh(
        self, snapshot: HistorySnapshot, ledger: Ledger, fees: FeeTables | None = None
    ) -> int:
        """Works one practice out, after its ledger was posted; how many accounts it has.

        Raises:
            StoreUnavailableError: the store went away; do it again.
        """
        practice = snapshot.practice
        if self._newer(practice, snapshot.changes):
            return 0  # somebody else has worked a newer state in
        patients = self._patients(snapshot, ledger, fees)
        bodies = {id(x.claim): (x.id, x.body) for x in snapshot.submissions}
        numbers: dict[bytes, int] = {}
        for part in _portions(patients.items()):
            rows = [_account(practice, key, x, bodies) for key, x in part]
            numbers |= self._database.transact(
                lambda c, rows=rows: _keep_accounts(c, practice, rows)  # type: ignore[misc]
            )
        services = [
            _service(practice, numbers[key], x)
            for key, patient in patients.items()
            for x in patient.shares
        ]
        gone = self._gone(practice, services)
        for keys in _portions(gone):
            self._database.transact(lambda c, keys=keys: _remove(c, practice, keys))  # type: ignore[misc]
        for chunk in _portions(services):
            self._database.transact(lambda c, chunk=chunk: upsert(c, PatientServiceRow, chunk))  # type: ignore[misc]
        every = self._every(practice)
        for ids in _portions(every):
            self._database.transact(lambda c, ids=ids: renew(c, ids, policy=self._policy))  # type: ignore[misc]
        waiting = _unanswered(snapshot, bodies)
        self._database.transact(lambda c: _keep_unanswered(c, practice, waiting))
        state = {
            "practice": practice, "done": snapshot.changes, "as_of": snapshot.history.as_of,
            "time": now(),
        }  # fmt: skip
        if not self._newer(practice, snapshot.changes):
            self._database.transact(lambda c: upsert(c, BalanceStateRow, [state]))
        return len(every)

    def _newer(self, practice: str, changes: int) -> bool:
        query = select(BalanceStateRow.done).where(BalanceStateRow.practice == practice)
        with self._database.read() as connection:
            done = connection.execute(query).scalar()
        return done is not None and done > changes

    def _patients(
        self, snapshot: HistorySnapshot, ledger: Ledger, fees: FeeTables | None
    ) -> dict[bytes, _Patient]:
        with self._database.read() as connection:
            query = select(InstallationRow.value).where(InstallationRow.name == "fingerprint_key")
            secret: bytes = connection.execute(query).scalar_one()
        found: dict[bytes, _Patient] = {}
        for share in patient_shares(snapshot.history, ledger, fees):
            submission = snapshot.history.submissions[share.submission]
            key = patient_fingerprint(submission.claim, secret)
            patient = found.setdefault(key, _Patient(submission))
            patient.shares.append(share)
            patient.died = share.died or patient.died
            if submission.claim.submitted > patient.submission.claim.submitted:
                patient.submission = submission
        return found

    def _gone(self, practice: str, services: Sequence[Row]) -> list[tuple[str, int]]:
        wanted = {(x["encounter"], x["line"]) for x in services}
        table = PatientServiceRow
        query = select(table.encounter, table.line).where(table.practice == practice)
        with self._database.read() as connection:
            return [
                (x.encounter, x.line)
                for x in connection.execute(query)
                if (x.encounter, x.line) not in wanted
            ]

    def _every(self, practice: str) -> list[int]:
        query = select(PatientAccountRow.id).where(PatientAccountRow.practice == practice)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


def _account(
    practice: str, key: bytes, patient: _Patient, bodies: Mapping[int, tuple[int, bytes]]
) -> Row:
    claim = patient.submission.claim
    person = claim.patient if claim.patient.last_name else claim.subscriber
    return {
        "token": secrets.token_hex(8),
        "practice": practice,
        "patient": key,
        "initials": column_text(person.first_name[:1] + person.last_name[:1]),
        "body": bodies[id(claim)][1],
        "claim_id": column_text(claim.claim_id),
        "died": patient.died,
        "owed": ZERO,
        "billable": ZERO,
        "credit": ZERO,
        "services": 0,
        "oldest": None,
        "step": "settled",
        "due": None,
        "why": "",
    }


def _keep_accounts(connection: Connection, practice: str, rows: Sequence[Row]) -> dict[bytes, int]:
    """New accounts are added, known ones learn their latest claim; numbers by patient."""
    insert_new(connection, PatientAccountRow, rows)
    table = PatientAccountRow
    query = select(table.patient, table.id, table.body, table.died).where(
        table.practice == practice, table.patient.in_([x["patient"] for x in rows])
    )
    kept = {x.patient: x for x in connection.execute(query)}
    for row in rows:
        before = kept[row["patient"]]
        if before.body != row["body"] or before.died != row["died"]:
            values = {k: row[k] for k in ("initials", "body", "claim_id", "died")}
            connection.execute(update(table).where(table.id == before.id).values(values))
    return {key: x.id for key, x in kept.items()}


def _service(practice: str, account: int, share: PatientShare) -> Row:
    return {
        "practice": practice,
        "encounter": share.encounter,
        "line": share.line,
        "account": account,
        "holds": [str(x) for x in share.holds],
        "paid_at_visit": column_dollars(share.paid_at_visit),
    }


def _remove(connection: Connection, practice: str, keys: Sequence[tuple[str, int]]) -> None:
    table = PatientServiceRow
    connection.execute(
        delete(table).where(
            table.practice == practice, tuple_(table.encounter, table.line).in_(keys)
        )
    )


def _unanswered(snapshot: HistorySnapshot, bodies: Mapping[int, tuple[int, bytes]]) -> list[Row]:
    history = snapshot.history
    return [
        {
            "submission": bodies[id(history.submissions[x.submission].claim)][0],
            "practice": snapshot.practice,
            "claim_id": column_text(x.claim_id),
            "payer": column_text(x.payer),
            "payer_name": column_text(x.payer_name),
            "stage": str(x.stage),
            "charge": column_dollars(x.charge),
            "submitted": x.submitted,
            "age": x.age,
            "usual_days": x.usual_days,
            "overdue": x.overdue,
            "syntax_accepted": x.syntax_accepted_on,
            "accepted": x.accepted_on,
            "control": column_text(x.payer_control_number),
            "notes": list(x.notes),
        }
        for x in unanswered(history)
    ]


def _keep_unanswered(connection: Connection, practice: str, rows: Sequence[Row]) -> None:
    connection.execute(delete(UnansweredClaimRow).where(UnansweredClaimRow.practice == practice))
    if rows:
        connection.execute(insert(UnansweredClaimRow), list(rows))


def _portions(rows: Iterable[Any]) -> Iterable[list[Any]]:
    portion: list[Any] = []
    for row in rows:
        portion.append(row)
        if len(portion) >= MANY:
            yield portion
            portion = []
    if portion:
        yield portion
