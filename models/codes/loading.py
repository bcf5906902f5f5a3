"""Which code systems a home holds."""

import re
from pathlib import Path

from models.codes.icd10cm import SHIPPED, load_icd10cm
from models.codes.icd10cm_system import Icd10cmSystem
from models.codes.listed import ListedSystem
from models.codes.rows import CodeRow, LabelRow, TermRow, read_rows
from models.codes.store import ICD10_FILE, tables_folder, versions
from models.codes.system import CPT, HCPCS, ICD10CM, CodeSystem
from models.errors import InputError

PROCEDURES = {"hcpcs": HCPCS, "cpt": CPT}
INDEX = "icd10-index"
LABELS = "codes"
"""Kinds of stored tables: the indexes of ICD-10-CM, and codes of any other system."""


def load_systems(home: Path | None = None) -> dict[str, CodeSystem]:
    """See `models.codes.system.code_systems`."""
    folder = tables_folder(home)
    file = folder / ICD10_FILE
    table = load_icd10cm(file if file.exists() else SHIPPED)
    systems: dict[str, CodeSystem] = {ICD10CM: Icd10cmSystem(table, _index_terms(folder))}
    for kind, name in PROCEDURES.items():
        rows: dict[str, CodeRow] = {}
        edition = ""
        for meta, place in versions(folder, kind):
            for row in read_rows(place, CodeRow):
                before = rows.get(row.code)
                # A later edition that lists a code again also tells since when it holds.
                rows[row.code] = row if row.effective or before is None else _dated(row, before)
            edition = meta.edition or str(meta.effective or "")
        if rows:
            systems[name] = ListedSystem.of_procedures(name, rows.values(), edition)
    for place in sorted(folder.glob(f"{LABELS}-*")):
        for meta, version in versions(folder, LABELS, place.name.removeprefix(f"{LABELS}-")):
            systems[meta.title] = ListedSystem(
                meta.title, read_rows(version, LabelRow), meta.edition or str(meta.effective or "")
            )
    return systems


def _index_terms(folder: Path) -> list[TermRow]:
    """Of each index (alphabetic, drugs, ...) the newest edition."""
    newest: dict[str, list[TermRow]] = {}
    for _, place in versions(folder, INDEX):
        edition: dict[str, list[TermRow]] = {}
        for row in read_rows(place, TermRow):
            edition.setdefault(row.kind, []).append(row)
        newest |= edition
    return [row for rows in newest.values() for row in rows]


def label_folder(system: str) -> str:
    """Name of a system as part of a folder's name.

    Raises:
        InputError: no such name, or a system that has an import of its own.

    >>> label_folder("ICD-9-CM")
    'icd-9-cm'
    """
    name = re.sub(r"[^a-z0-9]+", "-", system.casefold()).strip("-")
    own = {ICD10CM: "icd10", HCPCS: "hcpcs", CPT: "cpt"}
    for other, kind in own.items():
        if name == other.casefold():
            raise InputError(f"{other} has an import of its own: firstpass import {kind} FILE")
    if not name or len(name) > 60:
        raise InputError(f"system={system!r} is no name; give one such as ICD-9-CM")
    return name


def _dated(row: CodeRow, before: CodeRow) -> CodeRow:
    """A row without dates, with those that an earlier edition gave."""
    return CodeRow(row.code, before.effective, row.ended, row.short, row.long)
