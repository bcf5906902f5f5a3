"""What every verb shares: where words go, how progress and results are shown.

Results go to standard output, everything else to standard error, so that ``--json`` can be
piped.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from training.progress import Progress

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def words() -> "Console":
    """The console for people: standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def show(result: Any, text: str, *, as_json: bool) -> None:
    """Print a result for a machine or for a person.

    ``result`` is anything that msgspec encodes; ``text`` is the same in words.
    """
    if as_json:
        import msgspec

        encoded = msgspec.json.encode(result, order="deterministic")
        print(msgspec.json.format(encoded, indent=2).decode())
    else:
        print(text)


@contextmanager
def progress() -> Iterator["Progress"]:
    """A `training.progress.Progress` drawn on standard error.

    On a terminal: one line a step, with a bar where the total is known. In a log: one line when
    a step begins, so that a build server's log stays readable.
    """
    if not sys.stderr.isatty():
        yield _LogLines()
        return
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", justify="right"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=words()) as rich_progress:
        bars = _Bars(rich_progress)
        yield bars
        bars.finish()


class _LogLines:
    def __init__(self) -> None:
        self._step = ""

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        if step != self._step:
            self._step = step
            print(step, file=sys.stderr, flush=True)


class _Bars:
    """Feeds a rich progress display; `Progress` calls may come by the thousand a second."""

    def __init__(self, rich_progress: Any) -> None:
        self._rich = rich_progress
        self._step = ""
        self._task: Any = None
        self._drawn = 0.0
        self._done = 0

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        if step != self._step:
            self.finish()
            self._step = step
            self._task = self._rich.add_task(step, total=total, count="")
        elif done != total and time.monotonic() - self._drawn < 0.1:
            self._done = done
            return
        self._done = done
        self._drawn = time.monotonic()
        count = f"{done:,}" + (f" of {total:,}" if total else "") if done else ""
        self._rich.update(self._task, completed=done, total=total, count=count)

    def finish(self) -> None:
        """Tick off the current step."""
        if self._task is not None:
            done = max(self._done, 1)
            count = f"{self._done:,}" if self._done else ""
            self._rich.update(self._task, completed=done, total=done, count=count)


def columns(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a plain table: fits a terminal, a log and an e-mail.

    >>> print(columns([{"name": "denial", "version": "3"}, {"name": "coding", "version": "12"}]))
    name    version
    denial  3
    coding  12
    """
    if not rows:
        return ""
    names = list(rows[0])
    lines = [names, *([row[name] for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
