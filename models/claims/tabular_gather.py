"""Rows of a table to records, whatever file the rows stand in.

Rows are read one by one; a record is complete when a row of another one comes, or at the end.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from models.claims.claim import Claim, ServiceLine
from models.claims.common import ZERO, Reference, Source
from models.claims.remittance import Payment, Remittance, RemittanceLine
from models.claims.tabular_cells import CellError
from models.claims.tabular_columns import TableName
from models.claims.tabular_levels import LEVELS, Record, level_columns
from models.errors import Place, Problem

Row = Sequence[Any]

# Providers who are people, as far as the flat form does not say otherwise.
_PEOPLE = ("rendering", "referring", "supervising", "ordering", "purchased")


class _Open:
    """A record whose rows are still coming."""

    def __init__(self, row: int, identity: list[Any], cells: list[Any]) -> None:
        self.row = row
        self.identity = identity
        self.cells = cells
        self.fields: dict[str, Any] | None = None  # None: lost or absent
        self.children: list[Any] = []
        self.position: Decimal | None = None
        self.differs = False


class RowReader:
    """Gathers rows of one table into records; ``header`` names the columns of the rows.

    Columns may come in any order; columns that the table does not know are passed over, and
    columns that are absent read as empty.
    """

    def __init__(self, table: TableName, header: Sequence[str], file: str) -> None:
        self._file = file
        self._levels = LEVELS[table]
        index = {name: i for i, name in reversed(list(enumerate(header)))}
        self._columns = [
            [(index[c.name], c) for c in level_columns(table, level.name) if c.name in index]
            for level in self._levels
        ]
        self._identity = [
            [index[name] for name in level.identity if name in index] for level in self._levels
        ]
        self._position = [index.get(level.position) for level in self._levels]
        self._width = len(header)
        self._open: list[_Open | None] = [None] * len(self._levels)
        self._problems: list[Problem] = []

    def read(self, number: int, row: Row) -> Iterator[Record | Problem]:
        """Take data row ``number`` (from 1); yield what it completes."""
        if len(row) != self._width:
            yield self._problem(
                number, "", f"{len(row)} cells, the header names {self._width} columns", "this row"
            )
            return
        depth = self._first_new(row)
        yield from self._close(depth)
        for level in range(len(self._levels)):
            if level < depth:
                self._compare(level, row, number)
            else:
                self._start(level, row, number)
        yield from self._flush()

    def finish(self) -> Iterator[Record | Problem]:
        """The last record."""
        yield from self._close(0)
        yield from self._flush()

    def _first_new(self, row: Row) -> int:
        """Depth of the outermost record that this row does not continue."""
        last = len(self._levels) - 1
        for depth in range(last):
            opened = self._open[depth]
            if opened is None:
                return depth
            if self._position_of(depth, row) is None and any(
                row[i] != value
                for i, value in zip(self._identity[depth], opened.identity, strict=True)
            ):
                return depth
            below, child = self._position_of(depth + 1, row), self._open[depth + 1]
            if below is None or child is None or child.position is None:
                continue
            if below < child.position or (below == child.position and depth + 1 == last):
                return depth
            if below > child.position:
                return depth + 1
        return last

    def _position_of(self, level: int, row: Row) -> Decimal | None:
        index = self._position[level]
        text = "" if index is None else str(row[index] or "").strip()
        return Decimal(text) if text.isascii() and text.isdigit() else None

    def _compare(self, level: int, row: Row, number: int) -> None:
        """Report cells of an outer record that differ from those of its first row."""
        opened = self._open[level]
        if opened is None or opened.differs:
            return
        pairs = zip(self._columns[level], opened.cells, strict=True)
        names = [column.name for (i, column), first in pairs if row[i] != first]
        if names:
            opened.differs = True
            self._problems.append(
                self._problem(
                    number, ", ".join(names[:5]),
                    f"differs from the first row of the same {self._levels[level].name}, which "
                    "counts",
                )
            )  # fmt: skip

    def _start(self, level: int, row: Row, number: int) -> None:
        """Open the row's record of this level."""
        columns, kind = self._columns[level], self._levels[level]
        identity = [row[i] for i in self._identity[level]]
        opened = _Open(number, identity, [row[i] for i, _ in columns])
        opened.position = self._position_of(level, row)
        self._open[level] = opened
        parent = self._open[level - 1] if level else None
        if parent is not None and parent.fields is None:
            return  # what belongs to a lost record is lost with it
        fields: dict[str, Any] = {}
        filled = False
        for i, column in columns:
            value = row[i]
            if value is None or value == "":
                continue
            filled = filled or bool(column.path)
            if not column.path:
                continue
            try:
                fields[column.path] = column.cell.read(value)
            except CellError as error:
                lost = f"this {kind.name}" if column.name in kind.needs else "this cell"
                self._problems.append(self._problem(number, column.name, str(error), lost))
                if column.name in kind.needs:
                    return
        if not filled and level:
            return
        present = {column.name for _, column in columns if column.path in fields}
        missing = [name for name in kind.needs if name not in present]
        if missing:
            message = f"an empty cell; every {kind.name} needs one"
            self._problems.append(
                self._problem(number, ", ".join(missing), message, f"this {kind.name}")
            )
            return
        opened.fields = fields

    def _close(self, depth: int) -> Iterator[Record | Problem]:
        """Finish open records from the innermost out to ``depth``."""
        for level in range(len(self._levels) - 1, depth - 1, -1):
            opened, self._open[level] = self._open[level], None
            if opened is None or opened.fields is None:
                continue
            record = self._build(level, opened)
            if record is None:
                continue
            parent = self._open[level - 1] if level else None
            if parent is not None:
                parent.children.append(record)
            else:
                yield record
        yield from self._flush()

    def _build(self, level: int, opened: _Open) -> Any:
        kind = self._levels[level]
        fields = _nested(opened.fields or {})
        if kind.children:
            fields[kind.children] = tuple(opened.children)
        if "source" in kind.type.__struct_fields__:
            fields["source"] = Source(self._file, opened.row)
        _complete(kind.type, fields, self._open[level - 1] if level else None)
        try:
            return msgspec.convert(fields, kind.type)
        except msgspec.ValidationError:
            self._problems.append(
                self._problem(opened.row, "", "cells that do not fit together", f"this {kind.name}")
            )
            return None

    def _flush(self) -> Iterator[Problem]:
        yield from self._problems
        self._problems.clear()

    def _problem(self, row: int, field: str, message: str, lost: str = "") -> Problem:
        return Problem(Place(self._file, row=row, field=field), "tabular.row", message, lost)


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    """Paths to nested mappings; named and other references become one tuple."""
    root: dict[str, Any] = {}
    references: list[Reference] = []
    for path, value in fields.items():
        first, _, rest = path.partition(".")
        if first == "references" and rest == "*":
            references += value
        elif first == "references" and rest:
            references.append(Reference(rest, value))
        else:
            inner = root
            *outer, last = path.split(".")
            for name in outer:
                inner = inner.setdefault(name, {})
            inner[last] = value
    if references:
        root["references"] = tuple(references)
    return root


def _complete(kind: type[msgspec.Struct], fields: dict[str, Any], parent: _Open | None) -> None:
    """Fill what the documented columns leave to the reader."""
    for name in _PEOPLE:
        if name in fields and isinstance(fields[name], dict):
            fields[name].setdefault("entity", "1")
    if kind is Claim and "patient" not in fields:
        fields["patient"] = fields.get("subscriber", {})
    if kind is Payment and "amount" not in fields:
        claims: Sequence[Remittance] = fields["remittances"]
        taken = sum((a.amount for a in fields.get("provider_adjustments", ())), ZERO)
        fields["amount"] = sum((c.paid for c in claims), ZERO) - taken
    if kind is ServiceLine:
        fields.setdefault("number", len(parent.children) + 1 if parent else 1)
    if kind in (ServiceLine, RemittanceLine):
        fields.setdefault("code", "")
