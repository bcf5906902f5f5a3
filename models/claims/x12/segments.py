"""Tokenizer: X12 bytes to numbered segments, in memory that does not grow with the file.

Separators come from each ISA, so one file may hold interchanges with different ones. Line
ends are no data: files that are wrapped at 80 columns read like files without line ends. Text
is UTF-8; bytes that are not valid UTF-8 are taken as Latin-1, one by one.
"""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from models.claims.x12.context import Segment
from models.errors import Place, Problem

CHUNK = 1 << 16
"""Bytes read at a time."""

SEGMENT_LIMIT = 1 << 20
"""Characters after which a segment without terminator is given up."""

ISA_ROOM = 256
"""Characters that an ISA may take up: 106, and line ends or stray spaces among them."""

_ISA_WIDTHS = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1]
_PADDING = " \t\x00\x1a\ufeff"
_FOREIGN = (  # how text begins that is often sent by mistake
    ("PK\x03\x04", "a ZIP archive or Office document"),
    ("\x1f\u008b", "a gzip archive"),
    ("%PDF", "a PDF document"),
    ("PAR1", "a Parquet file"),
    ("MSH|", "an HL7 version 2 message"),
    ("UNA", "UN/EDIFACT"),
    ("UNB+", "UN/EDIFACT"),
    ("<", "XML or HTML"),
    ("{", "JSON"),
    ("[", "JSON"),
    ("GS", "X12 without its ISA segment"),
    ("ST", "X12 without its ISA segment"),
)


class Separators(NamedTuple):
    """The four delimiters of an interchange."""

    element: str
    component: str
    repetition: str
    terminator: str


class Block(NamedTuple):
    """Consecutive segments; the first one is segment ``number`` of the file."""

    number: int
    segments: list[Segment]


def read_segments(source: bytes | Path | BinaryIO, *, name: str = "") -> Iterator[Block | Problem]:
    """Yield blocks of segments in file order, and problems at the places where they occur.

    ``name`` is what places call the file; for a path its file name is the default. Raises
    OSError where the path cannot be read; everything that is wrong inside is a `Problem`.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield from _Tokenizer(name or source.name).run(stream)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield from _Tokenizer(name).run(io.BytesIO(source))
    else:
        yield from _Tokenizer(name).run(source)


class _Tokenizer:
    """State of one file: text not yet cut, separators in force, segments counted."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._rest = ""
        self._separators: Separators | None = None
        self._count = 0
        self._isa_number = 0
        self._overlong = False
        self._junk = ""

    def run(self, stream: BinaryIO) -> Iterator[Block | Problem]:
        for text in _decoded(stream):
            self._rest += text
            yield from self._cut(final=False)
        yield from self._cut(final=True)
        yield from self._end()

    def _cut(self, final: bool) -> Iterator[Block | Problem]:
        """Cut the buffered text as far as it cannot belong to an unread ISA."""
        limit = len(self._rest) if final else len(self._rest) - ISA_ROOM
        position = 0  # up to here the text is cut or thrown away
        search = 0
        while (found := self._rest.find("ISA", search, max(limit + 2, 0))) >= 0:
            search = found + 3
            at_start = found == position or self._rest[found - 1] in self._boundary()
            isa = _read_isa(self._rest[found : found + ISA_ROOM], at_start)
            if isa is None:
                continue
            yield from self._take(self._rest[position:found], whole=True)
            if self._separators is None and self._junk:
                yield self._problem("x12.junk_before_isa", "text before the first ISA", "that text")
            position = found
            self._separators = isa
            self._isa_number = self._count + 1
            self._overlong = False
        if limit > position:
            yield from self._take(self._rest[position:limit], whole=final)
            # What `_take` left over stands before the tail that was held back.
            self._rest = self._left + self._rest[limit:]
        else:
            self._rest = self._rest[position:]

    def _boundary(self) -> str:
        return "\r\n" + _PADDING + (self._separators.terminator if self._separators else "")

    def _take(self, text: str, whole: bool) -> Iterator[Block | Problem]:
        """Cut ``text``; an unterminated end is left over, or reported where ``whole``."""
        self._left = ""
        if self._separators is None:
            self._junk = (self._junk + text.lstrip(_PADDING + "\r\n"))[:ISA_ROOM]
            return
        if self._separators.terminator == "\n":
            text = text.replace("\r", "\n")
        else:
            text = text.replace("\n", "").replace("\r", "")
        terminator, element = self._separators.terminator, self._separators.element
        pieces = text.split(terminator)
        left = pieces.pop()
        if self._overlong and pieces:
            self._overlong = False
            del pieces[0]
        if terminator + " " in text or text[:1] in _PADDING:
            pieces = [x.lstrip(_PADDING) for x in pieces]
        segments = [x.split(element) for x in pieces if x]
        if segments:
            yield Block(self._count + 1, segments)
            self._count += len(segments)
        if self._overlong:
            return
        if whole:
            yield from self._unterminated(left.strip(_PADDING), element)
        elif len(left) > SEGMENT_LIMIT:
            self._overlong = True
            self._count += 1
            yield self._problem(
                "x12.segment_too_long",
                f"no segment terminator within {SEGMENT_LIMIT} characters",
                "this segment",
            )
        else:
            self._left = left

    def _unterminated(self, left: str, element: str) -> Iterator[Block | Problem]:
        if not left:
            return
        self._count += 1
        if left.startswith("IEA" + element):  # a last terminator is easily forgotten
            yield Block(self._count, [left.split(element)])
        elif self._count == self._isa_number + 1:
            yield self._problem(
                "x12.separators",
                "the segment terminator behind ISA16 does not occur in the data behind it",
                "the rest of this interchange",
            )
        else:
            yield self._problem("x12.truncated", "the data ends inside a segment", "this segment")

    def _end(self) -> Iterator[Problem]:
        if self._separators is not None:
            return
        if not self._junk:
            yield self._problem("x12.empty", "the file is empty")
            return
        begin = self._junk.upper()
        if begin.startswith("ISA"):
            looks = "an X12 file whose ISA segment is damaged"
        else:
            looks = next(
                (x for sign, x in _FOREIGN if begin.startswith(sign)), "plain text or a table"
            )
        yield self._problem(
            "x12.not_x12", f"no readable ISA segment; it looks like {looks}", "the whole file"
        )

    def _problem(self, code: str, message: str, lost: str = "") -> Problem:
        place = Place(self._file, self._count or None)
        return Problem(place, code, message, lost)


def _read_isa(text: str, at_start: bool) -> Separators | None:
    """Separators of the ISA that ``text`` begins with, or ``None`` if it is none.

    Elements of other than the fixed widths are let pass only ``at_start`` of a segment and with
    digits for date and version: anywhere else, "ISA" is more likely the end of a name.
    """
    element = text[3:4]
    if not element or element.isalnum() or element in " \t\r\n":
        return None
    fields = text.split(element, 16)
    if len(fields) < 17:
        return None
    widths = [len(_unwrapped(x)) for x in fields[1:16]]
    if widths != _ISA_WIDTHS and not (at_start and fields[9].isdigit() and fields[12].isdigit()):
        return None
    tail = fields[16].lstrip("\r\n")
    component, after = tail[:1], tail[1:]
    if after[:1] in ("\r", "\n"):
        # A line end is the terminator, unless the file is wrapped between ISA16 and it.
        following = after.lstrip("\r\n")
        wrapped = following and following[:2] not in ("GS", "IS", "IE", "TA")
        after = following if wrapped else "\n"
    terminator = after[:1]
    if not terminator or terminator.isalnum() or terminator == element or component == element:
        return None
    return Separators(element, component, _unwrapped(fields[11]), terminator)


def _unwrapped(text: str) -> str:
    return text.replace("\n", "").replace("\r", "")


def _decoded(stream: BinaryIO) -> Iterator[str]:
    data = stream.read(CHUNK)
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)("firstpass.latin1")
    while data:
        yield decoder.decode(data)
        data = stream.read(CHUNK)
    yield decoder.decode(b"", final=True)


def _latin1(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: bytes that are no UTF-8 stand for themselves, as in Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("firstpass.latin1", _latin1)
