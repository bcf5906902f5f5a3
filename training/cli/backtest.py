"""``firstpass backtest``: what training each month would have brought."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.console import Json, progress, show
from training.cli.history import (
    AsOf,
    Categories,
    Classes,
    Crosswalk,
    History,
    figures_table,
    history_options,
)

app = typer.Typer(no_args_is_help=True)


@app.callback()
def backtest() -> None:
    """Train to the end of each month, test on the next."""


@app.command()
def denial(
    history: History,
    months: Annotated[int, typer.Option(help="How many months to test, the last ones.", min=1)] = 6,
    out: Annotated[
        Path | None, typer.Option(help="PNG or SVG file for the plot.", dir_okay=False)
    ] = None,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Train to the end of each month and test on the next: a table and a plot.

    Example: firstpass backtest denial practice/history --months 6 --out backtest.png
    """
    from training.denial.backtest import backtest_denial

    options = history_options(classes, categories, crosswalk, as_of)
    with progress() as report:
        result = backtest_denial(
            history, months=months, options=options, plot_to=out, progress=report
        )
    table = figures_table("month", {month.month: month.figures for month in result.months})
    lines = [table or "no month had enough denials to measure"]
    if result.plot is not None:
        lines.append(f"plot: {result.plot}")
    show(result, "\n".join(lines), as_json=json)
