"""The clearinghouse's or payer's acknowledgement of a claim (X12 277CA, 005010X214)."""

import datetime as dt
from decimal import Decimal

from models.claims.common import Source, Value

REJECTIONS = frozenset({"A3", "A4", "A6", "A7", "A8"})
"""Claim status categories (code source 507) of a claim that did not reach adjudication: returned
as unprocessable, not found, rejected for missing or invalid information or related fields."""


class ClaimStatus(Value, frozen=True, gc=False):
    """One composite of an STC segment."""

    category: str  # STC01-1: A0, A1, A2 accepted; A3, A4, A6, A7, A8 rejected; A5 split
    status: str  # STC01-2
    entity: str = ""  # STC01-3

    @property
    def rejected(self) -> bool:
        """Whether the category is one of `REJECTIONS`."""
        return self.category in REJECTIONS


class AcknowledgedLine(Value, frozen=True, gc=False):
    """Loop 2220D: a service line that the acknowledgement speaks of."""

    code: str = ""  # SVC01-2
    charge: Decimal | None = None  # SVC02
    code_qualifier: str = "HC"  # SVC01-1
    modifiers: tuple[str, ...] = ()  # SVC01-3..6
    units: Decimal | None = None  # SVC07
    control_number: str = ""  # REF*FJ
    statuses: tuple[ClaimStatus, ...] = ()
    service_date: dt.date | None = None  # DTP*472


class Acknowledgement(Value, frozen=True, gc=False):
    """Loop 2200D: whether one claim was accepted into adjudication."""

    claim_id: str  # TRN02
    statuses: tuple[ClaimStatus, ...]  # STC01, 10, 11 of loop 2200D; the lines have their own
    accepted: bool  # no rejection category at claim or line level, and no STC03 = U
    date: dt.date  # STC02, else BHT04
    charge: Decimal | None = None  # STC04
    payer_control_number: str = ""  # REF*1K
    clearinghouse_number: str = ""  # REF*D9
    service_date: dt.date | None = None  # DTP*472
    service_date_end: dt.date | None = None  # the range's last day
    message: str = ""  # STC12, free text of the sender
    lines: tuple[AcknowledgedLine, ...] = ()
    patient_last_name: str = ""  # NM1*QC
    patient_first_name: str = ""
    member_id: str = ""
    provider_name: str = ""  # NM1*85: billing provider
    provider_npi: str = ""  # NM109 where NM108 = XX
    provider_tax_id: str = ""  # NM109 where NM108 = FI, or REF*TJ
    batch: str = ""  # TRN02 of loop 2200B: BHT03 of the 837 that is acknowledged
    receiver_name: str = ""  # NM1*41 of loop 2100B: the submitter of the 837
    receiver_id: str = ""
    sender_entity: str = "PR"  # NM101 of loop 2100A: PR payer, AY clearinghouse
    sender_name: str = ""
    sender_id: str = ""
    source: Source = Source()
