"""Edits of one line at a time: code, modifiers, place of service, status, drug, laboratory."""

import datetime as dt
import re

from models.codes.hcpcs import HcpcsLevel, hcpcs_level, is_modifier_form
from models.codes.modifiers import load_modifiers
from models.codes.place_of_service import load_places
from models.codes.rows import CodeRow
from models.edits.coverage import CoverageTable
from models.edits.edit import Findings
from models.edits.groups import load_conflicts, load_fee_statuses, place_fit
from models.edits.prepared import PreparedClaim, PreparedLine
from models.edits.rows import FeeRow

_CLIA = re.compile(r"\d{2}D\d{7}")
_NDC = re.compile(r"\d{11}")
_TELEHEALTH_PLACES = ("02", "10")
_TELEHEALTH = frozenset(("93", "95", "GT", "GQ"))
_AMBULANCE = frozenset("DEGHIJNPRSX")
_NOTICES = frozenset(("GA", "GX", "GY", "GZ"))
_EXPECTED = {
    "GY": "billed for a denial, the patient owes",
    "GZ": "will be denied, and the provider is liable",
}
# Indicators of the fee schedule with which a modifier is not paid.
_NOT_WITH = {
    "26": ("pctc", "02345"),
    "TC": ("pctc", "0234568"),
    "50": ("bilateral", "029"),
    "80": ("assistant", "19"),
    "81": ("assistant", "19"),
    "82": ("assistant", "19"),
    "AS": ("assistant", "19"),
    "62": ("co_surgeons", "09"),
    "66": ("team", "09"),
}


def check_services(claim: PreparedClaim, out: Findings) -> None:
    """Every edit of single lines."""
    fees = claim.tables.mpfs.on(claim.day)
    policies = claim.tables.lcd.on(claim.day)
    for line in claim.lines:
        if not line.code:
            out.add("code.missing", f"{line.path}/code")
            continue
        if line.line.code_qualifier != "HC":  # HIPPS, NUBC, ...: other lists than ours
            continue
        if not _check_code(claim, line, out):
            continue
        if line.modifiers:
            _check_modifiers(claim, line, out)
        _check_place(claim, line, out)
        if fees is not None:
            row = fees[0].get(line.code)
            if row is not None:
                _check_fee(line, row, fees[1], out)
        if policies is not None:
            _check_coverage(claim, line, policies, out)
        if "drug" in line.groups and not line.line.drugs:
            out.add("ndc.missing", f"{line.path}/drugs", code=line.code)
        if line.line.drugs:
            _check_drugs(line, out)
        if "laboratory" in line.groups:
            _check_laboratory(claim, line, out)
        if "ordered" in line.groups:
            _check_ordering(claim, line, out)


def _check_code(claim: PreparedClaim, line: PreparedLine, out: Findings) -> bool:
    """Whether it has a code's form: what has none may be anything, and is not repeated."""
    system = hcpcs_level(line.code)
    if system is HcpcsLevel.NEITHER:
        out.add("code.form", f"{line.path}/code")
        return False
    table = claim.tables.cpt if system is HcpcsLevel.CPT else claim.tables.hcpcs
    found = table.on(line.on) if table else None
    if found is not None:
        row = found[0].get(line.code)
        if row is None:
            out.add("code.unknown", f"{line.path}/code", code=line.code, table=found[1])
        elif not _in_force(row, line.on):
            out.add("code.not_in_force", f"{line.path}/code", code=line.code, table=found[1])
    if "unlisted" in line.groups and not (line.line.description or line.line.notes):
        out.add("code.no_description", f"{line.path}/description", code=line.code)
    return True


def _check_coverage(
    claim: PreparedClaim, line: PreparedLine, policies: tuple[CoverageTable, str], out: Findings
) -> None:
    """Whether a diagnosis that the line points at supports it."""
    table, name = policies
    pointed = [
        claim.diagnoses[p - 1].code.replace(".", "")
        for p in line.line.pointers
        if 0 < p <= len(claim.diagnoses)
    ]
    policy = table.unsupported(line.code, pointed, line.on) if pointed else ""
    if policy:
        out.add(
            "coverage.diagnosis", f"{line.path}/pointers", code=line.code, policy=policy, table=name
        )


def _in_force(row: CodeRow, day: dt.date) -> bool:
    return (row.effective is None or row.effective <= day) and (
        row.ended is None or day <= row.ended
    )


def _check_modifiers(claim: PreparedClaim, line: PreparedLine, out: Findings) -> None:
    known, path = load_modifiers(), f"{line.path}/modifiers"
    found = claim.tables.hcpcs.on(line.on)
    visit = "visit" in line.groups
    modifiers = line.modifiers
    for place, modifier in enumerate(modifiers):
        if not is_modifier_form(modifier):
            out.add("modifier.form", f"{path}/{place}")
            continue
        if modifier in modifiers[:place]:
            out.add("modifier.repeated", f"{path}/{place}", modifier=modifier)
            continue
        entry = known.get(modifier)
        row = found[0].get(modifier) if found is not None else None
        if entry is None and row is None:
            if modifier.isdigit():
                table = "CPT modifiers"
                out.add("modifier.unknown", f"{path}/{place}", modifier=modifier, table=table)
            elif (
                found is not None and _has_modifiers(found[0]) and not _is_unlisted(line, modifier)
            ):
                out.add("modifier.unknown", f"{path}/{place}", modifier=modifier, table=found[1])
        elif row is not None and found is not None and not _in_force(row, line.on):
            out.add("modifier.not_in_force", f"{path}/{place}", modifier=modifier, table=found[1])
        if entry is not None:
            if (entry.fits == "visit" and not visit and _is_service(line)) or (
                entry.fits == "procedure" and visit
            ):
                out.add(
                    "modifier.fit",
                    f"{path}/{place}",
                    modifier=modifier,
                    words=entry.words,
                    code=line.code,
                    table="CPT modifiers, Firstpass's reading",
                )
            if modifier == "50" and line.line.units > 1:
                out.add(
                    "modifier.bilateral_units",
                    f"{line.path}/units",
                    related=(f"{path}/{place}",),
                    code=line.code,
                    units=f"{line.line.units:f}",
                )
        for other in modifiers[:place]:
            conflict = load_conflicts().get((other, modifier))
            if conflict is not None:
                out.add(
                    "modifier.conflict",
                    f"{path}/{place}",
                    modifier=modifier,
                    other=other,
                    words=conflict[0],
                    table=conflict[1],
                )
        if modifier in _NOTICES:
            _check_notice(line, modifier, f"{path}/{place}", out)
    _check_telehealth(line, out)


def _has_modifiers(table: dict[str, CodeRow]) -> bool:
    # LT and RT are in every HCPCS file that lists modifiers at all.
    return "LT" in table and "RT" in table


def _is_unlisted(line: PreparedLine, modifier: str) -> bool:
    """Whether no HCPCS file lists it: physical status, an ambulance's origin and destination."""
    if modifier[0] == "P" and modifier[1] in "123456":
        return True
    return line.code.startswith("A0") and set(modifier) <= _AMBULANCE


def _is_service(line: PreparedLine) -> bool:
    """Whether the code is certainly no visit: codes that we do not know may be one."""
    return "10004" <= line.code <= "89398" or line.code[0] in "JABEKL"


def _check_notice(line: PreparedLine, modifier: str, path: str, out: Findings) -> None:
    out.add("abn.medicare_advantage", path, modifier=modifier)
    if modifier in _EXPECTED:
        words = _EXPECTED[modifier]
        out.add("abn.expected_denial", path, modifier=modifier, code=line.code, words=words)


def _check_telehealth(line: PreparedLine, out: Findings) -> None:
    for place, modifier in enumerate(line.modifiers):
        if modifier not in _TELEHEALTH:
            continue
        path = f"{line.path}/modifiers/{place}"
        if line.place not in _TELEHEALTH_PLACES:
            shown = line.place if line.place in load_places() else "missing"
            out.add("telehealth.place", path, modifier=modifier, place=shown)
        elif modifier == "95":
            out.add("telehealth.modifier_95", path)


def _check_place(claim: PreparedClaim, line: PreparedLine, out: Findings) -> None:
    own = line.line.place_of_service
    if line.place not in load_places():
        # The claim's own is reported once, by `check_claim_level`.
        if own:
            shown = line.place if len(line.place) == 2 and line.place.isalnum() else "This"
            out.add("place.unknown", f"{line.path}/place_of_service", place=shown)
        return
    fit = place_fit(line.code)
    if fit is not None and (line.place in fit.places) is fit.excluded:
        out.add(
            "place.fit",
            f"{line.path}/place_of_service" if own else "/place_of_service",
            related=(f"{line.path}/code",),
            code=line.code,
            words=fit.words,
            place=line.place,
            table=fit.source,
        )


def _check_fee(line: PreparedLine, row: FeeRow, name: str, out: Findings) -> None:
    status = load_fee_statuses().get(row.status)
    if (
        status is not None
        and not status.payable
        and line.line.charge > 0
        and not ("GY" in line.modifiers or "GZ" in line.modifiers)
    ):
        out.add(
            "fee.not_payable",
            f"{line.path}/code",
            code=line.code,
            status=row.status,
            words=status.words,
            advice=status.advice,
            table=name,
        )
    if not line.modifiers:
        return
    for place, modifier in enumerate(line.modifiers):
        rule = _NOT_WITH.get(modifier)
        if rule is None:
            continue
        indicator = getattr(row, rule[0])
        if indicator and indicator in rule[1]:
            out.add(
                "modifier.not_allowed",
                f"{line.path}/modifiers/{place}",
                modifier=modifier,
                code=line.code,
                indicator=indicator,
                table=name,
            )


def _check_drugs(line: PreparedLine, out: Findings) -> None:
    for place, drug in enumerate(line.line.drugs):
        path = f"{line.path}/drugs/{place}"
        if not _NDC.fullmatch(drug.ndc):
            out.add("ndc.form", f"{path}/ndc")
        if drug.quantity is None or drug.quantity <= 0 or not drug.unit:
            out.add("ndc.quantity", f"{path}/quantity")


def _check_laboratory(claim: PreparedClaim, line: PreparedLine, out: Findings) -> None:
    own = line.line.reference("X4")
    number = own or claim.claim.reference("X4")
    if not number:
        # 26: the physician's reading; 90 with F4: the reference laboratory's number.
        if "26" not in line.modifiers and not line.line.reference("F4"):
            out.add("clia.missing", f"{line.path}/references", code=line.code)
    elif not _CLIA.fullmatch(number):
        out.add("clia.form", f"{line.path}/references" if own else "/references")


def _check_ordering(claim: PreparedClaim, line: PreparedLine, out: Findings) -> None:
    sources = (
        line.line.ordering, line.line.referring, claim.claim.referring, claim.claim.primary_care,
        line.line.supervising if line.code[0] == "E" else None,
    )  # fmt: skip
    if not any(provider is not None and provider.npi for provider in sources):
        words = line.groups["ordered"]
        out.add("missing.ordering", f"{line.path}/ordering", code=line.code, words=words)
