"""What the store holds as files to train from: asked of `firstpass export`, in its own process.

Training does not know the store; it speaks to it as any user would.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

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


class FromStore(msgspec.Struct, frozen=True):
    """Reviewed notes (JSONL) and the folder of the claim history; ``None`` where there are none."""

    reviewed: Path | None
    history: Path | None


@contextmanager
def reviews_of_store() -> Iterator[FromStore]:
    """What reviewers decided and the claims beside it, in a folder that is gone afterwards.

    Raises:
        InputError: `firstpass export` failed; its words were shown.
    """
    with tempfile.TemporaryDirectory(prefix="firstpass-reviews-") as name:
        folder, reviewed = Path(name) / "history", Path(name) / "reviewed.jsonl"
        command = ["export", "all", str(folder), "--reviewed", str(reviewed), "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "firstpass", *command], stdout=subprocess.PIPE, text=True
        )
        try:
            # An empty store is no failure, though the verb has nothing to show for it.
            found = msgspec.json.decode(done.stdout)
        except msgspec.DecodeError:
            raise InputError(
                "the store's reviewed notes could not be exported: see the message above"
            ) from None
        yield FromStore(
            reviewed if found["notes"] else None, folder if found["submissions"] else None
        )
