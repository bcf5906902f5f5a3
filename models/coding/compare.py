"""A note against a draft claim, in both directions alike.

* ``unsupported``: billed, and the note does not support it; with what would.
* ``less_specific``: billed, and the note says more than the code.
* ``unbilled``: the note supports it, and nobody billed it (or billed a lower visit level).

Outpatient rules (ICD-10-CM guidelines, section IV): what is probable, suspected or to be ruled out
is not coded, the sign or symptom is; past conditions become personal history (Z85-Z87), conditions
of relatives family history (Z80-Z84); a problem list alone supports nothing. Nothing is changed or
submitted, and nothing here knows what a code pays.
"""

from collections.abc import Collection, Sequence

import msgspec

from models.codes.icd10cm import Icd10cm
from models.coding.assertion import Assertion
from models.coding.compare_pointers import LinePointers, propose_pointers
from models.coding.draft import DraftClaim
from models.coding.em import VisitLevel
from models.coding.em_rules import is_office_visit
from models.coding.spans import Note, SectionKind
from models.coding.suggestion import Evidence, Suggestion
from models.coding.support import NoteWords

ICD10CM = "ICD-10-CM"
LIKELY = 0.5
"""A documented code that nobody billed is only named from this probability on."""
MARGIN = 0.05
"""A more specific code must be likelier than the billed one by this much, or rest on more words."""

# A mention in these does not say that the condition was looked at in this visit.
_WEAK = {
    SectionKind.PROBLEM_LIST: "only in a problem list",
    SectionKind.PAST_HISTORY: "only in the past history",
    SectionKind.FAMILY_HISTORY: "only in the family history",
    SectionKind.SOCIAL_HISTORY: "only in the social history",
    SectionKind.MEDICATIONS: "only in the list of medications",
    SectionKind.ALLERGIES: "only among the allergies",
}
_CONCLUSIONS = (SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.PROCEDURES)
_TOLD = tuple(k for k in SectionKind if k not in _WEAK and k not in _CONCLUSIONS)
_ASSERTED = {
    Assertion.UNCERTAIN: (
        "the note has it only as possible",
        "a statement that it is confirmed; until then the sign or symptom is coded",
    ),
    Assertion.NEGATED: ("the note denies it", "a statement that the patient has it"),
    Assertion.HISTORICAL: (
        "the note has it only as past",
        "a statement that it is present or treated; if it is past, a personal history code "
        "(Z85-Z87)",
    ),
    Assertion.FAMILY: (
        "the note has it only of a relative",
        "a statement that the patient has it; for the relative, a family history code (Z80-Z84)",
    ),
    Assertion.HYPOTHETICAL: (
        "the note names it only as what might happen",
        "a statement that the patient has it",
    ),
}
_ADDRESSED = "an entry in the assessment that says how it was evaluated or treated in this visit"


class Finding(msgspec.Struct, frozen=True):
    """One difference between note and claim.

    ``billed``: the code on the claim (``""``: none); ``documented``: what the note supports in its
    place (``""``: nothing). ``lines``: service lines concerned, by number. ``why`` and ``needed``
    are for the reader: what was found, and what would support the code as billed. ``score``: that
    of ``documented``, where a model gave one.
    """

    kind: str
    system: str
    billed: str
    documented: str
    lines: tuple[int, ...]
    why: str
    needed: str
    evidence: tuple[Evidence, ...] = ()
    score: float | None = None


class Supported(msgspec.Struct, frozen=True):
    """A billed code that the note supports, and by which words.

    ``grade``: ``"stated"`` in what the physician concluded or did (or in a note without
    sections), ``"mentioned"`` only in what was asked, told or examined.
    """

    system: str
    code: str
    evidence: tuple[Evidence, ...]
    grade: str = "stated"


class Comparison(msgspec.Struct, frozen=True):
    """Note against claim; ``unchecked``: billed codes of systems that the model does not know."""

    findings: tuple[Finding, ...]
    supported: tuple[Supported, ...]
    unchecked: tuple[str, ...]
    pointers: tuple[LinePointers, ...]


def compare(
    note: Note,
    claim: DraftClaim,
    suggestions: Sequence[Suggestion],
    *,
    icd10cm: Icd10cm,
    visit: VisitLevel | None = None,
    systems: Collection[str] = (ICD10CM,),
    procedure_system: str = "CPT",
) -> Comparison:
    """Compare what ``claim`` bills with what ``note`` documents.

    ``suggestions`` are the coding model's, many and unfiltered (also what is negated or uncertain);
    ``systems`` those that it suggests from: procedures are only checked where it knows them.
    """
    return _Comparer(note, suggestions, icd10cm).compare(claim, visit, systems, procedure_system)


class _Comparer:
    def __init__(self, note: Note, suggestions: Sequence[Suggestion], icd: Icd10cm) -> None:
        self.note = note
        self.icd = icd
        self.diagnoses = [s for s in suggestions if s.system == ICD10CM]
        self.by_code = {s.code: s for s in self.diagnoses}
        self.words = NoteWords(note)
        self.procedures = {s.code: s for s in suggestions if s.system != ICD10CM}

    def compare(
        self,
        claim: DraftClaim,
        visit: VisitLevel | None,
        systems: Collection[str],
        procedure_system: str,
    ) -> Comparison:
        findings: list[Finding] = []
        supported: list[Supported] = []
        unchecked: list[str] = []
        replaced: dict[str, str] = {}
        for number, code in enumerate(claim.diagnoses, 1):
            lines = tuple(line.number for line in claim.lines if number in line.pointers)
            answer = self._diagnosis(code, lines)
            if isinstance(answer, Supported):
                supported.append(answer)
            else:
                findings.append(answer)
                if answer.documented:
                    replaced[code] = answer.documented
        for line in claim.lines:
            if is_office_visit(line.code):
                if visit is None:
                    unchecked.append(line.code)
                    continue
                level = _visit(line.code, line.number, visit)
                if isinstance(level, Supported):
                    supported.append(level)
                else:
                    findings.append(level)
            elif line.code in self.procedures and self._strong(self.procedures[line.code]):
                found = self.procedures[line.code]
                supported.append(Supported(found.system, line.code, found.evidence))
            elif self._knows(line.code, systems):
                findings.append(self._procedure(line.code, line.number, procedure_system))
            else:
                unchecked.append(line.code)
        findings += self._unbilled(claim, findings, supported)
        evidence = {s.code: s.evidence for s in supported}
        evidence |= {f.billed: f.evidence for f in findings if f.kind == "less_specific"}
        pointers = propose_pointers(self.note, claim, self.icd, evidence, replaced)
        return Comparison(tuple(findings), tuple(supported), tuple(dict.fromkeys(unchecked)),
                          pointers)  # fmt: skip

    # one code

    def _strong(self, suggestion: Suggestion) -> tuple[Evidence, ...]:
        """Evidence outside lists and histories, where the patient has it now."""
        if suggestion.assertion is not Assertion.PRESENT:
            return ()
        return tuple(e for e in suggestion.evidence if self._section(e) not in _WEAK)

    def _concluded(self, suggestion: Suggestion) -> tuple[Evidence, ...]:
        """Evidence in what the physician concluded or did, not in what was asked and examined."""
        strong = self._strong(suggestion)
        if not self.note.sections:
            return strong
        return tuple(e for e in strong if self._section(e) in _CONCLUSIONS)

    def _section(self, evidence: Evidence) -> SectionKind | None:
        for section in self.note.sections:
            if section.body.begin <= evidence.begin < section.body.end:
                return section.kind
        return None

    def _diagnosis(self, code: str, lines: tuple[int, ...]) -> Supported | Finding:
        own = self.by_code.get(code)
        if own is not None:
            strong = self._strong(own)
            if own.assertion is Assertion.HISTORICAL and self._is_past(code):
                strong = own.evidence
            if code[:3] in _FAMILY and own.assertion is Assertion.FAMILY:
                strong = own.evidence
            if strong:
                better = self._more_specific(code, strong)
                if better is not None:
                    return self._less_specific(code, better, lines)
                return Supported(ICD10CM, code, strong, self._grade(strong))
        better = self._more_specific(code, ())
        if better is not None:
            return self._less_specific(code, better, lines)
        for sections in ((*_CONCLUSIONS, None), _TOLD):
            if said := self.words.support(self.icd, code, sections):
                return Supported(ICD10CM, code, said, self._grade(said))
        return self._unsupported(code, own, lines)

    def _is_past(self, code: str) -> bool:
        """Whether the code itself says that something is past ("Old myocardial infarction")."""
        return code[:3] in _HISTORY or self.icd.title(code).startswith("Old ")

    def _grade(self, evidence: Sequence[Evidence]) -> str:
        kinds = [self._section(e) for e in evidence]
        stated = not self.note.sections or any(k is None or k in _CONCLUSIONS for k in kinds)
        return "stated" if stated else "mentioned"

    def _more_specific(self, code: str, shared: Sequence[Evidence]) -> Suggestion | None:
        """A present suggestion that says more than ``code``, on the same words where it has any."""
        if not self._is_vague(code):
            return None
        for other in self.diagnoses:
            if other.code == code or not self._strong(other) or other.missing:
                continue
            if not self._says_more(other.code, code) or other.score < LIKELY / 2:
                continue
            own = self.by_code.get(code)
            if (
                own is not None
                and other.score <= own.score + MARGIN
                and not _wider(other.evidence, own.evidence)
            ):
                continue
            if not shared or _overlap(other.evidence, shared):
                return other
        return None

    def _is_vague(self, code: str) -> bool:
        status_children = self.icd.children(code)
        return bool(status_children) or self.icd.is_unspecified(code)

    def _says_more(self, code: str, than: str) -> bool:
        plain, vague = code.replace(".", ""), than.replace(".", "")
        if plain.startswith(vague):
            return True
        return (
            plain[: max(3, len(vague) - 1)] == vague[: max(3, len(vague) - 1)]
            and self.icd.is_unspecified(vague)
            and not self.icd.is_unspecified(plain)
        )

    def _less_specific(self, code: str, better: Suggestion, lines: tuple[int, ...]) -> Finding:
        return Finding(
            "less_specific", ICD10CM, code, better.code, lines,
            f"the note says more than {code}: {better.code} ({better.words})",
            "", self._strong(better), better.score,
        )  # fmt: skip

    def _unsupported(self, code: str, own: Suggestion | None, lines: tuple[int, ...]) -> Finding:
        near = own
        if near is None:  # the same condition, under a code next to it
            kin = [s for s in self.diagnoses if s.code[:3] == code[:3]]
            present = [s for s in kin if self._strong(s)]
            if present:
                best = present[0]
                gaps = f" ({'; '.join(best.missing)})" if best.missing else ""
                return Finding(
                    "unsupported", ICD10CM, code, best.code, lines,
                    f"the note supports {best.code} ({best.words}), not {code}{gaps}",
                    f"words that say: {self.icd.title(code) or code}",
                    self._strong(best), best.score,
                )  # fmt: skip
            near = kin[0] if kin else None
        title = self.icd.title(code) or "this condition"
        if near is None:
            return Finding(
                "unsupported", ICD10CM, code, "", lines,
                "no words were found that support it", f"{_ADDRESSED}: {title}",
            )  # fmt: skip
        if near.assertion is not Assertion.PRESENT:
            why, needed = _ASSERTED[near.assertion]
            if near is not own:
                why = f"no words were found that support it; of {near.code}, beside it, {why}"
        else:
            kinds = [self._section(e) for e in near.evidence]
            why = next(
                (_WEAK[k] for k in kinds if k in _WEAK), "no words were found that support it"
            )
            why, needed = f"the note has it {why}" if why.startswith("only") else why, _ADDRESSED
        return Finding("unsupported", ICD10CM, code, "", lines, why, needed, near.evidence)

    def _knows(self, code: str, systems: Collection[str]) -> bool:
        if code[:1].isalpha():
            return "HCPCS" in systems
        return "CPT" in systems

    def _procedure(self, code: str, line: int, system: str) -> Finding:
        found = self.procedures.get(code)
        why, needed = "no words of the note describe it", "a description of what was done"
        if found is not None and found.assertion is not Assertion.PRESENT:
            why = _ASSERTED[found.assertion][0]
        return Finding(
            "unsupported", "HCPCS" if code[:1].isalpha() else system, code, "", (line,), why,
            needed, found.evidence if found else (),
        )  # fmt: skip

    def _unbilled(
        self, claim: DraftClaim, findings: Sequence[Finding], supported: Sequence[Supported]
    ) -> list[Finding]:
        """Likely documented codes whose words no billed code rests on."""
        taken = [e for s in supported for e in s.evidence]
        taken += [e for f in findings if f.documented for e in f.evidence]
        categories = {code[:3] for code in claim.diagnoses}
        definite = any(not s.code.startswith("R") for s in supported if s.system == ICD10CM)
        found = []
        for suggestion in (*self.diagnoses, *self.procedures.values()):
            code, system = suggestion.code, suggestion.system
            evidence = self._concluded(suggestion)
            if suggestion.score < LIKELY or not evidence or _overlap(evidence, taken):
                continue
            if system == ICD10CM:
                # signs that belong to a stated diagnosis are not coded beside it
                if code[:3] in categories or (definite and code.startswith("R")):
                    continue
                why = f"the note supports {code} ({suggestion.words})"
            elif code in claim.procedures or is_office_visit(code):
                continue
            else:
                why = f"the note describes {code}"
            taken += evidence
            found.append(Finding("unbilled", system, "", code, (), why, "", evidence,
                                 suggestion.score))  # fmt: skip
        return found


_HISTORY = {"Z85", "Z86", "Z87", "Z91", "Z92", "Z98"}
_FAMILY = {"Z80", "Z81", "Z82", "Z83", "Z84"}


def _overlap(some: Sequence[Evidence], others: Sequence[Evidence]) -> bool:
    return any(a.begin < b.end and b.begin < a.end for a in some for b in others)


def _wider(some: Sequence[Evidence], others: Sequence[Evidence]) -> bool:
    """Whether words of the first hold words of the second and more ("plaque psoriasis")."""
    return any(
        a.begin <= b.begin and b.end <= a.end and a.end - a.begin > b.end - b.begin
        for a in some
        for b in others
    )


def _visit(code: str, line: int, visit: VisitLevel) -> Supported | Finding:
    """The billed visit level against the one that the note supports, up and down alike."""
    if code == visit.code:
        return Supported("CPT", code, visit.evidence)
    if code[:4] != visit.code[:4]:
        status = "new" if visit.new else "established"
        return Finding(
            "unsupported", "CPT", code, visit.code, (line,),
            f"the note is of a patient who is {status} here",
            "nobody of the same specialty and group saw a new patient in the last three years; an "
            "established one was seen",
            visit.evidence,
        )  # fmt: skip
    reached = ", ".join(f"{e.element} {e.degree.words}" for e in visit.elements)
    time = f"{visit.time.minutes} minutes" if visit.time.minutes else "no time stated"
    why = f"the note supports {visit.code} ({reached}; {time})"
    if code > visit.code:
        needed = next((w for w in visit.needed if "would need" in w), "")
        return Finding("unsupported", "CPT", code, visit.code, (line,), why, needed,
                       visit.evidence)  # fmt: skip
    return Finding("unbilled", "CPT", code, visit.code, (line,), why, "", visit.evidence)
