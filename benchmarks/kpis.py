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
from models.revenue.cube import ColumnCube, decode_cube, encode_cube
from models.revenue.kpis import DIMENSIONS
from serving.reports.monthly import COMPARED
from serving.store.kpis import Kpis
from serving.store.ledger_tables import KpiStateRow
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
    "by month, location and specialty": ("month", "location", "specialty"),
}


def copy_practice(store: Store, copies: int) -> int:
    """The cube again under other practices; how many cells there are."""
    with store.database.read() as connection:
        row = dict(connection.execute(select(KpiStateRow)).one()._mapping)
    cube = decode_cube(row["cube"])
    place = DIMENSIONS.index("provider")
    for n in range(1, copies):
        # Other practices have other providers: their cells do not fall together.
        own = {**row, "practice": f"copy{n}", "cube": encode_cube(renamed(cube, place, n))}
        with store.database.write() as connection:
            connection.execute(insert(KpiStateRow), [own])
    return cube.cells * copies


def renamed(cube: ColumnCube, place: int, n: int) -> ColumnCube:
    """The cube with other names of one dimension."""
    values = [
        [f"{x}{n}" if x else x for x in own] if i == place else own
        for i, own in enumerate(cube.values)
    ]
    levels = {name: renamed(level, place, n) for name, level in cube.levels.items()}
    return ColumnCube(values, cube.kpis, levels)


def ask_page(store: Store) -> None:
    """What the page Performance asks for."""
    kpis = store.kpis
    kpis.figures(None)
    kpis.figures(None, by=("month",))
    kpis.figures(None, by=("payer",), kpis=COMPARED)
    kpis.reasons(None)
    kpis.detail(None)
    kpis.values(None)


def table_of(store: Store) -> pd.DataFrame:
    """Every cell of every practice as a table, by KPI, month and payer."""
    with store.database.read() as connection:
        cubes = [decode_cube(x) for x in connection.execute(select(KpiStateRow.cube)).scalars()]
    parts = []
    for cube in cubes:
        for name, own in cube.kpis.items():
            month, payer = (
                pd.Categorical.from_codes(
                    own.codes[i].array().tolist(), categories=pd.Index(cube.values[i])
                )
                for i in (0, 1)
            )
            parts.append(
                pd.DataFrame(
                    {
                        "kpi": name, "month": month, "payer": payer,
                        "numerator": own.numerators.array(),
                        "denominator": own.denominators.array(),
                    }
                )
            )  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    return table.astype({"kpi": "category", "month": "category", "payer": "category"})


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
        page = median_ms(lambda: ask_page(store), rounds)
        cold = min(
            timed(lambda: Kpis(store.database).figures(None, by=("month",))) for _ in range(rounds)
        )
        table, sums = table_of(store), ["numerator", "denominator"]
        plain = median_ms(
            lambda: table.groupby(["kpi", "month", "payer"], observed=True)[sums].sum(), rounds
        )
        database = "SQLite" if store.database.is_sqlite else "PostgreSQL"
        store.close()
    slowest = max(page, *answers.values())
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
            "the page Performance, all its questions, ms": page,
            "by month, the first look of a process, ms": cold * 1000,
        },
        {"wanted, ms": WANTED_MS, "by month and payer in pandas, in memory, ms": plain},
        {"slowest to wanted": slowest / WANTED_MS},
    )


if __name__ == "__main__":
    main()
