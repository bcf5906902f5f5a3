"""What the store's verbs share: where words go, how results are shown, who asks, which store."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from serving.store.store import Store

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def show(result: Any, text: str, *, as_json: bool) -> None:
    """Print a result on standard output, for a machine or for a person."""
    if not as_json:
        print(text)
        return
    import msgspec

    encoded = msgspec.json.encode(result, order="deterministic")
    print(msgspec.json.format(encoded, indent=2).decode())


def note(text: str) -> None:
    """Print words that are no result, on standard error."""
    print(text, file=sys.stderr)


def columns(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a plain table: fits a terminal, a log and an e-mail.

    >>> print(columns([{"key": "ab", "role": "coder"}, {"key": "abcd", "role": "biller"}]))
    key   role
    ab    coder
    abcd  biller
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


def actor() -> str:
    """Who uses the console, for the audit log."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli:unknown"


@contextmanager
def opened_store() -> Iterator["Store"]:
    """The store that the settings name (FIRSTPASS_HOME, FIRSTPASS_DATABASE_URL)."""
    from serving.settings import read_settings
    from serving.store.store import open_store

    settings = read_settings()
    store = open_store(settings.state, settings.database_url)
    try:
        yield store
    finally:
        store.close()
