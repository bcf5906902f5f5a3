"""``firstpass retrain``: a challenger from newer answers, behind a gate; made for a scheduler."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.coding import Attention
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
    from training.loop.retrain_coding import CodingRetrainResult

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


@app.command()
def coding(
    notes: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[NOTES.jsonl]",
            help="Labelled notes beside the reviewed ones of the store: JSONL files or folders.",
            exists=True,
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        list[Path] | None,
        typer.Option(
            help="Claims to learn habits and procedures from (default: those of the store).",
            exists=True,
            show_default=False,
        ),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it the champion if it passes the gate.")
    ] = False,
    gate: Annotated[
        Path | None,
        typer.Option(help="TOML of the gate's criteria (default: training/loop/gate_coding.toml)."),
    ] = None,
    attention: Attention = False,
    json: Json = False,
) -> None:
    """Learn from reviewers' decisions; register a challenger; promote it only if told to.

    Takes every note that was reviewed and submitted, with its evidence, and the labelled files
    named here. Champion and challenger are compared on the latest notes that neither has learnt
    from. Safe to run twice; the champion stays as it is when anything fails.

    Example: firstpass retrain coding --promote
    """
    from models.coding.reviewed import read_reviewed
    from training.cli.store_export import reviews_of_store
    from training.loop.retrain_coding import retrain_coding

    with reviews_of_store() as store, progress() as report:
        claims = history or ([store.history] if store.history is not None else [])
        result = retrain_coding(
            read_reviewed(store.reviewed) if store.reviewed is not None else [],
            notes or [],
            history=claims,
            promote_it=promote,
            gate_file=gate,
            attention=attention,
            progress=report,
        )
    show(_coding_plain(result), _coding_described(result), as_json=json)


def _coding_plain(result: "CodingRetrainResult") -> dict[str, object]:
    from training.cli.coding import training_summary

    training = result.training
    return {
        "words": result.words,
        **({} if training is None else training_summary(training)),
        "gate": None if training is None or training.gate is None else training.gate.verdict,
        "criteria": [] if training is None or training.gate is None else training.gate.criteria,
        "comparison": result.comparison,
        "decided": result.decided,
        "forgotten": result.forgotten,
    }


def _coding_described(result: "CodingRetrainResult") -> str:
    from training.cli.coding import training_words

    training = result.training
    if training is None or training.gate is None:
        return result.words
    lines = [training_words(training), ""]
    if result.decided:
        lines += ["What reviewers did with the suggestions", columns([
            {
                "version": x.model_version or "none", "notes": f"{x.notes:,}",
                "accepted": f"{x.accepted:,}", "rejected": f"{x.rejected:,}",
                "replaced": f"{x.replaced:,}", "added by hand": f"{x.added:,}",
            }
            for x in result.decided
        ]), ""]  # fmt: skip
    lines += [columns([
        {"question": c.name, "answer": c.verdict, "why": c.words} for c in training.gate.criteria
    ]), ""]  # fmt: skip
    if result.forgotten:
        lines.append(
            f"The champion had learnt from {result.forgotten:,} notes that were not given this"
            " time: name their files, or the challenger does not know them."
        )
    lines.append(result.words + ".")
    return "\n".join(lines)


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
