"""The tables that edits ask, loaded once, by effective date."""

import datetime as dt
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from models.codes.icd10cm import SHIPPED, Icd10cm, load_icd10cm
from models.codes.rows import CodeRow, read_rows
from models.codes.store import ICD10_FILE, TableMeta, tables_folder, versions
from models.edits.coverage import CoverageTable
from models.edits.diagnosis_facts import DiagnosisFacts
from models.edits.edit import load_rules
from models.edits.pairs import PairTable, open_pairs
from models.edits.rows import AddOn, FeeRow, PolicyRow, ReasonRow, UnitLimit
from models.edits.rule_book import PayerRuleBook, load_rule_book
from models.edits.scope import PROGRAMS, Scopes, load_scopes
from models.errors import FirstpassError, InputError, Place, Problem

T = TypeVar("T")
Row = TypeVar("Row", UnitLimit, AddOn, FeeRow, CodeRow, ReasonRow, PolicyRow)

SCOPE_FILE = "edit_scopes.csv"
"""A user's scope rows, in FIRSTPASS_HOME."""


class Versions(Generic[T]):
    """Versions of one table; the newest that is effective on a day answers for it."""

    def __init__(self, versions: list[tuple[TableMeta, T]] | None = None) -> None:
        """``versions``: oldest first."""
        self.metas = tuple(meta for meta, _ in versions or ())
        self._entries = [
            (meta.effective or dt.date.min, table, str(meta)) for meta, table in versions or ()
        ][::-1]

    def __bool__(self) -> bool:
        return bool(self._entries)

    def on(self, day: dt.date) -> tuple[T, str] | None:
        """Table and its name, ``None`` where none is effective yet."""
        for effective, table, name in self._entries:
            if effective <= day:
                return table, name
        return None


class AddOnTable:
    """Add-on codes with their primaries."""

    def __init__(self, rows: list[AddOn]) -> None:
        """``rows`` in any order."""
        self._rows: dict[str, list[AddOn]] = {}
        for row in rows:
            self._rows.setdefault(row.code, []).append(row)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, code: str) -> bool:
        return code in self._rows

    def primaries(self, code: str, on: dt.date) -> tuple[int, frozenset[str]] | None:
        """Kind and primaries of an add-on code on a day; ``None``: not an add-on code then."""
        rows = [
            row
            for row in self._rows.get(code, ())
            if (row.effective is None or row.effective <= on)
            and (row.deleted is None or on <= row.deleted)
        ]
        if not rows:
            return None
        kind = max(row.kind for row in rows)
        return kind, frozenset(row.primary for row in rows if row.primary)


class EditTables:
    """Everything that `check_claim` asks; built by `EditTables.load`, or by hand in tests."""

    def __init__(
        self,
        *,
        icd10: Icd10cm | None = None,
        ncci: dict[str, Versions[PairTable]] | None = None,
        mue: dict[str, Versions[dict[str, UnitLimit]]] | None = None,
        addon: Versions[AddOnTable] | None = None,
        mpfs: Versions[dict[str, FeeRow]] | None = None,
        hcpcs: Versions[dict[str, CodeRow]] | None = None,
        cpt: Versions[dict[str, CodeRow]] | None = None,
        lcd: Versions[CoverageTable] | None = None,
        scopes: Scopes | None = None,
        payer_rules: PayerRuleBook | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        """``ncci`` and ``mue`` by program (medicare, medicaid); what is absent keeps silent."""
        self.icd10 = icd10 or load_icd10cm()
        self.diagnosis_facts = DiagnosisFacts(self.icd10)
        self.ncci = ncci or {}
        self.mue = mue or {}
        self.addon = addon or Versions()
        self.mpfs = mpfs or Versions()
        self.hcpcs = hcpcs or Versions()
        self.cpt = cpt or Versions()
        self.lcd = lcd or Versions()
        self.scopes = scopes or Scopes()
        self.payer_rules = payer_rules or PayerRuleBook()
        self.problems = problems

    @classmethod
    def load(cls, home: Path | None = None) -> "EditTables":
        """The tables imported under ``home`` (default FIRSTPASS_HOME).

        A damaged table is left out, its edits keep silent, and `problems` says so.
        """
        folder = tables_folder(home)
        problems: list[Problem] = []

        def problem(kind: str, error: FirstpassError) -> None:
            problems.append(
                Problem(Place(kind), "tables.damaged", str(error), "edits that need it keep silent")
            )

        def rows(
            kind: str, row_type: type[Row], program: str = ""
        ) -> list[tuple[TableMeta, list[Row]]]:
            try:
                return [(m, read_rows(p, row_type)) for m, p in versions(folder, kind, program)]
            except InputError as error:
                problem(kind, error)
                return []

        def by_code(found: list[tuple[TableMeta, list[Row]]]) -> Versions[dict[str, Row]]:
            # Of a code with parts (26, TC) the row of the whole comes first in the file.
            return Versions([(m, {r.code: r for r in reversed(rs)}) for m, rs in found])

        ncci = {}
        for program in PROGRAMS:
            try:
                found = [(m, open_pairs(p)) for m, p in versions(folder, "ncci", program)]
            except InputError as error:
                problem("ncci", error)
                found = []
            ncci[program] = Versions(found)
        scope_file = folder.parent / SCOPE_FILE
        icd10_file = folder / ICD10_FILE
        try:
            icd10 = load_icd10cm(icd10_file if icd10_file.exists() else SHIPPED)
        except InputError as error:
            problem("icd10", error)
            icd10 = load_icd10cm()
        try:
            payer_rules = load_rule_book(folder)
        except InputError as error:
            problem("payer_rules", error)
            payer_rules = PayerRuleBook()
        return cls(
            icd10=icd10,
            ncci=ncci,
            mue={p: by_code(rows("mue", UnitLimit, p)) for p in PROGRAMS},
            addon=Versions([(m, AddOnTable(rs)) for m, rs in rows("addon", AddOn)]),
            mpfs=by_code(rows("mpfs", FeeRow)),
            hcpcs=by_code(rows("hcpcs", CodeRow)),
            cpt=by_code(rows("cpt", CodeRow)),
            lcd=Versions([(m, CoverageTable(rs)) for m, rs in rows("lcd", PolicyRow)]),
            scopes=load_scopes(scope_file if scope_file.exists() else None),
            payer_rules=payer_rules,
            problems=tuple(problems),
        )

    def held(self) -> tuple[TableMeta, ...]:
        """What is imported: kind, edition, effective date, sources and rows of every version."""
        metas = [v.metas for v in self.ncci.values()] + [v.metas for v in self.mue.values()]
        metas += [self.addon.metas, self.mpfs.metas, self.hcpcs.metas, self.cpt.metas]
        metas += [self.lcd.metas]
        return tuple(chain.from_iterable(metas))

    def missing(self) -> dict[str, tuple[str, ...]]:
        """Tables that are not imported, each with the ids of the edits that therefore keep silent.

        Keys are what ``firstpass import`` takes; ``ncci-medicaid`` and ``mue-medicaid`` are the
        Medicaid editions.
        """
        held = {
            "ncci": bool(self.ncci.get("medicare")),
            "ncci-medicaid": bool(self.ncci.get("medicaid")),
            "mue": bool(self.mue.get("medicare")),
            "mue-medicaid": bool(self.mue.get("medicaid")),
            "addon": bool(self.addon),
            "mpfs": bool(self.mpfs),
            "hcpcs": bool(self.hcpcs),
            "cpt": bool(self.cpt),
            "lcd": bool(self.lcd),
        }
        silent: dict[str, list[str]] = {}
        for rule in load_rules().values():
            if rule.table:
                silent.setdefault(rule.table, []).append(rule.id)
        silent["cpt"] = ["code.unknown", "code.not_in_force"]
        return {
            kind: tuple(silent[kind.partition("-")[0]]) for kind, have in held.items() if not have
        }


def reason_codes(home: Path | None = None) -> Versions[dict[tuple[str, str], ReasonRow]]:
    """Imported adjustment reason codes by (``CARC`` or ``RARC``, code), to tell unknown ones.

    Raises:
        InputError: the stored table is damaged.
    """
    found = versions(tables_folder(home), "carc")
    return Versions(
        [(meta, {(r.kind, r.code): r for r in read_rows(p, ReasonRow)}) for meta, p in found]
    )
