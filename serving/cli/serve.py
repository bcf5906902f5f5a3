"""``firstpass serve``: the API on this machine, or for others where keys are required."""

import os
import sys
from typing import Annotated

import typer


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to bind; others than loopback need API keys.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind; 0 takes any free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
) -> None:
    """Serve the API on 127.0.0.1:8000; docs are at /docs. SIGTERM drains.

    All settings are environment variables FIRSTPASS_*, see docs/operations.md.

    Example: firstpass serve --port 8080 --workers 2
    """
    from serving.settings import read_settings

    settings = read_settings(host=host, port=port, workers=workers)
    os.environ.update(
        FIRSTPASS_HOST=settings.host,
        FIRSTPASS_PORT=str(settings.port),
        FIRSTPASS_WORKERS=str(settings.workers),
    )
    # -P: a folder named "models" or "serving" where this is run must not be taken for ours.
    # The server is a fresh process in this one's place: nothing of the command line stays in it.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "serving.run"])
