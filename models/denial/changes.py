"""Changes to a claim that a person may truthfully make, one function a kind of ``fixes.csv``.

The list is closed: nothing here adds or removes a service or a diagnosis, or changes a
procedure, its charge or its units. Numbers that a person has to look up are stood in for by
`STAND_IN`, which lets the model see the claim as it would be and never leaves this process.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from models.claims.claim import (
    Attachment,
    Claim,
    Diagnosis,
    Drug,
    OtherPayer,
    Person,
    Provider,
    ServiceLine,
)
from models.claims.common import Reference
from models.codes.icd10cm import CodeStatus, Icd10cm
from models.history.rules.facts import (
    PROCEDURE_SEPARATE,
    REMOTE,
    REMOTE_MODIFIERS,
    SIDES,
    VISIT_SEPARATE,
    is_procedure,
    is_visit,
)

STAND_IN = "STANDIN0001"
_NPI = "1999999984"
_MOST_MODIFIERS = 4
#: More specific codes, or diagnoses to point to, that are looked at.
_MOST_ALTERNATIVES = 6
replace = msgspec.structs.replace


class Change(msgspec.Struct, frozen=True):
    """A claim as it would be, in one or several ways (the model is to believe the worst).

    ``path`` is a JSON pointer to what is changed, ``line`` a position in the claim's lines or
    -1, ``words`` fill the kind's templates.
    """

    variants: tuple[Claim, ...]
    path: str
    line: int = -1
    words: dict[str, str] = {}


def _line_changed(claim: Claim, place: int, line: ServiceLine) -> Claim:
    return replace(claim, lines=(*claim.lines[:place], line, *claim.lines[place + 1 :]))


def _given(number: str) -> bool:
    return len(number.strip("0 -")) > 2


def _reference(qualifier: str) -> "Finder":
    def find(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
        numbers = [claim.reference(qualifier), *(x.reference(qualifier) for x in claim.lines)]
        if not any(map(_given, numbers)):
            kept = tuple(r for r in claim.references if r.qualifier != qualifier)
            changed = replace(claim, references=(*kept, Reference(qualifier, STAND_IN)))
            yield Change((changed,), "/references")

    return find


def _referring(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    given = [claim.referring, claim.primary_care]
    given += [p for x in claim.lines for p in (x.referring, x.ordering)]
    if not any(p is not None and p.npi for p in given):
        yield Change((replace(claim, referring=Provider(_NPI, "1", "STAND-IN")),), "/referring")


def _supervising(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    if claim.supervising is None:
        changed = replace(claim, supervising=Provider(_NPI, "1", "STAND-IN"))
        yield Change((changed,), "/supervising")


def _laboratory(claim: Claim, icd10: Icd10cm) -> Iterator[Change]:
    if any(_is_laboratory(x.code) for x in claim.lines):
        yield from _reference("X4")(claim, icd10)


def _is_laboratory(code: str) -> bool:
    return len(code) == 5 and ("80047" <= code <= "89398" or code in ("G0103", "G0480", "G0483"))


def _drugs(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    places = [
        place
        for place, line in enumerate(claim.lines)
        if not line.drugs and (line.code[:1] == "J" or line.code[:2] == "Q5")
    ]
    if places:
        lines = tuple(
            replace(x, drugs=(Drug("00000000001", x.units, "UN"),)) if i in places else x
            for i, x in enumerate(claim.lines)
        )
        yield Change((replace(claim, lines=lines),), f"/lines/{places[0]}/drugs")


def _attachment(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    if not claim.attachments and not any(x.attachments for x in claim.lines):
        changed = replace(claim, attachments=(Attachment("OZ", "EL", STAND_IN),))
        yield Change((changed,), "/attachments")


def _group_number(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    if not claim.group_number:
        yield Change((replace(claim, group_number=STAND_IN),), "/group_number")


def _with_modifier(claim: Claim, place: int, *modifiers: str) -> Iterator[Change]:
    """One variant for each modifier, put after those that are there."""
    line = claim.lines[place]
    if len(line.modifiers) < _MOST_MODIFIERS:
        variants = tuple(
            _line_changed(claim, place, replace(line, modifiers=(*line.modifiers, m)))
            for m in modifiers
        )
        words = {"code": line.code, "modifier": " or ".join(modifiers)}
        yield Change(variants, f"/lines/{place}/modifiers", place, words)


def _visits(claim: Claim) -> Iterator[tuple[int, ServiceLine]]:
    return ((i, x) for i, x in enumerate(claim.lines) if is_visit(x.code))


def _separate_visit(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in _visits(claim):
        beside = any(x is not line and x.charge > 0 and is_procedure(x.code) for x in claim.lines)
        if beside and VISIT_SEPARATE.isdisjoint(line.modifiers):
            yield from _with_modifier(claim, place, "25")


def _unrelated_visit(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in _visits(claim):
        if VISIT_SEPARATE.isdisjoint(line.modifiers):
            yield from _with_modifier(claim, place, "24")


def _procedures(claim: Claim) -> Iterator[tuple[int, ServiceLine]]:
    for place, line in enumerate(claim.lines):
        if not is_visit(line.code) and PROCEDURE_SEPARATE.isdisjoint(line.modifiers):
            yield place, line


def _separate_procedure(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in _procedures(claim):
        if any(x is not line and x.charge > 0 and not is_visit(x.code) for x in claim.lines):
            yield from _with_modifier(claim, place, "59")


def _unrelated_procedure(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in _procedures(claim):
        if is_procedure(line.code):
            yield from _with_modifier(claim, place, "79")


def _repeat(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, _ in _procedures(claim):
        yield from _with_modifier(claim, place, "76")


def _side(claim: Claim, icd10: Icd10cm) -> Iterator[Change]:
    for place, line in enumerate(claim.lines):
        if line.code[:1] not in "1234567L" or not SIDES.isdisjoint(line.modifiers):
            continue
        sides = {icd10.side(code) for code in _pointed(claim, line)}
        if sides == {"left"}:
            yield from _with_modifier(claim, place, "LT")
        elif sides == {"right"}:
            yield from _with_modifier(claim, place, "RT")
        else:
            yield from _with_modifier(claim, place, "LT", "RT")


def _pointed(claim: Claim, line: ServiceLine) -> list[str]:
    count = len(claim.diagnoses)
    return [claim.diagnoses[p - 1].code for p in line.pointers if 0 < p <= count]


def _is_remote(line: ServiceLine) -> bool:
    return not REMOTE_MODIFIERS.isdisjoint(line.modifiers)


def _place_of(claim: Claim, line: ServiceLine) -> str:
    return line.place_of_service or claim.place_of_service


def _live_video(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in enumerate(claim.lines):
        if _place_of(claim, line) in REMOTE and not _is_remote(line):
            yield from _with_modifier(claim, place, "95")


def _place_says_it(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in enumerate(claim.lines):
        if _place_of(claim, line) in REMOTE and "95" in line.modifiers:
            kept = tuple(m for m in line.modifiers if m != "95")
            changed = _line_changed(claim, place, replace(line, modifiers=kept))
            words = {"code": line.code}
            yield Change((changed,), f"/lines/{place}/modifiers", place, words)


def _remote_place(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    remote = [i for i, x in enumerate(claim.lines) if _is_remote(x)]
    if not remote or all(_place_of(claim, claim.lines[i]) in REMOTE for i in remote):
        return
    variants = []
    for code in ("02", "10"):
        lines = tuple(
            replace(x, place_of_service=code) if i in remote and x.place_of_service else x
            for i, x in enumerate(claim.lines)
        )
        variants.append(replace(claim, place_of_service=code, lines=lines))
    yield Change(tuple(variants), "/place_of_service")


def _specific(claim: Claim, icd10: Icd10cm) -> Iterator[Change]:
    day = claim.service_date or claim.submitted
    for place, diagnosis in enumerate(claim.diagnoses):
        code = diagnosis.code.replace(".", "")
        if icd10.side(code) != "unspecified" and not icd10.is_unspecified(code):
            continue
        listed = {d.code.replace(".", "") for d in claim.diagnoses}
        variants = []
        for other in siblings(code):
            if other in listed or icd10.status(other, day) is not CodeStatus.BILLABLE:
                continue
            if icd10.is_unspecified(other) or icd10.side(other) == "unspecified":
                continue
            new = Diagnosis(diagnosis.qualifier, other)
            diagnoses = (*claim.diagnoses[:place], new, *claim.diagnoses[place + 1 :])
            variants.append(replace(claim, diagnoses=diagnoses))
        if variants:
            words = {"code": diagnosis.code}
            path = f"/diagnoses/{place}/code"
            yield Change(tuple(variants[:_MOST_ALTERNATIVES]), path, words=words)


def siblings(code: str) -> Iterator[str]:
    """Codes that differ in the character that tells the detail: the sixth of seven, or the last.

    >>> list(siblings("M25569"))[:3]
    ['M25560', 'M25561', 'M25562']
    """
    place = 5 if len(code) == 7 else len(code) - 1
    if place >= 3:
        for character in "0123456789":
            if character != code[place]:
                yield code[:place] + character + code[place + 1 :]


def _point(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    for place, line in enumerate(claim.lines):
        first = line.pointers[:1]
        others = (n for n in range(1, len(claim.diagnoses) + 1) if n not in first)
        for number in islice(others, 3):
            rest = tuple(p for p in line.pointers if p != number)
            changed = replace(line, pointers=(number, *rest)[:4])
            words = {"code": line.code, "diagnosis": claim.diagnoses[number - 1].code}
            yield Change(
                (_line_changed(claim, place, changed),), f"/lines/{place}/pointers", place, words
            )


def _original_number(claim: Claim, icd10: Icd10cm) -> Iterator[Change]:
    if claim.frequency in ("7", "8"):
        yield from _reference("F8")(claim, icd10)


def _replacement(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    # Medicare Part B takes original claims only.
    if claim.frequency == "1" and claim.filing_indicator != "MB":
        kept = tuple(r for r in claim.references if r.qualifier != "F8")
        references = (*kept, Reference("F8", STAND_IN))
        yield Change((replace(claim, frequency="7", references=references),), "/frequency")


def _original(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    if claim.frequency == "7" and claim.filing_indicator == "MB":
        yield Change((replace(claim, frequency="1"),), "/frequency")


def _payer_order(claim: Claim, _icd10: Icd10cm) -> Iterator[Change]:
    if claim.responsibility != "P" or not claim.other_payers:
        return
    other = claim.other_payers[0]
    if other.payer is None or other.amounts or other.adjustments:
        return
    second = OtherPayer(
        "S",
        claim.relationship,
        claim.group_number,
        claim.group_name,
        filing_indicator=claim.filing_indicator,
        payer=claim.payer,
        subscriber=claim.subscriber,
    )
    subscriber: Person = other.subscriber or claim.subscriber
    changed = replace(
        claim,
        payer=other.payer,
        filing_indicator=other.filing_indicator,
        relationship=other.relationship or claim.relationship,
        group_number=other.group_number,
        group_name=other.group_name,
        subscriber=subscriber,
        other_payers=(second, *claim.other_payers[1:]),
    )
    yield Change((changed,), "/payer")


Finder = Callable[[Claim, Icd10cm], Iterable[Change]]

CHANGES: dict[str, Finder] = {
    "authorization_number": _reference("G1"),
    "referral_number": _reference("9F"),
    "referring_provider": _referring,
    "supervising_provider": _supervising,
    "clia_number": _laboratory,
    "ndc": _drugs,
    "attachment": _attachment,
    "group_number": _group_number,
    "modifier_25": _separate_visit,
    "modifier_59": _separate_procedure,
    "modifier_side": _side,
    "modifier_95": _live_video,
    "no_modifier_95": _place_says_it,
    "telehealth_place": _remote_place,
    "modifier_repeat": _repeat,
    "modifier_24": _unrelated_visit,
    "modifier_79": _unrelated_procedure,
    "specific_diagnosis": _specific,
    "point_to_diagnosis": _point,
    "original_number": _original_number,
    "replacement_claim": _replacement,
    "original_claim": _original,
    "payer_order": _payer_order,
}
"""What may be proposed, and nothing else."""
