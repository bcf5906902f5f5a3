"""Whose notes they are, as far as fairness asks: specialty, age group, sex."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.coding.notes_file import NoteRecord
from training.coding.visits import Visits
from training.loop.compare import age_group_of


class Who(NamedTuple):
    """Age in years on the day of the note (``None`` if unknown), sex as on a claim."""

    age: int | None = None
    sex: str = ""


NOBODY = Who()


def people_of(visits: Visits, notes: Sequence[NoteRecord]) -> dict[str, Who]:
    """By note id, what the claim of the note says of its patient."""
    found = {}
    for note in notes:
        match visits.patients.get(note.id):
            case (dt.date() as birth, str() as sex, _):
                age = None
                if note.date is not None:
                    before = (note.date.month, note.date.day) < (birth.month, birth.day)
                    age = max(0, note.date.year - birth.year - before)
                found[note.id] = Who(age, sex)
    return found


def group_names(notes: Sequence[NoteRecord], people: Mapping[str, Who]) -> dict[str, list[str]]:
    """Names of each note's groups, by attribute; what is not known is ``unknown``."""
    whose = [people.get(note.id, NOBODY) for note in notes]
    return {
        "specialty": [note.specialty.replace("_", " ") or "unknown" for note in notes],
        "age": [age_group_of(x.age) for x in whose],
        "sex": [x.sex or "unknown" for x in whose],
    }
