"""``firstpass retrain``: a challenger from newer answers, behind a gate; made for a scheduler."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.console import Json, columns, progress, show
from training.cli.history import (
    AsOf,
    Categories,
    Classes,
    Crosswalk,
    figures_table,
    history_options,
)
from training.cli.store_export import history_or_store

if TYPE_CHECKING:
    from training.loop.retrain import RetrainResult

app = typer.Typer(no_args_is_help=True)

OptionalHistory = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[HISTORY]",
        help="Files or folders of a claim history. Without: what the store holds.",
        exists=True,
        show_default=False,
    ),
]


@app.callback()
def retrain() -> None:
    """Train a challenger, hold it against the champion, register it."""


@app.command()
def denial(
    history: OptionalHistory = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it the champion if it passes the gate.")
    ] = False,
    gate: Annotated[
        Path | None,
        typer.Option(help="TOML of the gate's criteria (default: training/loop/gate.toml)."),
    ] = None,
    scored: Annotated[
        Path | None,
        typer.Option(
            help="CSV of warnings and whether they were heeded, as 'firstpass export --scored'"
            " writes it; read from the store where no HISTORY is given.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Learn from newer answers; register a challenger; promote it only if told to.

    Champion and challenger are compared on the most recent claims that neither has learnt from.
    Safe to run twice: the same answers are not learnt again, and the champion stays as it is when
    anything fails.

    Example: firstpass retrain denial --promote
    """
    from training.loop.retrain import retrain_denial
    from training.loop.scored import read_scored

    options = history_options(classes, categories, crosswalk, as_of)
    with history_or_store(history) as (paths, exported), progress() as report:
        table = scored or exported
        result = retrain_denial(
            paths,
            promote_it=promote,
            gate_file=gate,
            scored=read_scored(table) if table is not None else None,
            options=options,
            progress=report,
        )
    show(_plain(result), _described(result), as_json=json)


def _plain(result: "RetrainResult") -> dict[str, object]:
    training = result.training
    version = training.version if training is not None else None
    return {
        "words": result.words,
        "version": version.version if version is not None else None,
        "promoted": training is not None and training.promoted,
        "gate": None if training is None or training.gate is None else training.gate.verdict,
        "criteria": [] if training is None or training.gate is None else training.gate.criteria,
        "comparison": result.comparison,
    }


def _described(result: "RetrainResult") -> str:
    training = result.training
    if training is None or training.gate is None:
        return result.words
    answers = [
        {"question": c.name, "answer": c.verdict, "why": c.words} for c in training.gate.criteria
    ]
    lines = ["", columns(answers), ""]
    found = result.comparison
    if found is not None and found.champion is not None and found.challenger is not None:
        both = {"champion": found.champion, "challenger": found.challenger}
        lines += [figures_table("on claims new to both", both), ""]
    lines.append(result.words + ".")
    if training.version is not None and not training.promoted:
        lines.append(
            f"'firstpass promote denial {training.version.version}' would let it score; its"
            " report is report.html in its MLflow run."
        )
    return "\n".join(lines)
