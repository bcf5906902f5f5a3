"""The compact ICD-10-CM file: what is in it, reading, writing, merging a release into it.

A zip archive of two members. ``core`` is what edits need at every start: codes with one
64-bit word of flags each, and the Excludes1 ranges. ``texts`` (titles, notes, hierarchy) is
read when first asked for.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from models.errors import InputError

if TYPE_CHECKING:
    from models.codes.icd10cm_source import Tabular

FORMAT = 1
RELEASES = 16
"""Releases that a file can hold: bit r of the flags says "in release r", bit 16 + r "billable"."""

UNSPECIFIED = 1 << 32
MANIFESTATION = 1 << 33
SIDE_SHIFT = 34  # 0 none, 1 right, 2 left, 3 bilateral, 4 unspecified side
SIDES = ("", "right", "left", "bilateral", "unspecified")

_UNSPECIFIED = re.compile(r"\bunspecified\b|\bNOS\b", re.IGNORECASE)
_MANIFESTATION = re.compile(r"\b(?:diseases|disorders|conditions) classified elsewhere", re.I)
_UNSPECIFIED_SIDE = re.compile(
    r"unspecified (?:side|eye|ear|limb|arm|leg|hand|foot|finger|thumb|toe|knee|hip|shoulder|elbow"
    r"|wrist|ankle|upper arm|forearm|thigh|lower leg|femur|tibia|fibula|humerus|radius|ulna"
    r"|clavicle|scapula|patella|breast|lung|kidney|ovary|testis|female breast|male breast"
    r"|upper limb|lower limb|upper extremity|lower extremity|eyelid|orbit|bronchus or lung"
    r"|external ear|great toe|lesser toe|heel|calf|buttock|axilla|cornea)\b",
    re.IGNORECASE,
)


class Release(msgspec.Struct, frozen=True):
    """One release, in force from ``effective`` to ``until`` (a fiscal year's end), inclusive."""

    effective: dt.date
    until: dt.date
    name: str
    source: str
    sha256: str = ""


class Exclusion(msgspec.Struct, frozen=True, array_like=True):
    """Codes from ``first`` to ``last``, subdivisions included.

    ``at`` >= 0: only those that have ``text`` at that position; -2: that end with it.
    """

    first: str
    last: str
    at: int = -1
    text: str = ""

    def holds(self, code: str) -> bool:
        """Whether ``code`` (no dot) is among them.

        >>> Exclusion("E08", "E13", 3, "44").holds("E1144")
        True
        """
        if not (self.first <= code and code[: len(self.last)] <= self.last):
            return False
        if self.at == -1:
            return True
        return code.endswith(self.text) if self.at == -2 else code.startswith(self.text, self.at)


class Notes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Notes that stand at one code, block or chapter of the tabular list."""

    includes: tuple[str, ...] = ()
    inclusion_terms: tuple[str, ...] = ()
    excludes1: tuple[str, ...] = ()
    excludes2: tuple[str, ...] = ()
    code_first: tuple[str, ...] = ()
    use_additional: tuple[str, ...] = ()
    code_also: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seventh: dict[str, str] = {}


class Core(msgspec.Struct):
    """What edits need: ``codes`` sorted, newline-joined; ``flags`` little-endian 64-bit words."""

    format: int
    releases: list[Release]
    codes: str
    flags: bytes
    excludes1: dict[str, list[Exclusion]]  # by code, or by block's "A00-A09"
    categories: dict[str, str]  # category -> its block


class Texts(msgspec.Struct):
    """What readers of codes need."""

    titles: dict[str, str]
    notes: dict[str, Notes]
    chapters: list[tuple[str, str, str, str]]  # number, title, first and last category
    blocks: list[tuple[str, str, str]]  # id, title, chapter's number


def side_of(title: str) -> int:
    """Index into `SIDES` of the side that a title names."""
    words = title.casefold()
    if _UNSPECIFIED_SIDE.search(words):
        return 4
    if "bilateral" in words:
        return 3
    right = re.search(r"\bright\b", words) is not None
    left = re.search(r"\bleft\b", words) is not None
    if right == left:
        return 0
    return 1 if right else 2


def _attributes(title: str) -> int:
    flags = UNSPECIFIED if _UNSPECIFIED.search(title) else 0
    flags |= MANIFESTATION if _MANIFESTATION.search(title) else 0
    return flags | side_of(title) << SIDE_SHIFT


def build(releases: Iterable[tuple[Release, "Tabular"]]) -> tuple[Core, Texts]:
    """One table of several releases; texts and exclusions come from the newest that has them.

    Raises:
        InputError: none, or more than `RELEASES` releases.
    """
    from models.codes.icd10cm_source import parse_exclusions

    ordered = sorted(releases, key=lambda pair: pair[0].effective)
    if not 0 < len(ordered) <= RELEASES:
        raise InputError(f"{len(ordered)} releases; allowed: 1 to {RELEASES}")
    flags: dict[str, int] = {}
    titles: dict[str, str] = {}
    for number, (_, tabular) in enumerate(ordered):
        for code in tabular.codes:
            flags[code] = flags.get(code, 0) | 1 << number
        for code in tabular.billable:
            flags[code] |= 1 << (16 + number)
        titles |= tabular.titles
    newest = next((t for _, t in reversed(ordered) if t.notes), ordered[-1][1])
    texts = Texts(titles, newest.notes, newest.chapters, newest.blocks)
    for code in flags:
        flags[code] |= _attributes(full_title(code, texts))
    excludes = {}
    for owner, notes in newest.notes.items():
        if found := parse_exclusions(notes.excludes1)[0]:
            excludes[owner.removeprefix("block ")] = found
    codes = sorted(flags)
    words = b"".join(flags[code].to_bytes(8, "little") for code in codes)
    core = Core(
        FORMAT, [r for r, _ in ordered], "\n".join(codes), words, excludes, newest.categories
    )
    return core, texts


def full_title(code: str, texts: Texts) -> str:
    """Title of a code; a 7th character's meaning is put behind the title that it extends."""
    if title := texts.titles.get(code):
        return title
    stem = code[:6].rstrip("X") if len(code) == 7 else ""
    while stem and stem not in texts.titles:
        stem = stem[:-1]
    if not stem:
        return ""
    meaning = seventh_meanings(stem, texts).get(code[6], "")
    return f"{texts.titles[stem]}, {meaning}" if meaning else texts.titles[stem]


def seventh_meanings(code: str, texts: Texts) -> dict[str, str]:
    """7th characters defined at ``code`` or the nearest heading above it."""
    while len(code) > 2:
        notes = texts.notes.get(code)
        if notes is not None and notes.seventh:
            return notes.seventh
        code = code[:-1]
    return {}


def tabular_of(core: Core, texts: Texts) -> list[tuple[Release, "Tabular"]]:
    """The releases of a file, to be built anew together with another one."""
    from models.codes.icd10cm_source import Tabular

    codes, flags = core.codes.split("\n"), memoryview(core.flags).cast("Q")
    result = []
    for number, release in enumerate(core.releases):
        tabular = Tabular(
            codes={c for c, f in zip(codes, flags, strict=True) if f >> number & 1},
            billable={c for c, f in zip(codes, flags, strict=True) if f >> (16 + number) & 1},
        )
        if number == len(core.releases) - 1:
            tabular.titles, tabular.notes = texts.titles, texts.notes
            tabular.chapters, tabular.blocks = texts.chapters, texts.blocks
            tabular.categories = core.categories
        result.append((release, tabular))
    return result


def write(path: Path, core: Core, texts: Texts) -> None:
    """Write the file; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in (("core", core), ("texts", texts)):
            info = zipfile.ZipInfo(name, (2026, 4, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, msgspec.msgpack.encode(content))
    path.write_bytes(buffer.getvalue())


def read_core(path: Path) -> Core:
    """The member ``core``.

    Raises:
        InputError: not such a file, or of a format that this version does not know.
    """
    core = msgspec.msgpack.decode(_member(path, "core"), type=Core)
    if core.format != FORMAT:
        raise InputError(f"{path.name}: format={core.format} is unknown; known: {FORMAT}")
    return core


def read_texts(path: Path) -> Texts:
    """The member ``texts``."""
    return msgspec.msgpack.decode(_member(path, "texts"), type=Texts)


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path.name}: not a compact ICD-10-CM file ({error})") from error
