"""Matching a remittance's service lines to the claim's: many to many."""

from collections.abc import Sequence

from models.claims.claim import Claim, ServiceLine
from models.claims.remittance import RemittanceLine


def match_lines(claim: Claim, lines: Sequence[RemittanceLine]) -> list[int | None]:
    """For each remittance line the index of the claim line that it answers, or ``None``.

    Order of BILLING.md: REF*6R, then SVC06 (what was submitted, where the payer split or
    re-bundled), then SVC01 with modifiers, units, date and charge. Several remittance lines
    may answer one claim line. A line that fits by nothing but date and charge, or that is alone
    on both sides, is taken as a code that the payer changed without saying so.
    """
    billed = claim.lines
    if _same_order(billed, lines):
        return list(range(len(lines)))
    controls = _control_numbers(billed)
    found: list[int | None] = [controls.get(_plain(x.control_number)) for x in lines]
    taken = {i for i in found if i is not None}
    # Lines that agree in everything come first, so that a look-alike cannot take their place.
    for exact in (True, False):
        for n, line in enumerate(lines):
            if found[n] is None:
                found[n] = _by_code(billed, line, taken, exact)
                taken.update(i for i in (found[n],) if i is not None)
    for n, line in enumerate(lines):
        if found[n] is None:
            free = [i for i in range(len(billed)) if i not in taken]
            like = [i for i in free if _date_and_charge(billed[i], line)]
            if len(billed) == len(lines) == 1 or len(like) == 1:
                found[n] = like[0] if like else 0
                taken.add(found[n] or 0)
    return found


def _plain(number: str) -> str:
    return number.strip().upper().lstrip("0")


def _control_numbers(billed: Sequence[ServiceLine]) -> dict[str, int]:
    """REF*6R -> line; where the claim sends none the payer returns LX01 (guide, loop 2110)."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for i, line in enumerate(billed):
        key = _plain(line.control_number or str(line.number))
        if key in found:
            twice.add(key)
        found[key] = i
    for key in twice:
        del found[key]
    found.pop("", None)
    return found


def _same_order(billed: Sequence[ServiceLine], lines: Sequence[RemittanceLine]) -> bool:
    return len(billed) == len(lines) and all(
        r.control_number in ("", b.control_number)
        and r.service_date in (None, b.service_date)
        and b.code == (r.submitted_code or r.code)
        and b.charge == r.charge
        for b, r in zip(billed, lines, strict=True)
    )


def _date_and_charge(billed: ServiceLine, line: RemittanceLine) -> bool:
    same_day = not line.service_date or line.service_date == billed.service_date
    return same_day and line.charge == billed.charge


def _by_code(
    billed: Sequence[ServiceLine], line: RemittanceLine, taken: set[int], exact: bool
) -> int | None:
    code = line.submitted_code or line.code
    modifiers = line.submitted_modifiers if line.submitted_code else line.modifiers
    units = line.submitted_units or line.units
    best: tuple[int, ...] = ()
    choice: int | None = None
    for i, x in enumerate(billed):
        if x.code != code:
            continue
        day = not line.service_date or x.service_date == line.service_date
        score = (
            day,
            sorted(x.modifiers) == sorted(modifiers),
            x.charge == line.charge,
            x.units == units,
            i not in taken,
        )
        if exact and not all(score):
            continue
        rank = (score[0], score[1], score[4], score[2], score[3])
        if rank > best:
            best, choice = rank, i
    return choice
