"""The store's history as files to train from: asked of `firstpass export`, in its own process.

Training does not know the store; it speaks to it as any user would.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import InputError


@contextmanager
def history_or_store(history: list[Path] | None) -> Iterator[tuple[list[Path], Path | None]]:
    """The files given, else the store's, exported into a folder that is gone afterwards.

    Yields the paths and, from the store, the table of what was said of claims before they went
    out (see `training.loop.scored`).

    Raises:
        InputError: The store holds nothing, or `firstpass export` failed; its words were shown.
    """
    if history:
        yield history, None
        return
    with tempfile.TemporaryDirectory(prefix="firstpass-history-") as name:
        folder, scored = Path(name) / "history", Path(name) / "scored.csv"
        command = ["export", "all", str(folder), "--scored", str(scored)]
        done = subprocess.run(
            [sys.executable, "-m", "firstpass", *command], stdout=subprocess.PIPE, text=True
        )
        if done.returncode != 0:
            raise InputError(
                "the store's history could not be exported: load 837P and 835 files with"
                " 'firstpass load', or name files or folders here"
            )
        yield [folder], scored
