"""Edits of services against each other: NCCI pairs, medically unlikely units, add-on codes."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from models.codes.modifiers import load_modifiers
from models.edits.edit import Findings
from models.edits.groups import load_groups
from models.edits.pairs import PairTable
from models.edits.prepared import PreparedClaim, PreparedLine

_VISIT_GROUND = "a significant visit apart from the procedure (57 if it led to major surgery)"
_PROCEDURE_GROUND = "another site, another injury or a session of its own"
_ELSEWHERE = " (billed on another claim)"


class _Service(NamedTuple):
    number: int
    code: str
    path: str  # "" for a service of another claim
    visit: bool
    lifted: bool  # a modifier of NCCI's is on it


@lru_cache(maxsize=1)
def _lifting() -> frozenset[str]:
    return frozenset(m.code for m in load_modifiers().values() if m.ncci)


def check_pairs(claim: PreparedClaim, out: Findings) -> None:
    """NCCI pairs among the services of one day and rendering provider, across claims."""
    versions = claim.tables.ncci.get(claim.scope.program)
    if not versions or "ncci.never" not in out.scope.severities:
        return
    lifting = _lifting()
    groups: dict[tuple[dt.date, str], list[PreparedLine]] = {}
    for line in claim.lines:
        groups.setdefault((line.on, line.provider), []).append(line)
    for (day, provider), lines in groups.items():
        found = versions.on(day)
        if found is None:
            continue
        numbers = found[0].numbers
        own = [
            _Service(
                numbers[line.code],
                line.code,
                line.path,
                "visit" in line.groups,
                bool(line.modifiers) and not lifting.isdisjoint(line.modifiers),
            )
            for line in lines
            if line.code in numbers
        ]
        others = [
            _Service(
                numbers[s.code],
                s.code,
                "",
                "visit" in load_groups().of(s.code),
                not lifting.isdisjoint(s.modifiers),
            )
            for s in claim.context.earlier
            if s.date == day
            and s.provider == provider
            and s.claim_id != claim.claim.claim_id
            and s.outcome != "rejected"
            and s.code in numbers
        ]
        if len(own) + len(others) > 1:
            _check_services(own, others, day, found[0], found[1], out)


def _check_services(
    own: list[_Service],
    others: list[_Service],
    day: dt.date,
    table: PairTable,
    name: str,
    out: Findings,
) -> None:
    between = table.between
    for place, one in enumerate(own):
        number = one.number
        for two in own[place + 1 :] + others:
            found = between(number, two.number, day)
            if found is not None:
                row, in_order = found
                first, second = (one, two) if in_order else (two, one)
                _report(first, second, row.indicator, name, out)


def _report(first: _Service, second: _Service, indicator: int, name: str, out: Findings) -> None:
    if indicator == 9 or (indicator == 1 and (first.lifted or second.lifted)):
        return
    # The finding stands at column two, which goes unpaid, unless that is on another claim.
    at, other = (second, first) if second.path else (first, second)
    elsewhere = "" if first.path and second.path else _ELSEWHERE
    related = (f"{other.path}/code",) if other.path else ()
    if indicator == 0:
        out.add(
            "ncci.never",
            f"{at.path}/code",
            related=related,
            table=name,
            first=first.code,
            second=second.code,
            elsewhere=elsewhere,
        )
        return
    visit = second.visit or first.visit
    target = first if first.visit and not second.visit else second
    out.add(
        "ncci.modifier",
        f"{at.path}/modifiers",
        related=related,
        table=name,
        first=first.code,
        second=second.code,
        elsewhere=elsewhere,
        modifier="25" if visit else "59 (or XE, XS, XP, XU)",
        target=target.code,
        ground=_VISIT_GROUND if visit else _PROCEDURE_GROUND,
    )


def check_units(claim: PreparedClaim, out: Findings) -> None:
    """MUE by line (1) and by day (2 absolute, 3 clinical), across claims; minutes are no units."""
    versions = claim.tables.mue.get(claim.scope.program)
    if not versions or "mue.line" not in out.scope.severities:
        return
    days: dict[tuple[str, dt.date, str], Decimal] = {}
    found = versions.on(claim.day)
    for line in claim.lines:
        if found is None or line.on != claim.day:
            found = versions.on(line.on)
        if found is None or line.line.unit_basis == "MJ":
            continue
        limit = found[0].get(line.code)
        if limit is None:
            continue
        units = line.line.units
        last = line.line.service_date_end
        if last is not None and last > line.on:  # a range counts by its days
            units /= (last - line.on).days + 1
        if limit.indicator == 1:
            if units > limit.units:
                out.add(
                    "mue.line",
                    f"{line.path}/units",
                    table=found[1],
                    code=line.code,
                    units=_plain(units),
                    limit=limit.units,
                )
            continue
        key = (line.code, line.on, line.provider)
        before = days.get(key)
        if before is None:
            before = sum(
                (
                    s.units
                    for s in claim.same_day(line)
                    if s.code == line.code and s.provider == line.provider
                ),
                Decimal(0),
            ) if claim.context.earlier else Decimal(0)  # fmt: skip
        days[key] = total = before + units
        if before <= limit.units < total:  # once, on the line that goes beyond
            out.add(
                "mue.day" if limit.indicator == 2 else "mue.day_clinical",
                f"{line.path}/units",
                table=found[1],
                code=line.code,
                units=_plain(total),
                limit=limit.units,
            )


def _plain(units: Decimal) -> str:
    return f"{units:.2f}".rstrip("0").rstrip(".")


def check_addons(claim: PreparedClaim, out: Findings) -> None:
    """Add-on codes need one of their primaries that day; tables know some, contractors others."""
    found = claim.tables.addon.on(claim.day)
    if found is None:
        return
    table, name = found
    for line in claim.lines:
        if line.code not in table:
            continue
        entry = table.primaries(line.code, line.on)
        if entry is None:
            continue
        kind, primaries = entry
        day = {x.code for x in claim.lines if x.on == line.on}
        day |= {s.code for s in claim.same_day(line)}
        if day & primaries:
            continue
        others = any(code not in table for code in day)
        if kind == 1 or not others:
            out.add("addon.no_primary", f"{line.path}/code", table=name, code=line.code)
        elif kind == 3:
            out.add("addon.unlisted_primary", f"{line.path}/code", table=name, code=line.code)
