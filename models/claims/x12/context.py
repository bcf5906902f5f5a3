"""What every transaction parser is given, and what it gives back."""

import datetime as dt
from collections.abc import Callable, Iterator

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.errors import Place, Problem

Segment = list[str]
"""Elements of one segment; ``segment[0]`` is its identifier, ``segment[1]`` element 01."""


class SkippedTransaction(msgspec.Struct, frozen=True, gc=False):
    """A transaction that was named and passed over (837I, 4010, 270, ...)."""

    place: Place
    kind: str  # "837I", "837P 4010", "270", ...
    reason: str


Item = Claim | Payment | Acknowledgement | SetAcknowledgement | SkippedTransaction | Problem
"""What reading a file yields, in the file's order."""


class TransactionContext(msgspec.Struct, gc=False):
    """Envelope facts of one ST..SE transaction."""

    file: str
    component: str  # component element separator (ISA16)
    repetition: str  # repetition separator (ISA11)
    interchange: str  # ISA13
    group: str  # GS06
    transaction: str  # ST02
    version: str  # GS08 or ST03
    group_date: dt.date | None  # GS04
    sender_id: str = ""  # GS02
    receiver_id: str = ""  # GS03

    def source(self, segment_number: int) -> Source:
        """Where a record that starts at this segment was read."""
        return Source(self.file, segment_number, self.interchange, self.group, self.transaction)

    def problem(
        self,
        segment_number: int,
        segment: str,
        field: str,
        code: str,
        message: str,
        lost: str = "",
    ) -> Problem:
        """A `Problem` at a segment (identifier) and field (element such as ``"CLM02"``)."""
        place = Place(self.file, segment_number, segment, None, field)
        return Problem(place, code, message, lost)


Parser = Callable[[Iterator[tuple[int, Segment]], TransactionContext], Iterator[Item]]
"""Reads the segments from ST (inclusive) to SE (exclusive), numbered from the file's start."""
