"""``firstpass train``: a new model version from a practice's own history."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.coding import Attention
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
    from training.coding.train import CodingTraining
    from training.denial.train import TrainingResult
    from training.recovery.train import RecoveryTraining

app = typer.Typer(no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train and register a new version of a model."""


@app.command()
def denial(
    history: History,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make the new version the champion.")
    ] = False,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Learn which claims are denied, prove it on later months, register the model.

    Prints the cohort report and the figures of the test window.

    Example: firstpass train denial practice/history --promote
    """
    from training.denial.train import train_denial

    options = history_options(classes, categories, crosswalk, as_of)
    with progress() as report:
        result = train_denial(history, promote_it=promote, options=options, progress=report)
    if not json:
        from training.cohort import print_cohort

        print_cohort(result.report)
    show(result, _described(result), as_json=json)


def _described(result: "TrainingResult") -> str:
    windows = result.windows
    test, end = (dt.date.fromordinal(day) for day in (windows.test, windows.end))
    lines = [
        "",
        f"Tested on claims submitted {test} to {end}, which the tested model had not seen;"
        f" {windows.gap} days apart from what it learnt",
        figures_table("model", result.figures) or "too few denials in these months to measure",
    ]
    if result.new_patients is not None:
        lines += ["", figures_table("patients seen first", {"Firstpass": result.new_patients})]
    lines += [f"most likely category right on {result.category_accuracy:.1%} of denied claims", ""]
    if result.version is not None:
        number = result.version.version
        lines.append(f"Registered as denial version {number}, through {_last_day(result)}.")
        lines.append(
            "It is the champion."
            if result.promoted
            else f"It is the challenger; 'firstpass promote denial {number}' lets it score."
        )
    return "\n".join(lines)


def _last_day(result: "TrainingResult") -> str:
    return dt.date.fromordinal(result.windows.as_of).isoformat()


@app.command()
def coding(
    notes: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[NOTES.jsonl]",
            help="Labelled notes: JSONL files or folders of them; none: the day-one version.",
            exists=True,
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        list[Path] | None,
        typer.Option(
            help="The practice's claims (837P or tables; a folder of them; may be given again): "
            "HCPCS and CPT of notes that name their claim_id, and what each specialty bills.",
            exists=True,
            show_default=False,
        ),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make the new version the champion.")
    ] = False,
    attention: Attention = False,
    tune_encoder: Annotated[
        bool,
        typer.Option(
            "--tune-encoder/--no-tune-encoder",
            help="First tune the encoder on the code system's own synonyms (needs torch; some "
            "minutes, once). On English notes it gained nothing.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Learn codes from labelled notes, prove it on notes held back, register the model.

    Without notes it registers the day-one version, which looks ICD-10-CM codes up. An
    interrupted training of the same notes goes on where it was.

    Example: firstpass train coding notes.jsonl --history practice/history --promote
    """
    from training.cli.coding import training_summary, training_words
    from training.coding.train import train_coding

    with progress() as report:
        result: CodingTraining = train_coding(
            notes or [],
            history=history or [],
            promote_it=promote,
            attention=attention,
            tune_encoder=tune_encoder,
            progress=report,
        )
    show(training_summary(result), training_words(result), as_json=json)


@app.command()
def recovery(
    history: History,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make the new version the champion.")
    ] = False,
    appeals: Annotated[
        Path | None,
        typer.Option(
            help="CSV claim_id, date, action: what was appealed, which no file shows.",
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
    """Learn what comes back of denials that are tried again, prove it on later ones, register.

    With too little history it says what is missing and registers rates by kind and category.

    Example: firstpass train recovery practice/history --promote
    """
    from training.recovery.train import train_recovery

    options = history_options(classes, categories, crosswalk, as_of)
    with progress() as report:
        result = train_recovery(
            history, appeals=appeals, promote_it=promote, options=options, progress=report
        )
    show(result, _recovery_words(result), as_json=json)


def _recovery_words(result: "RecoveryTraining") -> str:
    from training.cli.console import columns

    lines = [
        f"{result.attempts:,} denied lines were tried again and answered;"
        f" {result.recovered:,} of them were paid"
    ]
    if result.figures:
        lines += [
            "",
            f"Tested on lines denied from {result.tested_from}, which the tested models had not"
            " seen",
            columns([
                {
                    "model": name, "lines": f"{f.rows:,}", "paid": f"{f.positive:,}",
                    "ROC AUC": f"{f.auc:.3f}", "PR AUC": f"{f.pr_auc:.3f}",
                    "log loss": f"{f.log_loss:.4f}", "Brier": f"{f.brier:.4f}",
                    "calibration error": f"{f.calibration_error:.4f}",
                }
                for name, f in result.figures.items()
            ]),
        ]  # fmt: skip
    if result.missing:
        lines += ["", "Too little to learn a model from:", *(f"* {x}" for x in result.missing)]
    lines += ["", f"Taken: {result.kind}."]
    if result.version is not None:
        number = result.version.version
        lines.append(f"Registered as recovery version {number}.")
        lines.append(
            "It is the champion."
            if result.promoted
            else f"It is the challenger; 'firstpass promote recovery {number}' lets it decide."
        )
    return "\n".join(lines)
