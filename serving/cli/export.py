"""``firstpass export``: a practice's history out of the store, to train from."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.console import Json, actor, opened_store, show


def export(
    practice: Annotated[str, typer.Argument(metavar="NPI:TAXNUMBER", help="The practice's key.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder.")],
    form: Annotated[
        str, typer.Option(help="parquet (documented columns) or jsonl (every field).")
    ] = "parquet",
    json: Json = False,
) -> None:
    """Write claims, remittances and acknowledgements as files that `firstpass train` reads.

    They hold patient data: keep them as carefully as the store.
    """
    from serving.audit import AuditEntry
    from serving.store.history import export_history

    with opened_store() as store:
        done = export_history(store.database, practice, out, form=form)
        store.audit.append(
            AuditEntry(
                actor=actor(),
                action="history.exported",
                record=f"practice:{practice}",
                practice=practice,
                detail={"submissions": done.submissions, "payments": done.payments},
            )
        )
    words = (
        f"{done.submissions:,} submissions, {done.payments:,} payments and"
        f" {done.acknowledgements:,} acknowledgements: {out}"
        if done.files
        else "the store holds nothing of this practice"
    )
    show(done, words, as_json=json)
    if not done.files:
        raise typer.Exit(1)
