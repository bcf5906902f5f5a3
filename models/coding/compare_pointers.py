"""Diagnosis pointers of service lines that make sense: by kind of service, side, and the note."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from models.codes.icd10cm import Icd10cm
from models.codes.tables import read_rules
from models.coding.draft import MOST_POINTERS, DraftClaim, DraftLine
from models.coding.spans import Note
from models.coding.suggestion import Evidence

_SIDES = {"RT": "right", "LT": "left"}


class LinePointers(msgspec.Struct, frozen=True):
    """A line whose pointers could be better: positions in the claim's diagnoses, from 1.

    ``without``: pointed-at diagnoses that the note does not support (they stay on the claim until
    a person decides).
    """

    line: int
    code: str
    pointers: tuple[int, ...]
    proposed: tuple[int, ...]
    why: tuple[str, ...]


@lru_cache(maxsize=1)
def _fits() -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
    columns = ("from", "to", "diagnoses", "words")
    return tuple(
        (row["from"], row["to"], tuple(row["diagnoses"].split()), row["words"])
        for _, row in read_rules("compare_pointers.csv", columns, columns, package="models.coding")
    )


def propose_pointers(
    note: Note,
    claim: DraftClaim,
    icd10cm: Icd10cm,
    evidence: Mapping[str, Sequence[Evidence]],
    replaced: Mapping[str, str],
) -> tuple[LinePointers, ...]:
    """Better pointers for the lines that have some.

    ``evidence``: words of the note by billed code that it supports, procedures too; ``replaced``:
    the code that the note supports in the place of a billed one (its side is the one that counts).
    """
    found = []
    for line in claim.lines:
        proposed, why = _line(note, claim, line, icd10cm, evidence, replaced)
        if proposed and proposed != line.pointers:
            found.append(LinePointers(line.number, line.code, line.pointers, proposed, why))
    return tuple(found)


def _line(
    note: Note,
    claim: DraftClaim,
    line: DraftLine,
    icd: Icd10cm,
    evidence: Mapping[str, Sequence[Evidence]],
    replaced: Mapping[str, str],
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    codes = dict(enumerate(claim.diagnoses, 1))
    why: list[str] = []
    for first, last, prefixes, words in _fits():
        if first <= line.code <= last and len(line.code) == len(first):
            fit = [n for n, code in codes.items() if code.startswith(prefixes)]
            if fit:
                return tuple(fit[:MOST_POINTERS]), (words,)
    kept = [n for n in line.pointers if n in codes]
    supported = [n for n in kept if codes[n] in evidence or codes[n] in replaced]
    if supported and len(supported) < len(kept):
        why.append("it points at a diagnosis that the note does not support")
        kept = supported
    sides = {_SIDES[m] for m in line.modifiers if m in _SIDES}
    if len(sides) == 1:
        side = next(iter(sides))
        other = "left" if side == "right" else "right"
        sided = {n: icd.side(replaced.get(code, code)) for n, code in codes.items()}
        same = [n for n in codes if sided[n] == side]
        if any(sided[n] == other for n in kept) and same:
            kept = [n for n in kept if sided[n] != other]
            kept += [n for n in same if n not in kept]
            why.append(f"the service is on the {side} side")
    told = evidence.get(line.code, ())
    near = [
        n for n, code in codes.items()
        if n not in kept and _together(note, told, evidence.get(code, ()))
    ]  # fmt: skip
    if near and len(kept) < MOST_POINTERS:
        kept += near
        why.append("the note tells of the service together with this diagnosis")
    if len(kept) > 1 and told:
        reasons = [n for n in kept if _together(note, told, evidence.get(codes[n], ()))]
        kept = reasons + [n for n in kept if n not in reasons]
        if reasons and tuple(kept[:MOST_POINTERS]) != line.pointers and not why:
            why.append("the diagnosis that the service was for comes first")
    return tuple(kept[:MOST_POINTERS]), tuple(why)


def _together(note: Note, some: Sequence[Evidence], others: Sequence[Evidence]) -> bool:
    """Whether two codes rest on words of one sentence."""
    if not some or not others:
        return False
    places = {_sentence(note, e) for e in some} - {-1}
    return any(_sentence(note, e) in places for e in others)


def _sentence(note: Note, evidence: Evidence) -> int:
    for number, sentence in enumerate(note.sentences):
        if sentence.begin <= evidence.begin < sentence.end:
            return number
    return -1
