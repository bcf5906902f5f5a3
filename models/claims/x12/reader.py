"""Reads interchanges: checks the envelopes and hands each transaction to its parser.

A damaged envelope or transaction is reported where it stands, and reading goes on behind it.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from models.claims.x12.context import (
    Item,
    Parser,
    Segment,
    SkippedTransaction,
    TransactionContext,
)
from models.claims.x12.p277ca import parse_277ca
from models.claims.x12.p835 import parse_835
from models.claims.x12.p835_elements import element, read_date
from models.claims.x12.p837 import parse_837p
from models.claims.x12.p999 import parse_999
from models.claims.x12.segments import Block, read_segments
from models.errors import Place, Problem

_PARSERS: dict[tuple[str, str], Parser] = {
    ("837", "005010X222"): parse_837p,
    ("835", "005010X221"): parse_835,
    ("277", "005010X214"): parse_277ca,
    ("999", "005010X231"): parse_999,
}
_KINDS = {
    ("837", "005010X223"): "837I",
    ("837", "005010X224"): "837D",
    ("837", "004010X098"): "837P 4010",
    ("837", "004010X096"): "837I 4010",
    ("837", "004010X097"): "837D 4010",
    ("835", "004010X091"): "835 4010",
    ("277", "005010X212"): "277 claim status response",
    ("277", "005010X213"): "277 request for information",
}
_CONTROL = frozenset({"ISA", "IEA", "TA1", "GS", "GE", "ST", "SE"})
_DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_CODE = re.compile(r"[0-9A-Z]{1,12}")

Numbered = tuple[int, Segment]
Run = tuple[int, list[Segment]]
"""Segments in a row with the number of the first: one control segment, or no control segment."""


def read_x12(source: bytes | Path | BinaryIO, *, name: str = "") -> Iterator[Item]:
    """Yield claims, payments, acknowledgements, skipped transactions and problems in order.

    ``name`` is what places call the file (default: the file name of a path). Reads as it is
    asked for items; memory does not grow with the file, except by one 835 transaction at a
    time. Raises OSError where the path cannot be read.
    """
    if isinstance(source, Path):
        name = name or source.name
    return _Reader(name).read(read_segments(source, name=name))


class _Reader:
    """The envelopes that are open, and what their trailers must say."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._pending: list[Problem] = []  # of the tokenizer, met while a parser was fed
        self._next: Run | None = None
        self._interchange: Segment | None = None
        self._group: Segment | None = None
        self._component = ":"
        self._repetition = "^"
        self._groups = 0
        self._transactions = 0
        self._outside = False
        self._cut = False  # the data ended inside a transaction

    def read(self, blocks: Iterator[Block | Problem]) -> Iterator[Item]:
        """Yield the items of all interchanges."""
        runs = self._runs(blocks)
        for run in runs:
            self._next = run
            # A transaction without SE ends at a segment that is itself still to be read.
            while self._next is not None:
                run, self._next = self._next, None
                yield from self._flush()
                yield from self._dispatch((run[0], run[1][0]), runs)
        yield from self._flush()
        # Of the trailers that a cut file lacks, the innermost is enough to say so.
        if self._cut:
            return
        if self._group is not None:
            yield from self._close_group(None)
        elif self._interchange is not None:
            yield from self._close_interchange(None)

    def _runs(self, blocks: Iterator[Block | Problem]) -> Iterator[Run]:
        for block in blocks:
            if isinstance(block, Problem):
                self._pending.append(block)
                continue
            number, segments = block
            start = 0
            for at in [i for i, x in enumerate(segments) if x[0] in _CONTROL]:
                if at > start:
                    yield number + start, segments[start:at]
                yield number + at, segments[at : at + 1]
                start = at + 1
            if start < len(segments):
                yield number + start, segments[start:] if start else segments

    def _flush(self) -> Iterator[Problem]:
        if self._pending:
            yield from self._pending
            self._pending.clear()

    def _dispatch(self, at: Numbered, runs: Iterator[Run]) -> Iterator[Item]:
        identifier = at[1][0]
        if identifier not in _CONTROL:
            if not self._outside:
                self._outside = True
                if len(at[1]) == 1 and identifier[:2] in ("GS", "ST"):
                    code = "x12.separators"
                    message = "the element separator of the ISA is not used behind it"
                else:
                    code = "x12.outside_transaction"
                    message = "segments outside of ST..SE"
                yield self._problem(at, "", code, message, "these segments")
            return
        self._outside = False
        if identifier == "ST":
            yield from self._transaction(at, runs)
        elif identifier == "GS":
            yield from self._open_group(at)
        elif identifier == "GE":
            yield from self._close_group(at)
        elif identifier == "ISA":
            yield from self._open_interchange(at)
        elif identifier == "IEA":
            yield from self._close_interchange(at)
        elif identifier == "TA1":
            place = Place(self._file, at[0], "TA1")
            yield SkippedTransaction(place, "TA1", "interchange acknowledgement")
        else:
            yield self._problem(at, "", "x12.se_without_st", "SE without a transaction before it")

    def _open_interchange(self, at: Numbered) -> Iterator[Problem]:
        if self._interchange is not None:
            yield from self._close_interchange(None, at)
        self._interchange = at[1]
        self._groups = 0
        if len(at[1]) == 17:
            self._component = at[1][16].strip(" ") or ":"
            self._repetition = at[1][11].strip(" ")
        else:
            yield self._problem(
                at, "", "x12.isa", f"an ISA has 16 elements, this one has {len(at[1]) - 1}"
            )

    def _close_interchange(
        self, at: Numbered | None, before: Numbered | None = None
    ) -> Iterator[Problem]:
        if self._group is not None:
            yield from self._close_group(None, at or before)
        interchange, self._interchange = self._interchange, None
        if at is None:
            yield self._problem(before, "IEA", "x12.missing_iea", "an interchange has no IEA")
        elif interchange is None:
            yield self._problem(at, "", "x12.iea_without_isa", "IEA without an ISA before it")
        else:
            yield from self._check(at, "IEA", self._groups, "groups", element(interchange, 13))

    def _open_group(self, at: Numbered) -> Iterator[Problem]:
        if self._group is not None:
            yield from self._close_group(None, at)
        self._group = at[1]
        self._groups += 1
        self._transactions = 0

    def _close_group(
        self, at: Numbered | None, before: Numbered | None = None
    ) -> Iterator[Problem]:
        group, self._group = self._group, None
        if at is None:
            yield self._problem(before, "GE", "x12.missing_ge", "a functional group has no GE")
        elif group is None:
            yield self._problem(at, "", "x12.ge_without_gs", "GE without a GS before it")
        else:
            yield from self._check(at, "GE", self._transactions, "transactions", element(group, 6))

    def _transaction(self, start: Numbered, runs: Iterator[Run]) -> Iterator[Item]:
        self._transactions += 1
        header = start[1]
        if self._group is None:
            yield self._problem(start, "", "x12.st_without_gs", "ST outside of a functional group")
        group = self._group or []
        kind, version = element(header, 1).strip(" "), element(header, 3).strip(" ")
        version = version or element(group, 8).strip(" ")
        parser = _PARSERS.get((kind, version[:10]))
        rest = self._until_control(start, runs)
        if parser is None:
            place = Place(self._file, start[0], "ST")
            yield SkippedTransaction(place, _kind(kind, version), _reason(kind, version))
        else:
            context = TransactionContext(
                file=self._file,
                component=self._component,
                repetition=self._repetition,
                interchange=element(self._interchange or [], 13).strip(" "),
                group=element(group, 6).strip(" "),
                transaction=element(header, 2).strip(" "),
                version=version,
                group_date=read_date(element(group, 4).strip(" ")),
                sender_id=element(group, 2).strip(" "),
                receiver_id=element(group, 3).strip(" "),
            )
            try:
                for item in parser(rest, context):
                    if self._pending:
                        yield from self._flush()
                    yield item
            except _DEFECTS as error:  # one transaction must not cost the rest of the file
                yield self._problem(
                    start,
                    "",
                    "x12.transaction_failed",
                    f"the transaction could not be read ({type(error).__name__})",
                    "the rest of this transaction",
                )
        for _ in rest:  # a parser may stop early
            pass
        yield from self._flush()
        yield from self._end_transaction(start)

    def _until_control(self, start: Numbered, runs: Iterator[Run]) -> Iterator[Numbered]:
        """The transaction's segments; leaves the control segment behind them in ``_next``."""
        return chain((start,), chain.from_iterable(self._data_runs(runs)))

    def _data_runs(self, runs: Iterator[Run]) -> Iterator[Iterator[Numbered]]:
        for number, segments in runs:
            if segments[0][0] in _CONTROL:
                self._next = number, segments
                return
            yield enumerate(segments, number)

    def _end_transaction(self, start: Numbered) -> Iterator[Problem]:
        end = (self._next[0], self._next[1][0]) if self._next else None
        self._cut = end is None
        if end is None or end[1][0] != "SE":
            yield self._problem(
                end or start,
                "SE",
                "x12.missing_se",
                "a transaction has no SE; its last claim may be incomplete",
            )
            return
        self._next = None
        count = end[0] - start[0] + 1
        yield from self._check(end, "SE", count, "segments", element(start[1], 2))

    def _check(
        self, at: Numbered, trailer: str, count: int, things: str, control: str
    ) -> Iterator[Problem]:
        """Compare a trailer's count and control number with what was read."""
        stated, number = element(at[1], 1).strip(" "), element(at[1], 2).strip(" ")
        if stated.lstrip("0") != str(count or ""):
            told = stated if stated.isdigit() and len(stated) < 10 else "no number"
            yield self._problem(
                at,
                f"{trailer}01",
                f"x12.{trailer.lower()}_count",
                f"{trailer} counts {told} {things}, {count} were read",
            )
        if number.lstrip("0") != control.strip(" ").lstrip("0"):
            yield self._problem(
                at,
                f"{trailer}02",
                f"x12.{trailer.lower()}_control",
                f"the control number of {trailer} differs from its header's",
            )

    def _problem(
        self, at: Numbered | None, field: str, code: str, message: str, lost: str = ""
    ) -> Problem:
        number, identifier = (at[0], at[1][0]) if at else (None, "")
        segment = identifier if identifier in _CONTROL else ""
        return Problem(Place(self._file, number, segment, None, field), code, message, lost)


def _kind(kind: str, version: str) -> str:
    known = _KINDS.get((kind, version[:10]))
    if known:
        return known
    return kind if _CODE.fullmatch(kind) else "unknown"


def _reason(kind: str, version: str) -> str:
    if not any(kind == x for x, _ in _PARSERS):
        return "this kind of transaction is not read"
    if not version:
        return "neither ST03 nor GS08 names a version"
    return f"version {version if _CODE.fullmatch(version) else 'unknown'} is not read"
