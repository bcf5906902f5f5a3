"""``firstpass export``: a practice's history out of the store, to train from."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.console import Json, actor, opened_store, show

#: In place of a practice's key: all of them.
EVERYONE = "all"


def export(
    practice: Annotated[
        str,
        typer.Argument(
            metavar="NPI:TAXNUMBER",
            help="The practice's key, or 'all': every practice, each into a folder below OUT.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder.")],
    scored: Annotated[
        Path | None,
        typer.Option(
            help="Also write which submissions had been warned of, and were heeded (CSV)."
        ),
    ] = None,
    reviewed: Annotated[
        Path | None,
        typer.Option(
            help="Also write the notes that reviewers submitted, with codes, evidence and"
            " decisions (JSONL, to train coding from)."
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
    from serving.store.reviewed_notes import export_reviewed

    everyone = practice == EVERYONE
    with opened_store() as store:
        done = Exported(str(out))
        for key in stored_practices(store.database) if everyone else [practice]:
            folder = out / key.replace(":", "_") if everyone else out
            part = export_history(store.database, key, folder, form=form)
            done.files += part.files
            done.submissions += part.submissions
            done.payments += part.payments
            done.acknowledgements += part.acknowledgements
            store.audit.append(
                AuditEntry(
                    actor=actor(),
                    action="history.exported",
                    record=f"practice:{key}",
                    practice=key,
                    detail={"submissions": part.submissions, "payments": part.payments},
                )
            )
        if scored is not None:
            export_scored(store.database, scored, practice="" if everyone else practice)
        if reviewed is not None:
            done.notes = export_reviewed(
                store.database, reviewed, practice="" if everyone else practice
            )
            store.audit.append(
                AuditEntry(
                    actor=actor(),
                    action="notes.exported",
                    record=f"practice:{practice}",
                    practice="" if everyone else practice,
                    detail={"notes": done.notes},
                )
            )
    words = (
        f"{done.submissions:,} submissions, {done.payments:,} payments and"
        f" {done.acknowledgements:,} acknowledgements: {out}"
        + (f"; {done.notes:,} reviewed notes: {reviewed}" if reviewed is not None else "")
        if done.files or done.notes
        else f"the store holds nothing{'' if everyone else ' of this practice'}"
    )
    show(done, words, as_json=json)
    if not (done.files or done.notes):
        raise typer.Exit(1)
