"""Imports of official and licensed tables, in the forms that their publishers ship."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from models.codes.icd10cm_index import is_index
from models.codes.loading import INDEX, LABELS, label_folder
from models.codes.rows import CodeRow, LabelRow, TermRow, read_rows, write_rows
from models.codes.store import (
    TableMeta,
    TableSource,
    locked,
    save,
    sha256_of,
    tables_folder,
    versions,
)
from models.edits.importing import code_lists, coverage, fees, payment_tables
from models.edits.importing.editions import edition_of
from models.edits.importing.forms import Part, parts_of
from models.edits.importing.headings import Skipped
from models.edits.importing.icd10 import import_icd10
from models.edits.pairs import open_pairs, write_pairs
from models.edits.rows import (
    AddOn,
    ContractRow,
    FeeRow,
    GpciRow,
    PolicyRow,
    ReasonRow,
    UnitLimit,
)
from models.edits.scope import PROGRAMS
from models.errors import InputError

TITLES = {
    "ncci": "NCCI PTP practitioner",
    "mue": "MUE practitioner",
    "addon": "NCCI add-on codes",
    "mpfs": "Medicare fee schedule indicators",
    "gpci": "Medicare geographic practice cost indices",
    "contract": "payer contracts",
    "lcd": "coverage policies (LCD, NCD)",
    "hcpcs": "HCPCS Level II",
    "cpt": "CPT (licensed by the AMA)",
    "icd10": "ICD-10-CM",
    INDEX: "ICD-10-CM indexes",
    "carc": "CARC and RARC",
    LABELS: "codes of another system",
}
"""What ``firstpass import`` takes."""
_READERS: dict[str, Callable[[Part, Skipped], Iterator[Any]]] = {
    "ncci": payment_tables.read_ncci,
    "mue": payment_tables.read_mue,
    "addon": payment_tables.read_addon,
    "mpfs": payment_tables.read_mpfs,
    "gpci": fees.read_gpci,
    "contract": fees.read_contract,
    "lcd": coverage.read_lcd,
    "hcpcs": code_lists.read_hcpcs,
    "cpt": code_lists.read_cpt,
    INDEX: code_lists.read_index,
    "carc": code_lists.read_carc,
    LABELS: code_lists.read_labels,
}
_STORED: dict[str, Callable[[Path], Iterable[Any]]] = {
    "ncci": lambda place: open_pairs(place).rows(),
    "mue": lambda place: read_rows(place, UnitLimit),
    "addon": lambda place: read_rows(place, AddOn),
    "mpfs": lambda place: read_rows(place, FeeRow),
    "gpci": lambda place: read_rows(place, GpciRow),
    "contract": lambda place: read_rows(place, ContractRow),
    "lcd": lambda place: read_rows(place, PolicyRow),
    "hcpcs": lambda place: read_rows(place, CodeRow),
    "cpt": lambda place: read_rows(place, CodeRow),
    INDEX: lambda place: read_rows(place, TermRow),
    "carc": lambda place: read_rows(place, ReasonRow),
    LABELS: lambda place: read_rows(place, LabelRow),
}
_BY_PROGRAM = ("ncci", "mue")
_DATED = ("ncci", "addon", "hcpcs", "carc", "lcd", LABELS)


class ImportReport(msgspec.Struct, frozen=True):
    """What an import took and left out.

    ``rows`` were read from the file, ``total`` are in the table now; ``left_out`` are (what,
    why) of archive members, and (number of rows, why) of rows.
    """

    kind: str
    program: str
    effective: dt.date | None
    edition: str
    rows: int
    total: int
    changed: bool
    taken: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def import_table(
    kind: str,
    path: Path,
    *,
    home: Path | None = None,
    effective: dt.date | None = None,
    program: str = "",
    system: str = "",
    replace: bool = False,
) -> ImportReport:
    """Take a publisher's file into FIRSTPASS_HOME/tables; the same file again changes nothing.

    Args:
        kind: one of `TITLES`.
        path: zip, workbook, text, CSV, XML or Parquet file.
        home: FIRSTPASS_HOME, by default from the environment.
        effective: first day that the table holds for, where its name does not tell it.
        program: ``medicare`` or ``medicaid`` for NCCI and MUE; by default from the file's name.
        system: the code system that ``codes`` are of, as labels spell it ("ICD-9-CM").
        replace: forget what the table of the same day held; by default parts add up, as NCCI
            comes in several files, and of equal keys the newer row counts.

    Raises:
        InputError: not a table of this kind; the text says what was found.
    """
    if kind not in TITLES:
        raise InputError(f"kind={kind!r} is unknown; allowed: {', '.join(TITLES)}")
    if not path.is_file():
        raise InputError(f"{path.name}: no such file")
    if program and (kind not in _BY_PROGRAM or program not in PROGRAMS):
        allowed = f"{' or '.join(PROGRAMS)} for {' and '.join(_BY_PROGRAM)}"
        raise InputError(f"program={program!r} is not for {kind}; allowed: {allowed}")
    if (kind == LABELS) != bool(system):
        raise InputError(
            "codes need the name of their system, such as ICD-9-CM"
            if kind == LABELS
            else f"system={system!r} is not for {kind}; it names the system of other codes"
        )
    folder = tables_folder(home)
    digest = sha256_of(path)
    if kind in _BY_PROGRAM:
        program = program or ("medicaid" if "medicaid" in path.name.lower() else "medicare")
    elif kind == LABELS:
        program = label_folder(system)
    with locked(folder):
        if kind == "icd10":
            return _import_icd10(path, folder, digest, effective, replace)
        return _import_rows(kind, path, folder, digest, effective, program, replace, system)


def _import_icd10(
    path: Path, folder: Path, digest: str, effective: dt.date | None, replace: bool
) -> ImportReport:
    """A release, its indexes, or the archive that has both."""
    members: list[tuple[str, str]] = []
    xml = {part.name: is_index(part.xml) for part in parts_of(path, []) if part.xml}
    taken: tuple[str, ...] = ()
    if any(xml.values()):
        indexes = _import_rows(INDEX, path, folder, digest, effective, "", replace)
        if all(xml.values()):
            return indexes
        taken = indexes.taken
    release, count, changed = import_icd10(path, folder, digest, effective, members)
    members = [(name, why) for name, why in members if not xml.get(name)]
    return ImportReport(
        "icd10", "", release.effective, release.name, count, count, changed or bool(taken),
        ((path.name,) if changed else ()) + taken, tuple(members),
    )  # fmt: skip


def _import_rows(
    kind: str,
    path: Path,
    folder: Path,
    digest: str,
    effective: dt.date | None,
    program: str,
    replace: bool,
    system: str = "",
) -> ImportReport:
    for meta, _ in versions(folder, kind, program):
        if any(s.sha256 == digest for s in meta.sources) and effective in (None, meta.effective):
            count = next(s.rows for s in meta.sources if s.sha256 == digest)
            return ImportReport(
                kind, program, meta.effective, meta.edition, count, meta.rows, False
            )
    members: list[tuple[str, str]] = []
    skipped: Skipped = Counter()
    rows: list[Any] = []
    taken: list[str] = []
    edition, day = edition_of(kind, path.name)
    for part in parts_of(path, members):
        if kind == "mpfs" and _is_second_schedule(part.name):
            members.append((part.name, "the schedule of qualifying APM participants"))
            continue
        own: Skipped = Counter()
        found = list(_READERS[kind](part, own))
        if not found:
            members.append((part.name, f"no row of {TITLES[kind]} in it"))
            continue
        rows += found
        skipped += own
        taken.append(part.name)
        part_edition, part_day = edition_of(kind, part.name)
        edition, day = edition or part_edition, day or part_day
    if not rows:
        raise InputError(
            f"{path.name}: no row of {TITLES[kind]} in it; the columns of the publisher's file"
            " are expected, see docs/edits.md"
        )
    dated = kind in _DATED and any(_has_day(row) for row in rows)
    if effective is not None:
        day = effective
    elif kind in ("ncci", "carc") and dated:
        day = None  # rows with days of their own answer for every date of service
    before, sources = _before(kind, folder, program, day)
    if replace:
        before, sources = [], ()
    total = len(rows)

    def store(place: Path) -> None:
        nonlocal total
        if kind == "ncci":
            total = write_pairs(place, [*before, *rows])
        else:
            merged = _merge([*before, *rows])
            total = len(merged)
            write_rows(place, merged)

    # The row count stands in the description, which is written after the rows.
    meta = TableMeta(
        kind, program, day, 0, (*sources, TableSource(path.name, digest, len(rows))),
        system or TITLES[kind], edition, dated,
    )  # fmt: skip
    save(folder, meta, store, lambda: total)
    counts = [(f"{count:,} rows", reason) for reason, count in skipped.most_common()]
    return ImportReport(
        kind, program, day, edition, len(rows), total, True, tuple(taken), (*members, *counts)
    )


def _is_second_schedule(name: str) -> bool:
    # Since 2026 there are two conversion factors; most practices are paid by the other one.
    words = name.lower().replace("-", "").replace("_", "")
    return "qpp" in words and "nonqpp" not in words


def _has_day(row: Any) -> bool:
    return bool((row[2] if isinstance(row, tuple) else row).effective)


def _before(
    kind: str, folder: Path, program: str, day: dt.date | None
) -> tuple[Iterable[Any], tuple[TableSource, ...]]:
    for meta, place in versions(folder, kind, program):
        if meta.effective == day:
            return _STORED[kind](place), meta.sources
    return [], ()


def _merge(rows: list[Any]) -> list[Any]:
    """Rows with the newer one of equal keys, in the order of their codes."""
    found: dict[tuple[str, ...], Any] = {}
    for row in rows:
        names = ("primary", "modifier", "term", "kind")
        second = next((getattr(row, name) for name in names if hasattr(row, name)), "")
        key = getattr(row, "merge_key", (row.code, str(second)))
        before = found.get(key)
        if before is not None and hasattr(row, "short"):
            # Long and short descriptors of a code come in files of their own.
            row = msgspec.structs.replace(
                row, short=row.short or before.short, long=row.long or before.long
            )
        found[key] = row
    return [found[key] for key in sorted(found)]
