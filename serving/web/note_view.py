"""A note as the page shows it: sections, lines, and words that support a code.

Every piece of text says at which code point of the note it begins, so that what a person marks
and what the model means are the same characters, whatever a browser does to line ends.
"""

import itertools
import re
from collections.abc import Sequence

import msgspec

from models.coding.note import Note

_LINE = re.compile(r"\r\n|\n|\r|\x0b|\x0c|\x1c|\x1d|\x1e|\x85|\u2028|\u2029")

#: Kinds of section in words, for readers of the page's outline.
KINDS = {
    "chief_complaint": "chief complaint",
    "history_present_illness": "history of present illness",
    "past_history": "past history",
    "family_history": "family history",
    "social_history": "social history",
    "review_of_systems": "review of systems",
    "assessment": "assessment and plan",
    "problem_list": "problem list",
}


class Mark(msgspec.Struct, frozen=True):
    """Words of the note that belong to something: ``key`` names it, ``style`` how it looks."""

    begin: int
    end: int
    key: str
    style: str


class Piece(msgspec.Struct, frozen=True):
    """Text without a line end; ``keys`` (space between) name what it belongs to."""

    begin: int
    text: str
    keys: str
    style: str


class NoteBlock(msgspec.Struct, frozen=True):
    """A heading with what stands below it; lines of pieces."""

    kind: str
    heading: tuple[Piece, ...]
    lines: tuple[tuple[Piece, ...], ...]


#: Where several marks cover the same words, the first of these decides how they look.
_STRONGEST = ("accepted", "present", "uncertain", "historical", "hatched", "rejected")


def note_blocks(note: Note, marks: Sequence[Mark]) -> tuple[NoteBlock, ...]:
    """The whole text, in order, nothing left out but line ends and the colons of headings."""
    blocks: list[NoteBlock] = []
    at = 0
    for section in note.sections:
        heading = section.heading
        if heading.begin > at and note.text[at : heading.begin].strip():
            blocks.append(_block("", None, at, heading.begin, note, marks))
        # The colon between heading and body supports nothing and is not shown.
        begin = max(at, heading.end, section.body.begin)
        end = max(begin, section.body.end)
        span = (heading.begin, heading.end) if heading.end > heading.begin else None
        if span is None:
            begin = max(at, min(heading.begin, section.body.begin))
        kind = str(section.kind)
        blocks.append(_block(KINDS.get(kind, kind), span, begin, end, note, marks))
        at = end
    if at < len(note.text) and note.text[at:].strip():
        blocks.append(_block("", None, at, len(note.text), note, marks))
    return tuple(blocks)


def _block(
    kind: str,
    heading: tuple[int, int] | None,
    begin: int,
    end: int,
    note: Note,
    marks: Sequence[Mark],
) -> NoteBlock:
    lines: list[tuple[Piece, ...]] = []
    at = begin
    for found in _LINE.finditer(note.text, begin, end):
        lines.append(_pieces(note.text, at, found.start(), marks))
        at = found.end()
    lines.append(_pieces(note.text, at, end, marks))
    head: tuple[Piece, ...] = ()
    if heading is not None:
        head = tuple(
            piece
            for part in _LINE.split(note.text[heading[0] : heading[1]])[:1]
            for piece in _pieces(note.text, heading[0], heading[0] + len(part), marks)
        )
    while lines and not any(x.text.strip() for x in lines[-1]):
        lines.pop()
    while lines and not any(x.text.strip() for x in lines[0]):
        lines.pop(0)
    return NoteBlock(kind, head, tuple(lines))


def _pieces(text: str, begin: int, end: int, marks: Sequence[Mark]) -> tuple[Piece, ...]:
    inside = [m for m in marks if m.begin < end and m.end > begin]
    cuts = {begin, end}
    for mark in inside:
        cuts |= {max(begin, mark.begin), min(end, mark.end)}
    ordered = sorted(cuts)
    pieces = []
    for left, right in itertools.pairwise(ordered):
        over = [m for m in inside if m.begin <= left and m.end >= right]
        keys = " ".join(dict.fromkeys(m.key for m in over))
        styles = {m.style for m in over}
        style = next((s for s in _STRONGEST if s in styles), "")
        pieces.append(Piece(left, text[left:right], keys, style))
    return tuple(pieces)
