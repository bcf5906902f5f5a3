"""Reads loop 2400 of an 837P: one service line with its drugs, providers, adjudications."""

from decimal import Decimal
from typing import Any, ClassVar, Protocol

from models.claims.claim import Attachment, Drug, LineAdjudication, Note, ServiceLine
from models.claims.x12.context import Segment
from models.claims.x12.p835_elements import element, read_number
from models.claims.x12.p837_loop import Handler, Loop, Transaction
from models.claims.x12.p837_values import (
    PADDING,
    read_adjustments,
    read_amount,
    read_days,
    read_provider,
)

_PROVIDERS = {
    "82": "rendering",
    "QB": "purchased",
    "77": "facility",
    "DQ": "supervising",
    "DK": "ordering",
    "DN": "referring",
}


class LineParent(Protocol):
    """The claim's loop, as far as a line needs it."""

    def open_line(self, number: int, segment: Segment) -> Loop | None:
        """Open the next line."""


class LineLoop(Loop):
    """Loop 2400; 2410 and 2430 are told apart by what came last."""

    __slots__ = ("_number", "_parent", "_position", "_start", "_within")

    def __init__(
        self, transaction: Transaction, parent: LineParent, position: int, number: int
    ) -> None:
        super().__init__(transaction)
        self._parent = parent
        self._position = position
        self._start = number
        self._number = position
        self._within: dict[str, Any] | None = None  # the 2410 or 2430 that is open

    def open(self, number: int, segment: Segment) -> None:
        """LX."""
        text = element(segment, 1)
        if text.isascii() and text.isdigit() and len(text) < 7:
            self._number = int(text)
        else:
            self.transaction.report(
                number, segment, "LX01", "837p.number", "LX01 is no line number"
            )

    def close(self) -> ServiceLine | None:
        """The line, or ``None`` (reported) where it has no readable service and charge."""
        fields = self.finished()
        if "drugs" in fields:
            fields["drugs"] = tuple(Drug(**x) for x in fields["drugs"])
        if "adjudications" in fields:
            fields["adjudications"] = tuple(
                LineAdjudication(**{**x, "adjustments": tuple(x["adjustments"])})
                for x in fields["adjudications"]
            )
        if "charge" not in fields:
            if "code" not in fields:
                self.transaction.report(
                    self._start, ["LX"], "", "837p.line", "a service line has no SV1",
                    "this service line",
                )  # fmt: skip
            return None
        return ServiceLine(number=self._number, **fields)

    def _next_line(self, number: int, segment: Segment) -> Loop | None:
        return self._parent.open_line(number, segment)

    def service(self, number: int, segment: Segment) -> Loop | None:
        """SV1."""
        fields = self.fields
        if "code" in fields:  # an LX is missing
            return self._parent.open_line(number, segment)
        values = segment + PADDING
        transaction = self.transaction
        service = transaction.composites.service(values[1])
        fields["code"] = service.code
        if service.qualifier != "HC":
            fields["code_qualifier"] = service.qualifier
        if service.modifiers:
            fields["modifiers"] = service.modifiers
        if service.description:
            fields["description"] = service.description
        charge, code, words = read_amount(values[2])
        if code:
            lost = "this service line" if charge is None else ""
            transaction.report(number, segment, "SV102", code, f"SV102 {words}", lost)
        if charge is not None:
            fields["charge"] = charge
        if values[3] != "UN":
            fields["unit_basis"] = values[3]
        self._units(number, segment, values[4])
        if values[5]:
            fields["place_of_service"] = values[5]
        if values[7]:
            pointers, damaged = transaction.composites.pointers(values[7])
            fields["pointers"] = pointers
            if damaged:
                transaction.report(
                    number, segment, "SV107", "837p.number", "SV107 has a pointer that is no number"
                )
        if len(segment) > 9:
            fields["emergency"] = values[9] == "Y"
            fields["epsdt"] = values[11] == "Y"
            fields["family_planning"] = values[12] == "Y"
            fields["copay_exempt"] = values[15] == "0"
        return None

    def _units(self, number: int, segment: Segment, text: str) -> None:
        units = read_number(text)
        if units is not None:
            self.fields["units"] = units
        if units is None or units < 0:
            words = "is negative" if units is not None else "is no number; taken as 1"
            self.transaction.report(number, segment, "SV104", "837p.number", f"SV104 {words}")

    def _number_or_none(self, number: int, segment: Segment, position: int) -> Decimal | None:
        text = element(segment, position)
        value = read_number(text)
        if text and value is None:
            field = f"{segment[0]}{position:02d}"
            self.transaction.report(
                number, segment, field, "837p.number", f"{field} is no number", "this number"
            )
        return value

    def date(self, number: int, segment: Segment) -> None:
        """DTP."""
        if len(segment) > 3 and segment[1] == "472":
            days = read_days(segment[3])
            if days is None:
                self.bad_date(number, segment, "DTP03")
                return
            self.fields["service_date"], end = days
            if end is not None:
                self.fields["service_date_end"] = end
            return
        event = self.read_event(number, segment)
        if event is None:
            return
        if event.qualifier == "573" and self._within is not None and "payer_id" in self._within:
            self._within["date"] = event.begin
        else:
            self.add("dates", event)

    def reference(self, number: int, segment: Segment) -> None:
        """REF."""
        qualifier = segment[1] if len(segment) > 1 else ""
        if qualifier == "6R" and "control_number" not in self.fields:
            self.fields["control_number"] = element(segment, 2)
        elif qualifier in ("XZ", "VY") and self._within is not None and "ndc" in self._within:
            self._within["prescription"] = element(segment, 2)
        else:
            self.read_reference(number, segment)

    def note(self, number: int, segment: Segment) -> None:
        """NTE."""
        self.add("notes", Note(element(segment, 1), element(segment, 2)))

    def attachment(self, number: int, segment: Segment) -> None:
        """PWK."""
        self.add("attachments", read_attachment(segment))

    def drug(self, number: int, segment: Segment) -> None:
        """LIN: an NDC opens a drug, anything else is kept as text."""
        self._within = None
        if element(segment, 2) == "N4":
            self._within = {"ndc": element(segment, 3)}
            self.add("drugs", self._within)
        else:
            self.other(number, segment)

    def drug_quantity(self, number: int, segment: Segment) -> None:
        """CTP."""
        if self._within is None or "ndc" not in self._within:
            self.other(number, segment)
            return
        self._within["quantity"] = self._number_or_none(number, segment, 4)
        self._within["unit"] = self.transaction.composites.split(element(segment, 5))[0]

    def adjudication(self, number: int, segment: Segment) -> None:
        """SVD."""
        values = segment + PADDING
        service = self.transaction.composites.service(values[3])
        paid = self.transaction.amount(number, segment, 2)
        self._within = {
            "payer_id": values[1],
            "code_qualifier": service.qualifier,
            "code": service.code,
            "modifiers": service.modifiers,
            "units": self._number_or_none(number, segment, 5),
            "bundled_into": values[6],
            "adjustments": [],
        }
        if paid is not None:
            self._within["paid"] = paid
        self.add("adjudications", self._within)

    def adjustments(self, number: int, segment: Segment) -> None:
        """CAS."""
        if self._within is None or "payer_id" not in self._within:
            self.other(number, segment)
            return
        self._within["adjustments"] += adjustments_of(self.transaction, number, segment)

    def amount(self, number: int, segment: Segment) -> None:
        """AMT."""
        within = self._within
        if within is not None and "payer_id" in within and element(segment, 1) == "EAF":
            within["remaining"] = self.transaction.amount(number, segment, 2)
        else:
            self.read_amount_information(number, segment)

    def take_party(self, party: list[Segment], number: int) -> None:
        """NM1 loops 2420."""
        field = _PROVIDERS.get(element(party[0], 1))
        if field is None:
            super().take_party(party, number)
        else:
            self.take_provider(field, party, read_provider(party))

    table: ClassVar[dict[str, Handler]] = {
        "LX": _next_line,
        "SV1": service,
        "DTP": date,
        "REF": reference,
        "NTE": note,
        "PWK": attachment,
        "LIN": drug,
        "CTP": drug_quantity,
        "SVD": adjudication,
        "CAS": adjustments,
        "AMT": amount,
        "NM1": Loop.open_party,
    }


def read_attachment(segment: Segment) -> Attachment:
    """PWK."""
    return Attachment(element(segment, 1), element(segment, 2), element(segment, 6))


def adjustments_of(transaction: Transaction, number: int, segment: Segment) -> list[Any]:
    """CAS; unreadable amounts and quantities are reported."""
    found, bad = read_adjustments(segment)
    for position in bad:
        field = f"CAS{position:02d}"
        transaction.report(
            number, segment, field, "837p.amount", f"{field} is no number", "this adjustment"
        )
    return found
