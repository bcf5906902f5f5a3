"""The attributes of a claim and of a service line that the denial model may look at.

One list for training and scoring. Each attribute is known at submission; its ``field`` is the
place on the claim that a biller would look at, its ``words`` name it on a page. Which attributes
matter, alone or together, is learnt, not written here.
"""

from typing import Literal

import msgspec

Level = Literal["claim", "line"]


class Attribute(msgspec.Struct, frozen=True, gc=False):
    """``name`` in artifacts, ``level`` at which it varies, ``field`` path, ``words`` for people."""

    name: str
    level: Level
    field: str
    words: str


def _claim(name: str, field: str, words: str) -> Attribute:
    return Attribute(name, "claim", field, words)


def _line(name: str, field: str, words: str) -> Attribute:
    return Attribute(name, "line", field, words)


#: Order is the column order of `FeatureBatch.values`; a change needs a new FEATURE_SCHEMA.
ATTRIBUTES: tuple[Attribute, ...] = (
    _claim("payer", "payer.id", "payer"),
    _claim("filing_indicator", "filing_indicator", "kind of coverage"),
    _claim("practice", "billing.npi", "practice"),
    _claim("rendering", "rendering.npi", "rendering provider"),
    _claim("taxonomy", "rendering.taxonomy", "rendering provider's taxonomy"),
    _claim("facility", "facility.npi", "service location"),
    _claim("responsibility", "responsibility", "payer's place in the order of coverages"),
    _claim("relationship", "relationship", "patient's relation to the subscriber"),
    _claim("frequency", "frequency", "claim frequency code"),
    _claim("authorization", "references.G1", "prior authorization number"),
    _claim("referral", "references.9F", "referral number"),
    _claim("referring", "referring.npi", "referring provider"),
    _claim("supervising", "supervising.npi", "supervising provider"),
    _claim("replaced", "references.F8", "payer's number of the replaced claim"),
    _claim("clia", "references.X4", "CLIA number"),
    _claim("attachment", "attachments", "attachment or note"),
    _claim("accident", "related_causes", "accident or work relation"),
    _claim("onset", "dates", "onset or accident date"),
    _claim("other_payer", "other_payers", "other coverage on the claim"),
    _claim("group_number", "group_number", "group number"),
    _claim("insurance_type", "insurance_type", "insurance type"),
    _claim("assignment", "assignment", "assignment and release"),
    _claim("state", "subscriber.address.state", "patient's state"),
    _claim("age", "patient.birth_date", "patient's age"),
    _claim("sex", "patient.sex", "patient's sex"),
    _claim("claim_place", "place_of_service", "place of service"),
    _claim("principal", "diagnoses[0].code", "principal diagnosis"),
    _claim("diagnosis_count", "diagnoses", "number of diagnoses"),
    _claim("line_count", "lines", "number of service lines"),
    _claim("charge_band", "charge", "charge"),
    _claim("lag", "submitted", "days from service to submission"),
    _claim("over_limit", "submitted", "payer's filing limit"),
    _claim("month", "lines[].service_date", "month of service"),
    _claim("known_patient", "patient", "patient seen before"),
    _claim("known_in_specialty", "patient", "patient seen in this specialty before"),
    _claim("coverage_state", "subscriber.member_id", "payer's last answer for this patient"),
    _claim("paid_months", "lines[].service_date", "time since the payer last paid"),
    _claim("year_turned", "lines[].service_date", "new year since this payer last paid"),
    _claim("enrolment_state", "rendering.npi", "payer's last answer for this provider"),
    _claim("tenure", "rendering.npi", "time since the provider first billed this payer"),
    _claim("claim_duplicate", "lines[].code", "same service submitted before"),
    _claim("sending", "frequency", "first claim, sent again or to a second payer"),
    _line("code", "lines[].code", "procedure code"),
    _line("family", "lines[].code", "procedure family"),
    _line("kind", "lines[].code", "kind of procedure"),
    _line("modifiers", "lines[].modifiers", "modifiers"),
    _line("separate_modifier", "lines[].modifiers", "modifier for a separate service"),
    _line("telehealth_modifier", "lines[].modifiers", "telehealth modifier"),
    _line("side_modifier", "lines[].modifiers", "side or component modifier"),
    _line("liability_modifier", "lines[].modifiers", "coverage modifier"),
    _line("units", "lines[].units", "units"),
    _line("unit_limit", "lines[].units", "units beside those that the payer has paid"),
    _line("place", "lines[].place_of_service", "place of service"),
    _line("telehealth", "lines[].place_of_service", "telehealth place and modifier"),
    _line("diagnosis", "lines[].pointers", "diagnosis pointed at"),
    _line("diagnosis_category", "lines[].pointers", "diagnosis category"),
    _line("diagnosis_chapter", "lines[].pointers", "diagnosis chapter"),
    _line("diagnosis_detail", "lines[].pointers", "detail of the diagnosis"),
    _line("second_diagnosis", "lines[].pointers", "second diagnosis pointed at"),
    _line("companion", "lines[].code", "other service on the claim"),
    _line("companion_kind", "lines[].code", "kind of the other services"),
    _line("line_number", "lines[].number", "position of the line"),
    _line("same_code_lines", "lines[].code", "same code on several lines"),
    _line("duplicate", "lines[].code", "same service submitted before"),
    _line("days_since", "lines[].service_date", "days since the same service"),
    _line("drug", "lines[].drugs", "NDC"),
    _line("unit_charge", "lines[].charge", "charge per unit"),
)

INDEX: dict[str, int] = {a.name: i for i, a in enumerate(ATTRIBUTES)}
CLAIM_ATTRIBUTES: tuple[int, ...] = tuple(i for i, a in enumerate(ATTRIBUTES) if a.level == "claim")
LINE_ATTRIBUTES: tuple[int, ...] = tuple(i for i, a in enumerate(ATTRIBUTES) if a.level == "line")
