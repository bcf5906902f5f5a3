"""A code system is a plug: ICD-10-CM, HCPCS, CPT, ICD-9-CM or a practice's own labels.

Whoever suggests, trains, searches or shows codes asks a `CodeSystem` and does not care which
one it is. `code_systems` tells which are loaded.
"""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

ICD10CM = "ICD-10-CM"
HCPCS = "HCPCS"
CPT = "CPT"


class Term(NamedTuple):
    """Words that lead to a code.

    ``kind``: title, short, inclusion, includes, index, external_cause, neoplasm, drug, synonym.
    """

    code: str
    words: str
    kind: str


class CodeEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One code as it is shown.

    ``code`` is written as in its system (with a dot in ICD-10-CM). ``status``: what holds on the
    date asked for: billable, heading, not_yet, ended, unsure or unknown. ``matched``: the term
    that a search found, where it is not the title.
    """

    system: str
    code: str
    title: str
    status: str
    matched: str = ""

    @property
    def billable(self) -> bool:
        """Whether it may be sent for a service on the date asked for."""
        return self.status == "billable"


class Instruction(msgspec.Struct, frozen=True):
    """A note of the code system and where it stands: at the code or a heading above it."""

    owner: str
    words: str


class CodeDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a system says of one code; what it does not know is empty.

    ``seventh_characters`` maps each to its meaning; ``needs_seventh``: the code is incomplete
    without one.
    """

    entry: CodeEntry
    release: str = ""
    parent: str = ""
    children: tuple[str, ...] = ()
    chapter: str = ""
    block: str = ""
    includes: tuple[Instruction, ...] = ()
    inclusion_terms: tuple[Instruction, ...] = ()
    excludes1: tuple[Instruction, ...] = ()
    excludes2: tuple[Instruction, ...] = ()
    code_first: tuple[Instruction, ...] = ()
    use_additional: tuple[Instruction, ...] = ()
    code_also: tuple[Instruction, ...] = ()
    notes: tuple[Instruction, ...] = ()
    seventh_characters: dict[str, str] = {}
    needs_seventh: bool = False
    effective: dt.date | None = None
    ended: dt.date | None = None


class CodeSystem(Protocol):
    """What every code system answers. Codes are taken with or without dots, in any case.

    ``date`` is the date of service; ``None``: the newest release. Built systems do not change
    and may be used by several threads.
    """

    @property
    def name(self) -> str:
        """As labels spell it: ``"ICD-10-CM"``."""

    @property
    def version(self) -> str:
        """Release or edition of the newest codes."""

    def __len__(self) -> int: ...

    def lookup(self, code: str, date: dt.date | None = None) -> CodeEntry | None:
        """The code, valid on that date or not; ``None``: the system never had it."""

    def search(self, query: str, limit: int = 20, date: dt.date | None = None) -> list[CodeEntry]:
        """Codes for what has been typed so far, best first: a code's beginning, or words."""

    def terms(self) -> Iterable[Term]:
        """All words that lead to codes of the newest release."""

    def parent(self, code: str) -> str:
        """The heading above, ``""`` for none."""

    def children(self, code: str) -> tuple[str, ...]:
        """Codes directly below, in order."""

    def billable(self, code: str, date: dt.date | None = None) -> bool:
        """Whether the code may be sent for a service on that date."""

    def details(self, code: str, date: dt.date | None = None) -> CodeDetails | None:
        """All that is known of the code; ``None``: the system never had it."""


def code_systems(home: Path | None = None) -> dict[str, CodeSystem]:
    """The systems that are loaded, by name: ICD-10-CM always, the others once imported.

    ``home`` is ``FIRSTPASS_HOME`` (by default from the environment, else the working
    directory). Reads little: search indexes are built when first asked for.

    Raises:
        InputError: an imported table is damaged.
    """
    from models.codes.loading import load_systems

    return load_systems(home)
