"""What the loops of an 837P share: a table of handlers, parties, kept segments, problems."""

from collections.abc import Callable
from decimal import Decimal
from sys import intern
from typing import Any, ClassVar

from models.claims.claim import Payer, Person
from models.claims.common import Amount, DatedEvent, Reference
from models.claims.x12.context import Segment, TransactionContext
from models.claims.x12.p835_elements import element, read_address, read_date
from models.claims.x12.p837_values import (
    PADDING,
    Composites,
    composites,
    read_amount,
    read_event,
)
from models.errors import Problem

Handler = Callable[[Any, int, Segment], "Loop | None"]
"""Takes one segment; returns the loop that the next one belongs to, ``None``: the same."""

_PARTY_PARTS = frozenset({"N2", "N3", "N4", "PRV", "REF", "PER", "DMG"})


class Transaction:
    """What all loops of one transaction know: its context, problems, component separator."""

    def __init__(self, context: TransactionContext) -> None:
        self.context = context
        self.problems: list[Problem] = []
        self.composites: Composites = composites(context.component)

    def report(
        self, number: int, segment: Segment, field: str, code: str, message: str, lost: str = ""
    ) -> None:
        """Note a problem of ``segment``, which is segment ``number`` of the file."""
        problem = self.context.problem(number, segment[0], field, code, message, lost)
        self.problems.append(problem)

    def amount(self, number: int, segment: Segment, position: int) -> Decimal | None:
        """The amount at ``position``; what is wrong with it is reported."""
        value, code, words = read_amount(element(segment, position))
        if code:
            field = f"{segment[0]}{position:02d}"
            lost = "this amount" if value is None else ""
            self.report(number, segment, field, code, f"{field} {words}", lost)
        return value

    def raw(self, segment: Segment) -> str:
        """A segment as text with the separators ``*`` and ``:``, whatever the file's are."""
        separator = self.composites.separator
        text = "*".join(segment)
        if text.count("*") != len(segment) - 1:
            text = "*".join([x.replace("*", " ") for x in segment])
        if separator != ":":
            text = text.replace(":", " ").replace(separator, ":")
        return text


class Loop:
    """One open loop. Subclasses have a ``table`` from segment identifier to handler."""

    __slots__ = ("_party", "_party_number", "extra", "fields", "lists", "transaction")

    table: ClassVar[dict[str, Handler]] = {}

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.fields: dict[str, Any] = {}
        self.lists: dict[str, list[Any]] = {}
        self.extra: list[str] = []
        self._party: list[Segment] | None = None
        self._party_number = 0

    def read(self, number: int, segment: Segment) -> "Loop":
        """Take one segment and return the loop that is open behind it."""
        identifier = segment[0]
        if self._party is not None:
            if identifier in _PARTY_PARTS:
                self._party.append(segment)
                return self
            self.end_party()
        handler = self.table.get(identifier)
        if handler is None:
            return self.other(number, segment)
        return handler(self, number, segment) or self

    def other(self, number: int, segment: Segment) -> "Loop":
        """Take a segment without a handler: it is kept as text."""
        self.extra.append(self.transaction.raw(segment))
        return self

    def open_party(self, number: int, segment: Segment) -> None:
        """NM1: what follows may belong to it."""
        self._party = [segment]
        self._party_number = number

    def end_party(self) -> None:
        """Hand the party that is open, if any, to `take_party`."""
        party, self._party = self._party, None
        if party is not None:
            self.take_party(party, self._party_number)

    def take_party(self, party: list[Segment], number: int) -> None:
        """Keep a party that the loop has no field for."""
        self.extra.extend(self.transaction.raw(x) for x in party)

    def take_provider(self, field: str, party: list[Segment], provider: Any) -> None:
        """Set a provider field, or keep the segments where it is set already."""
        if field in self.fields:
            Loop.take_party(self, party, 0)
        else:
            self.fields[field] = provider

    def add(self, field: str, value: object) -> None:
        """Append to a field that holds several values."""
        values = self.lists.get(field)
        if values is None:
            self.lists[field] = [value]
        else:
            values.append(value)

    def finished(self) -> dict[str, Any]:
        """All fields, lists as tuples, and the kept segments."""
        self.end_party()
        fields = self.fields
        for field, values in self.lists.items():
            fields[field] = tuple(values)
        if self.extra:
            fields["extra"] = tuple(self.extra)
        return fields

    def read_reference(self, number: int, segment: Segment) -> None:
        """REF; one that REF04 ties to another payer is kept as text."""
        size = len(segment)
        if size == 3:
            self.add("references", Reference(intern(segment[1]), segment[2]))
        elif any(segment[3:]):
            self.extra.append(self.transaction.raw(segment))
        else:
            self.add("references", Reference(element(segment, 1), element(segment, 2)))

    def read_event(self, number: int, segment: Segment) -> DatedEvent | None:
        """DTP; an unreadable date is reported."""
        event = read_event(element(segment, 1), element(segment, 3))
        if event is None:
            self.bad_date(number, segment, "DTP03")
        return event

    def bad_date(self, number: int, segment: Segment, field: str) -> None:
        """Report a date that is none."""
        message = f"{field} is no date CCYYMMDD"
        self.transaction.report(number, segment, field, "837p.date", message, "this date")

    def read_amount_information(self, number: int, segment: Segment) -> None:
        """AMT."""
        amount = self.transaction.amount(number, segment, 2)
        if amount is not None:
            self.add("amounts", Amount(element(segment, 1), amount))


def read_person(loop: Loop, party: list[Segment], number: int) -> Person:
    """The person that an NM1 and the N3, N4, DMG and REF behind it tell of."""
    name = party[0] + PADDING
    street: Segment | None = None
    city: Segment | None = None
    birth_date, sex = None, ""
    references: list[Reference] = []
    for offset, segment in enumerate(party):
        identifier = segment[0]
        if identifier == "N3":
            street = segment
        elif identifier == "N4":
            city = segment
        elif identifier == "REF":
            references.append(Reference(element(segment, 1), element(segment, 2)))
        elif identifier == "DMG":
            sex = element(segment, 3)
            text = element(segment, 2)
            birth_date = read_date(text)
            if text and birth_date is None:
                loop.bad_date(number + offset, segment, "DMG02")
    return Person(
        last_name=name[3],
        first_name=name[4],
        middle_name=name[5],
        suffix=name[7],
        entity=name[2],
        member_id=name[9],
        member_id_qualifier=name[8],
        birth_date=birth_date,
        sex=sex,
        address=read_address(street, city),
        references=tuple(references),
    )


def read_payer(party: list[Segment]) -> Payer:
    """The payer that an NM1 and the N3, N4 and REF behind it tell of."""
    name = party[0] + PADDING
    street = next((x for x in party if x[0] == "N3"), None)
    city = next((x for x in party if x[0] == "N4"), None)
    return Payer(
        name=name[3],
        id_qualifier=name[8],
        id=name[9],
        address=read_address(street, city),
        references=tuple(Reference(element(x, 1), element(x, 2)) for x in party if x[0] == "REF"),
    )
