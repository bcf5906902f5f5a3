"""Claims, payments and acknowledgements into the store, each once however often they are sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection, select, update

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12.context import Item, SkippedTransaction
from models.errors import Problem
from serving.store.columns import now
from serving.store.database import Database, insert_new
from serving.store.filing import Filing, Record
from serving.store.identity import column_text, encode
from serving.store.practices import Practices
from serving.store.records import IntakeRecord, LoadReport
from serving.store.tables import InstallationRow, TransmissionRow

# Records in one transaction: some 100 ms of the one writer that SQLite has.
_CHUNK = 1000
_KEPT_PROBLEMS = 1000


class Transmission(msgspec.Struct, frozen=True):
    """A file or body: ``sha256`` of its bytes, ``size`` in bytes, ``origin`` (cli, api, watch)."""

    name: str
    sha256: bytes
    size: int
    origin: str = "api"


class Intake:
    """Stores what readers yield, in short transactions.

    A job that was killed leaves whole records and a transmission without ``finished``; the
    same file loaded again completes it and doubles nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fingerprint_key: bytes | None = None

    def load(
        self,
        items: Iterable[Item],
        transmission: Transmission,
        *,
        practices: frozenset[str] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Stores ``items`` as they come; ``progress`` is told how many records were stored.

        ``practices``: those that the sender may write to (``None``: any); other practices'
        records are refused and reported.

        Raises:
            StoreUnavailableError: what was stored until then stays; load again to go on.
        """
        report = LoadReport(transmission.name, transmission.sha256.hex())
        with self._database.read() as connection:
            if _loaded(connection, report):
                return report
        number: int | None = None
        for records in _chunks(items, report):
            if number is None:
                # Not earlier: a file that turns out to hold no claim data leaves no trace.
                number = self._database.transact(lambda c: _begin(c, transmission))
            self._chunk(records, number, practices, report)
            if progress is not None:
                progress(len(records))
        if number is not None or report.skipped:
            self._database.transact(lambda c: _finish(c, _begin(c, transmission), report))
        return report

    def seen(self, sha256: bytes) -> bool:
        """Whether a file with these bytes was loaded to its end, nothing refused."""
        with self._database.read() as connection:
            return _loaded(connection, LoadReport("", sha256.hex()))

    def write(self, connection: Connection, record: IntakeRecord) -> LoadReport:
        """Stores one spooled record within the caller's transaction."""
        transmission = Transmission(record.name, record.sha256, record.size, record.origin)
        report = LoadReport(record.name, record.sha256.hex())
        if not _loaded(connection, report):
            number = _begin(connection, transmission)
            allowed = None if record.practices is None else frozenset(record.practices)
            items: list[Item] = [
                *record.claims,
                *record.payments,
                *record.acknowledgements,
                *record.set_acknowledgements,
            ]
            for records in _chunks(items, report):
                _add(report, self._store(connection, records, number, allowed))
            _finish(connection, number, report)
        return report

    def _chunk(
        self,
        records: Sequence[Record],
        number: int,
        practices: frozenset[str] | None,
        report: LoadReport,
    ) -> None:
        # Added after the transaction: it may run twice.
        _add(
            report,
            self._database.transact(lambda c: self._store(c, records, number, practices)),
        )

    def _store(
        self,
        connection: Connection,
        records: Sequence[Record],
        transmission: int,
        allowed: frozenset[str] | None,
    ) -> LoadReport:
        """One transaction's worth; the answer counts what is new and what was refused."""
        filing = Filing(
            connection,
            Practices(connection),
            transmission,
            now(),
            self._key(connection),
            allowed,
        )
        done = LoadReport("", "")
        claims = [x for x in records if isinstance(x, Claim)]
        payments = [x for x in records if isinstance(x, Payment)]
        answers = [x for x in records if isinstance(x, Acknowledgement)]
        done.claims.new = filing.store_claims(claims)
        done.payments.new, done.remittances.new = filing.store_payments(payments)
        done.acknowledgements.new = filing.store_acknowledgements(answers)
        sets = [x for x in records if isinstance(x, SetAcknowledgement)]
        done.set_acknowledgements.new = filing.store_set_acknowledgements(sets)
        if done.new:
            filing.practices.changed(filing.touched)
        done.practices = sorted(filing.touched - {""})
        done.problems = filing.problems
        return done

    def _key(self, connection: Connection) -> bytes:
        if self._fingerprint_key is None:
            query = select(InstallationRow.value).where(InstallationRow.name == "fingerprint_key")
            self._fingerprint_key = connection.execute(query).scalar_one()
        return self._fingerprint_key


def _loaded(connection: Connection, report: LoadReport) -> bool:
    """Whether the report's file was loaded before; then the report says so."""
    row = connection.execute(
        select(TransmissionRow.practices).where(
            TransmissionRow.sha256 == bytes.fromhex(report.sha256),
            TransmissionRow.finished.is_not(None),
        )
    ).one_or_none()
    if row is not None:
        report.already, report.practices = True, list(row.practices)
    return report.already


def _begin(connection: Connection, transmission: Transmission) -> int:
    insert_new(
        connection,
        TransmissionRow,
        [
            {
                "sha256": transmission.sha256,
                "name": column_text(transmission.name),
                "size": transmission.size,
                "origin": transmission.origin,
                "started": now(),
                "practices": [],
                "counts": {},
                "problem_count": 0,
                "problems": b"[]",
            }
        ],
    )
    query = select(TransmissionRow.id).where(TransmissionRow.sha256 == transmission.sha256)
    return int(connection.execute(query).scalar_one())


def _finish(connection: Connection, number: int, report: LoadReport) -> None:
    counts = {kind: {"read": count.read, "new": count.new} for kind, count in report.counts.items()}
    connection.execute(
        update(TransmissionRow)
        .where(TransmissionRow.id == number)
        .values(
            # Somebody who may write what was refused can still load the same file.
            finished=None if report.refused else now(),
            practices=report.practices,
            counts={**counts, "skipped": report.skipped, "refused": report.refused},
            problem_count=report.problem_count,
            problems=encode(report.problems),
        )
    )


def _chunks(items: Iterable[Item], report: LoadReport) -> Iterator[list[Record]]:
    """Records in portions for one transaction; problems and skipped parts go to the report."""
    records: list[Record] = []
    weight = 0
    for item in items:
        match item:
            case Problem():
                report.problem_count += 1
                if len(report.problems) < _KEPT_PROBLEMS:
                    report.problems.append(item)
                continue
            case SkippedTransaction():
                report.skipped[item.kind] = report.skipped.get(item.kind, 0) + 1
                continue
            case Claim():
                report.claims.read += 1
            case Payment():
                report.payments.read += 1
                report.remittances.read += len(item.remittances)
                # A payment is stored as a whole.
                weight += len(item.remittances)
            case Acknowledgement():
                report.acknowledgements.read += 1
            case SetAcknowledgement():
                report.set_acknowledgements.read += 1
        records.append(item)
        weight += 1
        if weight >= _CHUNK:
            yield records
            records, weight = [], 0
    if records:
        yield records


def _add(report: LoadReport, done: LoadReport) -> None:
    for kind, count in report.counts.items():
        count.new += done.counts[kind].new
    report.refused += len(done.problems)
    report.problem_count += len(done.problems)
    report.problems += done.problems[: max(0, _KEPT_PROBLEMS - len(report.problems))]
    report.practices = sorted({*report.practices, *done.practices})
