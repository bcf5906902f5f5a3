"""``firstpass audit``: who did what, and whether the record of it is whole."""

import datetime as dt
from typing import Annotated

import typer

from serving.cli.console import Json, columns, opened_store, show

app = typer.Typer(no_args_is_help=True, help="Read and verify the audit log.")

Moment = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC.", show_default=False),
]


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="A head that an earlier check printed and that was kept elsewhere.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check the chain of all entries; exit 1 and name the first broken one if it does not hold.

    The head that is printed, kept where the database's owner cannot write, proves later that
    nothing was rewritten or cut off.
    """
    with opened_store() as store:
        verdict = store.audit.verify(head)
    words = (
        f"{verdict.entries:,} entries hold; head {verdict.head}"
        if verdict.broken is None
        else f"BROKEN at entry {verdict.broken}: {verdict.reason}"
        f" ({verdict.entries:,} entries before it hold)"
    )
    show(verdict, words, as_json=json)
    if verdict.broken is not None:
        raise typer.Exit(1)


@app.command("list")
def list_entries(
    actor: Annotated[str | None, typer.Option(help="For instance key:ID.")] = None,
    action: Annotated[
        str | None, typer.Option(help="For instance claims.scored; `key.` takes all of keys.")
    ] = None,
    record: Annotated[str | None, typer.Option(help="The record's reference.")] = None,
    practice: Annotated[str | None, typer.Option(metavar="NPI:TAXNUMBER")] = None,
    request: Annotated[str | None, typer.Option(help="A request id.")] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    json: Json = False,
) -> None:
    """List entries, newest first."""
    with opened_store() as store:
        found = store.audit.entries(
            actor=actor,
            action=action,
            record=record,
            practice=practice,
            request_id=request,
            since=since.replace(tzinfo=dt.UTC) if since else None,
            until=until.replace(tzinfo=dt.UTC) if until else None,
            limit=limit,
        )
    rows = [
        {
            "entry": str(x.sequence),
            "time": f"{x.entry.time:%Y-%m-%d %H:%M:%S}",
            "actor": x.entry.actor,
            "action": x.entry.action,
            "record": x.entry.record,
            "outcome": x.entry.outcome,
            "detail": " ".join(f"{k}={v}" for k, v in x.entry.detail.items()),
        }
        for x in found
    ]
    plain = [
        {
            "sequence": x.sequence,
            "entry": x.entry,
            "previous": x.previous.hex(),
            "hash": x.hash.hex(),
        }
        for x in found
    ]
    show(plain, columns(rows) or "no entries", as_json=json)
