"""Records to the rows of a table: payment and claim cells are repeated for every line."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from models.claims.common import Reference
from models.claims.tabular_columns import Column, TableName
from models.claims.tabular_levels import LEVELS, Level, Record, level_columns


def rows_of(table: TableName, record: Record) -> Iterator[list[Any]]:
    """Rows of one record in the order of the table's columns; absent values are ``None``."""
    levels = LEVELS[table]
    getters = [_getters(table, level.name) for level in levels]
    yield from _rows(levels, getters, 0, record, 1, [])


def _rows(
    levels: Sequence[Level],
    getters: Sequence[Sequence[Callable[[Any, int], Any]]],
    depth: int,
    record: Any,
    position: int,
    before: list[Any],
) -> Iterator[list[Any]]:
    cells = before + [get(record, position) for get in getters[depth]]
    if depth + 1 == len(levels):
        yield cells
        return
    children = getattr(record, levels[depth].children)
    if not children:
        yield cells + [None] * sum(len(g) for g in getters[depth + 1 :])
    for number, child in enumerate(children, 1):
        yield from _rows(levels, getters, depth + 1, child, number, cells)


@cache
def _getters(table: TableName, level: str) -> tuple[Callable[[Any, int], Any], ...]:
    columns = level_columns(table, level)
    named = [c.path[11:] for c in columns if c.path.startswith("references.")]
    return tuple(_getter(column, named) for column in columns)


def _getter(column: Column, named: Sequence[str]) -> Callable[[Any, int], Any]:
    """Function from a record and its position to the column's cell."""
    if not column.path:
        return lambda record, position: position
    write = column.cell.write

    def cell(value: Any) -> Any:
        return None if value is None or value == "" or value == () else write(value)

    first, _, rest = column.path.partition(".")
    if first == "references" and rest == "*":
        return lambda record, _: cell(_other_references(record.references, named))
    if first == "references" and rest:
        return lambda record, _: cell(record.reference(rest))
    names = column.path.split(".")

    def get(record: Any, position: int) -> Any:
        for name in names:
            record = getattr(record, name)
            if record is None:
                return None
        return cell(record)

    return get


def _other_references(
    references: Sequence[Reference], named: Sequence[str]
) -> tuple[Reference, ...]:
    left = list(references)
    for qualifier in named:
        found = next((r for r in left if r.qualifier == qualifier), None)
        if found is not None:
            left.remove(found)
    return tuple(left)
