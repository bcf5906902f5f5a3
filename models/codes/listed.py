"""A code system that is a list: HCPCS, licensed CPT, ICD-9-CM, ICD-10-PCS, a practice's labels."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from models.codes.finder import Finder, bare
from models.codes.rows import CodeRow, LabelRow
from models.codes.system import CodeDetails, CodeEntry, Term


class ListedSystem:
    """The plug over rows of codes, each with the days between which it holds."""

    def __init__(self, name: str, rows: Iterable[LabelRow], version: str = "") -> None:
        """Of rows with the same code the last one counts; headings are those with children.

        A code without a named parent hangs below the longest other code that it begins with.
        """
        self.name = name
        self.version = version
        by_code = {bare(row.code): row for row in rows}
        self._codes: Sequence[str] = sorted(by_code)
        self._rows = {code: by_code[code] for code in self._codes}

    @classmethod
    def of_codes(cls, name: str, codes: Iterable[str]) -> "ListedSystem":
        """A system of which nothing but the codes is known, as a file of labels has them."""
        return cls(name, (LabelRow(code) for code in codes))

    @classmethod
    def of_procedures(cls, name: str, rows: Iterable[CodeRow], version: str) -> "ListedSystem":
        """HCPCS or CPT from their imported rows; modifiers are left out."""
        return cls(
            name,
            (
                LabelRow(
                    row.code, row.long or row.short, "", True, row.effective, row.ended,
                    (row.short,) if row.short and row.long else (),
                )
                for row in rows
                if len(row.code) == 5
            ),
            version,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def _parents(self) -> dict[str, str]:
        result: dict[str, str] = {}
        for code, row in self._rows.items():
            if row.parent:
                result[code] = bare(row.parent)
                continue
            for length in range(len(code) - 1, 1, -1):
                if code[:length] in self._rows:
                    result[code] = code[:length]
                    break
        return result

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        result: dict[str, list[str]] = {}
        for code, parent in self._parents.items():
            result.setdefault(parent, []).append(code)
        return result

    @cached_property
    def _finder(self) -> Finder:
        def terms() -> list[Term]:
            return [term._replace(code=bare(term.code)) for term in self.terms()]

        return Finder(self._codes, terms)

    def _status(self, code: str, date: dt.date | None) -> str:
        row = self._rows[code]
        day = date or dt.date.max
        if row.effective is not None and day < row.effective:
            return "not_yet"
        if row.ended is not None and row.ended < day:
            return "ended"
        return "billable" if row.billable else "heading"

    def _entry(self, code: str, date: dt.date | None, matched: str = "") -> CodeEntry:
        row = self._rows[code]
        return CodeEntry(self.name, row.code, row.title, self._status(code, date), matched)

    def lookup(self, code: str, date: dt.date | None = None) -> CodeEntry | None:
        """See `CodeSystem.lookup`."""
        code = bare(code)
        return self._entry(code, date) if code in self._rows else None

    def search(self, query: str, limit: int = 20, date: dt.date | None = None) -> list[CodeEntry]:
        """See `CodeSystem.search`; codes that do not hold on the date are left out."""
        weights = {"billable": 1.0, "heading": 0.85}
        found = self._finder.find(query, limit, lambda c: weights.get(self._status(c, date), 0.0))
        return [self._entry(code, date, words) for code, words in found]

    def terms(self) -> Iterator[Term]:
        """Titles and other terms of the codes that still hold."""
        for code, row in self._rows.items():
            if self._status(code, None) == "ended":
                continue
            if row.title:
                yield Term(row.code, row.title, "title")
            for words in row.terms:
                yield Term(row.code, words, "synonym")

    def parent(self, code: str) -> str:
        """See `CodeSystem.parent`."""
        return self._shown(self._parents.get(bare(code), ""))

    def children(self, code: str) -> tuple[str, ...]:
        """See `CodeSystem.children`."""
        return tuple(self._shown(child) for child in self._children.get(bare(code), ()))

    def _shown(self, code: str) -> str:
        return self._rows[code].code if code in self._rows else code

    def billable(self, code: str, date: dt.date | None = None) -> bool:
        """See `CodeSystem.billable`."""
        code = bare(code)
        return code in self._rows and self._status(code, date) == "billable"

    def details(self, code: str, date: dt.date | None = None) -> CodeDetails | None:
        """See `CodeSystem.details`."""
        entry = self.lookup(code, date)
        if entry is None:
            return None
        row = self._rows[bare(code)]
        return CodeDetails(
            entry,
            release=self.version,
            parent=self.parent(code),
            children=self.children(code),
            effective=row.effective,
            ended=row.ended,
        )
