"""Reads 999 transactions (005010X231, A1): one `SetAcknowledgement` per response (loop AK2)."""

from collections.abc import Iterator
from typing import Any

from models.claims.set_acknowledgement import (
    ACCEPTED,
    ElementError,
    SegmentError,
    SetAcknowledgement,
)
from models.claims.x12.context import Item, Segment, TransactionContext
from models.claims.x12.p835_elements import element, split_composite
from models.errors import Problem

_REJECTED = frozenset({"M", "R", "W", "X"})
_MOST_ERRORS = 1000
"""Notes kept of one set; a damaged file can have one for each segment."""


def parse_999(
    segments: Iterator[tuple[int, Segment]], context: TransactionContext
) -> Iterator[Item]:
    """Yield each set's response as soon as it is complete, and problems in between.

    ``segments`` run from ST (inclusive) to SE (exclusive). A response without control number or
    code is lost and reported, as is everything where the group (AK1) or its date (GS04) is
    missing. A group that was rejected, or whose sets are not named, has a response of its own.
    """
    reader = _Reader(context)
    for number, segment in segments:
        yield from reader.read(number, segment)
    yield from reader.close(None)


class _Reader:
    """State of one 999: the group, the open response and its open note."""

    def __init__(self, context: TransactionContext) -> None:
        self.context = context
        self.group: Segment = []
        self.opened: tuple[int, Segment] | None = None
        self.errors: list[dict[str, Any]] = []
        self.sets = 0
        self.ended = False
        self.at = 0
        self.problems: list[Problem] = []

    def read(self, number: int, segment: Segment) -> Iterator[Item]:
        """Take one segment; yield what it completes."""
        self.at = number
        match segment[0]:
            case "AK1":
                self.group = segment
            case "AK2":
                yield from self.close(number)
                self.opened = (number, segment)
                self.sets += 1
            case "IK3" if self.opened is not None:
                self.note(number, segment)
            case "CTX" if self.errors:
                self.told(segment)
            case "IK4" if self.errors:
                self.fault(number, segment)
            case "IK5" if self.opened is not None:
                yield from self.respond(number, segment)
            case "AK9":
                yield from self.close(number)
                self.ended = True
                yield from self.conclude(number, segment)
            case _:
                pass
        yield from self.problems
        self.problems.clear()

    def report(
        self, number: int, segment: str, field: str, code: str, text: str, lost: str
    ) -> None:
        """Add a problem."""
        self.problems.append(self.context.problem(number, segment, field, code, text, lost))

    def note(self, number: int, segment: Segment) -> None:
        """IK3."""
        position = element(segment, 2)
        if not _counts(position):
            self.report(number, "IK3", "IK302", "999.position", "not a segment's number", "it")
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(
                {
                    "segment": element(segment, 1),
                    "position": int(position) if _counts(position) else 0,
                    "loop": element(segment, 3),
                    "code": element(segment, 4),
                    "elements": [],
                }
            )

    def told(self, segment: Segment) -> None:
        """CTX: which claim is concerned; other contexts may name a patient and are left."""
        name, *value = split_composite(element(segment, 1), self.context.component)
        if name == "CLM01" and value:
            self.errors[-1]["claim_id"] = value[0]

    def fault(self, number: int, segment: Segment) -> None:
        """IK4."""
        parts = [*split_composite(element(segment, 1), self.context.component), ""]
        if not _counts(parts[0]):
            self.report(number, "IK4", "IK401", "999.position", "not an element's number", "it")
        self.errors[-1]["elements"].append(
            ElementError(
                int(parts[0]) if _counts(parts[0]) else 0,
                element(segment, 3),
                int(parts[1]) if _counts(parts[1]) else 0,
                element(segment, 2),
            )
        )

    def respond(self, number: int, segment: Segment) -> Iterator[Item]:
        """IK5 ends a response."""
        assert self.opened is not None
        began, header = self.opened
        self.opened = None
        control, code = element(header, 2), element(segment, 1)
        if not control or not code:
            missing = "control number (AK202)" if not control else "code (IK501)"
            self.lose(number, "IK5", f"a set's response without a {missing}")
        else:
            yield from self.made(
                began, code, element(header, 3), [x for x in segment[2:7] if x],
                transaction=control, kind=element(header, 1),
            )  # fmt: skip
        self.errors = []

    def conclude(self, number: int, segment: Segment) -> Iterator[Item]:
        """AK9: the group as a whole."""
        code = element(segment, 1)
        if code in _REJECTED or (not self.sets and code in ACCEPTED):
            yield from self.made(number, code, "", [x for x in segment[5:10] if x])
        elif not code:
            self.lose(number, "AK9", "a group's response without a code (AK901)")

    def made(
        self, number: int, code: str, version: str, reasons: list[str], **own: str
    ) -> Iterator[Item]:
        """The record, where group and date are known."""
        group, date = element(self.group, 2), self.context.group_date
        if not group or date is None:
            missing = "group control number (AK102)" if not group else "date (GS04)"
            self.lose(number, "AK1" if not group else "GS", f"a 999 without a {missing}")
            return
        errors = tuple(SegmentError(**{**x, "elements": tuple(x["elements"])}) for x in self.errors)
        yield SetAcknowledgement(
            group=group, code=code, accepted=code in ACCEPTED, date=date,
            functional=element(self.group, 1), version=version or element(self.group, 3),
            reasons=tuple(reasons), errors=errors, sender_id=self.context.sender_id,
            receiver_id=self.context.receiver_id, source=self.context.source(number), **own,
        )  # fmt: skip

    def lose(self, number: int, segment: str, text: str) -> None:
        """Report a response that cannot be used."""
        self.report(number, segment, "", "999.response", text, "this response")

    def close(self, number: int | None) -> Iterator[Item]:
        """A response that never ended is lost; so is a 999 that says nothing of its group."""
        if self.opened is not None:
            self.lose(self.opened[0], "AK2", "a set's response without its end (IK5)")
            self.opened, self.errors = None, []
        if number is None and not self.ended:
            self.report(
                self.at, "AK9", "", "999.group",
                "the 999 ends without its group's response (AK9)", "what it says of the group",
            )  # fmt: skip
        yield from self.problems
        self.problems.clear()


def _counts(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
