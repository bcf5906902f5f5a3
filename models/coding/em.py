"""The office visit level that a note supports: from time, or from medical decision making.

Whichever of the two reaches higher decides, and the answer says so for higher and lower levels
alike: what supports this one, and what another would need. Nothing here knows what a code pays.
"""

import datetime as dt
from collections.abc import Collection, Sequence

import msgspec

from models.coding.em_elements import (
    Condition,
    ElementFinding,
    find_data,
    find_problems,
    find_risk,
)
from models.coding.em_rules import (
    Degree,
    LevelRule,
    addons,
    is_new_patient_code,
    is_office_visit,
    level_rules,
    permits_longitudinal,
    words_of,
)
from models.coding.em_time import TimeFinding, find_time
from models.coding.spans import Note
from models.coding.suggestion import Evidence


class VisitNote(msgspec.Struct, frozen=True):
    """Something to know beside the level: an add-on code, a contradiction; ``id`` is stable."""

    id: str
    code: str
    words: str
    evidence: tuple[Evidence, ...] = ()


class VisitLevel(msgspec.Struct, frozen=True):
    """The highest office visit level that a note supports.

    ``basis``: ``"time"`` or ``"decisions"``; ``by_time`` and ``by_decisions``: the code that each
    supports alone (``""``: none). ``patient``: ``"stated"`` where the note says new or
    established, ``"claim"`` where only the claim does, ``"assumed"`` otherwise (established).
    ``needed``: what the next higher level would take, and what would lower this one. ``rule``:
    source of the level table, ``effective`` its date.
    """

    code: str
    new: bool
    patient: str
    degree: Degree
    basis: str
    by_time: str
    by_decisions: str
    time: TimeFinding
    elements: tuple[ElementFinding, ...]
    needed: tuple[str, ...]
    notes: tuple[VisitNote, ...]
    rule: str
    effective: dt.date

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The words on which the level rests."""
        if self.basis == "time":
            return self.time.evidence
        reaching = [e for e in self.elements if e.degree >= self.degree]
        return tuple(dict.fromkeys(x for e in reaching for x in e.evidence))


def visit_level(
    note: Note,
    *,
    date: dt.date,
    billed: Collection[str] = (),
    modifiers: Collection[str] = (),
    conditions: Sequence[Condition] = (),
) -> VisitLevel | None:
    """Level of the office visit that ``note`` documents.

    ``billed`` are the procedure codes of the draft claim (they settle new or established where
    the note does not, and which tests have a code of their own), ``modifiers`` those of its visit
    line, ``conditions`` what the coding model found.

    Returns ``None`` where no rule is in force on ``date``, or where the note shows no office visit:
    neither time nor any problem, and no such code on the claim.
    """
    new, patient = _new_patient(note, billed)
    rules = level_rules(date, new=new)
    if not rules:
        return None
    time = find_time(note)
    problems = find_problems(note, conditions)
    elements = (problems, find_data(note, billed), find_risk(note))
    wanted = any(is_office_visit(code) for code in billed)
    if not wanted and not time.minutes and not problems.evidence:
        return None
    reached = sorted(e.degree for e in elements)[1]
    decisions = rules[0] if not problems.evidence else _of_degree(rules, reached)
    by_minutes = [r for r in rules if time.minutes and r.minutes <= time.minutes]
    timed = by_minutes[-1] if by_minutes else None
    by_decisions = decisions.code if problems.evidence else ""
    best, basis = decisions, "decisions"
    if timed is not None and (timed.degree >= decisions.degree or not by_decisions):
        best, basis = timed, "time"
    return VisitLevel(
        best.code,
        new,
        patient,
        best.degree,
        basis,
        timed.code if timed else "",
        by_decisions,
        time,
        elements,
        _needed(rules, best, basis, time, elements),
        _notes(note, date, best, time, billed, modifiers),
        best.source if best.source != "same" else rules[0].source,
        best.effective,
    )


def _of_degree(rules: Sequence[LevelRule], degree: Degree) -> LevelRule:
    return max((r for r in rules if r.degree <= degree), key=lambda r: r.degree, default=rules[0])


def _new_patient(note: Note, billed: Collection[str]) -> tuple[bool, str]:
    for words in words_of("new"):
        if words.pattern.search(note.text):
            return words.kind == "new", "stated"
    codes = [code for code in billed if is_office_visit(code)]
    if codes:
        return is_new_patient_code(codes[0]), "claim"
    return False, "assumed"


def _needed(
    rules: Sequence[LevelRule],
    best: LevelRule,
    basis: str,
    time: TimeFinding,
    elements: Sequence[ElementFinding],
) -> tuple[str, ...]:
    """What the levels next to this one take, upwards and downwards."""
    said = []
    number = list(rules).index(best)
    if number + 1 < len(rules):
        higher = rules[number + 1]
        lacking = [e.element for e in elements if e.degree < higher.degree]
        lack = len(lacking) - 1
        said.append(
            f"{higher.code} would need {higher.minutes} minutes on the day (stated: "
            f"{time.minutes or 'none'}), or {higher.degree.words} decision making: {lack} more of "
            f"{', '.join(lacking)} at that level"
        )
    if number > 0:
        lower = rules[number - 1]
        ground = (
            f"its {time.minutes} minutes ({best.minutes} are needed)"
            if basis == "time"
            else "its decision making: "
            + ", ".join(f"{e.element} {e.degree.words}" for e in elements)
        )
        said.append(f"{lower.code} would be too low: {best.code} rests on {ground}")
    return tuple(said)


def _notes(
    note: Note,
    date: dt.date,
    best: LevelRule,
    time: TimeFinding,
    billed: Collection[str],
    modifiers: Collection[str],
) -> tuple[VisitNote, ...]:
    said = []
    for addon in addons(date, "prolonged"):
        if addon.base == best.code and time.minutes >= addon.minutes:
            units = (time.minutes - addon.minutes) // addon.step + 1
            said.append(
                VisitNote(
                    "prolonged",
                    addon.code,
                    f"{time.minutes} minutes reach {units} of {addon.code}, {addon.words} "
                    f"(from {addon.minutes} minutes)",
                    time.evidence,
                )
            )
    stated = [
        Evidence(m.start(), m.end(), m[0])
        for words in words_of("longitudinal")
        for m in words.pattern.finditer(note.text)
    ]
    for addon in addons(date, "longitudinal"):
        on_claim = addon.code in billed
        if not stated and not on_claim:
            continue
        others = [c for c in billed if c != addon.code and not is_office_visit(c)]
        permitted = any(permits_longitudinal(c, date) for c in others)
        if "25" in modifiers and not permitted:
            said.append(
                VisitNote(
                    "longitudinal_with_25",
                    addon.code,
                    f"{addon.code} is not paid beside modifier 25 on the visit ({addon.source})",
                    tuple(stated),
                )
            )
        elif on_claim and not stated:
            said.append(
                VisitNote(
                    "longitudinal_not_documented",
                    addon.code,
                    f"{addon.code} needs words on {addon.words}; the note has none",
                )
            )
        else:
            said.append(
                VisitNote("longitudinal", addon.code, f"the note tells of {addon.words}",
                          tuple(stated))
            )  # fmt: skip
    said += [
        VisitNote(
            f"time_{excluded.why}",
            best.code,
            f"{excluded.minutes} minutes do not count: {_WHY_NOT[excluded.why]}",
            (excluded.evidence,),
        )
        for excluded in time.excluded
    ]
    return tuple(said)


_WHY_NOT = {
    "staff": "they are the staff's",
    "separate": "they belong to a service that is reported on its own",
    "other_day": "they are of another day",
}
