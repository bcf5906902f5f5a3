"""Which submissions bill the same services: one encounter, its charge counted once.

A practice numbers its services (REF*6R); where those numbers tell services apart, they decide:
a service sent again under whatever account number is the same, one entered twice is another.
Where they do not, chains of the history do (same account number, REF*F8), a secondary claim goes
with the primary claim of its account number, and a new account number that repeats services
goes with the earlier claim if that had been rejected or denied by then: a rebill, no duplicate.
"""

import datetime as dt
from collections.abc import Hashable, Sequence
from decimal import Decimal
from hashlib import blake2b

import msgspec

from models.claims.claim import Claim, ServiceLine
from models.history.matching import PRIMARY, role_of
from models.history.outcomes import Submission

# A practice's line numbers tell services apart if so few of them stand on two days.
_REPEATED = 0.01


class BilledLine(msgspec.Struct):
    """One service of an encounter, as last billed; ``number`` counts from 1."""

    number: int
    code: str
    modifiers: tuple[str, ...]
    units: Decimal
    place_of_service: str
    service_date: dt.date | None
    charge: Decimal
    control_number: str


class Encounter(msgspec.Struct):
    """The services of one visit, however often and to whomever they were sent.

    ``submissions`` are indices into the history, in the order of filing; ``positions`` says for
    each of them which of ``lines`` its own lines are (indices). ``key`` stays the same while the
    first submission does.
    """

    key: str
    practice: str
    claim_id: str
    submissions: list[int] = []
    positions: list[list[int]] = []
    lines: list[BilledLine] = []


def group_encounters(submissions: Sequence[Submission]) -> list[Encounter]:
    """All encounters, in the order of their first submissions."""
    groups = _Groups(len(submissions))
    identifying = _identifying(submissions)
    by_line: dict[Hashable, int] = {}
    primaries: dict[tuple[str, str], list[int]] = {}
    for i, s in enumerate(submissions):
        claim = s.claim
        numbered = s.practice in identifying and all(x.control_number for x in claim.lines)
        if numbered:
            for x in claim.lines:
                groups.join(by_line.setdefault((s.practice, _line_key(x)), i), i)
        if not numbered or claim.frequency in ("7", "8"):
            groups.join(s.chain, i)
        if role_of(claim) == PRIMARY:
            primaries.setdefault((s.practice, claim.claim_id), []).append(i)
        if numbered:
            continue
        if role_of(claim) != PRIMARY:
            same = primaries.get((s.practice, claim.claim_id), ())
            found = [j for j in same if _days(submissions[j].claim) & _days(claim)]
            for j in found[-1:]:
                groups.join(j, i)
        elif s.duplicate_of is not None and _failed(submissions[s.duplicate_of], s):
            groups.join(s.duplicate_of, i)
    members: dict[int, list[int]] = {}
    for i in range(len(submissions)):
        members.setdefault(groups.root(i), []).append(i)
    seen: dict[str, int] = {}
    return [_encounter(submissions, indices, seen) for indices in members.values()]


class _Groups:
    """Union and find; the root of a group is its smallest index."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, i: int) -> int:
        parent = self._parent
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = self.root(i), self.root(j)
        if a != b:
            self._parent[max(a, b)] = min(a, b)


def _line_key(line: ServiceLine) -> tuple[str, dt.date | None]:
    return (line.control_number.strip().upper(), line.service_date)


def _identifying(submissions: Sequence[Submission]) -> set[str]:
    """Practices whose REF*6R stand for one service each, not for a position in the claim."""
    days: dict[str, dict[str, set[Hashable]]] = {}
    for s in submissions:
        own = days.setdefault(s.practice, {})
        person = s.claim.patient
        who = (person.birth_date, person.first_name.upper()[:3])
        for x in s.claim.lines:
            if x.control_number:
                own.setdefault(x.control_number.strip().upper(), set()).add((x.service_date, who))
    return {
        practice
        for practice, own in days.items()
        if own and sum(len(found) > 1 for found in own.values()) <= _REPEATED * len(own)
    }


def _failed(earlier: Submission, later: Submission) -> bool:
    """Whether ``earlier`` had been rejected, or the lines sent anew denied, when it was refiled."""
    if not earlier.accepted:
        return True
    known = [a for a in earlier.adjudications if a.answered < later.claim.submitted]
    if not known:
        return False
    denied = {
        billed.code
        for billed, outcome in zip(earlier.claim.lines, known[-1].lines, strict=True)
        if outcome.denied
    }
    return {x.code for x in later.claim.lines if x.charge} <= denied


def _days(claim: Claim) -> set[dt.date]:
    return {x.service_date for x in claim.lines if x.service_date}


def _encounter(
    submissions: Sequence[Submission], indices: list[int], seen: dict[str, int]
) -> Encounter:
    first = submissions[indices[0]]
    text = "\x1f".join(
        (first.practice, first.claim.claim_id, first.claim.submitted.isoformat(),
         first.claim.responsibility, str(first.claim.service_date))
    )  # fmt: skip
    key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    number = seen[key] = seen.get(key, 0) + 1
    if number > 1:
        key = f"{key}-{number}"
    found = Encounter(key, first.practice, first.claim.claim_id, indices)
    keys: dict[Hashable, int] = {}
    for i in indices:
        found.positions.append(_positions(found, keys, submissions[i].claim))
    return found


def _positions(found: Encounter, keys: dict[Hashable, int], claim: Claim) -> list[int]:
    """Which services the claim's lines are; new ones are added to the encounter."""
    lines = found.lines
    positions: list[int] = []
    taken: set[int] = set()
    for x in claim.lines:
        at = keys.get(_line_key(x)) if x.control_number else None
        if at is None or at in taken:
            at = _alike(lines, x, taken)
        if at is None and len(claim.lines) == 1 and len(lines) == 1 and not taken:
            at = 0
        if at is None:
            at = len(lines)
            lines.append(_billed(x, at + 1, claim))
        else:
            lines[at] = _billed(x, at + 1, claim)
        taken.add(at)
        positions.append(at)
        if x.control_number:
            keys[_line_key(x)] = at
    return positions


def _billed(x: ServiceLine, number: int, claim: Claim) -> BilledLine:
    place = x.place_of_service or claim.place_of_service
    return BilledLine(
        number, x.code, x.modifiers, x.units, place, x.service_date, x.charge, x.control_number
    )


def _alike(lines: Sequence[BilledLine], x: ServiceLine, taken: set[int]) -> int | None:
    best: tuple[int, ...] = (0,)
    choice: int | None = None
    for i, line in enumerate(lines):
        if i in taken or line.service_date != x.service_date:
            continue
        code, charge = line.code == x.code, line.charge == x.charge
        if not code and not charge:
            continue
        rank = (1, code, charge, line.modifiers == x.modifiers)
        if rank > best:
            best, choice = rank, i
    return choice
