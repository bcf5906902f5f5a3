"""``firstpass evaluate``: a registered version against claims that it has not seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from training.denial.evaluate import EvaluationResult

app = typer.Typer(no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure a registered version on claims that it has not seen."""


@app.command()
def denial(
    history: History,
    model: Annotated[str, typer.Option(help="Alias or version number.")] = "champion",
    out: Annotated[Path | None, typer.Option(help="Folder for the plots.", file_okay=False)] = None,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Measure the model on claims answered since; refuses claims that it learnt from.

    Example: firstpass evaluate denial later/history --out evaluation
    """
    from training.denial.evaluate import evaluate_denial

    options = history_options(classes, categories, crosswalk, as_of)
    with progress() as report:
        result = evaluate_denial(
            history, which=model, options=options, plots_to=out, progress=report
        )
    show(result, _described(result), as_json=json)


def _described(result: "EvaluationResult") -> str:
    cohorts = {"all": result.figures}
    if result.new_patients is not None:
        cohorts["new patients"] = result.new_patients
    cohorts |= {f"payer {payer}": found for payer, found in result.by_payer.items()}
    lines = [
        f"denial version {result.version.version} on {result.judged:,} claims that are new to it"
        + (f"; {result.seen:,} that it had learnt from were left out" if result.seen else ""),
        "",
        figures_table("cohort", cohorts),
        f"most likely category right on {result.category_accuracy:.1%} of denied claims",
        *(f"plot: {path}" for path in result.plots),
    ]
    return "\n".join(lines)


@app.command()
def coding(
    notes: Annotated[
        list[Path],
        typer.Argument(
            metavar="NOTES.jsonl",
            help="Labelled notes: JSONL files or folders of them.",
            exists=True,
            show_default=False,
        ),
    ],
    model: Annotated[str, typer.Option(help="Alias or version number.")] = "champion",
    out: Annotated[
        Path | None, typer.Option(help="Folder for plots and tables.", file_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Measure the coding model on labelled notes: ranking, micro and macro F1, calibration.

    Example: firstpass evaluate coding later/notes.jsonl --out evaluation
    """
    from training.cli.coding import evaluation_summary, evaluation_words
    from training.coding.evaluate import evaluate_coding

    with progress() as report:
        result = evaluate_coding(notes, which=model, plots_to=out, progress=report)
    show(evaluation_summary(result), evaluation_words(result), as_json=json)
