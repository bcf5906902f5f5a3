"""Notes as files: the documented JSONL, single text files, folders of both.

One bad line or file is a `Problem`; the rest is read. No text of a note is ever in a message.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from models.coding.note import check_note, decode_note
from models.errors import InputError, Place, Problem

#: Bytes of one line of a JSONL file.
LINE_LIMIT = 16_000_000


class NoteCode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A code of a note; ``begin``/``end`` are absent where nobody marked its words."""

    code: str
    system: str = "ICD-10-CM"
    begin: int | None = None
    end: int | None = None


class NoteRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One note as the JSONL gives it; ``codes`` is ``None`` on notes that are to be coded."""

    id: str
    text: str
    date: dt.date | None = None
    specialty: str = ""
    patient_id: str = ""
    claim_id: str = ""
    codes: tuple[NoteCode, ...] | None = None


class NotesRead(msgspec.Struct):
    """Notes in order, and what could not be used."""

    notes: list[NoteRecord]
    problems: list[Problem]


_DECODER = msgspec.json.Decoder(NoteRecord)


def read_notes(paths: Sequence[Path]) -> NotesRead:
    """Read JSONL and text files, and folders of them (``*.jsonl``, ``*.txt``), in order.

    A text file is one note, its id the file's name without suffix. Of several notes with one
    id the first is kept; empty, overlong and binary ones are left out; spans outside their text
    are dropped, their codes kept.

    Raises:
        InputError: There is no such file, or none of the notes can be read.
    """
    notes: list[NoteRecord] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for path in _files(paths):
        read = _jsonl(path, problems) if path.suffix.lower() == ".jsonl" else _text(path, problems)
        for row, note in read:
            place = Place(path.name, row=row)
            if note.id in seen:
                problems.append(
                    Problem(
                        place, "notes.duplicate_id", "another note before has this id",
                        "the note was not read",
                    )
                )  # fmt: skip
                continue
            try:
                check_note(note.text)
            except InputError as error:
                problems.append(Problem(place, "notes.unreadable", str(error), "left out"))
                continue
            seen.add(note.id)
            notes.append(_checked(note, place, problems))
    if not notes:
        first = str(problems[0]) if problems else "nothing stands in the files"
        raise InputError(f"no note could be read: {first}; give text files or notes JSONL")
    return NotesRead(notes, problems)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(
                p for p in path.rglob("*") if p.suffix.lower() in {".jsonl", ".txt"} and p.is_file()
            )
            if not found:
                raise InputError(f"{path}: the folder holds no *.txt or *.jsonl file")
            yield from found
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: there is no such file or folder")


def _text(path: Path, problems: list[Problem]) -> Iterator[tuple[int | None, NoteRecord]]:
    try:
        yield None, NoteRecord(path.stem, decode_note(path.read_bytes()))
    except InputError as error:
        problems.append(Problem(Place(path.name), "notes.unreadable", str(error), "left out"))


def _jsonl(path: Path, problems: list[Problem]) -> Iterator[tuple[int, NoteRecord]]:
    with path.open("rb") as file:
        row = 0
        while line := file.readline(LINE_LIMIT + 1):
            row += 1
            if len(line) > LINE_LIMIT:
                while line and not line.endswith(b"\n"):
                    line = file.readline(LINE_LIMIT)
                message = f"the line is longer than {LINE_LIMIT:,} bytes"
                problems.append(_bad_line(path, row, message))
                continue
            if line.isspace():
                continue
            try:
                note = _DECODER.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except UnicodeDecodeError:
                problems.append(_bad_line(path, row, "the line is not UTF-8"))
            except msgspec.MsgspecError as error:
                # The text names types and places, never what stands there.
                message = (
                    f"no note as JSON: {error}; fields are id, text, date (2026-03-01), specialty, "
                    "patient_id, claim_id, codes (docs/notes.md)"
                )
                problems.append(_bad_line(path, row, message))
            else:
                yield row, note


def _bad_line(path: Path, row: int, message: str) -> Problem:
    return Problem(Place(path.name, row=row), "notes.bad_line", message, "the note was not read")


def _checked(note: NoteRecord, place: Place, problems: list[Problem]) -> NoteRecord:
    """The note with spans that lie in its text."""
    if not note.codes:
        return note
    length = len(note.text)
    codes = []
    bad = 0
    for code in note.codes:
        low, high = code.begin, code.end
        if (low is None) != (high is None) or (
            low is not None and high is not None and not 0 <= low < high <= length
        ):
            bad += 1
            code = NoteCode(code.code, code.system)
        codes.append(code)
    if bad:
        problems.append(
            Problem(
                Place(place.file, row=place.row, field="codes"), "notes.span",
                f"{bad} of {len(codes)} spans are outside the text: allowed is "
                f"0 <= begin < end <= {length}, in code points",
                "their codes are used without their words",
            )
        )  # fmt: skip
    return msgspec.structs.replace(note, codes=tuple(codes))
