"""Reading a clinical note: from text (or bytes) to sections and sentences.

`read_note` takes any text as it comes: CRLF, tabs, combining characters, emoji, markdown, one
line. It takes time linear in the text's length.
"""

import codecs
import re

from models.coding.sections import find_sections
from models.coding.sentences import find_sentences
from models.coding.spans import Note, Section, SectionKind, Sentence, Span
from models.errors import InputError

__all__ = [
    "LONGEST_NOTE",
    "Note",
    "Section",
    "SectionKind",
    "Sentence",
    "Span",
    "check_note",
    "decode_note",
    "read_note",
]

LONGEST_NOTE = 1_000_000
"""Code points of one note, about 300 printed pages. More is a chart, to be sent note by note."""

# Control characters that a text may hold: tab, line feed, vertical tab, form feed, carriage
# return, file to unit separators, next line.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f]")
_CONTROL_SHARE = 0.01
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def read_note(text: str) -> Note:
    r"""Sections and sentences of a note.

    Raises:
        InputError: the text is empty, longer than `LONGEST_NOTE`, or not text at all.

    >>> note = read_note("CC: cough\nA/P: 1. Acute bronchitis. Return if fever.")
    >>> [(s.kind.value, note.words(s.body)) for s in note.sections]
    [('chief_complaint', 'cough'), ('assessment', '1. Acute bronchitis. Return if fever.')]
    >>> [note.words(s) for s in note.sentences]
    ['cough', '1. Acute bronchitis.', 'Return if fever.']
    """
    check_note(text)
    sections = find_sections(text)
    return Note(text, sections, find_sentences(text, sections))


def check_note(text: str) -> None:
    """Refuse what is no note, as `read_note` does, without reading it.

    Raises:
        InputError: the text is empty, longer than `LONGEST_NOTE`, or not text at all.
    """
    if not text or text.isspace():
        raise InputError("the note is empty; send the text of one visit note")
    if len(text) > LONGEST_NOTE:
        raise InputError(
            f"the note has {len(text):,} characters; allowed: {LONGEST_NOTE:,}. "
            "Send each visit's note on its own"
        )
    controls = len(_CONTROL.findall(text)) + len(_LONE_SURROGATE.findall(text))
    if controls and ("\x00" in text or controls > 2 + _CONTROL_SHARE * len(text)):
        raise InputError(
            f"the note is not plain text: {controls:,} of {len(text):,} characters are control "
            "characters or halves of a character; export it as UTF-8 text (not PDF, RTF or DOCX)"
        )


_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Files of a kind of their own, told by how they begin.
_OTHER_KINDS = (
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "an RTF document"),
    (b"PK\x03\x04", "a ZIP archive or Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
)


def decode_note(data: bytes) -> str:
    r"""Text of a note that comes as bytes: UTF-8 (BOM or not), UTF-16/32 with BOM, Windows-1252.

    Systems that paste notes together mix encodings within one file: bytes that are no UTF-8
    are read as Windows-1252, one by one, the rest as UTF-8.

    Raises:
        InputError: the bytes are those of another kind of file.

    >>> decode_note("Ménière’s".encode() + b" and Sj\xf6gren")
    'Ménière’s and Sjögren'
    """
    for start, words in _OTHER_KINDS:
        if data.startswith(start):
            raise InputError(f"the note is {words}, not plain text; export it as UTF-8 text")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise InputError(f"the note is damaged {encoding}: {error.reason}") from error
    if b"\x00" in data:
        raise InputError("the note is binary, not plain text; export it as UTF-8 text")
    return data.decode("utf-8", errors="firstpass-windows-1252")


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", errors="replace"), error.end


codecs.register_error("firstpass-windows-1252", _windows_1252)
