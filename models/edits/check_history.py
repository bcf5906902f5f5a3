"""Edits against what was billed before: duplicates, global periods, new patients."""

import datetime as dt

from models.edits.edit import Findings
from models.edits.groups import load_groups
from models.edits.prepared import PreparedClaim, PreparedLine
from models.history.services import EarlierService

_REPEATS = frozenset(("76", "77", "91", "59", "XE", "XP", "XS", "XU"))
_VISIT_IN_GLOBAL = frozenset(("24", "25", "57"))
_SURGERY_IN_GLOBAL = frozenset(("58", "78", "79"))
_NOT_THE_SURGEON = frozenset(("55", "56", "80", "81", "82", "AS"))
_OPERATIONS = frozenset(("000", "010", "090"))
_PERIODS = {"010": 10, "090": 90}


def check_history(claim: PreparedClaim, out: Findings) -> None:
    """Duplicates within the claim; with earlier services given, everything else."""
    _check_own_lines(claim, out)
    if claim.context.earlier:
        _check_duplicates(claim, out)
        _check_new_patient(claim, out)
        _check_global(claim, out)


def _check_own_lines(claim: PreparedClaim, out: Findings) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for place, line in enumerate(claim.lines):
        key = (
            line.code, line.modifiers, line.line.service_date, line.line.service_date_end,
            line.provider, line.line.units, line.line.unit_basis, line.line.code_qualifier,
        )  # fmt: skip
        first = seen.setdefault(key, place)
        if first != place and line.code and _REPEATS.isdisjoint(line.modifiers):
            out.add(
                "duplicate.line",
                line.path,
                related=(claim.lines[first].path,),
                number=place + 1,
                other=first + 1,
            )


def _is_same(line: PreparedLine, service: EarlierService, claim: PreparedClaim) -> bool:
    return (
        service.code == line.code
        and service.date == line.line.service_date
        and service.modifiers == line.modifiers
        and service.responsibility == claim.claim.responsibility
        and service.outcome not in ("denied", "rejected")
        and service.claim_id != claim.claim.claim_id
        and (service.provider == line.provider or service.group == claim.claim.billing.npi)
    )


def _check_duplicates(claim: PreparedClaim, out: Findings) -> None:
    if claim.claim.frequency != "1" or not claim.lines:
        return
    repeated = [
        line
        for line in claim.lines
        if _REPEATS.isdisjoint(line.modifiers)
        and any(_is_same(line, service, claim) for service in claim.context.earlier)
    ]
    if len(repeated) == len(claim.lines):
        out.add("duplicate.claim", "/lines")
        return
    for line in repeated:
        out.add("duplicate.service", f"{line.path}/code", code=line.code)


def _three_years_before(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year - 3)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 3, day=28)


def _check_new_patient(claim: PreparedClaim, out: Findings) -> None:
    for line in claim.lines:
        if "new_patient" not in line.groups:
            continue
        since = _three_years_before(line.on) if line.on.year > 3 else line.on
        taxonomy = _taxonomy(claim, line)
        for service in claim.context.earlier:
            if (
                since < service.date < line.on
                and service.group == claim.claim.billing.npi
                and (not taxonomy or not service.taxonomy or taxonomy == service.taxonomy)
                and "visit" in load_groups().of(service.code)
                and service.outcome != "rejected"
            ):
                out.add("visit.new_patient", f"{line.path}/code", code=line.code)
                break


def _taxonomy(claim: PreparedClaim, line: PreparedLine) -> str:
    return (line.line.rendering or claim.claim.rendering or claim.claim.billing).taxonomy


def _check_global(claim: PreparedClaim, out: Findings) -> None:
    found = claim.tables.mpfs.on(claim.day)
    if found is None:
        return
    table, name = found
    for service in claim.context.earlier:
        row = table.get(service.code)
        days = _PERIODS.get(row.global_days) if row is not None else None
        if (
            days is None
            or service.group != claim.claim.billing.npi
            or service.claim_id == claim.claim.claim_id
            or service.outcome in ("denied", "rejected")
            or not _NOT_THE_SURGEON.isdisjoint(service.modifiers)
        ):
            continue
        for line in claim.lines:
            if not 0 < (line.on - service.date).days <= days:
                continue
            if "visit" in line.groups:
                id_, lifting = "global.visit", _VISIT_IN_GLOBAL
            else:
                own = table.get(line.code)
                if own is None or own.global_days not in _OPERATIONS:
                    continue
                id_, lifting = "global.procedure", _SURGERY_IN_GLOBAL
            if lifting.isdisjoint(line.modifiers):
                out.add(
                    id_,
                    f"{line.path}/modifiers",
                    code=line.code,
                    days=days,
                    surgery=service.code,
                    table=name,
                )
