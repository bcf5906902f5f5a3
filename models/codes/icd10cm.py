"""ICD-10-CM: which codes are valid and billable on a date, what excludes what, what they say.

Codes are taken with or without their dot. `load_icd10cm` reads what edits need in well under
100 ms; titles, notes and hierarchy are read when first asked for.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec

from models.codes.icd10cm_file import (
    MANIFESTATION,
    SIDE_SHIFT,
    SIDES,
    UNSPECIFIED,
    Exclusion,
    Notes,
    Release,
    Texts,
    full_title,
    read_core,
    read_texts,
    seventh_meanings,
)

SHIPPED = Path(__file__).with_name("icd10cm.zip")
_NO_NOTES = Notes()


class CodeStatus(StrEnum):
    """What the releases say about a code on a date.

    `UNSURE`: no release that covers the date is held and those around it disagree or know
    nothing, so that the code may have been added or deleted by then.
    """

    BILLABLE = "billable"
    HEADING = "heading"
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    ENDED = "ended"
    UNSURE = "unsure"


class Excluded(msgspec.Struct, frozen=True):
    """An Excludes1 note at ``owner`` (``code``, a heading or block above it) names ``other``."""

    code: str
    other: str
    owner: str


class Icd10cm:
    """The table; built by `load_icd10cm`."""

    def __init__(self, path: Path) -> None:
        """``path``: a file that `models.codes.icd10cm_file.write` wrote."""
        core = read_core(path)
        self.releases: tuple[Release, ...] = tuple(core.releases)
        self._path = path
        self._flags = dict(
            zip(core.codes.split("\n"), memoryview(core.flags).cast("Q").tolist(), strict=True)
        )
        self._excludes = core.excludes1
        self._blocks = core.categories
        self._texts: Texts | None = None
        self._order: dict[str, list[str]] | None = None
        self._categories = sorted(core.categories)
        self._rules: dict[str, tuple[frozenset[str], tuple[tuple[str, Exclusion], ...]]] = {}
        self._spans: dict[dt.date, tuple[int, int]] = {}

    def __contains__(self, code: str) -> bool:
        return code.replace(".", "") in self._flags

    def __len__(self) -> int:
        return len(self._flags)

    def version(self, on: dt.date | None = None) -> str:
        """Name of the release that holds on a date (the newest before it; default the newest)."""
        before, _ = self.releases_around(on) if on else (len(self.releases) - 1, 0)
        return self.releases[max(before, 0)].name

    def releases_around(self, on: dt.date) -> tuple[int, int]:
        """Numbers of the releases to ask about a date: equal numbers, equal answers.

        The same twice where one covers the date, else the last before it and the first after
        it (-1: none).
        """
        found = self._spans.get(on)
        if found is None:
            before = after = -1
            for number, release in enumerate(self.releases):
                if release.effective <= on:
                    before = number
                    if on <= release.until:
                        after = number
                elif after < 0:
                    after = number
            if len(self._spans) > 4096:  # dates come from outside: never grow without end
                self._spans.clear()
            found = self._spans[on] = (before, after)
        return found

    def status(self, code: str, on: dt.date) -> CodeStatus:
        """Whether ``code`` may be sent for a service on this date.

        >>> icd = load_icd10cm()
        >>> icd.status("E11.9", dt.date(2026, 3, 1)), icd.status("E11", dt.date(2026, 3, 1))
        (<CodeStatus.BILLABLE: 'billable'>, <CodeStatus.HEADING: 'heading'>)
        """
        flags = self._flags.get(code)
        if flags is None:
            flags = self._flags.get(code.replace(".", ""), 0)
        before, after = self.releases_around(on)
        if before == after:
            if flags >> (16 + before) & 1:
                return CodeStatus.BILLABLE
            if flags >> before & 1:
                return CodeStatus.HEADING
            held = flags & 0xFFFF
            if not held:
                return CodeStatus.UNKNOWN
            return CodeStatus.NOT_YET if held >> before else CodeStatus.ENDED
        old = self._at(flags, before) if before >= 0 else None
        new = self._at(flags, after) if after >= 0 else None
        if old is None or new is None:
            # Before the first release or after the last: what it knows very likely holds,
            # what it does not know may since have come or gone.
            known = old or new
            if known and known is not CodeStatus.UNKNOWN:
                return known
            return CodeStatus.UNSURE
        return old if old is new else CodeStatus.UNSURE

    @staticmethod
    def _at(flags: int, release: int) -> CodeStatus:
        if flags >> (16 + release) & 1:
            return CodeStatus.BILLABLE
        return CodeStatus.HEADING if flags >> release & 1 else CodeStatus.UNKNOWN

    def covers(self, on: dt.date) -> bool:
        """Whether a release that is in force on this date is held."""
        before, after = self.releases_around(on)
        return before == after

    def is_unspecified(self, code: str) -> bool:
        """Whether the title says "unspecified"."""
        return bool(self._flags.get(code.replace(".", ""), 0) & UNSPECIFIED)

    def is_manifestation(self, code: str) -> bool:
        """Whether it is a manifestation "in diseases classified elsewhere": never listed first."""
        return bool(self._flags.get(code.replace(".", ""), 0) & MANIFESTATION)

    def side(self, code: str) -> str:
        """Side that the title names: ``""``, right, left, bilateral or unspecified."""
        return SIDES[self._flags.get(code.replace(".", ""), 0) >> SIDE_SHIFT & 7]

    def seventh_characters(self, code: str) -> tuple[str, ...]:
        """7th characters that a code without one (placeholders X aside) must take one of.

        >>> load_icd10cm().seventh_characters("S52.501")[:4]
        ('A', 'B', 'C', 'D')
        """
        code = code.replace(".", "")
        stem = code[:6].ljust(6, "X")
        characters = "ABCDEFGHJKMNPQRS0123456789"
        return tuple(c for c in characters if stem + c in self._flags)

    def excludes1(self, code: str, other: str) -> Excluded | None:
        """The Excludes1 note by which the two are not sent together, looked up both ways.

        Guideline I.A.12.a: two unrelated conditions may still be, so a person decides.
        """
        code, other = code.replace(".", ""), other.replace(".", "")
        for first, second in ((code, other), (other, code)):
            categories, rules = self._rules.get(first) or self._exclusions(first)
            if second[:3] not in categories:
                continue
            for owner, exclusion in rules:
                # A note of a heading may name a code below that very heading.
                if exclusion.holds(second) and not second.startswith(owner):
                    return Excluded(first, second, owner)
        return None

    def excluded_categories(self, code: str) -> frozenset[str]:
        """Categories with a code that Excludes1 notes at ``code`` or above it name."""
        return (self._rules.get(code) or self._exclusions(code))[0]

    def _exclusions(self, code: str) -> tuple[frozenset[str], tuple[tuple[str, Exclusion], ...]]:
        """What Excludes1 notes at the code, the headings above it and its block name.

        The categories that they reach into come first: most pairs of codes end there.
        """
        owners = [code[:n] for n in range(len(code), 2, -1)]
        if block := self._blocks.get(code[:3]):
            owners.append(block)
        rules = tuple((o, e) for o in owners for e in self._excludes.get(o, ()))
        known = self._categories
        reached = {e.first[:3] for _, e in rules}
        for _, e in rules:
            if e.last[:3] not in reached:
                first, last = bisect_left(known, e.first[:3]), bisect_right(known, e.last[:3])
                reached.update(known[first:last])
        categories = frozenset(reached)
        if len(self._rules) > 100_000:  # codes come from outside
            self._rules.clear()
        self._rules[code] = categories, rules
        return categories, rules

    @property
    def texts(self) -> Texts:
        """Titles, notes, chapters and blocks; read at the first call (about 0.1 s)."""
        if self._texts is None:
            self._texts = read_texts(self._path)
        return self._texts

    def title(self, code: str) -> str:
        """Title, with the meaning of a 7th character behind it; ``""`` if unknown.

        >>> load_icd10cm().title("W19.XXXA")
        'Unspecified fall, initial encounter'
        """
        return full_title(code.replace(".", ""), self.texts)

    def notes(self, code: str) -> Notes:
        """Notes that stand at this very code, or at ``"block A00-A09"``, ``"chapter 1"``."""
        return self.texts.notes.get(code.replace(".", ""), _NO_NOTES)

    def seventh_meanings(self, code: str) -> dict[str, str]:
        """7th characters and their meaning, from the code or the nearest heading above it."""
        return seventh_meanings(code.replace(".", ""), self.texts)

    def parent(self, code: str) -> str:
        """The next heading above, ``""`` for a category."""
        code = code.replace(".", "")
        for n in range(len(code) - 1, 2, -1):
            if code[:n] in self._flags:
                return code[:n]
        return ""

    def children(self, code: str) -> tuple[str, ...]:
        """Codes directly below."""
        if self._order is None:
            self._order = {}
            for each in self._flags:
                if above := self.parent(each):
                    self._order.setdefault(above, []).append(each)
        return tuple(self._order.get(code.replace(".", ""), ()))

    def block(self, code: str) -> str:
        """Block of the code's category: ``"E08-E13"``."""
        return self._blocks.get(code.replace(".", "")[:3], "")

    def chapter(self, code: str) -> str:
        """Number of the code's chapter: ``"4"``."""
        block = self.block(code)
        return next((number for id_, _, number in self.texts.blocks if id_ == block), "")

    def known(self) -> list[str]:
        """Every code of every release held, headings too, in order."""
        return list(self._flags)

    def codes(self, on: dt.date | None = None, *, billable: bool = True) -> Iterator[str]:
        """Codes in order: of the release that holds on a date, by default of the newest one."""
        number = len(self.releases) - 1 if on is None else max(self.releases_around(on)[0], 0)
        bit = 1 << (number + (16 if billable else 0))
        return (code for code, flags in self._flags.items() if flags & bit)


@lru_cache(maxsize=4)
def load_icd10cm(path: Path = SHIPPED) -> Icd10cm:
    """The table that ships with Firstpass, or the one at ``path``.

    Raises:
        InputError: not such a file.
    """
    return Icd10cm(path)
