"""``firstpass watch``: scoring and loading by folder, for those who have no HTTP."""

from pathlib import Path
from typing import Annotated

import typer


def watch(
    inbox: Annotated[Path, typer.Argument(help="Folder that files are dropped into.")],
    outbox: Annotated[Path, typer.Argument(help="Folder for what comes of them.")],
    precision: Annotated[
        float | None,
        typer.Option(min=0.01, max=0.999, help="Review from the threshold that reached it."),
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Work off what is there, and end.")] = False,
) -> None:
    """Score 837P files, load 835 and 277CA files, as they are dropped into a folder.

    Scores come out as NAME.scored.jsonl and NAME.scored.csv; the file itself goes to done/, or to
    failed/ with its reason. An 837P in INBOX/submitted is loaded as filed, not scored.

    Example: firstpass watch /srv/claims/in /srv/claims/out
    """
    import asyncio

    from filelock import FileLock, Timeout

    from models.errors import InputError
    from serving.cli.watching import watch_folders

    if inbox.resolve() == outbox.resolve():
        raise InputError("INBOX and OUTBOX must be two folders")
    outbox.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(outbox / ".watch.lock", timeout=0):
            failed = asyncio.run(watch_folders(inbox, outbox, precision, every, once))
    except Timeout:
        raise InputError(f"another 'firstpass watch' is working on {outbox}") from None
    except KeyboardInterrupt:
        return
    if failed:
        raise typer.Exit(1)
