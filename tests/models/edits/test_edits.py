"""For each edit: a claim that breaks it, one that does not, and whom it binds."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from models.claims.claim import Claim, Diagnosis, Drug, OtherPayer, Payer, Provider
from models.claims.common import Amount, DatedEvent, Reference
from models.codes.rows import CodeRow
from models.edits import EarlierService, EditContext, EditTables, Severity, check_claim, load_rules
from models.edits.scope import load_payer_types
from tests.models.edits.samples import (
    DAY,
    HCPCS,
    LIMITS,
    NPI,
    OTHER_NPI,
    PATIENT,
    claim,
    line,
    lines,
    tables,
    versions,
)

BEFORE = dt.date(2026, 1, 15)


@dataclass
class Case:
    """``bad`` breaks the edit at ``path``, ``good`` does not; ``near`` is given with both."""

    bad: Claim
    good: Claim
    path: str
    earlier: tuple[EarlierService, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    filing_indicator: str = "MB"


def dx(*codes: str) -> tuple[Diagnosis, ...]:
    return tuple(Diagnosis("ABF" if n else "ABK", code) for n, code in enumerate(codes))


def one(code: str = "99213", **changes: Any) -> Claim:
    return claim(lines=(line(code, **changes),))


def billing(**changes: Any) -> Claim:
    return claim(billing=msgspec.structs.replace(claim().billing, **changes))


def patient(**changes: Any) -> Claim:
    person = msgspec.structs.replace(PATIENT, **changes)
    return claim(patient=person, subscriber=person)


def before(code: str, **changes: Any) -> EarlierService:
    values: dict[str, Any] = {"date": DAY, "provider": OTHER_NPI, "group": NPI}
    return EarlierService("C0", code=code, **(values | changes))


SOUND = claim()
REFERRING = Provider(OTHER_NPI, "1", "WHO")
CLIA = (Reference("X4", "11D1234567"),)
NDC = (Drug("12345678901", Decimal(1), "ML"),)

CASES: dict[str, Case] = {
    "ncci.never": Case(
        claim(lines=lines("11042", "36000")), claim(lines=lines("11042", "93000")), "/lines/1/code"
    ),
    "ncci.modifier": Case(
        claim(lines=lines("99213", "20610")),
        claim(lines=(line("99213", modifiers=("25",)), line("20610", 2))),
        "/lines/0/modifiers",
    ),
    "mue.line": Case(
        one("20610", units=Decimal(3)), one("20610", units=Decimal(2)), "/lines/0/units"
    ),
    "mue.day": Case(
        claim(lines=lines("11042", "11042", modifiers=("76",))), one("11042"), "/lines/1/units"
    ),
    "mue.day_clinical": Case(
        one("93000", units=Decimal(4)), one("93000", units=Decimal(3)), "/lines/0/units"
    ),
    "addon.no_primary": Case(
        claim(lines=lines("99213", "11045")), claim(lines=lines("11042", "11045")), "/lines/1/code"
    ),
    "addon.unlisted_primary": Case(
        claim(lines=lines("99213", "99292")), claim(lines=lines("99291", "99292")), "/lines/1/code"
    ),
    "fee.not_payable": Case(one("99000"), one("99080"), "/lines/0/code"),
    "icd10.unknown": Case(
        claim(diagnoses=dx("Z99999")), SOUND, "/diagnoses/0/code"
    ),
    "icd10.not_yet": Case(
        claim(diagnoses=dx("QA00101"), lines=lines("99213", service_date=dt.date(2025, 9, 30))),
        claim(diagnoses=dx("QA00101")), "/diagnoses/0/code",
    ),
    "icd10.ended": Case(
        claim(diagnoses=dx("S301XXA")),
        claim(
            diagnoses=dx("S301XXA"), lines=lines("99213", service_date=dt.date(2025, 9, 30))
        ),
        "/diagnoses/0/code",
    ),
    "icd10.unsure": Case(
        claim(diagnoses=dx("E1199"), submitted=dt.date(2026, 12, 1),
              lines=lines("99213", service_date=dt.date(2026, 11, 1))),
        SOUND, "/diagnoses/0/code",
    ),
    "icd10.not_billable": Case(claim(diagnoses=dx("E11")), SOUND, "/diagnoses/0/code"),
    "icd10.seventh_character": Case(
        claim(diagnoses=dx("S52501")), claim(diagnoses=dx("S52501A")), "/diagnoses/0/code"
    ),
    "icd10.icd9": Case(
        claim(diagnoses=(Diagnosis("BK", "25000"),)), SOUND, "/diagnoses/0/qualifier"
    ),
    "icd10.excludes1": Case(
        claim(diagnoses=dx("E109", "E119")), SOUND, "/diagnoses/1/code"
    ),
    "icd10.age": Case(claim(diagnoses=dx("P220")), SOUND, "/diagnoses/0/code"),
    "icd10.sex": Case(claim(diagnoses=dx("C61")), claim(diagnoses=dx("C541")), "/diagnoses/0/code"),
    "icd10.principal": Case(
        claim(diagnoses=dx("W19XXXA")), claim(diagnoses=dx("I10", "W19XXXA")), "/diagnoses/0/code"
    ),
    "icd10.repeated": Case(claim(diagnoses=dx("I10", "I10")), SOUND, "/diagnoses/1/code"),
    "icd10.unspecified_side": Case(
        claim(diagnoses=dx("M25569")), claim(diagnoses=dx("M25561")), "/diagnoses/0/code"
    ),
    "code.missing": Case(one(""), SOUND, "/lines/0/code"),
    "code.form": Case(one("9921"), SOUND, "/lines/0/code"),
    "code.unknown": Case(one("J4444", drugs=NDC), one("J1100", drugs=NDC), "/lines/0/code"),
    "code.not_in_force": Case(one("J0110", drugs=NDC), one("J1100", drugs=NDC), "/lines/0/code"),
    "code.no_description": Case(
        one("20999"), one("20999", description="REPAIR OF A THING"), "/lines/0/description"
    ),
    "modifier.form": Case(one(modifiers=("2",)), one(modifiers=("25",)), "/lines/0/modifiers/0"),
    "modifier.unknown": Case(
        one(modifiers=("ZZ",)), one(modifiers=("Q9",)), "/lines/0/modifiers/0"
    ),
    "modifier.not_in_force": Case(
        one(modifiers=("G1",)), one(modifiers=("Q9",)), "/lines/0/modifiers/0"
    ),
    "modifier.repeated": Case(
        one(modifiers=("25", "25")), one(modifiers=("25",)), "/lines/0/modifiers/1"
    ),
    "modifier.conflict": Case(
        one("20610", modifiers=("LT", "RT")), one("20610", modifiers=("LT",)),
        "/lines/0/modifiers/1",
    ),
    "modifier.fit": Case(
        one("20610", modifiers=("25",)), one("99213", modifiers=("25",)), "/lines/0/modifiers/0"
    ),
    "modifier.not_allowed": Case(
        one("20610", modifiers=("26",)), one("20610", modifiers=("50",)), "/lines/0/modifiers/0"
    ),
    "modifier.bilateral_units": Case(
        one("20610", modifiers=("50",), units=Decimal(2)), one("20610", modifiers=("50",)),
        "/lines/0/units",
    ),
    "place.missing": Case(claim(place_of_service=""), SOUND, "/place_of_service"),
    "place.unknown": Case(claim(place_of_service="98"), SOUND, "/place_of_service"),
    "place.fit": Case(
        one("99283"), claim(lines=lines("99283"), place_of_service="23"), "/place_of_service"
    ),
    "npi.missing": Case(billing(npi=""), SOUND, "/billing/npi"),
    "npi.check_digit": Case(
        claim(rendering=Provider("1234567890", "1", "ROE")), SOUND, "/rendering/npi"
    ),
    "pointer.missing": Case(one(pointers=()), SOUND, "/lines/0/pointers"),
    "pointer.out_of_range": Case(one(pointers=(1, 3)), SOUND, "/lines/0/pointers/1"),
    "pointer.repeated": Case(one(pointers=(1, 1)), SOUND, "/lines/0/pointers/1"),
    "date.missing": Case(one(service_date=None), SOUND, "/lines/0/service_date"),
    "date.future": Case(one(service_date=dt.date(2026, 3, 11)), SOUND, "/lines/0/service_date"),
    "date.order": Case(
        one(service_date_end=dt.date(2026, 3, 1)), one(service_date_end=DAY),
        "/lines/0/service_date_end",
    ),
    "date.before_birth": Case(
        patient(birth_date=dt.date(2026, 3, 5)), SOUND, "/lines/0/service_date"
    ),
    "date.after_death": Case(
        patient(death_date=dt.date(2026, 3, 1)), patient(death_date=DAY), "/lines/0/service_date"
    ),
    "date.filing_limit": Case(
        claim(submitted=dt.date(2027, 3, 10)), SOUND, "/lines/0/service_date"
    ),
    "date.onset": Case(
        claim(dates=(DatedEvent("431", dt.date(2026, 3, 5)),)),
        claim(dates=(DatedEvent("431", dt.date(2026, 3, 1)),)), "/dates/0/begin",
    ),
    "date.several_days": Case(
        one(service_date_end=dt.date(2026, 3, 4)),
        one(service_date_end=dt.date(2026, 3, 4), units=Decimal(3)), "/lines/0/units",
    ),
    "charge.negative": Case(one(charge=Decimal(-1)), SOUND, "/lines/0/charge"),
    "charge.zero": Case(
        one(charge=Decimal(0)), one("99024", charge=Decimal(0)), "/lines/0/charge"
    ),
    "charge.sum": Case(claim(charge=Decimal("99.99")), SOUND, "/charge"),
    "charge.absurd": Case(one(charge=Decimal(250_000)), SOUND, "/lines/0/charge"),
    "units.zero": Case(one(units=Decimal(0)), SOUND, "/lines/0/units"),
    "units.negative": Case(one(units=Decimal(-1)), SOUND, "/lines/0/units"),
    "units.absurd": Case(one(units=Decimal(1000)), SOUND, "/lines/0/units"),
    "units.fraction": Case(
        one(units=Decimal("1.5")), one("J1100", units=Decimal("1.5"), drugs=NDC), "/lines/0/units"
    ),
    "units.minutes": Case(
        one("00400"), one("00400", unit_basis="MJ", units=Decimal(45)), "/lines/0/unit_basis"
    ),
    "duplicate.line": Case(
        claim(lines=lines("99213", "99213")),
        claim(lines=lines("99213", "99213", modifiers=("76",))),
        "/lines/1",
    ),
    "duplicate.claim": Case(SOUND, one(modifiers=("77",)), "/lines", (before("99213"),)),
    "duplicate.service": Case(
        claim(lines=lines("99213", "93000")), one("93000"), "/lines/0/code", (before("99213"),)
    ),
    "missing.lines": Case(claim(lines=()), SOUND, "/lines"),
    "missing.diagnosis": Case(claim(diagnoses=()), SOUND, "/diagnoses"),
    "missing.payer": Case(claim(payer=Payer("MEDICARE")), SOUND, "/payer/id"),
    "missing.filing_indicator": Case(
        claim(filing_indicator=""), SOUND, "/filing_indicator", filing_indicator=""
    ),
    "missing.member_id": Case(patient(member_id=""), SOUND, "/subscriber/member_id"),
    "missing.patient_name": Case(patient(last_name=""), SOUND, "/patient/last_name"),
    "missing.birth_date": Case(patient(birth_date=None), SOUND, "/patient/birth_date"),
    "missing.sex": Case(patient(sex=""), SOUND, "/patient/sex"),
    "missing.billing_name": Case(billing(name=""), SOUND, "/billing/name"),
    "missing.tax_id": Case(billing(tax_id=""), SOUND, "/billing/tax_id"),
    "missing.billing_address": Case(billing(address=None), SOUND, "/billing/address"),
    "missing.taxonomy": Case(
        billing(taxonomy=""), SOUND, "/billing/taxonomy", filing_indicator="MC"
    ),
    "missing.rendering": Case(
        claim(rendering=None),
        claim(rendering=None, lines=lines("99213", rendering=Provider(OTHER_NPI, "1", "ROE"))),
        "/rendering",
    ),
    "missing.ordering": Case(
        one("71045"), claim(lines=lines("71045"), referring=REFERRING), "/lines/0/ordering"
    ),
    "missing.accident_date": Case(
        claim(related_causes=("OA",)),
        claim(related_causes=("OA",), dates=(DatedEvent("439", DAY),)), "/dates",
    ),
    "missing.accident_state": Case(
        claim(related_causes=("AA",)), claim(related_causes=("AA",), accident_state="IL"),
        "/accident_state",
    ),
    "missing.admission_date": Case(
        claim(place_of_service="21"),
        claim(place_of_service="21", dates=(DatedEvent("435", DAY),)), "/dates",
    ),
    "missing.facility": Case(
        claim(place_of_service="22"), claim(place_of_service="22", facility=Provider(NPI)),
        "/facility",
    ),
    "missing.original_number": Case(
        claim(frequency="7"), claim(frequency="7", references=(Reference("F8", "X1"),)),
        "/references",
    ),
    "missing.other_payer": Case(
        claim(responsibility="S"), claim(responsibility="S", other_payers=(OtherPayer("P"),)),
        "/other_payers",
    ),
    "missing.prior_payment": Case(
        claim(responsibility="S", other_payers=(OtherPayer("P"),)),
        claim(
            responsibility="S", other_payers=(OtherPayer("P", amounts=(Amount("D", Decimal(0)),)),)
        ),
        "/other_payers/0/amounts",
    ),
    "missing.assignment": Case(claim(assignment=""), SOUND, "/assignment"),
    "frequency.unknown": Case(claim(frequency="5"), SOUND, "/frequency"),
    "frequency.medicare": Case(claim(frequency="7"), SOUND, "/frequency"),
    "guide.too_many": Case(
        claim(diagnoses=dx(*(f"E{n}" for n in range(100, 113)))), SOUND, "/diagnoses"
    ),
    "telehealth.place": Case(
        one(modifiers=("93",)),
        claim(lines=lines("99213", modifiers=("93",)), place_of_service="10"),
        "/lines/0/modifiers/0",
    ),
    "telehealth.modifier_95": Case(
        claim(lines=lines("99213", modifiers=("95",)), place_of_service="10"),
        claim(place_of_service="10"), "/lines/0/modifiers/0",
    ),
    "global.visit": Case(
        SOUND, one(modifiers=("24",)), "/lines/0/modifiers", (before("27447", date=BEFORE),)
    ),
    "global.procedure": Case(
        one("11102"), one("11102", modifiers=("79",)), "/lines/0/modifiers",
        (before("27447", date=BEFORE),),
    ),
    "visit.new_patient": Case(
        one("99203"), SOUND, "/lines/0/code", (before("99213", date=dt.date(2024, 1, 1)),)
    ),
    "clia.missing": Case(
        one("80053"), claim(lines=lines("80053"), references=CLIA), "/lines/0/references"
    ),
    "clia.form": Case(
        claim(lines=lines("80053"), references=(Reference("X4", "11234"),)),
        claim(lines=lines("80053"), references=CLIA), "/references",
    ),
    "ndc.missing": Case(
        one("J1100"), one("J1100", drugs=NDC), "/lines/0/drugs", filing_indicator="MC"
    ),
    "ndc.form": Case(
        one("J1100", drugs=(Drug("1234-5678-90", Decimal(1), "ML"),)), one("J1100", drugs=NDC),
        "/lines/0/drugs/0/ndc",
    ),
    "ndc.quantity": Case(
        one("J1100", drugs=(Drug("12345678901"),)), one("J1100", drugs=NDC),
        "/lines/0/drugs/0/quantity",
    ),
    "abn.medicare_advantage": Case(
        one(modifiers=("GA",)), SOUND, "/lines/0/modifiers/0", filing_indicator="16"
    ),
    "abn.expected_denial": Case(
        one(modifiers=("GY",)), one(modifiers=("GA",)), "/lines/0/modifiers/0"
    ),
    "coverage.diagnosis": Case(one("82306"), SOUND, "/lines/0/pointers"),
}  # fmt: skip


@pytest.fixture(scope="module")
def every(tmp_path_factory) -> EditTables:
    return tables(tmp_path_factory.mktemp("tables"))


def ids_of(case: Case, each: Claim, every: EditTables, payer: str) -> dict[str, str]:
    each = msgspec.structs.replace(each, filing_indicator=payer)
    context = EditContext(earlier=case.earlier, filing_limits=case.limits)
    return {e.id: e.path for e in reversed(check_claim(each, every, context))}


def test_every_edit_has_a_case():
    assert set(CASES) == set(load_rules())


def test_the_sound_claim_breaks_nothing(every):
    assert check_claim(SOUND, every) == []


@pytest.mark.parametrize("id_", list(CASES))
def test_the_bad_claim_breaks_it_and_the_good_one_does_not(id_, every):
    case = CASES[id_]
    found = ids_of(case, case.bad, every, case.filing_indicator)
    assert found.get(id_) == case.path
    good = case.filing_indicator or "MB"
    assert id_ not in ids_of(case, case.good, every, good)


@pytest.mark.parametrize("id_", list(CASES))
def test_it_binds_the_payer_types_that_the_registry_names_and_no_others(id_, every):
    case, rule = CASES[id_], load_rules()[id_]
    for indicator in ("MB", "MC", "16", "CI", "CH"):
        if id_ in ("frequency.medicare", "date.filing_limit", "missing.filing_indicator"):
            continue  # these ask the indicator or the payer's limit themselves
        binds = not rule.payers or load_payer_types()[indicator] in rule.payers
        assert (id_ in ids_of(case, case.bad, every, indicator)) is binds, indicator


@pytest.mark.parametrize("id_", list(CASES))
def test_messages_are_whole_sentences_without_placeholders(id_, every):
    case = CASES[id_]
    each = msgspec.structs.replace(case.bad, filing_indicator=case.filing_indicator)
    context = EditContext(earlier=case.earlier)
    edit = next(e for e in check_claim(each, every, context) if e.id == id_)
    for text in (edit.message, edit.remedy, edit.source):
        assert text
        assert "{" not in text
        assert PATIENT.last_name not in text
        assert NPI not in text
    assert edit.severity is load_rules()[id_].severity


@pytest.mark.parametrize("id_", list(CASES))
def test_paths_point_into_the_claims_json(id_, every):
    case = CASES[id_]
    each = msgspec.structs.replace(case.bad, filing_indicator=case.filing_indicator)
    for edit in check_claim(each, every, EditContext(earlier=case.earlier)):
        for path in (edit.path, *edit.related):
            at: Any = each
            for step in path.split("/")[1:]:
                at = at[int(step)] if step.isdigit() else getattr(at, step)


def test_errors_come_first(every):
    severities = [e.severity for e in check_claim(one("20610", modifiers=("25", "25")), every)]
    assert severities == sorted(severities, key=lambda s: s is Severity.WARNING)
    assert len(set(severities)) == 2


def test_without_tables_their_edits_are_silent_and_missing_says_which(every):
    bare = EditTables()
    for rule in load_rules().values():
        if rule.table and rule.id != "modifier.unknown":
            case = CASES[rule.id]
            assert rule.id not in ids_of(case, case.bad, bare, case.filing_indicator)
    missing = bare.missing()
    assert set(missing) == {
        "ncci", "ncci-medicaid", "mue", "mue-medicaid", "addon", "mpfs", "hcpcs", "cpt",
        "lcd",
    }  # fmt: skip
    assert missing["ncci"] == ("ncci.never", "ncci.modifier")
    assert list(every.missing()) == ["cpt"]


# --- what single cases do not say


def test_ncci_looks_across_claims_of_the_same_day_and_provider(every):
    found = check_claim(one("36000"), every, EditContext(earlier=(before("11042"),)))
    assert [e.id for e in found] == ["ncci.never"]
    assert "another claim" in found[0].message
    for changes in (
        {"date": BEFORE},
        {"provider": NPI},
        {"outcome": "rejected"},
    ):
        context = EditContext(earlier=(before("11042", **changes),))
        assert check_claim(one("36000"), every, context) == []
    # The other way round the finding stands at the claim's own line, too.
    found = check_claim(one("11042"), every, EditContext(earlier=(before("36000"),)))
    assert [e.path for e in found] == ["/lines/0/code"]


def test_ncci_indicator_9_and_pairs_out_of_force_are_silent(every):
    assert check_claim(claim(lines=lines("93000", "93010")), every) == []
    ids = [e.id for e in check_claim(claim(lines=lines("17000", "11102")), every)]
    assert "ncci.never" not in ids
    old = claim(lines=lines("17000", "11102", service_date=dt.date(2025, 12, 31)))
    assert "ncci.never" in [e.id for e in check_claim(old, every)]


def test_ncci_lines_of_different_providers_or_days_are_no_pair(every):
    two = (line("11042"), line("36000", 2, service_date=dt.date(2026, 3, 3)))
    assert check_claim(claim(lines=two), every) == []
    two = (line("11042"), line("36000", 2, rendering=Provider(NPI, "1", "POE")))
    assert check_claim(claim(lines=two), every) == []


def test_mue_by_day_counts_other_claims_and_each_day_of_a_range(every):
    context = EditContext(earlier=(before("93000", units=Decimal(3)),))
    found = check_claim(one("93000", modifiers=("77",)), every, context)
    assert [e.id for e in found] == ["mue.day_clinical"]
    spread = one("93000", units=Decimal(6), service_date_end=dt.date(2026, 3, 4))
    assert check_claim(spread, every) == []


def test_minutes_are_no_units(tmp_path):
    limits = LIMITS | {"00400": msgspec.structs.replace(LIMITS["11042"], code="00400")}
    own = tables(tmp_path, mue={"medicare": versions("mue", limits)})
    assert check_claim(one("00400", unit_basis="MJ", units=Decimal(60)), own) == []


def test_medicaid_asks_its_own_edition(tmp_path):
    both = tables(tmp_path)
    own = tables(tmp_path, ncci={"medicare": both.ncci["medicare"]})
    each = claim(lines=lines("11042", "36000"), filing_indicator="MC")
    assert "ncci.never" not in [e.id for e in check_claim(each, own)]
    assert "ncci.never" in [e.id for e in check_claim(each, both)]


def test_an_add_on_of_the_contractors_needs_some_other_service(every):
    assert "addon.no_primary" in {e.id for e in check_claim(one("22899"), every)}
    both = claim(lines=lines("22899", "20610", description="X"))
    assert "addon.no_primary" not in {e.id for e in check_claim(both, every)}


def test_an_add_on_whose_row_has_ended_is_no_add_on(every):
    assert check_claim(one("15003"), every) == []
    old = one("15003", service_date=dt.date(2025, 6, 1))
    assert [e.id for e in check_claim(old, every)] == ["addon.no_primary"]


def test_a_table_answers_from_its_effective_date_on(tmp_path):
    later = versions("mue", LIMITS, effective=dt.date(2026, 4, 1))
    own = tables(tmp_path, mue={"medicare": later})
    assert check_claim(one("20610", units=Decimal(3)), own) == []
    after = claim(
        lines=lines("20610", units=Decimal(3), service_date=dt.date(2026, 4, 1)),
        submitted=dt.date(2026, 4, 2),
    )
    found = check_claim(after, own)
    assert [e.id for e in found] == ["mue.line"]
    assert found[0].source == "MUE, effective 2026-04-01"


def test_the_filing_limit_follows_the_contract_where_given(every):
    late = claim(submitted=dt.date(2026, 6, 10), filing_indicator="CI")
    assert check_claim(late, every) == []
    context = EditContext(filing_limits={"MCR1": 90})
    assert [e.id for e in check_claim(late, every, context)] == ["date.filing_limit"]
    reason = msgspec.structs.replace(late, delay_reason="3")
    assert check_claim(reason, every, context) == []
    today = EditContext(today=dt.date(2027, 6, 1))
    assert [e.id for e in check_claim(SOUND, every, today)] == ["date.filing_limit"]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "denied"},
        {"claim_id": "C1"},
        {"responsibility": "S"},
        {"date": BEFORE},
        {"provider": NPI, "group": OTHER_NPI},
    ],
)
def test_what_is_no_duplicate(changes, every):
    service = replace_service(before("99213"), **changes)
    assert check_claim(SOUND, every, EditContext(earlier=(service,))) == []


def replace_service(service: EarlierService, **changes: Any) -> EarlierService:
    return msgspec.structs.replace(service, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"taxonomy": "207R00000X"},
        {"group": OTHER_NPI},
        {"date": dt.date(2022, 1, 1)},
        {"code": "93000"},
    ],
)
def test_what_makes_no_established_patient(changes, every):
    service = replace_service(before("99213", date=dt.date(2024, 1, 1)), **changes)
    assert check_claim(one("99203"), every, EditContext(earlier=(service,))) == []


@pytest.mark.parametrize(
    "changes", [{"modifiers": ("80",)}, {"group": OTHER_NPI}, {"date": dt.date(2025, 10, 1)}]
)
def test_what_starts_no_global_period(changes, every):
    service = replace_service(before("27447", date=BEFORE), **changes)
    assert check_claim(SOUND, every, EditContext(earlier=(service,))) == []


def test_wrong_seventh_character_lists_those_allowed(every):
    found = check_claim(claim(diagnoses=dx("S52501Z")), every)
    assert [e.id for e in found] == ["icd10.seventh_character"]
    assert "A, B, C, D" in found[0].remedy


def test_codes_with_a_dot_and_nonsense_are_not_echoed(every):
    assert check_claim(claim(diagnoses=dx("E11.9")), every) == []
    found = check_claim(claim(diagnoses=dx("JANE DOE 1")), every)
    assert [e.id for e in found] == ["icd10.unknown"]
    assert "JANE" not in found[0].message


def test_gy_keeps_the_status_indicator_silent(every):
    ids = [e.id for e in check_claim(one("99000", modifiers=("GY",)), every)]
    assert ids == ["abn.expected_denial"]


def test_licensed_cpt_codes_are_checked_once_imported(tmp_path):
    own = tables(tmp_path, cpt=versions("cpt", {"99213": CodeRow("99213")}))
    assert check_claim(SOUND, own) == []
    assert [e.id for e in check_claim(one("99214"), own)] == ["code.unknown"]
    assert list(own.missing()) == []


def test_other_lists_than_hcpcs_are_left_alone(every):
    assert check_claim(one("HP0001", code_qualifier="HP"), every) == []


def test_what_has_no_codes_form_is_not_repeated(every):
    found = check_claim(one("DOE JANE", modifiers=("25", "XY")), every)
    assert [e.id for e in found] == ["code.form"]
    assert "JANE" not in str(found)


@pytest.mark.parametrize(("code", "modifier"), [("A0427", "RH"), ("00400", "P3")])
def test_modifiers_that_no_hcpcs_file_lists(code, modifier, tmp_path):
    basis = {"unit_basis": "MJ", "units": Decimal(30)} if code == "00400" else {}
    own = tables(tmp_path, hcpcs=versions("hcpcs", HCPCS | {"A0427": CodeRow("A0427")}))
    each = claim(lines=lines(code, modifiers=(modifier,), **basis), place_of_service="41")
    assert check_claim(each, own) == []


def test_wrong_check_digits_are_found_on_lines_too(every):
    each = one(ordering=Provider("1234567890"), supervising=Provider("1003000127"))
    assert [e.path for e in check_claim(each, every)] == [
        "/lines/0/ordering/npi",
        "/lines/0/supervising/npi",
    ]
