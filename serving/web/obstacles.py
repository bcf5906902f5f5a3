"""What speaks against the codes of a review. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from models.codes.icd10cm import Icd10cm
from models.codes.system import ICD10CM
from models.coding.cautions import code_warnings, conflicts
from models.coding.suggestion import CodeWarning, Suggestion
from serving.store.review_state import Chosen, Code


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
    denied: Mapping[Code, str],
) -> list[Obstacle]:
    """Errors first: codes that must not be sent so, pairs that exclude each other; then others.

    ``denied``: codes that a payer denied since they were accepted, and how.
    """
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
    found += [
        Obstacle("warning", x.system, x.code, f"denied for coding ({words}): look again")
        for x, words in denied.items()
    ]
    if undecided:
        plural = "s are" if undecided > 1 else " is"
        found.append(Obstacle("warning", "", "", f"{undecided} suggestion{plural} not decided"))
    return sorted(dict.fromkeys(found), key=lambda x: x.severity != "error")
