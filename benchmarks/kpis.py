"""How fast the figures are worked out, and how fast a dashboard's questions are answered.

A simulated practice is loaded, worked in, and asked as a dashboard asks: all figures, by month,
by payer, by month and payer. ``--copies`` stands for more practices of the same size, so that a
store of 1,000,000 claim lines is asked without simulating one. Beside it: the same sums in plain
pandas over a table of the cube in memory.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import insert, select

from benchmarks.harness import arguments, report
from benchmarks.store import timed, transmission
from models.claims.files import read_files
from serving.store.ledger_tables import KpiFactRow
from serving.store.store import Store, open_store
from serving.store.working import work_in
from training.simulate import simulate
from training.simulate.files import write_practice

CLAIMS = 20_000
LINES = 1_000_000
WANTED_MS = 300.0
VIEWS: dict[str, tuple[str, ...]] = {
    "everything": (),
    "by month": ("month",),
    "by payer": ("payer",),
    "by month and payer": ("month", "payer"),
    "by payer and provider": ("payer", "provider"),
}


def copy_practice(store: Store, copies: int) -> int:
    """The cube again under other practices; how many cells there are."""
    with store.database.read() as connection:
        rows: list[dict[str, Any]] = [
            dict(x._mapping) for x in connection.execute(select(KpiFactRow))
        ]
    for n in range(1, copies):
        # Other practices have other providers: their cells do not fall together.
        own = [{**x, "practice": f"copy{n}", "provider": f"{x['provider']}{n}"} for x in rows]
        with store.database.write() as connection:
            connection.execute(insert(KpiFactRow), own)
    return len(rows) * copies


def median_ms(work: Any, rounds: int) -> float:
    """Median wall milliseconds."""
    return sorted(timed(work) for _ in range(rounds))[rounds // 2] * 1000


def main() -> None:
    parser = arguments("KPIs for a dashboard")
    parser.add_argument("--claims", type=int, default=CLAIMS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "practice"
        write_practice(simulate("typical", claims=options.claims, months=18, seed=1), path)
        store = open_store(Path(folder), os.environ.get("FIRSTPASS_DATABASE_URL", ""))
        store.intake.load(read_files([path / "history"]), transmission("history"))
        (practice,) = store.outcomes.practices()
        history = store.outcomes.history(practice)
        lines = sum(len(s.claim.lines) for s in history.submissions)
        claims = len(history.submissions)
        del history
        begun = time.process_time()
        work_in(store, practice)
        worked = time.process_time() - begun
        copies = max(1, round(LINES / lines))
        cells = copy_practice(store, copies)
        rounds = max(options.rounds, 5)
        answers = {
            name: median_ms(lambda by=by: store.kpis.figures(None, by=by), rounds)
            for name, by in VIEWS.items()
        }
        with store.database.read() as connection:
            table = pd.read_sql(select(KpiFactRow).where(KpiFactRow.level == "cell"), connection)
        sums = ["numerator", "denominator"]
        plain = median_ms(lambda: table.groupby(["kpi", "month", "payer"])[sums].sum(), rounds)
        database = "SQLite" if store.database.is_sqlite else "PostgreSQL"
        store.close()
    slowest = max(answers.values())
    report(
        "kpis",
        options.json,
        {
            "database": database,
            "claim lines that the cube stands for": lines * copies,
            "cells": cells,
            "claims worked in (outcomes, postings, KPIs) per second of processor time": claims
            / worked,
            **{f"{name}, ms": value for name, value in answers.items()},
        },
        {"wanted, ms": WANTED_MS, "by month and payer in pandas, in memory, ms": plain},
        {"slowest to wanted": slowest / WANTED_MS},
    )


if __name__ == "__main__":
    main()
