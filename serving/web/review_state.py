"""Where a review stands: what was decided, which codes result, what speaks against them. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from models.codes.icd10cm import Icd10cm
from models.coding.cautions import code_warnings, conflicts
from models.coding.suggestion import CodeWarning, Suggestion
from serving.store.notes import ACCEPT, ADD, REJECT, REPLACE, SUBMIT, UNDO, Decision

ICD10CM = "ICD-10-CM"
PENDING, ACCEPTED, REJECTED, REPLACED = "pending", "accepted", "rejected", "replaced"


class Code(msgspec.Struct, frozen=True, order=True):
    """A code of a system."""

    system: str
    code: str


class Chosen(msgspec.Struct, frozen=True):
    """A code that a person decided on; ``begin``/``end`` are the words marked for it."""

    system: str
    code: str
    words: str
    decision: int
    begin: int | None = None
    end: int | None = None
    replaces: str = ""


class ReviewState(msgspec.Struct, frozen=True):
    """``status`` of each suggestion by system and code; ``chosen`` are the codes that result."""

    status: dict[Code, str]
    reasons: dict[Code, str]
    replaced_by: dict[Code, Code]
    chosen: tuple[Chosen, ...]
    submitted: bool


def standing(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions that were not taken back, in order."""
    undone = {x.undoes for x in decisions if x.kind == UNDO}
    return [x for x in decisions if x.kind != UNDO and x.id not in undone]


def last_undoable(decisions: Sequence[Decision], actor: str) -> Decision | None:
    """This person's last decision that still stands and is no submission."""
    own = [x for x in standing(decisions) if x.actor == actor and x.kind in _CODE_KINDS]
    return own[-1] if own else None


_CODE_KINDS = (ACCEPT, REJECT, REPLACE, ADD)


def review_state(decisions: Sequence[Decision]) -> ReviewState:
    """What the decisions that stand come to; of several about one code the last counts."""
    status: dict[Code, str] = {}
    reasons: dict[Code, str] = {}
    replaced_by: dict[Code, Code] = {}
    chosen: dict[Code, Chosen] = {}
    submitted = False
    for x in standing(decisions):
        code = Code(x.system, x.code)
        if x.kind in (ACCEPT, ADD):
            status[code] = ACCEPTED
            chosen[code] = Chosen(x.system, x.code, x.words, x.id, x.begin, x.end)
        elif x.kind == REJECT:
            status[code], reasons[code] = REJECTED, x.reason
            chosen.pop(code, None)
        elif x.kind == REPLACE:
            system, _, old_code = x.replaces.partition(" ")
            old = Code(system, old_code)
            status[old], replaced_by[old] = REPLACED, code
            chosen.pop(old, None)
            status[code] = ACCEPTED
            chosen[code] = Chosen(
                x.system, x.code, x.words, x.id, x.begin, x.end, replaces=x.replaces
            )
        else:
            submitted = x.kind == SUBMIT
    return ReviewState(status, reasons, replaced_by, tuple(chosen.values()), submitted)


class Obstacle(msgspec.Struct, frozen=True):
    """What speaks against the codes; errors block submission, warnings do not."""

    severity: str
    system: str
    code: str
    words: str


def obstacles(
    chosen: Iterable[Chosen],
    suggestions: Sequence[Suggestion],
    undecided: int,
    icd: Icd10cm,
    on: dt.date,
) -> list[Obstacle]:
    """Errors first: codes that must not be sent so, pairs that exclude each other; then others."""
    codes = [x for x in chosen if x.system == ICD10CM]
    found: list[Obstacle] = []
    clashes = conflicts(icd, [x.code for x in codes])
    for x in codes:
        warnings: list[CodeWarning] = [*code_warnings(icd, x.code, on), *clashes.get(x.code, ())]
        for w in warnings:
            # Among suggestions an exclusion is a hint; among codes to be sent it is an error.
            severity = "error" if w.id == "excludes1" else w.severity
            found.append(Obstacle(severity, x.system, x.code, w.words))
    missing = {(s.system, s.code): s.missing for s in suggestions}
    for x in codes:
        gaps = missing.get((x.system, x.code), ())
        found += [Obstacle("warning", x.system, x.code, gap) for gap in gaps]
    if undecided:
        plural = "s are" if undecided > 1 else " is"
        found.append(Obstacle("warning", "", "", f"{undecided} suggestion{plural} not decided"))
    return sorted(dict.fromkeys(found), key=lambda x: x.severity != "error")
