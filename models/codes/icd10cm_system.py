"""ICD-10-CM as a code system: look-up, search, terms for the coding assist, notes by heading."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from models.codes.finder import Finder, bare
from models.codes.icd10cm import CodeStatus, Icd10cm
from models.codes.icd10cm_file import Notes
from models.codes.rows import TermRow
from models.codes.system import ICD10CM, CodeDetails, CodeEntry, Instruction, Term

_OWN = frozenset(("inclusion_terms",))
"""Lists that say something of the very code only; the others hold for all below them."""
_OPTIONAL = re.compile(r"\s*\([^()]*\)|\s*\[[^\[\]]*\]")
# Where a heading stands beside its billable codes, and an unfinished code beside whole ones.
_WEIGHT = {"billable": 1.0, "unsure": 0.9, "heading": 0.85}
_LATER = 0.95  # a later encounter or a sequela, beside the initial encounter
# Words of which a term says no more than without them.
_WEAK = (
    *("unspecified", "nos", "not", "specified", "site", "organism", "other", "without", "of"),
    *("the", "complication", "complications", "encounter", "initial", "uncomplicated"),
)


def dotted(code: str) -> str:
    """An ICD-10-CM code as it is printed.

    >>> dotted("E119"), dotted("I10")
    ('E11.9', 'I10')
    """
    code = bare(code)
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


class Icd10cmSystem:
    """The plug over `Icd10cm` and imported index terms."""

    name = ICD10CM

    def __init__(self, table: Icd10cm, index_terms: Sequence[TermRow] = ()) -> None:
        """``index_terms``: of the imported alphabetic, external-cause, neoplasm, drug indexes."""
        self.table = table
        self._index_terms = index_terms

    @property
    def version(self) -> str:
        """Name of the newest release."""
        return self.table.version()

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _newest(self) -> dt.date:
        return self.table.releases[-1].until

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self.table.known(), lambda: list(self._all_terms()), _WEAK)

    def lookup(self, code: str, date: dt.date | None = None) -> CodeEntry | None:
        """See `CodeSystem.lookup`."""
        code = bare(code)
        return self._entry(code, date) if code in self.table else None

    def _entry(self, code: str, date: dt.date | None, matched: str = "") -> CodeEntry:
        status = self.table.status(code, date or self._newest)
        return CodeEntry(self.name, dotted(code), self.table.title(code), status.value, matched)

    def search(self, query: str, limit: int = 20, date: dt.date | None = None) -> list[CodeEntry]:
        """See `CodeSystem.search`; codes that do not hold on the date are left out."""
        day = date or self._newest

        def fits(code: str) -> float:
            later = len(code) == 7 and code[0] in "MSTVWXY" and code[6] not in "ABC"
            weight = _WEIGHT.get(self.table.status(code, day).value, 0.0)
            return weight * _LATER if later else weight

        found = self._finder.find(query, limit, fits)
        return [self._entry(code, date, words) for code, words in found]

    def terms(self) -> Iterator[Term]:
        """Titles, inclusion terms and index terms of the newest release, with dotted codes."""
        for term in self._all_terms():
            yield term._replace(code=dotted(term.code))

    def _all_terms(self) -> Iterator[Term]:
        table = self.table
        newest = set(table.codes(billable=False))
        for code in table.codes(billable=False):
            yield Term(code, table.title(code), "title")
            notes = table.notes(code)
            for kind, texts in (("inclusion", notes.inclusion_terms), ("includes", notes.includes)):
                for text in texts:
                    yield Term(code, text, kind)
                    # "hypertension (arterial) (benign)": what is in parentheses may be absent.
                    if (plain := _OPTIONAL.sub("", text).strip()) and plain != text:
                        yield Term(code, plain, kind)
        for row in self._index_terms:
            if row.code in newest:
                yield Term(row.code, row.term, row.kind)

    def parent(self, code: str) -> str:
        """See `CodeSystem.parent`."""
        return dotted(self.table.parent(bare(code)))

    def children(self, code: str) -> tuple[str, ...]:
        """See `CodeSystem.children`."""
        return tuple(dotted(child) for child in self.table.children(bare(code)))

    def billable(self, code: str, date: dt.date | None = None) -> bool:
        """See `CodeSystem.billable`."""
        return self.table.status(bare(code), date or self._newest) is CodeStatus.BILLABLE

    def needs_seventh(self, code: str, date: dt.date | None = None) -> bool:
        """Whether the code is a stem that a 7th character must complete."""
        code, day = bare(code), date or self._newest
        return len(code) < 7 and any(
            self.table.status(with_seventh(code, character), day) is CodeStatus.BILLABLE
            for character in self.table.seventh_characters(code)
        )

    def instructions(self, code: str, kind: str) -> tuple[Instruction, ...]:
        """Notes of one kind (``"code_first"``) at the code, the headings above, block, chapter."""
        code = bare(code)
        owners = [code[:n] for n in range(len(code), 2, -1)]
        stem = code[:6].rstrip("X")
        if len(code) == 7 and stem not in owners:
            owners.insert(1, stem)
        if kind in _OWN:
            owners = [each for each in owners if each.ljust(6, "X") == code[:6].ljust(6, "X")]
        else:
            owners += [f"block {self.table.block(code)}", f"chapter {self.table.chapter(code)}"]
        result = []
        for owner in owners:
            notes = self.table.texts.notes.get(owner, _NO_NOTES)
            shown = owner if " " in owner else dotted(owner)
            result += [Instruction(shown, words) for words in getattr(notes, kind)]
        return tuple(result)

    def details(self, code: str, date: dt.date | None = None) -> CodeDetails | None:
        """See `CodeSystem.details`."""
        code = bare(code)
        entry = self.lookup(code, date)
        if entry is None:
            return None
        return CodeDetails(
            entry,
            release=self.table.version(date),
            parent=self.parent(code),
            children=self.children(code),
            chapter=self.table.chapter(code),
            block=self.table.block(code),
            seventh_characters=self.table.seventh_meanings(code),
            needs_seventh=self.needs_seventh(code, date),
            includes=self.instructions(code, "includes"),
            inclusion_terms=self.instructions(code, "inclusion_terms"),
            excludes1=self.instructions(code, "excludes1"),
            excludes2=self.instructions(code, "excludes2"),
            code_first=self.instructions(code, "code_first"),
            use_additional=self.instructions(code, "use_additional"),
            code_also=self.instructions(code, "code_also"),
            notes=self.instructions(code, "notes"),
        )


_NO_NOTES = Notes()


def with_seventh(code: str, character: str) -> str:
    """A code with its 7th character, placeholders X between them.

    >>> with_seventh("W19", "A"), with_seventh("S52.501", "D")
    ('W19XXXA', 'S52501D')
    """
    return bare(code)[:6].ljust(6, "X") + character
