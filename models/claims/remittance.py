"""The payer's answer (X12 835, 005010X221A1).

A `Payment` is one 835 transaction (one check or transfer, possibly of zero dollars); it holds
`Remittance`s, one for each CLP; those hold `RemittanceLine`s, one for each SVC.
"""

import datetime as dt
from decimal import Decimal

from models.claims.common import (
    ZERO,
    Address,
    Adjustment,
    Amount,
    DatedEvent,
    Reference,
    Source,
    Value,
)


class Contact(Value, frozen=True, gc=False):
    """PER: whom to ask, for instance about a denied claim."""

    function: str  # PER01: CX claims office, BL technical, IC web site
    name: str = ""  # PER02
    numbers: tuple[tuple[str, str], ...] = ()  # up to three pairs: TE, FX, EM, UR, EX and value


class Quantity(Value, frozen=True, gc=False):
    """QTY: ``qualifier`` (CA covered days, ZK..ZO federal categories, ...) and quantity."""

    qualifier: str
    quantity: Decimal


class ProviderAdjustment(Value, frozen=True, gc=False):
    """One pair of a PLB segment; a positive amount lowers the payment."""

    provider_id: str  # PLB01
    fiscal_period_end: dt.date | None  # PLB02
    reason: str  # PLB03-1: WO, FB, 72, L6, CS, J1, IR, LE, ...
    reference: str  # PLB03-2
    amount: Decimal  # PLB04


class RemittanceLine(Value, frozen=True, gc=False):
    """Loop 2110: how one service was adjudicated."""

    code: str  # SVC01-2, the code that was adjudicated
    charge: Decimal  # SVC02
    paid: Decimal  # SVC03
    code_qualifier: str = "HC"  # SVC01-1
    modifiers: tuple[str, ...] = ()  # SVC01-3..6
    revenue_code: str = ""  # SVC04
    units: Decimal = Decimal(1)  # SVC05; absent means 1
    submitted_code: str = ""  # SVC06-2, when the payer changed or re-bundled the code
    submitted_code_qualifier: str = "HC"  # SVC06-1
    submitted_modifiers: tuple[str, ...] = ()  # SVC06-3..6
    submitted_units: Decimal | None = None  # SVC07, when it differs
    service_date: dt.date | None = None  # DTM*472 or DTM*150
    service_date_end: dt.date | None = None  # DTM*151
    control_number: str = ""  # REF*6R
    adjustments: tuple[Adjustment, ...] = ()
    remark_codes: tuple[str, ...] = ()  # LQ*HE (RARC)
    references: tuple[Reference, ...] = ()
    amounts: tuple[Amount, ...] = ()  # B6 allowed, KH, T, ...
    quantities: tuple[Quantity, ...] = ()
    extra: tuple[str, ...] = ()  # segments without a field of their own, as sent

    def reference(self, qualifier: str) -> str:
        """Value of the first REF with this qualifier, or ``""``."""
        return next((r.value for r in self.references if r.qualifier == qualifier), "")

    @property
    def allowed(self) -> Decimal | None:
        """AMT*B6, or ``None`` where the payer does not state it."""
        return next((a.amount for a in self.amounts if a.qualifier == "B6"), None)

    @property
    def balances(self) -> bool:
        """SVC02 - sum of CAS = SVC03 (guide, section 1.10.2.1.1)."""
        return self.charge - sum((a.amount for a in self.adjustments), ZERO) == self.paid


class Remittance(Value, frozen=True, gc=False):
    """Loop 2100: how one claim was adjudicated."""

    claim_id: str  # CLP01
    status: str  # CLP02: 1, 2, 3, 4, 19, 20, 21, 22, 23, 25
    charge: Decimal  # CLP03
    paid: Decimal  # CLP04
    patient_responsibility: Decimal = ZERO  # CLP05
    filing_indicator: str = ""  # CLP06
    payer_control_number: str = ""  # CLP07
    place_of_service: str = ""  # CLP08
    frequency: str = ""  # CLP09
    patient_last_name: str = ""  # NM1*QC
    patient_first_name: str = ""
    member_id: str = ""  # NM109 of NM1*QC, as sent; see ``corrected_member_id``
    member_id_qualifier: str = "MI"  # NM108 of NM1*QC: MI, HN, MR, II, 34
    subscriber_last_name: str = ""  # NM1*IL, where the patient is not the subscriber
    subscriber_first_name: str = ""
    subscriber_member_id: str = ""
    corrected_member_id: str = ""  # NM1*74 NM109
    corrected_last_name: str = ""  # NM1*74
    corrected_first_name: str = ""
    rendering_npi: str = ""  # NM1*82
    crossover_payer: str = ""  # NM1*TT name
    crossover_payer_id: str = ""
    corrected_payer: str = ""  # NM1*PR of loop 2100 name: the payer that has priority
    corrected_payer_id: str = ""
    other_subscriber_last_name: str = ""  # NM1*GB: subscriber of the payer that has priority
    other_subscriber_first_name: str = ""
    other_subscriber_id: str = ""
    adjustments: tuple[Adjustment, ...] = ()  # CAS at claim level
    remark_codes: tuple[str, ...] = ()  # MIA05, 20..23 or MOA03..07
    dates: tuple[DatedEvent, ...] = ()  # DTM 232, 233, 036, 050
    references: tuple[Reference, ...] = ()  # EA, D9, G1, 1L, CE, ...
    amounts: tuple[Amount, ...] = ()  # AU coverage amount, I interest, F5 patient paid, ...
    quantities: tuple[Quantity, ...] = ()
    contacts: tuple[Contact, ...] = ()  # PER*CX
    lines: tuple[RemittanceLine, ...] = ()
    extra: tuple[str, ...] = ()  # segments without a field of their own, as sent
    source: Source = Source()

    def reference(self, qualifier: str) -> str:
        """Value of the first REF with this qualifier, or ``""``."""
        return next((r.value for r in self.references if r.qualifier == qualifier), "")

    def date(self, qualifier: str) -> dt.date | None:
        """First day of the first DTM with this qualifier, or ``None``."""
        return next((d.begin for d in self.dates if d.qualifier == qualifier), None)

    @property
    def balances(self) -> bool:
        """CLP03 - all CAS (claim and line levels, each once) = CLP04 (section 1.10.2.1.2)."""
        taken = sum((a.amount for a in self.adjustments), ZERO)
        taken += sum((a.amount for x in self.lines for a in x.adjustments), ZERO)
        return self.charge - taken == self.paid


class Payment(Value, frozen=True, gc=False):
    """One 835 transaction (ST to SE)."""

    amount: Decimal  # BPR02
    date: dt.date  # BPR16: effective date of the payment
    handling: str = "I"  # BPR01: I remittance, H notification only
    credit: bool = True  # BPR03 = C
    method: str = ""  # BPR04: ACH, CHK, NON, ...
    trace: str = ""  # TRN02: check or EFT number
    originator: str = ""  # TRN03
    originator_supplement: str = ""  # TRN04
    production_date: dt.date | None = None  # DTM*405
    currency: str = ""  # CUR02; empty: US dollars
    receiver_id: str = ""  # REF*EV
    payer_name: str = ""  # N1*PR
    payer_id_qualifier: str = ""  # N103: XV
    payer_id: str = ""  # N104
    payer_references: tuple[Reference, ...] = ()  # 2U, EO, HI, NF of loop 1000A
    payer_address: Address | None = None  # N3/N4, required by the guide
    payer_contacts: tuple[Contact, ...] = ()  # PER: CX, BL (required by the guide), IC
    payee_name: str = ""  # N1*PE
    payee_npi: str = ""  # N104 where N103 = XX
    payee_tax_id: str = ""  # N104 where N103 = FI, or REF*TJ
    payee_references: tuple[Reference, ...] = ()  # 0B, D3, PQ
    payee_address: Address | None = None
    remittances: tuple[Remittance, ...] = ()
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    extra: tuple[str, ...] = ()  # segments without a field of their own, as sent
    source: Source = Source()

    @property
    def answered(self) -> dt.date:
        """The day on which the practice could know: production date, else payment date."""
        return self.production_date or self.date

    @property
    def balances(self) -> bool:
        """BPR02 = sum of CLP04 - sum of PLB (section 1.10.2.1.3)."""
        paid = sum((r.paid for r in self.remittances), ZERO)
        taken = sum((a.amount for a in self.provider_adjustments), ZERO)
        return paid - taken == (self.amount if self.credit else -self.amount)
