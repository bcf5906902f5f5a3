"""Reads 837P transactions (005010X222, A1, A2): one `Claim` per CLM.

Claims come out one by one, so memory does not grow with the transaction. Levels are told
apart by HL03 in the order in which they come; HL02 (the parent) is often wrong and not needed.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from models.claims.claim import Person
from models.claims.x12.context import Item, Segment, TransactionContext
from models.claims.x12.p835_elements import element, read_date
from models.claims.x12.p837_claim import ClaimLoop
from models.claims.x12.p837_loop import Handler, Loop, Transaction, read_payer, read_person
from models.claims.x12.p837_values import PADDING, read_provider


def parse_837p(
    segments: Iterator[tuple[int, Segment]], context: TransactionContext
) -> Iterator[Item]:
    """Yield the claims of one transaction, each behind the problems met in it.

    ``segments`` run from ST (inclusive) to SE (exclusive). A claim without number (CLM01) or
    readable charge (CLM02) is lost, a line without readable charge (SV102) is lost from its
    claim; any other unreadable date or amount is absent from its field. All claims are lost
    where neither BHT04 nor GS04 says when they were submitted. Each of these is reported.
    """
    transaction = Transaction(context)
    problems = transaction.problems
    levels = _Levels(transaction)
    claim: ClaimLoop | None = None
    loop: Loop = levels
    for number, segment in segments:
        identifier = segment[0]
        if identifier == "CLM" or identifier == "HL":
            if claim is not None:
                yield from _closed(claim, levels, problems)
                claim = None
            if identifier == "HL":
                levels.open(number, segment)
                loop = levels
            else:
                if levels.submitted is None:
                    transaction.report(
                        number, segment, "", "837p.submitted",
                        "neither BHT04 nor GS04 says when the claims were submitted",
                        "all claims of this transaction",
                    )  # fmt: skip
                    break
                opened = ClaimLoop(transaction, number)
                if opened.open(segment):
                    claim = loop = opened
                else:
                    loop = _Lost(transaction)
        else:
            loop = loop.read(number, segment)
    if claim is not None:
        yield from _closed(claim, levels, problems)
    yield from problems
    problems.clear()


def _closed(claim: ClaimLoop, levels: "_Levels", problems: list[Any]) -> Iterator[Item]:
    shared = levels.shared()
    read = claim.close(shared)
    if problems:
        yield from problems
        problems.clear()
    yield read


class _Lost(Loop):
    """What belongs to a claim that cannot be used; it is reported already."""

    def read(self, number: int, segment: Segment) -> Loop:
        return self


class _Levels(Loop):
    """Header, billing provider, subscriber and patient: what claims share."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.submitted: dt.date | None = transaction.context.group_date
        self._level = ""
        self._taxonomy = ""
        self._patient_information: Segment = []
        self._patient_number = 0
        self._header: dict[str, Any] = {}
        self._billing: dict[str, Any] = {}
        self._subscriber: dict[str, Any] = {}
        self._patient: dict[str, Any] = {}
        self._shared: dict[str, Any] | None = None

    def open(self, number: int, segment: Segment) -> None:
        """HL: forget the levels at and below the one that opens."""
        self.end_party()
        self._shared = None
        self._patient_information = []
        self._level = level = element(segment, 3)
        self._patient = {}
        if level in ("20", "22"):
            self._subscriber = {}
        if level == "20":
            self._billing = {}
            self._taxonomy = ""
        elif level not in ("22", "23"):
            message = "HL03 is none of 20, 22, 23"
            self.transaction.report(number, segment, "HL03", "837p.hierarchy", message)
        elif not self._billing or (level == "23" and not self._subscriber):
            missing = "subscriber" if self._billing else "billing provider"
            message = f"no {missing} before this level"
            self.transaction.report(number, segment, "HL03", "837p.hierarchy", message)

    def shared(self) -> dict[str, Any]:
        """Claim fields of the levels that are open."""
        self.end_party()
        if self._shared is None:
            subscriber = self._subscriber.get("subscriber", Person())
            self._shared = {
                "submitted": self.submitted,
                **self._header,
                **self._billing,
                **self._subscriber,
                "patient": subscriber,
                **self._patient,
            }
        return self._shared

    def other(self, number: int, segment: Segment) -> Loop:
        """Header and level segments without a field (PER, CUR, ...) are passed over."""
        return self

    def beginning(self, number: int, segment: Segment) -> None:
        """BHT."""
        submitted = read_date(element(segment, 4))
        if submitted is not None:
            self.submitted = submitted
        else:
            instead = "; GS04 is taken" if self.submitted else ""
            self.transaction.report(
                number, segment, "BHT04", "837p.date", f"BHT04 is no date CCYYMMDD{instead}"
            )

    def specialty(self, number: int, segment: Segment) -> None:
        """PRV of 2000A, which stands before the provider's name."""
        self._taxonomy = element(segment, 3)

    def subscriber_information(self, number: int, segment: Segment) -> None:
        """SBR."""
        values = segment + PADDING
        self._subscriber.update(
            responsibility=values[1],
            relationship=values[2],
            group_number=values[3],
            group_name=values[4],
            insurance_type=values[5],
            filing_indicator=values[9],
        )

    def patient_information(self, number: int, segment: Segment) -> None:
        """PAT, which stands before the person's name."""
        self._patient_information = segment
        self._patient_number = number
        if self._level == "23":
            self._patient["relationship"] = element(segment, 1)

    def take_party(self, party: list[Segment], number: int) -> None:
        """NM1 loops 1000 and 2010."""
        code = element(party[0], 1)
        if code == "85":
            provider = read_provider(party)
            if self._taxonomy and not provider.taxonomy:
                provider = msgspec.structs.replace(provider, taxonomy=self._taxonomy)
            self._billing["billing"] = provider
        elif code == "87":
            self._billing["pay_to"] = read_provider(party)
        elif code == "IL":
            self._subscriber["subscriber"] = self._person(party, number)
        elif code == "QC":
            self._patient["patient"] = self._person(party, number)
        elif code == "PR":
            self._subscriber["payer"] = read_payer(party)
        elif code == "41":
            self._header["submitter_id"] = element(party[0], 9)
        elif code == "40":
            self._header["receiver_id"] = element(party[0], 9)
            self._header["receiver_name"] = element(party[0], 3)

    def _person(self, party: list[Segment], number: int) -> Person:
        person = read_person(self, party, number)
        information = self._patient_information
        if not information:
            return person
        died = element(information, 6)
        death_date = read_date(died)
        if died and death_date is None:
            self.bad_date(self._patient_number, information, "PAT06")
        pregnant = element(information, 9) == "Y"
        return msgspec.structs.replace(person, death_date=death_date, pregnant=pregnant)

    table: ClassVar[dict[str, Handler]] = {
        "BHT": beginning,
        "PRV": specialty,
        "SBR": subscriber_information,
        "PAT": patient_information,
        "NM1": Loop.open_party,
    }
