"""What reviewers decided, made ready to learn from: notes, whose they are, and counts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from models.coding.learnt import note_mark
from models.coding.notes_file import NoteRecord
from models.coding.reviewed import ReviewedNote

_encoder = msgspec.json.Encoder()


class Decided(msgspec.Struct, frozen=True):
    """What became of one version's suggestions; ``added`` are codes that it did not suggest."""

    model_version: str
    notes: int
    accepted: int
    rejected: int
    replaced: int
    added: int

    @property
    def accepted_share(self) -> float:
        """Of the suggestions that were decided on, the share accepted; NaN of none."""
        decided = self.accepted + self.rejected + self.replaced
        return self.accepted / decided if decided else float("nan")


def decided(notes: Sequence[ReviewedNote]) -> list[Decided]:
    """Decisions counted by the version that had suggested, in the order of versions."""
    kinds: dict[str, Counter[str]] = {}
    for note in notes:
        for decision in note.decisions:
            kinds.setdefault(decision.model_version, Counter())[decision.kind] += 1
        for version in {x.model_version for x in note.decisions}:
            kinds[version]["notes"] += 1
    return [
        Decided(
            version, found["notes"], found["accept"], found["reject"], found["replace"],
            found["add"],
        )
        for version, found in sorted(kinds.items(), key=lambda x: (len(x[0]), x[0]))
    ]  # fmt: skip


def training_records(notes: Sequence[ReviewedNote]) -> list[NoteRecord]:
    """Reviewed notes as labelled ones, each id once.

    A note without a date takes the day of its review, by which it comes to be a late one. Ids
    that several practices gave are told apart by the practice.
    """
    ids = Counter(note.id for note in notes)
    fields = NoteRecord.__struct_fields__
    found = []
    for note in notes:
        values = {name: getattr(note, name) for name in fields}
        values["date"] = note.date or note.submitted.date()
        if ids[note.id] > 1:
            values["id"] = f"{note.practice} {note.id}"
        found.append(NoteRecord(**values))
    return found


def write_records(path: Path, records: Sequence[NoteRecord]) -> Path:
    """The notes JSONL that training reads."""
    path.write_bytes(b"".join(_encoder.encode(record) + b"\n" for record in records))
    return path


def without_reviewed(
    records: Sequence[NoteRecord], reviewed: Sequence[NoteRecord]
) -> list[NoteRecord]:
    """Notes of files whose text no reviewer has decided on: of two sets of labels the latter."""
    known = {note_mark(note.text) for note in reviewed}
    return [note for note in records if note_mark(note.text) not in known]
