"""Posting what is loaded: claims per second, on SQLite and on PostgreSQL.

A simulated practice is loaded; then the history is read from the store, put together, posted to
the ledger and kept, all of it counted. Beside it: the same entries written into one table by
bare `sqlite3`, without keys, balances or a check for what is there. With FIRSTPASS_DATABASE_URL
set to an empty PostgreSQL database the figures are that database's.
"""

import os
import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks.harness import arguments, report
from benchmarks.store import timed, transmission
from models.claims.files import read_files
from models.revenue.entries import Entry
from models.revenue.ledger import post_history
from serving.store.store import open_store
from training.simulate import simulate
from training.simulate.files import write_practice

CLAIMS = 20_000
WANTED = 2_000


def bare(path: Path, entries: list[Entry]) -> None:
    """Entries into one table, nothing else."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (date, debit, credit, cents, encounter, line)")
    for begin in range(0, len(entries), 5000):
        rows = [
            (x.date.isoformat(), x.debit, x.credit, int(x.amount * 100), x.encounter, x.line)
            for x in entries[begin : begin + 5000]
        ]
        with connection:
            connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def main() -> None:
    parser = arguments("posting to the ledger")
    parser.add_argument("--claims", type=int, default=CLAIMS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "practice"
        write_practice(simulate("typical", claims=options.claims, months=12, seed=1), path)
        store = open_store(Path(folder), os.environ.get("FIRSTPASS_DATABASE_URL", ""))
        store.intake.load(read_files([path / "history"]), transmission("history"))
        (practice,) = store.outcomes.practices()
        history = store.outcomes.history(practice)
        claims = len(history.submissions)
        entries = list(post_history(history).entries())
        del history
        begun = time.process_time()
        first = timed(lambda: store.ledgers.post(practice))
        processor = time.process_time() - begun
        again = timed(lambda: store.ledgers.post(practice, force=True))
        plain = timed(lambda: bare(Path(folder) / "bare.db", entries))
        database = "SQLite" if store.database.is_sqlite else "PostgreSQL"
        store.close()
    report(
        "posting",
        options.json,
        {
            "database": database,
            "claims": claims,
            "entries": len(entries),
            "claims posted/s": claims / first,
            "claims posted per second of processor time": claims / processor,
            "claims posted already, looked through/s": claims / again,
        },
        {"wanted claims/s": WANTED, "bare sqlite3, claims/s": claims / plain},
        {
            "claims/s to wanted": claims / first / WANTED,
            "claims/s to bare": plain / first,
        },
    )


if __name__ == "__main__":
    main()
