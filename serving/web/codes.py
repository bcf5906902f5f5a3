"""Code systems for the pages: as-you-type search, and what a code is called."""

import datetime as dt
from pathlib import Path

import msgspec

from models.codes.icd10cm import Icd10cm, load_icd10cm
from models.codes.system import CodeSystem, code_systems

MOST = 12


class FoundCode(msgspec.Struct, frozen=True):
    """A code; ``matched`` is the term that was found where it is not the title."""

    system: str
    code: str
    words: str
    billable: bool
    matched: str


class CodeDesk:
    """The loaded code systems; tables imported later are there after the next start."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._systems: dict[str, CodeSystem] | None = None

    @property
    def icd10cm(self) -> Icd10cm:
        """ICD-10-CM as a table."""
        return load_icd10cm()

    @property
    def systems(self) -> dict[str, CodeSystem]:
        """Systems by name."""
        if self._systems is None:
            self._systems = code_systems(self._home)
        return self._systems

    def warm(self) -> None:
        """Build the indexes that searching needs, before somebody waits for them."""
        for system in self.systems.values():
            system.search("pain", 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the systems, ICD-10-CM first."""
        return tuple(sorted(self.systems, key=lambda x: x != "ICD-10-CM"))

    def search(self, query: str, system: str, date: dt.date | None) -> list[FoundCode]:
        """Codes for what was typed so far, best first; of all systems where none is named."""
        wanted = [system] if system in self.systems else list(self.names)
        found = [
            FoundCode(x.system, x.code, x.title, x.billable, x.matched)
            for name in wanted
            for x in self.systems[name].search(query, MOST, date)
        ]
        return found[:MOST]

    def lookup(self, system: str, code: str, date: dt.date | None) -> FoundCode | None:
        """A code of a system that is loaded; of another one, whatever has a code's form."""
        known = self.systems.get(system)
        if known is None:
            plain = code.replace(".", "")
            fits = 3 <= len(plain) <= 10 and plain.isalnum()
            return FoundCode(system, code.upper(), "", True, "") if fits and system else None
        entry = known.lookup(code, date)
        if entry is None:
            return None
        return FoundCode(entry.system, entry.code, entry.title, entry.billable, "")
