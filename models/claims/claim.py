"""The professional claim as a payer sees it (X12 837P, 005010X222 and its A1/A2).

Names are the implementation guide's; the comment behind a field gives its place there.
A `Claim` is immutable and self-contained: parties that the file states once for many claims
(billing provider, subscriber, payer) are repeated by reference.
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


class Provider(Value, frozen=True, gc=False):
    """A provider or location: NM1 with PRV, N3/N4 and REF of its loop."""

    npi: str = ""  # NM109 where NM108 = XX
    entity: str = "2"  # NM102: 1 person, 2 organisation
    name: str = ""  # NM103: last or organisation name
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    taxonomy: str = ""  # PRV03
    tax_id: str = ""  # REF*EI or REF*SY
    tax_id_qualifier: str = ""  # EI employer number, SY social security number
    address: Address | None = None
    references: tuple[Reference, ...] = ()  # other REF of the loop: 0B, 1G, G2, LU
    contact_name: str = ""  # PER02
    contact_phone: str = ""  # PER04


class Person(Value, frozen=True, gc=False):
    """Subscriber or patient."""

    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    entity: str = "1"
    member_id: str = ""  # NM109
    member_id_qualifier: str = ""  # NM108: MI, II
    birth_date: dt.date | None = None  # DMG02
    sex: str = ""  # DMG03: F, M, U
    death_date: dt.date | None = None  # PAT06
    pregnant: bool = False  # PAT09
    address: Address | None = None
    references: tuple[Reference, ...] = ()  # SY, Y4


class Payer(Value, frozen=True, gc=False):
    """Loop 2010BB/2330B: who is asked to pay."""

    name: str = ""  # NM103
    id_qualifier: str = ""  # NM108: PI, XV
    id: str = ""  # NM109
    address: Address | None = None
    references: tuple[Reference, ...] = ()  # 2U, EI, FY, NF, G2, LU


class Diagnosis(Value, frozen=True, gc=False):
    """One composite of an HI segment. ``code`` is as sent: ICD-10-CM without its dot."""

    qualifier: str  # ABK principal, ABF other (ICD-10-CM); BK, BF (ICD-9-CM)
    code: str


class Note(Value, frozen=True, gc=False):
    """NTE: ``qualifier`` (ADD, CER, DCP, DGN, TPO) and text."""

    qualifier: str
    text: str


class Attachment(Value, frozen=True, gc=False):
    """PWK: supplemental information that goes with the claim or line."""

    report_type: str  # PWK01
    transmission: str = ""  # PWK02
    control_number: str = ""  # PWK06


class LineAdjudication(Value, frozen=True, gc=False):
    """Loop 2430: what another payer did with this line (SVD, CAS, DTP*573, AMT*EAF)."""

    payer_id: str  # SVD01
    paid: Decimal = ZERO  # SVD02
    code_qualifier: str = "HC"  # SVD03-1
    code: str = ""  # SVD03-2
    modifiers: tuple[str, ...] = ()  # SVD03-3..6
    units: Decimal | None = None  # SVD05
    bundled_into: str = ""  # SVD06
    adjustments: tuple[Adjustment, ...] = ()
    date: dt.date | None = None  # DTP*573
    remaining: Decimal | None = None  # AMT*EAF


class OtherPayer(Value, frozen=True, gc=False):
    """Loop 2320 with 2330A/B: another coverage, and how it adjudicated the claim."""

    responsibility: str = ""  # SBR01
    relationship: str = ""  # SBR02
    group_number: str = ""  # SBR03
    group_name: str = ""  # SBR04
    insurance_type: str = ""  # SBR05
    filing_indicator: str = ""  # SBR09
    payer: Payer | None = None
    subscriber: Person | None = None
    adjustments: tuple[Adjustment, ...] = ()  # CAS at claim level
    amounts: tuple[Amount, ...] = ()  # D payer paid, EAF remaining, A8 non-covered
    benefits_assigned: str = ""  # OI03
    release_of_information: str = ""  # OI06
    remark_codes: tuple[str, ...] = ()  # MOA03..07
    date: dt.date | None = None  # DTP*573
    references: tuple[Reference, ...] = ()  # F8, G1, 9F, T4 of 2330B
    extra: tuple[str, ...] = ()  # 2330C..G: its numbers of the providers, as sent


class Drug(Value, frozen=True, gc=False):
    """Loop 2410: LIN and CTP."""

    ndc: str  # LIN03 where LIN02 = N4
    quantity: Decimal | None = None  # CTP04
    unit: str = ""  # CTP05-1
    prescription: str = ""  # REF*XZ or REF*VY


class ServiceLine(Value, frozen=True, gc=False):
    """Loop 2400: one service line."""

    number: int  # LX01
    code: str  # SV101-2
    charge: Decimal  # SV102
    units: Decimal = Decimal(1)  # SV104
    unit_basis: str = "UN"  # SV103: UN units, MJ minutes
    code_qualifier: str = "HC"  # SV101-1
    modifiers: tuple[str, ...] = ()  # SV101-3..6
    description: str = ""  # SV101-7
    place_of_service: str = ""  # SV105; empty: the claim's
    pointers: tuple[int, ...] = ()  # SV107-1..4: positions in Claim.diagnoses, from 1
    emergency: bool = False  # SV109
    epsdt: bool = False  # SV111
    family_planning: bool = False  # SV112
    copay_exempt: bool = False  # SV115 = 0
    service_date: dt.date | None = None  # DTP*472
    service_date_end: dt.date | None = None  # the range's last day
    control_number: str = ""  # REF*6R
    dates: tuple[DatedEvent, ...] = ()  # other DTP
    references: tuple[Reference, ...] = ()  # G1, 9F, X4, EW, F4, BT, 9B, ...
    amounts: tuple[Amount, ...] = ()  # T sales tax, F4 postage
    notes: tuple[Note, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    drugs: tuple[Drug, ...] = ()
    rendering: Provider | None = None  # 2420A
    purchased: Provider | None = None  # 2420B
    facility: Provider | None = None  # 2420C
    supervising: Provider | None = None  # 2420D
    ordering: Provider | None = None  # 2420E
    referring: Provider | None = None  # 2420F
    adjudications: tuple[LineAdjudication, ...] = ()  # 2430
    extra: tuple[str, ...] = ()  # segments without a field of their own, as sent

    def reference(self, qualifier: str) -> str:
        """Value of the first REF with this qualifier, or ``""``."""
        return next((r.value for r in self.references if r.qualifier == qualifier), "")


class Claim(Value, frozen=True, gc=False):
    """Loop 2300 with everything above it that a payer's decision can rest on."""

    claim_id: str  # CLM01, the submitter's patient control number
    charge: Decimal  # CLM02
    submitted: dt.date  # BHT04; where absent GS04
    responsibility: str = "P"  # SBR01: P primary, S secondary, T tertiary, ...
    relationship: str = "18"  # SBR02 or PAT01: 18 self, 01 spouse, 19 child, ...
    group_number: str = ""  # SBR03
    group_name: str = ""  # SBR04
    insurance_type: str = ""  # SBR05 (Medicare secondary payer reason)
    filing_indicator: str = ""  # SBR09: MB, MC, CI, 16, BL, ...
    payer: Payer = Payer()
    subscriber: Person = Person()
    patient: Person = Person()  # equal to the subscriber where that is the patient
    billing: Provider = Provider()  # 2010AA, taxonomy from 2000A
    pay_to: Provider | None = None  # 2010AB
    rendering: Provider | None = None  # 2310B
    referring: Provider | None = None  # 2310A DN
    primary_care: Provider | None = None  # 2310A P3
    supervising: Provider | None = None  # 2310D
    facility: Provider | None = None  # 2310C
    place_of_service: str = ""  # CLM05-1
    frequency: str = "1"  # CLM05-3: 1 original, 7 replacement, 8 void
    signature_on_file: str = ""  # CLM06
    assignment: str = ""  # CLM07: A, B, C
    benefits_assigned: str = ""  # CLM08
    release_of_information: str = ""  # CLM09
    related_causes: tuple[str, ...] = ()  # CLM11-1..2: AA, EM, OA
    accident_state: str = ""  # CLM11-4
    special_program: str = ""  # CLM12
    delay_reason: str = ""  # CLM20
    diagnoses: tuple[Diagnosis, ...] = ()  # HI*ABK/ABF (BK/BF)
    procedures: tuple[Diagnosis, ...] = ()  # HI*BP/BO: anesthesia-related procedure
    conditions: tuple[str, ...] = ()  # HI*BG
    dates: tuple[DatedEvent, ...] = ()  # DTP of 2300
    references: tuple[Reference, ...] = ()  # REF of 2300: G1, 9F, F8, X4, EA, D9, 4N, ...
    amounts: tuple[Amount, ...] = ()  # AMT*F5 patient paid
    notes: tuple[Note, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    other_payers: tuple[OtherPayer, ...] = ()  # 2320
    lines: tuple[ServiceLine, ...] = ()
    submitter_id: str = ""  # NM1*41 NM109
    receiver_id: str = ""  # NM1*40 NM109
    receiver_name: str = ""  # NM1*40 NM103
    extra: tuple[str, ...] = ()  # segments without a field of their own, as sent
    source: Source = Source()

    def reference(self, qualifier: str) -> str:
        """Value of the first REF with this qualifier, or ``""``."""
        return next((r.value for r in self.references if r.qualifier == qualifier), "")

    def date(self, qualifier: str) -> dt.date | None:
        """First day of the first DTP with this qualifier, or ``None``."""
        return next((d.begin for d in self.dates if d.qualifier == qualifier), None)

    @property
    def prior_authorization(self) -> str:
        """REF*G1."""
        return self.reference("G1")

    @property
    def referral_number(self) -> str:
        """REF*9F."""
        return self.reference("9F")

    @property
    def payer_control_number(self) -> str:
        """REF*F8: the payer's number of the claim that this one replaces or voids."""
        return self.reference("F8")

    @property
    def practice(self) -> str:
        """Key of the practice: billing NPI and tax number."""
        return f"{self.billing.npi}:{self.billing.tax_id}"

    @property
    def service_date(self) -> dt.date | None:
        """First service date of the claim's lines."""
        return min((x.service_date for x in self.lines if x.service_date), default=None)
