"""The documented columns of the flat forms (CSV and Parquet): names, contents, meaning.

Three tables: ``claims`` (a row per service line), ``remittances`` (a row per remitted line)
and ``acknowledgements`` (a row per claim). A column's ``path`` leads from the record, or from
its line, to the field: ``references.G1`` is the first REF with that qualifier and
``references.*`` holds the others.
"""

from typing import Any, Literal, NamedTuple

from models.claims import tabular_cells as cells
from models.claims.tabular_cells import AMOUNT, CODES, DATE, FLAG, INTEGER, REFERENCES, TEXT, Cell

TableName = Literal["claims", "remittances", "acknowledgements"]
TABLES: tuple[TableName, ...] = ("claims", "remittances", "acknowledgements")


class Column(NamedTuple):
    """One column: ``level`` is the record that it belongs to (payment, claim or line)."""

    name: str
    level: str
    path: str
    cell: Cell[Any]
    words: str
    required: bool = False


def _provider(
    prefix: str, level: str, place: str, *, named: bool = True, numbered: bool = False
) -> list[Column]:
    """Columns of a provider; ``numbered``: with its tax number and state."""
    base = "line_" + prefix if level == "line" else prefix
    columns = [
        Column(f"{base}_npi", level, f"{prefix}.npi", TEXT, f"NPI ({place})"),
        Column(f"{base}_taxonomy", level, f"{prefix}.taxonomy", TEXT, "taxonomy code (PRV03)"),
    ]
    if named:
        columns += [
            Column(f"{base}_entity", level, f"{prefix}.entity", TEXT, "1 person, 2 organisation"),
            Column(f"{base}_name", level, f"{prefix}.name", TEXT, "last or organisation name"),
            Column(f"{base}_first_name", level, f"{prefix}.first_name", TEXT, "first name"),
        ]
    if numbered:
        columns += [
            Column(f"{base}_tax_id", level, f"{prefix}.tax_id", TEXT, "tax number (REF02)"),
            Column(
                f"{base}_tax_id_qualifier", level, f"{prefix}.tax_id_qualifier", TEXT,
                "EI employer number, SY social security number",
            ),
            Column(f"{base}_state", level, f"{prefix}.address.state", TEXT, "state (N402)"),
            Column(f"{base}_zip", level, f"{prefix}.address.zip", TEXT, "ZIP code (N403)"),
        ]  # fmt: skip
    return columns


def _person(prefix: str, place: str) -> list[Column]:
    def column(name: str, cell: Cell[Any], words: str) -> Column:
        return Column(f"{prefix}_{name}", "claim", f"{prefix}.{name}", cell, words)

    return [
        column("member_id", TEXT, f"member number ({place})"),
        column("last_name", TEXT, "last name"),
        column("first_name", TEXT, "first name"),
        column("birth_date", DATE, "birth date"),
        column("sex", TEXT, "F, M or U"),
        Column(f"{prefix}_zip", "claim", f"{prefix}.address.zip", TEXT, "ZIP code (N403)"),
    ]


CLAIM_COLUMNS: tuple[Column, ...] = (
    Column("claim_id", "claim", "claim_id", TEXT, "patient control number (CLM01)", True),
    Column("submitted", "claim", "submitted", DATE, "date of submission (BHT04)", True),
    Column("claim_charge", "claim", "charge", AMOUNT, "total charge (CLM02)", True),
    Column("responsibility", "claim", "responsibility", TEXT, "P, S, T, ... (SBR01); empty: P"),
    Column(
        "relationship", "claim", "relationship", TEXT,
        "patient's relationship to the subscriber (SBR02, PAT01); empty: 18 self",
    ),
    Column("filing_indicator", "claim", "filing_indicator", TEXT, "MB, MC, CI, 16, ... (SBR09)"),
    Column("insurance_type", "claim", "insurance_type", TEXT, "Medicare secondary reason (SBR05)"),
    Column("group_number", "claim", "group_number", TEXT, "policy or group number (SBR03)"),
    Column("group_name", "claim", "group_name", TEXT, "group name (SBR04)"),
    Column("payer_name", "claim", "payer.name", TEXT, "payer (2010BB NM103)"),
    Column("payer_id_qualifier", "claim", "payer.id_qualifier", TEXT, "PI or XV (NM108)"),
    Column("payer_id", "claim", "payer.id", TEXT, "payer identifier (NM109)"),
    *_person("subscriber", "2010BA NM109"),
    *_person("patient", "empty: the subscriber's; all patient columns empty: the subscriber"),
    *_provider("billing", "claim", "2010AA", numbered=True),
    *_provider("rendering", "claim", "2310B"),
    *_provider("referring", "claim", "2310A DN"),
    *_provider("supervising", "claim", "2310D"),
    *_provider("facility", "claim", "2310C"),
    Column("place_of_service", "claim", "place_of_service", TEXT, "place of service (CLM05-1)"),
    Column("frequency", "claim", "frequency", TEXT, "1, 7, 8 (CLM05-3); empty: 1"),
    Column("signature_on_file", "claim", "signature_on_file", TEXT, "Y or N (CLM06)"),
    Column("assignment", "claim", "assignment", TEXT, "A, B or C (CLM07)"),
    Column("benefits_assigned", "claim", "benefits_assigned", TEXT, "Y, N or W (CLM08)"),
    Column("release_of_information", "claim", "release_of_information", TEXT, "Y or I (CLM09)"),
    Column("related_causes", "claim", "related_causes", CODES, "AA, EM, OA (CLM11)"),
    Column("accident_state", "claim", "accident_state", TEXT, "state of the accident (CLM11-4)"),
    Column("special_program", "claim", "special_program", TEXT, "CLM12"),
    Column("delay_reason", "claim", "delay_reason", TEXT, "why it is late (CLM20)"),
    Column("prior_authorization", "claim", "references.G1", TEXT, "REF*G1"),
    Column("referral_number", "claim", "references.9F", TEXT, "REF*9F"),
    Column("payer_control_number", "claim", "references.F8", TEXT, "claim replaced (REF*F8)"),
    Column("references", "claim", "references.*", REFERENCES, "other REF: X4, EA, D9, ..."),
    Column("diagnoses", "claim", "diagnoses", cells.DIAGNOSES, "HI; ABK principal, ABF others"),
    Column("procedures", "claim", "procedures", cells.DIAGNOSES, "anesthesia-related (HI*BP)"),
    Column("conditions", "claim", "conditions", CODES, "condition codes (HI*BG)"),
    Column("dates", "claim", "dates", cells.DATES, "DTP: 431 onset, 439 accident, ..."),
    Column("amounts", "claim", "amounts", cells.AMOUNTS, "AMT: F5 patient paid"),
    Column("notes", "claim", "notes", cells.NOTES, "NTE"),
    Column("attachments", "claim", "attachments", cells.ATTACHMENTS, "PWK"),
    Column("other_payers", "claim", "other_payers", cells.OTHER_PAYERS, "COB: loop 2320"),
    Column("submitter_id", "claim", "submitter_id", TEXT, "NM1*41"),
    Column("receiver_id", "claim", "receiver_id", TEXT, "NM1*40"),
    Column("receiver_name", "claim", "receiver_name", TEXT, "NM1*40"),
    Column("line_number", "line", "number", INTEGER, "LX01; empty: counted from 1"),
    Column("code", "line", "code", TEXT, "procedure (SV101-2); empty: claim without lines"),
    Column("code_qualifier", "line", "code_qualifier", TEXT, "SV101-1; empty: HC"),
    Column("modifiers", "line", "modifiers", CODES, "SV101-3..6"),
    Column("description", "line", "description", TEXT, "SV101-7"),
    Column("line_charge", "line", "charge", AMOUNT, "SV102; required where there is a code"),
    Column("units", "line", "units", AMOUNT, "SV104; empty: 1"),
    Column("unit_basis", "line", "unit_basis", TEXT, "UN or MJ (SV103); empty: UN"),
    Column("line_place_of_service", "line", "place_of_service", TEXT, "SV105; empty: the claim's"),
    Column("pointers", "line", "pointers", cells.POINTERS, "positions in diagnoses, from 1"),
    Column("emergency", "line", "emergency", FLAG, "SV109"),
    Column("epsdt", "line", "epsdt", FLAG, "SV111"),
    Column("family_planning", "line", "family_planning", FLAG, "SV112"),
    Column("copay_exempt", "line", "copay_exempt", FLAG, "SV115"),
    Column("service_date", "line", "service_date", DATE, "DTP*472"),
    Column("service_date_end", "line", "service_date_end", DATE, "last day of a range"),
    Column("line_control_number", "line", "control_number", TEXT, "REF*6R"),
    Column("line_prior_authorization", "line", "references.G1", TEXT, "REF*G1 of the line"),
    Column("line_referral_number", "line", "references.9F", TEXT, "REF*9F of the line"),
    Column("line_references", "line", "references.*", REFERENCES, "other REF of the line"),
    Column("line_dates", "line", "dates", cells.DATES, "other DTP of the line"),
    Column("line_amounts", "line", "amounts", cells.AMOUNTS, "AMT of the line"),
    Column("line_notes", "line", "notes", cells.NOTES, "NTE of the line"),
    Column("line_attachments", "line", "attachments", cells.ATTACHMENTS, "PWK of the line"),
    Column("drugs", "line", "drugs", cells.DRUGS, "loop 2410"),
    *_provider("rendering", "line", "2420A", named=False),
    *_provider("purchased", "line", "2420B", named=False),
    *_provider("facility", "line", "2420C", named=False),
    *_provider("supervising", "line", "2420D", named=False),
    *_provider("ordering", "line", "2420E", named=False),
    *_provider("referring", "line", "2420F", named=False),
    Column("adjudications", "line", "adjudications", cells.ADJUDICATIONS, "COB: loop 2430"),
)  # fmt: skip

REMITTANCE_COLUMNS: tuple[Column, ...] = (
    Column("payment_date", "payment", "date", DATE, "effective date (BPR16)", True),
    Column("production_date", "payment", "production_date", DATE, "DTM*405"),
    Column(
        "payment_amount", "payment", "amount", AMOUNT,
        "BPR02; empty: what the claims and provider adjustments add up to",
    ),
    Column("handling", "payment", "handling", TEXT, "I, H, ... (BPR01); empty: I"),
    Column("credit", "payment", "credit", FLAG, "BPR03 is C; empty: true"),
    Column("method", "payment", "method", TEXT, "ACH, CHK, NON (BPR04)"),
    Column("trace", "payment", "trace", TEXT, "check or EFT number (TRN02)"),
    Column("originator", "payment", "originator", TEXT, "TRN03"),
    Column("originator_supplement", "payment", "originator_supplement", TEXT, "TRN04"),
    Column("currency", "payment", "currency", TEXT, "CUR02; empty: US dollars"),
    Column("receiver_id", "payment", "receiver_id", TEXT, "REF*EV"),
    Column("payer_name", "payment", "payer_name", TEXT, "N1*PR"),
    Column("payer_id_qualifier", "payment", "payer_id_qualifier", TEXT, "N103"),
    Column("payer_id", "payment", "payer_id", TEXT, "N104"),
    Column("payer_references", "payment", "payer_references", REFERENCES, "2U, EO, HI, NF"),
    Column("payer_contacts", "payment", "payer_contacts", cells.CONTACTS, "PER"),
    Column("payee_name", "payment", "payee_name", TEXT, "N1*PE"),
    Column("payee_npi", "payment", "payee_npi", TEXT, "N104 where N103 is XX"),
    Column("payee_tax_id", "payment", "payee_tax_id", TEXT, "N104 where N103 is FI, or REF*TJ"),
    Column("payee_references", "payment", "payee_references", REFERENCES, "0B, D3, PQ"),
    Column(
        "provider_adjustments", "payment", "provider_adjustments", cells.PROVIDER_ADJUSTMENTS,
        "PLB; a positive amount lowers the payment",
    ),
    Column(
        "claim_position", "claim", "", INTEGER,
        "position of the claim in its payment, from 1: tells claims with equal columns apart",
    ),
    Column("claim_id", "claim", "claim_id", TEXT, "CLP01; empty: payment without claims", True),
    Column("status", "claim", "status", TEXT, "CLP02: 1, 2, 3, 4, 19-23, 25", True),
    Column("claim_charge", "claim", "charge", AMOUNT, "CLP03", True),
    Column("claim_paid", "claim", "paid", AMOUNT, "CLP04", True),
    Column("patient_responsibility", "claim", "patient_responsibility", AMOUNT, "CLP05"),
    Column("filing_indicator", "claim", "filing_indicator", TEXT, "CLP06"),
    Column("payer_control_number", "claim", "payer_control_number", TEXT, "CLP07"),
    Column("place_of_service", "claim", "place_of_service", TEXT, "CLP08"),
    Column("frequency", "claim", "frequency", TEXT, "CLP09"),
    Column("patient_last_name", "claim", "patient_last_name", TEXT, "NM1*QC"),
    Column("patient_first_name", "claim", "patient_first_name", TEXT, "NM1*QC"),
    Column("member_id", "claim", "member_id", TEXT, "NM109 of NM1*QC"),
    Column("member_id_qualifier", "claim", "member_id_qualifier", TEXT, "NM108; empty: MI"),
    Column("subscriber_last_name", "claim", "subscriber_last_name", TEXT, "NM1*IL"),
    Column("subscriber_first_name", "claim", "subscriber_first_name", TEXT, "NM1*IL"),
    Column("subscriber_member_id", "claim", "subscriber_member_id", TEXT, "NM1*IL"),
    Column("corrected_member_id", "claim", "corrected_member_id", TEXT, "NM1*74"),
    Column("corrected_last_name", "claim", "corrected_last_name", TEXT, "NM1*74"),
    Column("corrected_first_name", "claim", "corrected_first_name", TEXT, "NM1*74"),
    Column("rendering_npi", "claim", "rendering_npi", TEXT, "NM1*82"),
    Column("crossover_payer", "claim", "crossover_payer", TEXT, "NM1*TT"),
    Column("crossover_payer_id", "claim", "crossover_payer_id", TEXT, "NM1*TT"),
    Column("corrected_payer", "claim", "corrected_payer", TEXT, "NM1*PR: who has priority"),
    Column("corrected_payer_id", "claim", "corrected_payer_id", TEXT, "NM1*PR"),
    Column("other_subscriber_last_name", "claim", "other_subscriber_last_name", TEXT, "NM1*GB"),
    Column("other_subscriber_first_name", "claim", "other_subscriber_first_name", TEXT, "NM1*GB"),
    Column("other_subscriber_id", "claim", "other_subscriber_id", TEXT, "NM1*GB"),
    Column("claim_adjustments", "claim", "adjustments", cells.ADJUSTMENTS, "CAS of the claim"),
    Column("claim_remark_codes", "claim", "remark_codes", CODES, "MIA, MOA"),
    Column("claim_dates", "claim", "dates", cells.DATES, "DTM: 232, 233, 036, 050"),
    Column("claim_references", "claim", "references", REFERENCES, "REF of the claim"),
    Column("claim_amounts", "claim", "amounts", cells.AMOUNTS, "AMT: AU, I, F5, ..."),
    Column("claim_quantities", "claim", "quantities", cells.QUANTITIES, "QTY"),
    Column("claim_contacts", "claim", "contacts", cells.CONTACTS, "PER*CX"),
    Column("line_position", "line", "", INTEGER, "position of the line, from 1"),
    Column("code", "line", "code", TEXT, "code adjudicated (SVC01-2)"),
    Column("code_qualifier", "line", "code_qualifier", TEXT, "SVC01-1; empty: HC"),
    Column("modifiers", "line", "modifiers", CODES, "SVC01-3..6"),
    Column("revenue_code", "line", "revenue_code", TEXT, "SVC04"),
    Column(
        "line_charge", "line", "charge", AMOUNT, "SVC02; empty: the claim has no service lines"
    ),
    Column("line_paid", "line", "paid", AMOUNT, "SVC03"),
    Column("units", "line", "units", AMOUNT, "SVC05; empty: 1"),
    Column("submitted_code", "line", "submitted_code", TEXT, "SVC06-2"),
    Column(
        "submitted_code_qualifier", "line", "submitted_code_qualifier", TEXT, "SVC06-1; empty: HC"
    ),
    Column("submitted_modifiers", "line", "submitted_modifiers", CODES, "SVC06-3..6"),
    Column("submitted_units", "line", "submitted_units", AMOUNT, "SVC07"),
    Column("service_date", "line", "service_date", DATE, "DTM*472 or DTM*150"),
    Column("service_date_end", "line", "service_date_end", DATE, "DTM*151"),
    Column("line_control_number", "line", "control_number", TEXT, "REF*6R"),
    Column("adjustments", "line", "adjustments", cells.ADJUSTMENTS, "CAS of the line"),
    Column("remark_codes", "line", "remark_codes", CODES, "LQ*HE"),
    Column("line_references", "line", "references", REFERENCES, "REF of the line"),
    Column("line_amounts", "line", "amounts", cells.AMOUNTS, "AMT: B6 allowed, ..."),
    Column("line_quantities", "line", "quantities", cells.QUANTITIES, "QTY"),
)  # fmt: skip

ACKNOWLEDGEMENT_COLUMNS: tuple[Column, ...] = (
    Column("claim_id", "claim", "claim_id", TEXT, "TRN02 of loop 2200D", True),
    Column("acknowledged", "claim", "date", DATE, "STC02", True),
    Column("accepted", "claim", "accepted", FLAG, "into adjudication", True),
    Column("statuses", "claim", "statuses", cells.STATUSES, "STC01, STC10, STC11 of the claim"),
    Column("claim_charge", "claim", "charge", AMOUNT, "STC04"),
    Column("payer_control_number", "claim", "payer_control_number", TEXT, "REF*1K"),
    Column("clearinghouse_number", "claim", "clearinghouse_number", TEXT, "REF*D9"),
    Column("service_date", "claim", "service_date", DATE, "DTP*472"),
    Column("service_date_end", "claim", "service_date_end", DATE, "last day of a range"),
    Column("message", "claim", "message", TEXT, "STC12"),
    Column("patient_last_name", "claim", "patient_last_name", TEXT, "NM1*QC"),
    Column("patient_first_name", "claim", "patient_first_name", TEXT, "NM1*QC"),
    Column("member_id", "claim", "member_id", TEXT, "NM1*QC"),
    Column("provider_name", "claim", "provider_name", TEXT, "NM1*85"),
    Column("provider_npi", "claim", "provider_npi", TEXT, "NM1*85"),
    Column("provider_tax_id", "claim", "provider_tax_id", TEXT, "NM1*85 or REF*TJ"),
    Column("batch", "claim", "batch", TEXT, "TRN02 of loop 2200B: BHT03 of the 837"),
    Column("receiver_name", "claim", "receiver_name", TEXT, "NM1*41"),
    Column("receiver_id", "claim", "receiver_id", TEXT, "NM1*41"),
    Column("sender_entity", "claim", "sender_entity", TEXT, "PR payer, AY clearinghouse"),
    Column("sender_name", "claim", "sender_name", TEXT, "loop 2100A"),
    Column("sender_id", "claim", "sender_id", TEXT, "loop 2100A"),
)  # fmt: skip

COLUMNS: dict[TableName, tuple[Column, ...]] = {
    "claims": CLAIM_COLUMNS,
    "remittances": REMITTANCE_COLUMNS,
    "acknowledgements": ACKNOWLEDGEMENT_COLUMNS,
}


def table_of(names: list[str]) -> TableName | None:
    """The table whose required columns are all among ``names``, or ``None``."""
    for table in TABLES:
        if {c.name for c in COLUMNS[table] if c.required} <= set(names):
            return table
    return None


def describe_columns(table: TableName) -> str:
    """The table's columns as Markdown, as in docs/tabular.md."""
    rows = ["| column | of | holds | meaning |", "|---|---|---|---|"]
    for column in COLUMNS[table]:
        holds = column.cell.wants.replace("|", "\\|")
        words = column.words + (" (required)" if column.required else "")
        rows.append(f"| `{column.name}` | {column.level} | {holds} | {words} |")
    return "\n".join(rows) + "\n"
