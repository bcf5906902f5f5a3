"""Reads 277CA transactions (005010X214): one `Acknowledgement` per claim (loop 2200D)."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from models.claims.acknowledgement import (
    REJECTIONS,
    AcknowledgedLine,
    Acknowledgement,
    ClaimStatus,
)
from models.claims.x12.context import Item, Segment, TransactionContext
from models.claims.x12.p835_elements import (
    element,
    read_date,
    read_number,
    read_period,
    split_composite,
)
from models.errors import Problem

_STATUS_POSITIONS = (1, 10, 11)


def parse_277ca(
    segments: Iterator[tuple[int, Segment]], context: TransactionContext
) -> Iterator[Item]:
    """Yield each claim's `Acknowledgement` as soon as it is complete, and problems in between.

    ``segments`` run from ST (inclusive) to SE (exclusive). A claim without number or status is
    lost and reported. A batch or provider that was rejected as a whole names no claims; it is
    reported as a problem with the number of claims where the sender states it.
    """
    reader = _AcknowledgementReader(context)
    for number, segment in segments:
        yield from reader.read(number, segment)
    yield from reader.close_claim()


class _AcknowledgementReader:
    """State of one transaction: the open levels and the open claim."""

    def __init__(self, context: TransactionContext) -> None:
        self.context = context
        self.problems: list[Problem] = []
        self.level = ""  # HL03: 20, 21, 19, PT
        self.created: dt.date | None = context.group_date
        self.above: dict[str, Any] = {}  # sender, receiver, batch
        self.provider: dict[str, Any] = {}
        self.patient: dict[str, Any] = {}
        self.claim: dict[str, Any] | None = None
        self.claim_number = 0
        self.refused = False  # STC03 = U on the open claim or one of its lines
        self.lines: list[dict[str, Any]] = []

    def read(self, number: int, segment: Segment) -> Iterator[Item]:
        """Take one segment; yield what it completes."""
        identifier = segment[0]
        if identifier == "HL" or (identifier == "TRN" and self.level == "PT"):
            yield from self.close_claim()
        match identifier:
            case "HL":
                self.open_level(element(segment, 3))
            case "BHT":
                self.created = read_date(element(segment, 4)) or self.created
            case "NM1":
                self.nm1(segment)
            case "TRN" if self.level == "PT":
                self.open_claim(number, segment)
            case "TRN" if self.level == "21":
                self.above["batch"] = element(segment, 2)
            case "STC" if self.claim is not None:
                self.stc(number, segment, self.claim)
            case "STC" if self.level in ("20", "21", "19"):
                self.group_status(number, segment)
            case "REF":
                self.ref(segment)
            case "DTP" if self.claim is not None and element(segment, 1) == "472":
                self.dtp(number, segment, self.claim)
            case "SVC" if self.claim is not None:
                self.svc(number, segment)
            case _:
                pass
        yield from self.problems
        self.problems.clear()

    def report(
        self, number: int, segment: str, field: str, code: str, message: str, lost: str = ""
    ) -> None:
        """Add a problem."""
        problem = self.context.problem(number, segment, field, code, message, lost)
        self.problems.append(problem)

    def open_level(self, level: str) -> None:
        """HL: what stood on this level and below it ends."""
        self.level = level
        if level == "20":
            self.above = {}
        if level in ("20", "21", "19"):
            self.provider = {}
        self.patient = {}

    def nm1(self, segment: Segment) -> None:
        """NM1: sender, receiver, billing provider, patient."""
        entity, last, identifier = (element(segment, i) for i in (1, 3, 9))
        if self.level == "20":
            self.above.update(sender_entity=entity, sender_name=last, sender_id=identifier)
        elif self.level == "21":
            self.above.update(receiver_name=last, receiver_id=identifier)
        elif self.level == "19":
            key = {"XX": "provider_npi", "FI": "provider_tax_id"}.get(element(segment, 8))
            self.provider["provider_name"] = last
            if key:
                self.provider[key] = identifier
        elif self.level == "PT":
            self.patient = {
                "patient_last_name": last,
                "patient_first_name": element(segment, 4),
                "member_id": identifier,
            }

    def open_claim(self, number: int, segment: Segment) -> None:
        """TRN of loop 2200D: the submitter's claim number."""
        claim_id = element(segment, 2)
        if not claim_id:
            self.report(
                number, "TRN", "TRN02", "277ca.claim", "claim number is missing",
                "this claim's acknowledgement",
            )  # fmt: skip
            return
        self.claim = {"claim_id": claim_id, "statuses": [], "date": None}
        self.claim_number = number
        self.refused = False
        self.lines = []

    def stc(self, number: int, segment: Segment, claim: dict[str, Any]) -> None:
        """STC of a claim or a line: up to three statuses."""
        target = self.lines[-1] if self.lines else claim
        for position in _STATUS_POSITIONS:
            text = element(segment, position)
            if text:
                parts = [*split_composite(text, self.context.component), "", ""]
                target["statuses"].append(ClaimStatus(*parts[:3]))
        self.refused = self.refused or element(segment, 3) == "U"
        date = read_date(element(segment, 2))
        if date is None:
            self.report(number, "STC", "STC02", "277ca.date", "not a date CCYYMMDD", "this date")
        if target is claim:
            claim["date"] = claim["date"] or date
            charge = read_number(element(segment, 4))
            if charge is not None:
                claim.setdefault("charge", charge)
            elif element(segment, 4):
                self.report(number, "STC", "STC04", "277ca.amount", "not an amount", "it")
            if element(segment, 12):
                claim.setdefault("message", segment[12])

    def group_status(self, number: int, segment: Segment) -> None:
        """STC above the claims: a rejection of a whole batch or provider."""
        category = split_composite(element(segment, 1), self.context.component)[0]
        if category in REJECTIONS:
            what = "provider's claims" if self.level == "19" else "batch"
            self.report(
                number, "STC", "STC01", "277ca.batch_rejected",
                f"category {category}: the whole {what} was rejected; claims that are not named "
                "singly below were not adjudicated",
            )  # fmt: skip

    def ref(self, segment: Segment) -> None:
        """REF of a provider, a claim or a line."""
        qualifier, value = element(segment, 1), element(segment, 2)
        if self.level == "19" and qualifier == "TJ":
            self.provider.setdefault("provider_tax_id", value)
        elif self.lines and qualifier == "FJ":
            self.lines[-1]["control_number"] = value
        elif self.claim is not None and qualifier == "1K":
            self.claim["payer_control_number"] = value
        elif self.claim is not None and qualifier == "D9":
            self.claim["clearinghouse_number"] = value

    def dtp(self, number: int, segment: Segment, claim: dict[str, Any]) -> None:
        """DTP*472: service date or period."""
        dates = read_period(element(segment, 3))
        if dates is None:
            self.report(number, "DTP", "DTP03", "277ca.date", "not a date or period", "it")
        elif self.lines:
            self.lines[-1]["service_date"] = dates[0]
        else:
            claim["service_date"], claim["service_date_end"] = dates

    def svc(self, number: int, segment: Segment) -> None:
        """SVC: a line that the statuses after it speak of."""
        parts = [*split_composite(element(segment, 1), self.context.component), ""]
        for position in (2, 7):
            text = element(segment, position)
            if text and read_number(text) is None:
                self.report(number, "SVC", f"SVC0{position}", "277ca.amount", "not a number", "it")
        self.lines.append(
            {
                "code_qualifier": parts[0],
                "code": parts[1],
                "modifiers": tuple(m for m in parts[2:6] if m),
                "charge": read_number(element(segment, 2)),
                "units": read_number(element(segment, 7)),
                "statuses": [],
            }
        )

    def close_claim(self) -> Iterator[Item]:
        """Yield the open claim, if any."""
        claim, self.claim = self.claim, None
        if claim is None:
            return
        lines = tuple(
            AcknowledgedLine(**{**x, "statuses": tuple(x["statuses"])}) for x in self.lines
        )
        self.lines = []
        claim["statuses"] = tuple(claim["statuses"])
        claim["date"] = claim["date"] or self.created
        statuses = [*claim["statuses"], *(s for x in lines for s in x.statuses)]
        if not statuses or claim["date"] is None:
            missing = "status (STC01)" if not statuses else "date (STC02, BHT04)"
            yield self.context.problem(
                self.claim_number, "TRN", "", "277ca.claim", f"claim without a {missing}",
                "this claim's acknowledgement",
            )  # fmt: skip
            return
        yield Acknowledgement(
            accepted=not self.refused and not any(s.rejected for s in statuses),
            lines=lines,
            source=self.context.source(self.claim_number),
            **claim, **self.patient, **self.provider, **self.above,
        )  # fmt: skip
