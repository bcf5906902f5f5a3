"""Errors that Firstpass raises, by whose fault they are, and problems that it reports.

An *error* stops a job. A *problem* is one damaged place in otherwise usable input: it is
collected and reported, and the good rest is still processed.
"""

import msgspec


class FirstpassError(Exception):
    """Root of everything that Firstpass raises on purpose; ``str()`` is fit for a user."""


class InputError(FirstpassError):
    """The input cannot be used at all: the caller must change it."""


class NotEnoughDataError(FirstpassError):
    """The input is sound but too small for what was asked; the text says what is missing."""


class RegistryError(FirstpassError):
    """A registered model is absent, of an unknown schema, or broken."""


class Place(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where in the input something stands.

    ``segment_number`` counts from 1 (the ISA) through the file, across interchanges;
    ``row`` counts data rows of a table or lines of a JSONL file from 1. ``segment`` is the
    segment identifier (``"CLM"``), ``field`` an element (``"CLM05-1"``) or a column name.
    Never holds the content of a field: contents can be patient data.
    """

    file: str = ""
    segment_number: int | None = None
    segment: str = ""
    row: int | None = None
    field: str = ""

    def __str__(self) -> str:
        parts = [self.file or "input"]
        if self.segment_number is not None:
            parts.append(f"segment {self.segment_number}")
        if self.segment and not self.field.startswith(self.segment):
            parts.append(self.segment)
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.field:
            parts.append(self.field)
        return ", ".join(parts)


class Problem(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One damaged place: what was wrong, what is allowed, what was lost, what to do.

    ``code`` is a stable identifier (``"x12.se_count"``) by which problems can be counted and
    silenced; ``lost`` says what was not processed because of it (``""``: nothing).
    """

    place: Place
    code: str
    message: str
    lost: str = ""

    def __str__(self) -> str:
        tail = f" ({self.lost})" if self.lost else ""
        return f"{self.place}: {self.message}{tail}"
