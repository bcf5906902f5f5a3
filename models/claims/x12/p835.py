"""Reads 835 transactions (005010X221A1): one `Payment` per ST..SE.

A payment is yielded at its end, after the problems met in it, so memory is bounded by one
transaction. Bank account numbers (BPR07, BPR15) and the institutional summaries TS2 and TS3
are passed over; every other segment without a field of its own is kept in ``extra``.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from models.claims.common import Reference
from models.claims.remittance import Contact, Payment, ProviderAdjustment, Remittance
from models.claims.x12.context import Item, Segment, TransactionContext
from models.claims.x12.p835_claim import ClaimReader, looks_like_claim, read_contact
from models.claims.x12.p835_elements import (
    LARGEST_AMOUNT,
    element,
    read_address,
    read_date,
    read_number,
)
from models.errors import Problem


def parse_835(
    segments: Iterator[tuple[int, Segment]], context: TransactionContext
) -> Iterator[Item]:
    """Yield the problems of one transaction in its order, then its `Payment`.

    ``segments`` run from ST (inclusive) to SE (exclusive). A claim whose number, charge or
    payment cannot be read is lost and reported; the payment is kept without it. The payment
    itself is lost only where neither BPR16 nor DTM*405 nor GS04 gives it a date.
    """
    reader = _PaymentReader(context)
    for number, segment in segments:
        reader.read(number, segment)
        if reader.problems:
            yield from reader.problems
            reader.problems.clear()
    payment = reader.finish()
    yield from reader.problems
    if payment is not None:
        yield payment


class _PaymentReader:
    """State of one transaction: header fields, the open claim, and what was read so far."""

    def __init__(self, context: TransactionContext) -> None:
        self.context = context
        self.problems: list[Problem] = []
        self.first = 0
        self.last = 0
        self.loop = ""  # N101 of the header loop that is open: PR or PE
        self.fields: dict[str, Any] = {}
        self.streets: dict[str, Segment] = {}
        self.cities: dict[str, Segment] = {}
        self.payer_references: list[Reference] = []
        self.payee_references: list[Reference] = []
        self.contacts: list[Contact] = []
        self.extra: list[str] = []
        self.claim: ClaimReader | None = None
        self.skipping = False  # inside a claim that was lost
        self.remittances: list[Remittance] = []
        self.provider_adjustments: list[ProviderAdjustment] = []

    def read(self, number: int, segment: Segment) -> None:
        """Take one segment."""
        identifier = segment[0]
        self.first = self.first or number
        self.last = number
        if identifier == "CLP":
            self.close_claim()
            claim = ClaimReader(self.context, self.problems)
            if claim.open(number, segment):
                self.claim = claim
            self.skipping = self.claim is None
        elif identifier in ("LX", "TS2", "TS3"):
            self.close_claim()
        elif identifier == "PLB":
            self.close_claim()
            self.plb(number, segment)
        elif self.claim is not None:
            if not self.claim.read(number, segment):
                self.lose_claim(number, segment)
        elif not self.skipping:
            self.header(number, segment)

    def close_claim(self) -> None:
        """Finish the open claim, if any."""
        self.skipping = False
        if self.claim is not None:
            self.remittances.append(self.claim.close())
            self.claim = None

    def lose_claim(self, number: int, segment: Segment) -> None:
        """Report a claim whose CLP is missing or damaged; skip to the next one."""
        self.close_claim()
        self.skipping = True
        name = segment[0] if len(segment[0]) <= 3 else ""  # what is longer may be anybody's data
        self.report(
            number, name, "", "835.claim",
            "another claim begins here, but its CLP segment is missing or damaged",
            "this claim's remittance",
        )  # fmt: skip

    def report(
        self, number: int, segment: str, field: str, code: str, message: str, lost: str = ""
    ) -> None:
        """Add a problem."""
        problem = self.context.problem(number, segment, field, code, message, lost)
        self.problems.append(problem)

    def header(self, number: int, segment: Segment) -> None:
        """Segments before the first claim."""
        identifier, fields = segment[0], self.fields
        match identifier:
            case "ST":
                pass
            case "BPR":
                self.bpr(number, segment)
            case "TRN":
                fields["trace"] = element(segment, 2)
                fields["originator"] = element(segment, 3)
                fields["originator_supplement"] = element(segment, 4)
            case "CUR":
                fields["currency"] = element(segment, 2)
            case "DTM" if element(segment, 1) == "405":
                date = read_date(element(segment, 2))
                if date is None:
                    self.report(number, "DTM", "DTM02", "835.date", "not a date CCYYMMDD", "it")
                fields["production_date"] = date
            case "N1":
                self.n1(segment)
            case "N3" if self.loop:
                self.streets[self.loop] = segment
            case "N4" if self.loop:
                self.cities[self.loop] = segment
            case "REF" if element(segment, 2):
                self.ref(segment)
            case "PER" if self.loop == "PR":
                self.contacts.append(read_contact(segment))
            case "SVC" | "CAS" | "NM1":
                self.report(number, identifier, "", "835.order", "stands before any claim", "it")
            case _ if looks_like_claim(segment):
                self.lose_claim(number, segment)
            case _:
                self.extra.append("*".join(segment))

    def bpr(self, number: int, segment: Segment) -> None:
        """BPR: amount, method and date; bank accounts are not kept."""
        fields = self.fields
        fields["handling"] = element(segment, 1)
        fields["credit"] = element(segment, 3) != "D"
        fields["method"] = element(segment, 4)
        amount = read_number(element(segment, 2))
        if amount is None:
            self.report(number, "BPR", "BPR02", "835.amount", "not an amount; read as zero")
        elif abs(amount) > LARGEST_AMOUNT * 10:
            self.report(number, "BPR", "BPR02", "835.amount_size", "absurdly large payment")
        fields["amount"] = amount
        fields["date"] = read_date(element(segment, 16))
        if fields["date"] is None:
            self.report(
                number, "BPR", "BPR16", "835.date",
                "not a date CCYYMMDD; the production date or the group's date stands for it",
            )  # fmt: skip

    def n1(self, segment: Segment) -> None:
        """N1: payer and payee."""
        self.loop = element(segment, 1)
        name, qualifier, identifier = (element(segment, i) for i in (2, 3, 4))
        if self.loop == "PR":
            self.fields.update(payer_name=name, payer_id_qualifier=qualifier, payer_id=identifier)
        elif self.loop == "PE":
            self.fields["payee_name"] = name
            if qualifier == "XX":
                self.fields["payee_npi"] = identifier
            elif qualifier == "FI":
                self.fields["payee_tax_id"] = identifier
            elif identifier:
                self.payee_references.append(Reference(qualifier, identifier))
        else:
            self.loop = ""
            self.extra.append("*".join(segment))

    def ref(self, segment: Segment) -> None:
        """REF of the header, the payer or the payee."""
        qualifier, value = segment[1], segment[2]
        if not self.loop and qualifier == "EV":
            self.fields["receiver_id"] = value
        elif not self.loop:
            self.extra.append("*".join(segment))
        elif self.loop == "PR":
            self.payer_references.append(Reference(qualifier, value))
        elif qualifier == "TJ" and not self.fields.get("payee_tax_id"):
            self.fields["payee_tax_id"] = value
        else:
            self.payee_references.append(Reference(qualifier, value))

    def plb(self, number: int, segment: Segment) -> None:
        """PLB: up to six pairs of reason and amount."""
        period = read_date(element(segment, 2))
        if period is None:
            self.report(number, "PLB", "PLB02", "835.date", "not a date CCYYMMDD", "this date")
        for i in range(3, len(segment), 2):
            reason, text = segment[i], element(segment, i + 1)
            if not reason and not text:
                continue
            amount = read_number(text)
            if amount is None:
                self.report(
                    number, "PLB", f"PLB{i + 1:02}", "835.adjustment", "not an amount",
                    "this provider adjustment",
                )  # fmt: skip
                continue
            code, _, reference = reason.partition(self.context.component)
            self.provider_adjustments.append(
                ProviderAdjustment(element(segment, 1), period, code, reference, amount)
            )

    def finish(self) -> Payment | None:
        """The payment, or ``None`` (reported) where nothing of it can be dated."""
        self.close_claim()
        fields = self.fields
        if "amount" not in fields:
            self.report(self.first, "ST", "", "835.amount", "no BPR segment; amount read as zero")
        fields["amount"] = fields.get("amount") or Decimal(0)
        production = fields.setdefault("production_date", None)
        fields["date"] = fields.get("date") or production or self.context.group_date
        if fields["date"] is None:
            self.report(
                self.first, "ST", "", "835.date", "neither BPR16 nor DTM*405 nor GS04 is a date",
                f"this payment with {len(self.remittances)} claims",
            )  # fmt: skip
            return None
        return Payment(
            payer_address=read_address(self.streets.get("PR"), self.cities.get("PR")),
            payee_address=read_address(self.streets.get("PE"), self.cities.get("PE")),
            payer_references=tuple(self.payer_references),
            payee_references=tuple(self.payee_references),
            payer_contacts=tuple(self.contacts),
            remittances=tuple(self.remittances),
            provider_adjustments=tuple(self.provider_adjustments),
            extra=tuple(self.extra),
            source=self.context.source(self.first),
            **fields,
        )
