"""Visits of a practice from its claims: what was billed for whom, and for which note.

From them come the practice's habits (`models.coding.habits`) and labels for notes that name
their claim. These labels are silver: a claim says what was billed, not which words it rests on.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

import msgspec

from models.claims.claim import Claim, Person
from models.claims.files import read_files
from models.codes.hcpcs import HcpcsLevel, hcpcs_level
from models.codes.system import CPT, HCPCS, ICD10CM
from models.coding.draft import diagnosis
from models.coding.habits import Habits, specialty_key
from models.coding.notes_file import NoteCode, NoteRecord
from models.errors import InputError, Problem

_ICD10 = frozenset({"ABK", "ABF"})
_LEVELS = {HcpcsLevel.CPT: CPT, HcpcsLevel.HCPCS: HCPCS}


class Visit(msgspec.Struct, frozen=True):
    """One visit: taxonomy or name of the specialty, patient, first day, codes by system."""

    specialty: str
    patient: Hashable
    day: dt.date | None
    codes: dict[str, frozenset[str]]


class Visits(msgspec.Struct):
    """Visits of the history, and which of them notes belong to.

    ``patients[note id]``: the note's patient as claims know them.
    """

    visits: list[Visit]
    patients: dict[str, Hashable] = {}
    names: dict[str, str] = {}

    def before(self, day: dt.date) -> "Visits":
        """Visits before a day; those without a date are left out."""
        kept = [v for v in self.visits if v.day is not None and v.day < day]
        return Visits(kept, self.patients, self.names)

    def without(self, notes: Iterable[NoteRecord]) -> "Visits":
        """Visits of other patients than those of ``notes``: nothing tells of the notes' claims."""
        gone = {self.patients[n.id] for n in notes if n.id in self.patients}
        if not gone:
            return self
        kept = [v for v in self.visits if v.patient not in gone]
        return Visits(kept, self.patients, self.names)

    def habits(self, system: str) -> Habits:
        """Counts of one code system over all visits."""
        return Habits.count(
            ((v.specialty, v.codes.get(system, frozenset())) for v in self.visits), self.names
        )

    def systems(self) -> set[str]:
        """Code systems that are billed."""
        return {system for visit in self.visits for system in visit.codes}


class Billed(msgspec.Struct):
    """What a history gives: visits, notes with silver labels, problems of the files.

    ``silver``: ids of the notes whose labels of a system are a claim's.
    """

    visits: Visits
    notes: list[NoteRecord]
    silver: dict[str, set[str]]
    problems: list[Problem]


def read_billed(history: Sequence[Path], notes: Sequence[NoteRecord]) -> Billed:
    """Read the claims of a history (any mix of 837P and tables) and join notes by ``claim_id``.

    A note keeps what coders labelled; of a system that they did not label it takes the claim's
    codes. Voided claims and claims sent again count once.

    Raises:
        InputError: no claim is there to read.
    """
    problems: list[Problem] = []
    claims: list[Claim] = []
    for item in read_files(history):
        if isinstance(item, Claim):
            claims.append(item)
        elif isinstance(item, Problem):
            problems.append(item)
    if not claims:
        names = ", ".join(p.name for p in history)
        raise InputError(f"{names}: no claim to learn from; give 837P files or claim tables")
    voided = {c.claim_id for c in claims if c.frequency == "8"}
    visits: dict[Hashable, Visit] = {}
    by_claim: dict[str, Visit] = {}
    for claim in claims:
        if claim.claim_id in voided:
            continue
        visit = visit_of(claim)
        # The first submission names the visit; what was sent in its place is billed no other visit.
        first = by_claim.setdefault(claim.claim_id, visit)
        provider = claim.rendering.npi if claim.rendering else claim.billing.npi
        visits.setdefault((visit.patient, visit.day, provider), first)
    return _joined(list(visits.values()), by_claim, notes, problems)


def _joined(
    visits: list[Visit],
    by_claim: dict[str, Visit],
    notes: Sequence[NoteRecord],
    problems: list[Problem],
) -> Billed:
    patients: dict[str, Hashable] = {}
    silver: dict[str, set[str]] = defaultdict(set)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    billed = Visits(visits).systems()
    labelled = []
    for note in notes:
        visit = by_claim.get(note.claim_id) if note.claim_id else None
        if visit is None:
            labelled.append(note)
            continue
        patients[note.id] = visit.patient
        if note.specialty and visit.specialty:
            words[specialty_key(note.specialty)][visit.specialty] += 1
        own = {c.system for c in note.codes or ()}
        added = [
            NoteCode(code, system)
            for system, codes in sorted(visit.codes.items())
            if system not in own
            for code in sorted(codes)
        ]
        # A claim without codes of a system is a label too: nothing of it was billed.
        for system in billed - own:
            silver[system].add(note.id)
        labelled.append(msgspec.structs.replace(note, codes=(*(note.codes or ()), *added)))
    names = {name: found.most_common(1)[0][0] for name, found in words.items()}
    return Billed(Visits(visits, patients, names), labelled, dict(silver), problems)


def visit_of(claim: Claim) -> Visit:
    """What a claim bills: diagnoses with their dot, procedures as CPT or HCPCS by their form."""
    codes: dict[str, set[str]] = defaultdict(set)
    for each in claim.diagnoses:
        if each.qualifier in _ICD10:
            codes[ICD10CM].add(diagnosis(each.code))
    for line in claim.lines:
        code = line.code.strip().upper()
        if (system := _LEVELS.get(hcpcs_level(code))) is not None:
            codes[system].add(code)
    provider = claim.rendering or claim.billing
    return Visit(
        specialty_key(provider.taxonomy or claim.billing.taxonomy),
        _patient(claim),
        claim.service_date,
        {system: frozenset(found) for system, found in codes.items()},
    )


def _patient(claim: Claim) -> Hashable:
    """Birth date, sex and given name hold even where member numbers change."""
    who = claim.patient if claim.patient != Person() else claim.subscriber
    if who.birth_date is None:
        return (who.member_id or claim.subscriber.member_id, who.first_name.upper())
    return (who.birth_date, who.sex, who.first_name.upper())


NO_VISITS = Visits([])
