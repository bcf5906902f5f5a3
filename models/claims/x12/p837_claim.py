"""Reads loop 2300 of an 837P: one claim, from its CLM to the next CLM, HL or SE."""

from typing import Any, ClassVar

from models.claims.claim import Claim, Note
from models.claims.x12.context import Segment
from models.claims.x12.p835_elements import element
from models.claims.x12.p837_line import LineLoop, read_attachment
from models.claims.x12.p837_loop import Handler, Loop, Transaction
from models.claims.x12.p837_other_payer import OtherPayerLoop
from models.claims.x12.p837_values import (
    PADDING,
    composites,
    read_amount,
    read_provider,
    sender_separator,
)

_PROVIDERS = {
    "DN": "referring",
    "P3": "primary_care",
    "82": "rendering",
    "77": "facility",
    "DQ": "supervising",
}
_CODE_FIELDS = {
    "ABK": "diagnoses",
    "ABF": "diagnoses",
    "BK": "diagnoses",
    "BF": "diagnoses",
    "BP": "procedures",
    "BO": "procedures",
}


class ClaimLoop(Loop):
    """Loop 2300 with 2310; opens the loops of other payers and service lines."""

    __slots__ = ("_lines", "_number", "_others")

    def __init__(self, transaction: Transaction, number: int) -> None:
        super().__init__(transaction)
        self._number = number
        self._lines: list[LineLoop] = []
        self._others: list[OtherPayerLoop] = []

    def open(self, segment: Segment) -> bool:
        """CLM; ``False`` (reported) where the claim cannot be used: no number or no charge."""
        transaction, number = self.transaction, self._number
        values = segment + PADDING
        charge, code, words = read_amount(values[2])
        if code:
            lost = "this claim" if charge is None else ""
            transaction.report(number, segment, "CLM02", code, f"CLM02 {words}", lost)
        if not values[1]:
            transaction.report(
                number, segment, "CLM01", "837p.claim", "CLM01 is missing", "this claim"
            )
        if charge is None or not values[1]:
            return False
        separator = sender_separator(values[5], transaction.composites.separator)
        if separator != transaction.composites.separator:
            transaction.composites = composites(separator)
            transaction.report(
                number, segment, "CLM05", "837p.component",
                "CLM05 does not use the component separator of ISA16; read with the sender's own",
            )  # fmt: skip
        place, frequency = transaction.composites.facility(values[5])
        fields = self.fields
        fields["claim_id"] = values[1]
        fields["charge"] = charge
        fields["place_of_service"] = place
        fields["frequency"] = frequency
        fields["signature_on_file"] = values[6]
        fields["assignment"] = values[7]
        fields["benefits_assigned"] = values[8]
        fields["release_of_information"] = values[9]
        if len(segment) > 11:
            if values[11]:
                causes = (transaction.composites.split(values[11]) + PADDING)[:4]
                fields["related_causes"] = tuple(x for x in causes[:3] if x)
                fields["accident_state"] = causes[3]
            fields["special_program"] = values[12]
            fields["delay_reason"] = values[20]
        return True

    def close(self, shared: dict[str, Any]) -> Claim:
        """The claim, with the fields that it shares with others of its levels."""
        fields = self.finished()
        if self._others:
            fields["other_payers"] = tuple([x.close() for x in self._others])
        if self._lines:
            lines = [x.close() for x in self._lines]
            fields["lines"] = tuple([x for x in lines if x is not None])
        source = self.transaction.context.source(self._number)
        return Claim(**shared, **fields, source=source)

    def open_line(self, number: int, segment: Segment) -> Loop:
        """LX, or an SV1 whose LX is missing."""
        line = LineLoop(self.transaction, self, len(self._lines) + 1, number)
        self._lines.append(line)
        if segment[0] == "LX":
            line.open(number, segment)
        else:
            self.transaction.report(number, segment, "", "837p.line", "SV1 without an LX before it")
            line.service(number, segment)
        return line

    def open_other(self, number: int, segment: Segment) -> Loop:
        """SBR."""
        other = OtherPayerLoop(self.transaction, self, segment)
        self._others.append(other)
        return other

    def codes(self, number: int, segment: Segment) -> None:
        """HI: diagnoses, anesthesia-related procedures and conditions by qualifier."""
        read = self.transaction.composites.diagnosis
        incomplete = False
        for text in segment[1:]:
            if not text:
                continue
            code = read(text)
            field = _CODE_FIELDS.get(code.qualifier)
            if not code.code:
                incomplete = True
                self.extra.append(self.transaction.raw(["HI", text]))
            elif field is not None:
                self.add(field, code)
            elif code.qualifier == "BG":
                self.add("conditions", code.code)
            else:
                self.extra.append(self.transaction.raw(["HI", text]))
        if incomplete:
            message = "HI has an element without qualifier and code; it is kept as text"
            self.transaction.report(number, segment, "", "837p.code", message)

    def date(self, number: int, segment: Segment) -> None:
        """DTP."""
        event = self.read_event(number, segment)
        if event is not None:
            self.add("dates", event)

    def note(self, number: int, segment: Segment) -> None:
        """NTE."""
        self.add("notes", Note(element(segment, 1), element(segment, 2)))

    def attachment(self, number: int, segment: Segment) -> None:
        """PWK."""
        self.add("attachments", read_attachment(segment))

    def take_party(self, party: list[Segment], number: int) -> None:
        """NM1 loops 2310."""
        field = _PROVIDERS.get(element(party[0], 1))
        if field is None:
            super().take_party(party, number)
        else:
            self.take_provider(field, party, read_provider(party))

    table: ClassVar[dict[str, Handler]] = {
        "LX": open_line,
        "SV1": open_line,
        "SBR": open_other,
        "HI": codes,
        "DTP": date,
        "REF": Loop.read_reference,
        "AMT": Loop.read_amount_information,
        "NTE": note,
        "PWK": attachment,
        "NM1": Loop.open_party,
    }
