"""Reads loop 2320 of an 837P: another coverage of the patient, and what its payer did."""

from typing import ClassVar

from models.claims.claim import OtherPayer, Payer
from models.claims.common import Reference
from models.claims.x12.context import Segment
from models.claims.x12.p835_elements import element
from models.claims.x12.p837_line import adjustments_of
from models.claims.x12.p837_loop import Handler, Loop, Transaction, read_payer, read_person
from models.claims.x12.p837_values import PADDING

_PAYER_REFERENCES = frozenset({"2U", "EI", "FY", "NF", "G2", "LU"})


class OtherPayerLoop(Loop):
    """Loop 2320 with 2330A to 2330G; what it cannot take goes to the claim's loop."""

    __slots__ = ("_parent", "_payer", "_payer_references")

    def __init__(self, transaction: Transaction, parent: Loop, segment: Segment) -> None:
        super().__init__(transaction)
        self._parent = parent
        self._payer: Payer | None = None
        self._payer_references: list[Reference] = []
        values = segment + PADDING
        self.fields.update(
            responsibility=values[1],
            relationship=values[2],
            group_number=values[3],
            group_name=values[4],
            insurance_type=values[5],
            filing_indicator=values[9],
        )

    def close(self) -> OtherPayer:
        """The coverage as read."""
        fields = self.finished()
        payer = self._payer
        if payer is not None:
            fields["payer"] = Payer(
                payer.name, payer.id_qualifier, payer.id, payer.address,
                tuple(self._payer_references),
            )  # fmt: skip
        return OtherPayer(**fields)

    def other(self, number: int, segment: Segment) -> Loop:
        """Leave the segment to the claim: nothing else may stand in 2320."""
        return self._parent.read(number, segment)

    def adjustments(self, number: int, segment: Segment) -> None:
        """CAS."""
        for adjustment in adjustments_of(self.transaction, number, segment):
            self.add("adjustments", adjustment)

    def coverage(self, number: int, segment: Segment) -> None:
        """OI."""
        self.fields["benefits_assigned"] = element(segment, 3)
        self.fields["release_of_information"] = element(segment, 6)

    def outpatient(self, number: int, segment: Segment) -> None:
        """MOA: its remark codes."""
        for code in segment[3:8]:
            if code:
                self.add("remark_codes", code)

    def date(self, number: int, segment: Segment) -> None:
        """DTP*573."""
        event = self.read_event(number, segment)
        if event is not None:
            self.fields["date"] = event.begin

    def reference(self, number: int, segment: Segment) -> None:
        """REF of 2330B."""
        self._take_reference(Reference(element(segment, 1), element(segment, 2)))

    def _take_reference(self, reference: Reference) -> None:
        if reference.qualifier in _PAYER_REFERENCES:
            self._payer_references.append(reference)
        else:
            self.add("references", reference)

    def take_party(self, party: list[Segment], number: int) -> None:
        """NM1 loops 2330."""
        code = element(party[0], 1)
        if code == "IL" and "subscriber" not in self.fields:
            self.fields["subscriber"] = read_person(self, party, number)
        elif code == "PR" and self._payer is None:
            self._payer = read_payer(party)
            for reference in self._payer.references:
                self._take_reference(reference)
        else:
            super().take_party(party, number)

    table: ClassVar[dict[str, Handler]] = {
        "CAS": adjustments,
        "AMT": Loop.read_amount_information,
        "OI": coverage,
        "MOA": outpatient,
        "DTP": date,
        "REF": reference,
        "NM1": Loop.open_party,
    }
