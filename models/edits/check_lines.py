"""Edits of numbers, dates and pointers of the lines, and of their sum."""

from decimal import Decimal

from models.edits.edit import Findings
from models.edits.prepared import PreparedClaim, PreparedLine

_ABSURD_CHARGE = Decimal(100_000)
_ABSURD_UNITS = 999
_DAY_MINUTES = 1440
_CENT = Decimal("0.01")


def check_lines(claim: PreparedClaim, out: Findings) -> None:
    """Every edit of the lines' numbers."""
    total = Decimal(0)
    for line in claim.lines:
        charge = line.line.charge
        total += charge
        if not 0 < charge < _ABSURD_CHARGE:
            _check_charge(line, charge, out)
        if line.line.units != 1 or line.line.unit_basis != "UN" or "anesthesia" in line.groups:
            _check_units(line, out)
        _check_dates(claim, line, out)
        _check_pointers(claim, line, out)
        if len(line.modifiers) > 4:
            out.add(
                "guide.too_many",
                f"{line.path}/modifiers",
                count=len(line.modifiers),
                words="modifiers on a line",
                limit=4,
            )
    if claim.claim.charge < 0:
        out.add("charge.negative", "/charge")
    if claim.lines and abs(total - claim.claim.charge) >= _CENT:
        out.add("charge.sum", "/charge")


def _check_charge(line: PreparedLine, charge: Decimal, out: Findings) -> None:
    path = f"{line.path}/charge"
    if charge < 0:
        out.add("charge.negative", path)
    elif charge > 0:
        out.add("charge.absurd", path)
    elif "reporting" not in line.groups and line.code:
        out.add("charge.zero", path, code=line.code if len(line.code) == 5 else "the line")


def _check_units(line: PreparedLine, out: Findings) -> None:
    units, basis = line.line.units, line.line.unit_basis
    path = f"{line.path}/units"
    code = line.code if len(line.code) == 5 else "the service"
    if units == 0:
        out.add("units.zero", path, code=code)
    elif units < 0:
        out.add("units.negative", path)
    elif units > (_DAY_MINUTES if basis == "MJ" else _ABSURD_UNITS):
        out.add("units.absurd", path, units=f"{units:.0f}", code=code)
    elif (
        units != int(units)
        and ("visit" in line.groups or "whole" in line.groups or "laboratory" in line.groups)
        and basis != "MJ"
    ):
        out.add("units.fraction", path, units=f"{units:.2f}", code=code)
    anesthesia = "anesthesia" in line.groups
    if (basis == "MJ") is not anesthesia and (basis != "MJ" or len(line.code) == 5):
        words = "minutes" if basis == "MJ" else "units"
        out.add("units.minutes", f"{line.path}/unit_basis", code=code, basis=words)


def _check_dates(claim: PreparedClaim, line: PreparedLine, out: Findings) -> None:
    begin, end = line.line.service_date, line.line.service_date_end
    path = f"{line.path}/service_date"
    if begin is None:
        out.add("date.missing", path)
        return
    if begin > claim.today or (end is not None and end > claim.today):
        out.add("date.future", path)
    if end is not None and end != begin:
        if end < begin:
            out.add("date.order", f"{path}_end", related=(path,))
        else:
            days = (end - begin).days + 1
            if line.line.units == 1 and "visit" in line.groups:
                out.add("date.several_days", f"{line.path}/units", days=days, units=1)
    born, died = claim.patient.birth_date, claim.patient.death_date
    if born is not None and begin < born:
        out.add("date.before_birth", path, related=(f"/{claim.patient_path}/birth_date",))
    if died is not None and begin > died:
        out.add("date.after_death", path, related=(f"/{claim.patient_path}/death_date",))


def _check_pointers(claim: PreparedClaim, line: PreparedLine, out: Findings) -> None:
    pointers, count = line.line.pointers, len(claim.diagnoses)
    path = f"{line.path}/pointers"
    if not pointers:
        out.add("pointer.missing", path)
        return
    if len(pointers) > 4:
        words = "diagnosis pointers on a line"
        out.add("guide.too_many", path, count=len(pointers), words=words, limit=4)
    for place, pointer in enumerate(pointers):
        if not 1 <= pointer <= count:
            out.add("pointer.out_of_range", f"{path}/{place}", pointer=pointer, count=count)
        elif pointer in pointers[:place]:
            out.add("pointer.repeated", f"{path}/{place}", pointer=pointer)
