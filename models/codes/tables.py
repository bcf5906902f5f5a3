"""Rule tables kept as CSV beside the code: reading, checking, merging a user's rows over ours."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from models.errors import InputError

ANY = "*"
"""Wildcard: the row holds whatever this column's value is."""


def read_rules(
    source: Path | str,
    columns: Sequence[str],
    required: Sequence[str],
    *,
    package: str = "models.codes",
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a rule table with their line numbers, cells stripped, absent cells as ``*``.

    ``source`` is a path of the user's, or the bare name of a table that ships with ``package``.
    A cell may list several values with spaces between: the row then stands for each of them
    (the caller expands it with `expand`). The last of ``required`` may not be empty.

    Raises:
        InputError: the file cannot be read, has columns other than ``columns``, or lacks one
            of ``required``.
    """
    name = str(source)
    try:
        if isinstance(source, Path):
            text = source.read_text(encoding="utf-8-sig")
        else:
            text = resources.files(package).joinpath(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: cannot be read as a UTF-8 CSV file ({error})") from error
    reader = csv.DictReader(text.splitlines())
    header = [(x or "").strip() for x in reader.fieldnames or []]
    reader.fieldnames = header
    unknown = [x for x in header if x not in columns]
    if unknown:
        raise InputError(f"{name}: unknown column {unknown[0]!r}; allowed: {', '.join(columns)}")
    missing = [x for x in required if x not in header]
    if missing:
        raise InputError(f"{name}: column {missing[0]!r} is missing; needed: {', '.join(required)}")
    for row in reader:
        if None in row:
            raise InputError(f"{name}, line {reader.line_num}: more cells than columns")
        cells = {c: (row.get(c) or "").strip() or ANY for c in columns}
        if cells[required[-1]] == ANY:
            raise InputError(f"{name}, line {reader.line_num}: {required[-1]} is empty")
        yield reader.line_num, cells


def expand(cells: Mapping[str, str], keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every combination of the space-separated values in the columns ``keys``."""
    if not keys:
        yield ()
        return
    for value in cells[keys[0]].split() or [ANY]:
        for rest in expand(cells, keys[1:]):
            yield (value, *rest)


def check_value(name: str, line: int, column: str, value: str, allowed: Sequence[str]) -> str:
    """``value`` itself.

    Raises:
        InputError: ``value`` is none of ``allowed``; the text lists them.
    """
    if value not in allowed:
        raise InputError(
            f"{name}, line {line}: {column}={value!r} is unknown; allowed: {', '.join(allowed)}"
        )
    return value
