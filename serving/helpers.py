"""The processes beside the workers: one looks up the champion, one moves scores to the store."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from serving.scoring.recovery import MODEL_NAME as RECOVERY
from serving.settings import Settings


@contextmanager
def helpers(settings: Settings) -> Iterator[None]:
    """Run them for the time of the block. They end with this process, however it ends."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    models = f"{settings.model},{settings.coding_model},{RECOVERY}"
    resolver = [models, settings.alias, str(settings.poll_seconds), settings.shadow_alias]
    processes = [_start("serving.scoring.resolver", str(settings.state), *resolver)]
    if settings.keep_scores:
        processes.append(_start("serving.mover", str(settings.state)))
    try:
        yield
    finally:
        for process in processes:
            # The end of its input tells a helper to finish what it has begun, and to end.
            if process.stdin is not None:
                process.stdin.close()
        for process in processes:
            try:
                process.wait(20.0)
            except subprocess.TimeoutExpired:
                process.kill()


def _start(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    # -P: the working directory may hold folders with the names of our packages.
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, preexec_fn=_stand_back)


def _stand_back() -> None:
    """What helpers do may wait a little, from their first import on; requests may not."""
    os.nice(5)
