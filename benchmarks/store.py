"""Claims, remittances and scores into the store: records per second of wall time, one writer.

The records are those of a simulated practice, in memory. Beside it: the same JSON payloads
written into one table by bare `sqlite3`, in transactions of the same size and with the same
promise to the disk, but without keys, columns, practices or a check for copies: what is left of
the time if nothing but the bytes were kept. With FIRSTPASS_DATABASE_URL set to an empty
PostgreSQL database the store's figures are that database's.
"""

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import arguments, report
from models.claims.claim import Claim
from models.claims.files import read_files
from models.claims.remittance import Payment
from models.denial.risk import DenialRisk
from serving.audit import AuditEntry
from serving.store.identity import encode
from serving.store.intake import Transmission
from serving.store.records import ScoreRecord
from serving.store.store import Store, open_store
from training.simulate import simulate
from training.simulate.files import write_practice

CLAIMS = 20_000
CHUNK = 1000


def practice() -> tuple[list[Claim], list[Payment]]:
    """Claims and payments of a simulated practice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "practice"
        write_practice(simulate("typical", claims=CLAIMS, months=12, seed=1), path)
        items = list(read_files([path / "history"]))
    claims = [x for x in items if isinstance(x, Claim)]
    return claims, [x for x in items if isinstance(x, Payment)]


def scores(claims: list[Claim]) -> list[tuple[ScoreRecord, AuditEntry]]:
    """A score and an audit entry for each claim."""
    found = []
    for claim in claims:
        risk = DenialRisk(
            claim.claim_id,
            0.2,
            20.0,
            100.0,
            0.1,
            "authorization",
            0.1,
            {},
            [],
            [],
            [],
            [],
            "1",
            "1",
        )
        entry = AuditEntry(actor="key:bench", action="claims.scored", detail={"claims": 1})
        found.append((ScoreRecord(claim=claim, risk=risk, threshold=0.5, risky=False), entry))
    return found


def timed(work: Callable[[], object]) -> float:
    """Wall seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def bare(path: Path, payloads: list[bytes]) -> None:
    """Payloads into one table, nothing else."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE payloads (id INTEGER PRIMARY KEY, payload BLOB)")
    for begin in range(0, len(payloads), CHUNK):
        with connection:
            rows = [(x,) for x in payloads[begin : begin + CHUNK]]
            connection.executemany("INSERT INTO payloads (payload) VALUES (?)", rows)
    connection.close()


def transmission(name: str) -> Transmission:
    """A file that was never seen before."""
    return Transmission(name, hashlib.sha256(name.encode() + os.urandom(8)).digest(), 0, "bench")


def record(store: Store, records: list[tuple[ScoreRecord, AuditEntry]]) -> None:
    """Hands everything to the recorder and waits until it is safe."""
    for future in [store.recorder.record(*pair) for pair in records]:
        future.result(120)


def main() -> None:
    options = arguments("records into the store").parse_args()
    claims, payments = practice()
    remittances = sum(len(p.remittances) for p in payments)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder), os.environ.get("FIRSTPASS_DATABASE_URL", ""))
        store.recorder.start()
        load = store.intake.load
        sent = timed(lambda: load(claims, transmission("claims")))
        again = timed(lambda: load(claims, transmission("again")))
        answered = timed(lambda: load(payments, transmission("payments")))
        records = scores(claims)
        scored = timed(lambda: record(store, records))
        (key,) = store.outcomes.practices()
        joined = timed(lambda: store.outcomes.refresh(key))
        verified = timed(store.audit.verify)
        database = "SQLite" if store.database.is_sqlite else "PostgreSQL"
        store.close()
        payloads = [encode(x) for x in claims]
        plain = timed(lambda: bare(Path(folder) / "bare.db", payloads))
    report(
        "store",
        options.json,
        {
            "database": database,
            "claims": len(claims),
            "claims/s": len(claims) / sent,
            "claims that are there already/s": len(claims) / again,
            "remittances/s": remittances / answered,
            "scores with an audit entry each/s": len(records) / scored,
            "outcomes worked out and joined/s": len(claims) / joined,
            "audit entries verified/s": len(records) / verified,
        },
        {"bare sqlite3, payloads/s": len(claims) / plain},
        {"claims/s to bare payloads/s": plain / sent},
    )


if __name__ == "__main__":
    main()
