"""``firstpass export``: a practice's history out of the store, to train from."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.console import Json, actor, opened_store, show


def export(
    practice_and_out: Annotated[
        list[str],
        typer.Argument(metavar="NPI:TAXNUMBER OUT", help="The practice's key, and a folder."),
    ],
    everyone: Annotated[
        bool, typer.Option("--all", help="Every practice, each into a folder below OUT.")
    ] = False,
    scored: Annotated[
        Path | None,
        typer.Option(
            help="Also write which submissions had been warned of, and were heeded (CSV)."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option(help="parquet (documented columns) or jsonl (every field).")
    ] = "parquet",
    json: Json = False,
) -> None:
    """Write claims, remittances and acknowledgements as files that `firstpass train` reads.

    They hold patient data: keep them as carefully as the store.

    Example: firstpass export 1234567893:123456789 out
    """
    from serving.audit import AuditEntry
    from serving.store.history import Exported, export_history, export_scored, stored_practices

    wanted, out = _arguments(practice_and_out, everyone=everyone)
    with opened_store() as store:
        done = Exported(str(out))
        for practice in stored_practices(store.database) if everyone else [wanted]:
            folder = out / practice.replace(":", "_") if everyone else out
            part = export_history(store.database, practice, folder, form=form)
            done.files += part.files
            done.submissions += part.submissions
            done.payments += part.payments
            done.acknowledgements += part.acknowledgements
            store.audit.append(
                AuditEntry(
                    actor=actor(),
                    action="history.exported",
                    record=f"practice:{practice}",
                    practice=practice,
                    detail={"submissions": part.submissions, "payments": part.payments},
                )
            )
        if scored is not None:
            export_scored(store.database, scored, practice="" if everyone else wanted)
    words = (
        f"{done.submissions:,} submissions, {done.payments:,} payments and"
        f" {done.acknowledgements:,} acknowledgements: {out}"
        if done.files
        else f"the store holds nothing{'' if everyone else ' of this practice'}"
    )
    show(done, words, as_json=json)
    if not done.files:
        raise typer.Exit(1)


def _arguments(given: list[str], *, everyone: bool) -> tuple[str, Path]:
    needed = "OUT" if everyone else "NPI:TAXNUMBER and OUT"
    if len(given) != (1 if everyone else 2):
        raise typer.BadParameter(f"give {needed}")
    return ("", Path(given[0])) if everyone else (given[0], Path(given[1]))
