"""Edits of diagnoses: validity by date, 7th character, Excludes1, age, sex, order."""

import datetime as dt

from models.codes.icd10cm import CodeStatus, Icd10cm
from models.codes.icd10cm_age_sex import AgeSexRule
from models.edits.diagnosis_facts import DiagnosisFact
from models.edits.edit import Findings
from models.edits.prepared import PreparedClaim

_ICD10_BEGAN = dt.date(2015, 10, 1)
_BY_STATUS = {
    CodeStatus.NOT_YET: "icd10.not_yet",
    CodeStatus.ENDED: "icd10.ended",
    CodeStatus.UNSURE: "icd10.unsure",
}


def check_diagnoses(claim: PreparedClaim, out: Findings) -> None:
    """Every edit of the claim's diagnoses."""
    day, store = claim.day, claim.tables.diagnosis_facts
    table, known = store.table, store.of(day)
    codes: list[str] = []
    reaching: list[DiagnosisFact] = []
    categories: set[str] = set()
    for place, diagnosis in enumerate(claim.diagnoses):
        if diagnosis.qualifier in ("BK", "BF"):
            if day >= _ICD10_BEGAN:
                out.add("icd10.icd9", f"/diagnoses/{place}/qualifier")
            codes.append("")
            continue
        code = diagnosis.code.replace(".", "")
        facts = known.get(code) or store.learn(code, day)
        if facts.status is not CodeStatus.BILLABLE:
            _report_status(code, facts.status, place, table, day, out)
        if code in codes:
            out.add("icd10.repeated", f"/diagnoses/{place}/code", code=code)
        elif facts.unspecified_side:
            out.add(
                "icd10.unspecified_side",
                f"/diagnoses/{place}/code",
                code=code,
                table=_version(table, day),
            )
        if place == 0 and facts.principal:
            out.add(
                "icd10.principal",
                "/diagnoses/0/code",
                code=code,
                words=facts.principal,
                table=_version(table, day),
            )
        if facts.rule is not None:
            _check_patient(claim, code, place, facts.rule, out)
        if facts.reaches:
            reaching.append(facts)
        categories.add(code[:3])
        codes.append(code)
    # Most claims end here: no note reaches into a category that stands on it.
    if not all(facts.reaches.isdisjoint(categories) for facts in reaching):
        _check_excludes(codes, table, day, out)


def _version(table: Icd10cm, day: dt.date) -> str:
    return f"ICD-10-CM, {table.version(day)}"


def _report_status(
    code: str, status: CodeStatus, place: int, table: Icd10cm, day: dt.date, out: Findings
) -> None:
    path, name = f"/diagnoses/{place}/code", _version(table, day)
    characters = table.seventh_characters(code) if 3 <= len(code) <= 7 else ()
    dated = status in (CodeStatus.NOT_YET, CodeStatus.ENDED)
    if characters and not dated and (len(code) == 7 or code in table):
        words = ", ".join(characters)
        out.add("icd10.seventh_character", path, code=code, characters=words, table=name)
    elif status is CodeStatus.HEADING:
        out.add("icd10.not_billable", path, code=code, table=name)
    elif status is CodeStatus.UNSURE and code[:3] not in table:
        # New codes come within known categories; a new category is rarer than a slip.
        out.add("icd10.unknown", path, code=_shown(code), table=name)
    else:
        id_ = _BY_STATUS.get(status, "icd10.unknown")
        out.add(id_, path, code=_shown(code), table=name)


def _shown(code: str) -> str:
    """What has no code's form may be anything: it is not repeated in a message."""
    return code if len(code) <= 7 and code.isascii() and code.isalnum() else "This"


def _check_excludes(codes: list[str], table: Icd10cm, day: dt.date, out: Findings) -> None:
    for place, code in enumerate(codes):
        for before in range(place):
            other = codes[before]
            if not code or not other or code == other:
                continue
            found = table.excludes1(other, code)
            if found is not None:
                out.add(
                    "icd10.excludes1",
                    f"/diagnoses/{place}/code",
                    related=(f"/diagnoses/{before}/code",),
                    code=code,
                    other=other,
                    owner=found.owner,
                    table=_version(table, day),
                )


def _check_patient(
    claim: PreparedClaim, code: str, place: int, rule: AgeSexRule, out: Findings
) -> None:
    born, sex = claim.patient.birth_date, claim.patient.sex
    path = f"/diagnoses/{place}/code"
    words = {"code": code, "words": rule.words, "table": rule.source}
    if rule.sex and sex in ("F", "M") and sex != rule.sex:
        out.add("icd10.sex", path, related=(f"/{claim.patient_path}/sex",), **words)
    if born is None or born > claim.day:
        return
    age = claim.day.year - born.year - ((claim.day.month, claim.day.day) < (born.month, born.day))
    if (rule.youngest is not None and age < rule.youngest) or (
        rule.oldest is not None and age > rule.oldest
    ):
        out.add("icd10.age", path, related=(f"/{claim.patient_path}/birth_date",), **words)
