"""Where a review stands: what was decided and which codes result. Pure."""

from collections.abc import Sequence

import msgspec

from serving.store.notes import ACCEPT, ADD, FLAG, REJECT, REPLACE, SUBMIT, UNDO, Decision

#: Decisions about a code.
CODE_KINDS = (ACCEPT, REJECT, REPLACE, ADD)
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
    """``status`` of each suggestion by system and code; ``chosen`` are the codes that result.

    ``denied``: chosen codes that a payer denied since, and how; until somebody decides on the
    code, or submits, again.
    """

    status: dict[Code, str]
    reasons: dict[Code, str]
    replaced_by: dict[Code, Code]
    chosen: tuple[Chosen, ...]
    submitted: bool
    denied: dict[Code, str] = {}


def standing(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions that were not taken back, in order."""
    undone = {x.undoes for x in decisions if x.kind == UNDO}
    return [x for x in decisions if x.kind != UNDO and x.id not in undone]


def last_undoable(decisions: Sequence[Decision], actor: str) -> Decision | None:
    """This person's last decision that still stands and is no submission."""
    own = [x for x in standing(decisions) if x.actor == actor and x.kind in CODE_KINDS]
    return own[-1] if own else None


def review_state(decisions: Sequence[Decision]) -> ReviewState:
    """What the decisions that stand come to; of several about one code the last counts."""
    status: dict[Code, str] = {}
    reasons: dict[Code, str] = {}
    replaced_by: dict[Code, Code] = {}
    chosen: dict[Code, Chosen] = {}
    denied: dict[Code, str] = {}
    submitted = False
    for x in standing(decisions):
        code = Code(x.system, x.code)
        if x.kind in CODE_KINDS:
            denied.pop(code, None)
        if x.kind == FLAG:
            denied[code] = x.reason
            submitted = False
        elif x.kind in (ACCEPT, ADD):
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
            denied.pop(old, None)
            status[code] = ACCEPTED
            chosen[code] = Chosen(
                x.system, x.code, x.words, x.id, x.begin, x.end, replaces=x.replaces
            )
        else:
            submitted = x.kind == SUBMIT
            if submitted:
                denied.clear()
    return ReviewState(status, reasons, replaced_by, tuple(chosen.values()), submitted, denied)
