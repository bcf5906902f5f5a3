"""Loops 2100 and 2110 of an 835: one claim payment (CLP) with its services (SVC)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from models.claims.common import Adjustment, Amount, DatedEvent, Reference
from models.claims.remittance import Contact, Quantity, Remittance, RemittanceLine
from models.claims.x12.context import Segment, TransactionContext
from models.claims.x12.p835_elements import (
    LARGEST_AMOUNT,
    element,
    read_date,
    read_number,
    split_composite,
)
from models.errors import Problem

_ONE = Decimal(1)
_ZERO = Decimal(0)
# Names of loop 2100: entity code -> fields for NM103, NM104 and NM109.
_NAMES = {
    "QC": ("patient_last_name", "patient_first_name", "member_id"),
    "IL": ("subscriber_last_name", "subscriber_first_name", "subscriber_member_id"),
    "74": ("corrected_last_name", "corrected_first_name", "corrected_member_id"),
    "GB": ("other_subscriber_last_name", "other_subscriber_first_name", "other_subscriber_id"),
    "TT": ("crossover_payer", "", "crossover_payer_id"),
    "PR": ("corrected_payer", "", "corrected_payer_id"),
}
# Remark codes stand among amounts in MIA, and between rates and amounts in MOA.
_MIA_REMARKS = (5, 20, 21, 22, 23)
_MOA_REMARKS = (3, 4, 5, 6, 7)


def read_contact(segment: Segment) -> Contact:
    """Contact from a PER segment."""
    pairs = [(element(segment, i), element(segment, i + 1)) for i in (3, 5, 7)]
    return Contact(element(segment, 1), element(segment, 2), tuple(p for p in pairs if p[1]))


class ClaimReader:
    """Collects one claim; `problems` is shared with the transaction's reader.

    An amount, date or code that cannot be read is reported and left out; a service line whose
    charge or payment cannot be read is lost with everything that belongs to it.
    """

    __slots__ = ("claim", "context", "line", "line_lost", "lines", "problems", "seen")

    def __init__(self, context: TransactionContext, problems: list[Problem]) -> None:
        self.context = context
        self.problems = problems
        self.claim: dict[str, Any] = {}
        self.line: dict[str, Any] | None = None
        self.line_lost = False
        self.lines: list[RemittanceLine] = []
        self.seen: set[str] = set()

    def open(self, number: int, segment: Segment) -> bool:
        """Start from a CLP; false (and a problem) where its identity or amounts are unreadable."""
        charge, paid = read_number(element(segment, 3)), read_number(element(segment, 4))
        if charge is None or paid is None or not segment[1]:
            field = "CLP01" if not element(segment, 1) else "CLP03" if charge is None else "CLP04"
            self.report(
                number, "CLP", field, "835.claim",
                "a claim payment needs a claim number, a charge and a payment in dollars",
                "this claim's remittance",
            )  # fmt: skip
            return False
        owed = self.number(number, segment, 5, _ZERO)
        self.claim = {
            "claim_id": segment[1], "status": element(segment, 2), "charge": charge,
            "paid": paid, "patient_responsibility": owed,
            "filing_indicator": element(segment, 6),
            "payer_control_number": element(segment, 7),
            "place_of_service": element(segment, 8), "frequency": element(segment, 9),
            "source": self.context.source(number),
        }  # fmt: skip
        if not self.claim["status"]:
            self.report(number, "CLP", "CLP02", "835.status", "claim status code is missing")
        self.check_size(number, "CLP", charge, paid)
        return True

    def read(self, number: int, segment: Segment) -> bool:
        """Take one segment; false where it shows that another claim has begun unannounced."""
        handler = _HANDLERS.get(segment[0])
        if handler is not None:
            return handler(self, number, segment) is not False
        if looks_like_claim(segment):
            return False
        composite = element(segment, 1)
        if len(segment) > 3 and self.context.component in composite and segment[0] not in _KNOWN:
            self.lose_line(number, "", "", "unknown segment in the place of an SVC")
        else:
            self.keep(segment)
        return True

    def close(self) -> Remittance:
        """The claim as read so far."""
        self.close_line()
        fields = self.claim
        for name in _LISTS:
            if name in fields:
                fields[name] = tuple(fields[name])
        return Remittance(lines=tuple(self.lines), **fields)

    # -- reporting -----------------------------------------------------------------------

    def report(
        self, number: int, segment: str, field: str, code: str, message: str, lost: str = ""
    ) -> None:
        """Add a problem at this segment and element."""
        problem = self.context.problem(number, segment, field, code, message, lost)
        self.problems.append(problem)

    def number(self, number: int, segment: Segment, position: int, absent: Any) -> Any:
        """Number at ``position``; ``absent`` where empty, or (reported) unreadable."""
        text = element(segment, position)
        if not text:
            return absent
        value = read_number(text)
        if value is None:
            field = f"{segment[0]}{position:02}"
            self.report(number, segment[0], field, "835.number", "not a number", "this element")
            return absent
        return value

    def check_size(self, number: int, segment: str, charge: Decimal, paid: Decimal) -> None:
        """Report an amount that no guide allows; it is kept, since people must look at it."""
        most = LARGEST_AMOUNT
        if not (-most <= charge <= most and -most <= paid <= most):
            self.report(
                number, segment, "", "835.amount_size",
                f"amount over {most}, the most that the guide's ten characters hold",
            )  # fmt: skip

    def add(self, name: str, value: Any) -> None:
        """Append to a list of the open line, or of the claim before its first line."""
        if self.line_lost:
            return
        fields = self.claim if self.line is None else self.line
        if name in fields:
            fields[name].append(value)
        else:
            fields[name] = [value]

    def keep(self, segment: Segment) -> None:
        """Keep a segment that has no field of its own, as sent."""
        self.add("extra", "*".join(segment))

    # -- lines ---------------------------------------------------------------------------

    def close_line(self) -> None:
        """Finish the open line, if any."""
        fields = self.line
        if fields is not None:
            for name in _LISTS:
                if name in fields:
                    fields[name] = tuple(fields[name])
            self.lines.append(RemittanceLine(**fields))
            self.line = None

    def lose_line(self, number: int, segment: str, field: str, message: str) -> None:
        """Report a line that cannot be read; segments up to the next SVC belong to it."""
        self.close_line()
        self.line_lost = True
        self.report(number, segment, field, "835.line", message, "this service line")

    def svc(self, number: int, segment: Segment) -> None:
        """SVC: a service."""
        charge, paid = read_number(element(segment, 2)), read_number(element(segment, 3))
        if charge is None or paid is None:
            field = "SVC02" if charge is None else "SVC03"
            self.lose_line(number, "SVC", field, "a service needs a charge and a payment")
            return
        self.close_line()
        self.line_lost = False
        parts = split_composite(element(segment, 1), self.context.component)
        fields: dict[str, Any] = {
            "code": parts[1] if len(parts) > 1 else "", "charge": charge, "paid": paid,
            "code_qualifier": parts[0],
        }  # fmt: skip
        if len(parts) > 1 and self.context.component not in segment[1] and "SVC" not in self.seen:
            self.seen.add("SVC")  # once per claim is enough
            self.report(
                number, "SVC", "SVC01", "835.component",
                "parted by another character than the component separator of the ISA",
            )  # fmt: skip
        if not fields["code"]:
            self.report(number, "SVC", "SVC01-2", "835.code", "service code is missing")
        if len(parts) > 2:
            fields["modifiers"] = tuple(m for m in parts[2:6] if m)
        size = len(segment)
        if size > 4:
            fields["revenue_code"] = segment[4]
            fields["units"] = self.number(number, segment, 5, _ONE)
            if size > 6 and segment[6]:
                parts = split_composite(segment[6], self.context.component)
                fields["submitted_code_qualifier"] = parts[0]
                fields["submitted_code"] = parts[1] if len(parts) > 1 else ""
                fields["submitted_modifiers"] = tuple(m for m in parts[2:6] if m)
            fields["submitted_units"] = self.number(number, segment, 7, None)
        self.check_size(number, "SVC", charge, paid)
        self.line = fields

    # -- segments of claim and line ------------------------------------------------------

    def cas(self, number: int, segment: Segment) -> None:
        """CAS: up to six adjustments of one group."""
        group = element(segment, 1)
        for i in range(2, len(segment), 3):
            carc, text = segment[i], element(segment, i + 1)
            if not carc and not text:
                continue
            amount = read_number(text)
            if amount is None:
                self.report(
                    number, "CAS", f"CAS{i + 1:02}", "835.adjustment", "not an amount",
                    "this adjustment",
                )  # fmt: skip
                continue
            if not carc or not group:
                field = "CAS01" if carc else f"CAS{i:02}"
                self.report(number, "CAS", field, "835.reason", "adjustment without its code")
            quantity = self.number(number, segment, i + 2, None)
            self.add("adjustments", Adjustment(group, carc, amount, quantity))

    def dtm(self, number: int, segment: Segment) -> None:
        """DTM: service dates of a line; statement, received and coverage dates of a claim."""
        qualifier, date = element(segment, 1), read_date(element(segment, 2))
        if date is None:
            self.report(number, "DTM", "DTM02", "835.date", "not a date CCYYMMDD", "this date")
        elif self.line_lost:
            return
        elif self.line is None:
            self.add("dates", DatedEvent(qualifier, date))
        elif qualifier in ("472", "150"):
            self.line["service_date"] = date
        elif qualifier == "151":
            self.line["service_date_end"] = date
        else:
            self.keep(segment)

    def ref(self, number: int, segment: Segment) -> None:
        """REF: 6R names the line that was submitted; others are kept with their qualifier."""
        qualifier, value = element(segment, 1), element(segment, 2)
        if qualifier == "6R" and self.line is not None:
            self.line["control_number"] = value
        elif value:
            self.add("references", Reference(qualifier, value))

    def amt(self, number: int, segment: Segment) -> None:
        """AMT: informational amounts (B6 allowed, AU covered, I interest, ...)."""
        amount = self.number(number, segment, 2, None)
        if amount is not None:
            self.add("amounts", Amount(element(segment, 1), amount))

    def qty(self, number: int, segment: Segment) -> None:
        """QTY: covered days and the like."""
        quantity = self.number(number, segment, 2, None)
        if quantity is not None:
            self.add("quantities", Quantity(element(segment, 1), quantity))

    def lq(self, number: int, segment: Segment) -> None:
        """LQ: remark codes of a line."""
        if element(segment, 1) == "HE" and element(segment, 2):
            self.add("remark_codes", segment[2])
        else:
            self.keep(segment)

    def nm1(self, number: int, segment: Segment) -> bool:
        """NM1: false for a second patient, which means that a CLP was lost before it."""
        entity = element(segment, 1)
        if entity == "QC" and "QC" in self.seen:
            return False
        self.seen.add(entity)
        claim = self.claim
        if entity in _NAMES:
            last, first, identifier = _NAMES[entity]
            claim[last] = element(segment, 3)
            if first:
                claim[first] = element(segment, 4)
            claim[identifier] = element(segment, 9)
            if entity == "QC" and element(segment, 8):
                claim["member_id_qualifier"] = segment[8]
        elif entity == "82" and element(segment, 8) == "XX":
            claim["rendering_npi"] = element(segment, 9)
        else:
            self.keep(segment)
        return True

    def remarks(self, number: int, segment: Segment) -> None:
        """MIA and MOA: remark codes; a segment that holds amounts too is also kept whole."""
        positions = _MIA_REMARKS if segment[0] == "MIA" else _MOA_REMARKS
        codes = [segment[i] for i in positions if i < len(segment) and segment[i]]
        self.claim.setdefault("remark_codes", []).extend(codes)
        if any(x and i not in positions for i, x in enumerate(segment) if i):
            self.claim.setdefault("extra", []).append("*".join(segment))

    def per(self, number: int, segment: Segment) -> None:
        """PER: whom to ask about this claim."""
        self.claim.setdefault("contacts", []).append(read_contact(segment))


_HANDLERS: dict[str, Callable[[ClaimReader, int, Segment], bool | None]] = {
    "CAS": ClaimReader.cas, "SVC": ClaimReader.svc, "DTM": ClaimReader.dtm,
    "REF": ClaimReader.ref, "AMT": ClaimReader.amt, "NM1": ClaimReader.nm1,
    "LQ": ClaimReader.lq, "QTY": ClaimReader.qty, "MOA": ClaimReader.remarks,
    "MIA": ClaimReader.remarks, "PER": ClaimReader.per,
}  # fmt: skip
_KNOWN = frozenset({"K3", "NTE", "RDM", "N3", "N4", "N1", "BPR", "TRN", "ST"})
_LISTS = (
    "adjustments", "remark_codes", "references", "amounts", "quantities", "dates", "contacts",
    "extra",
)  # fmt: skip


def looks_like_claim(segment: Segment) -> bool:
    """Whether an unknown segment is a CLP with a damaged identifier.

    Taking it for anything else would hang the lines of one claim on another.
    """
    return (
        len(segment) > 5
        and element(segment, 2).isdigit()
        and len(segment[2]) <= 2
        and read_number(segment[3]) is not None
        and read_number(segment[4]) is not None
    )
