"""The coding model: text in, ranked `Suggestion` out.

One part for each code system: what its terms are, what labelled notes taught of it, how its
candidates are ranked. All state is data (see `models.coding.artifact`).
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from models.codes.icd10cm import Icd10cm, load_icd10cm
from models.coding.assertion import Assertion, AssertionRules
from models.coding.axes import visit_words
from models.coding.cautions import code_warnings, conflicts
from models.coding.features import Candidate, Candidates, collect
from models.coding.note import read_note
from models.coding.ranker import Ranker
from models.coding.reading import NoteReading, read_words
from models.coding.said import Sentences
from models.coding.sources import Sources
from models.coding.specificity import (
    episode_open,
    in_force,
    missing,
    refined,
    with_seventh,
)
from models.coding.suggestion import CodeWarning, Evidence, Suggestion
from models.coding.words import vocabulary
from models.errors import InputError

ICD10CM = "ICD-10-CM"
#: Spans of evidence that are shown for one code.
MOST_EVIDENCE = 5
#: A finding that is only negated, or only a relative's, is never likelier than this.
NEVER_ABOVE = 0.5
#: Assertions that say that the patient has it not.
NOT_THE_PATIENTS = frozenset({Assertion.NEGATED, Assertion.FAMILY})


class SystemPart(msgspec.Struct):
    """One code system: candidates, ranking, the score from which on a code is predicted.

    ``titles``: words of codes that Firstpass has no table of.
    """

    sources: Sources
    ranker: Ranker
    threshold: float
    titles: dict[str, str] = {}


class CodingModel:
    """Suggests codes for notes; immutable, safe beside other threads."""

    def __init__(
        self,
        parts: dict[str, SystemPart],
        *,
        rules: AssertionRules | None = None,
        icd10cm: Icd10cm | None = None,
        model_version: str = "unregistered",
    ) -> None:
        """``parts`` by code system's name."""
        self.parts = parts
        self.rules = rules or AssertionRules.default()
        self.icd10cm = icd10cm or load_icd10cm()
        self.model_version = model_version

    @property
    def systems(self) -> tuple[str, ...]:
        """Code systems that the model suggests from."""
        return tuple(self.parts)

    def suggest(
        self,
        text: str,
        *,
        systems: Sequence[str] | None = None,
        limit: int = 20,
        date: dt.date | None = None,
        specialty: str = "",
    ) -> list[Suggestion]:
        """Codes that the note supports, likeliest first, at most ``limit`` of each system.

        ``date`` is the date of service, by which codes are valid (default: today).
        ``specialty``: taxonomy code, or the name that the practice's notes use; what that
        specialty bills often goes before what it does not (`models.coding.habits`).

        Raises:
            InputError: The note is empty or too long, or a system is unknown to this model.
        """
        reading = read_words(read_note(text), vocabulary())
        return self.suggest_reading(
            reading, systems=systems, limit=limit, date=date, specialty=specialty
        )

    def suggest_reading(
        self,
        reading: NoteReading,
        *,
        systems: Sequence[str] | None = None,
        limit: int = 20,
        date: dt.date | None = None,
        specialty: str = "",
    ) -> list[Suggestion]:
        """`suggest` for a note that is read already."""
        wanted = list(self.parts) if systems is None else list(systems)
        self.require_systems(wanted)
        found: list[Suggestion] = []
        for system in wanted:
            found += self._suggest(system, reading, limit, date or dt.date.today(), specialty)
        return sorted(found, key=lambda s: -s.score)

    def require_systems(self, systems: Sequence[str]) -> None:
        """Refuse code systems that the model knows nothing of.

        Raises:
            InputError: one of them is unknown.
        """
        for system in systems:
            if system not in self.parts:
                known = ", ".join(self.parts)
                raise InputError(f"this model knows no codes of {system!r}; it knows: {known}")

    def rank(
        self, system: str, reading: NoteReading, specialty: str = ""
    ) -> list[tuple[Candidate, float]]:
        """All candidates of one system with their probabilities, likeliest first."""
        part = self.parts[system]
        collected = collect(reading, part.sources, self.rules, specialty=specialty)
        return ranked(collected, part.ranker)

    def _suggest(
        self, system: str, reading: NoteReading, limit: int, on: dt.date, specialty: str
    ) -> list[Suggestion]:
        part = self.parts[system]
        chosen: dict[str, Suggestion] = {}
        sentences = Sentences(reading.note, self.rules)
        for candidate, score in self.rank(system, reading, specialty):
            if len(chosen) >= limit:
                break
            suggestion = self._suggestion(system, part, sentences, candidate, score, on)
            # A refined code can be a candidate of its own: the likelier one stands.
            chosen.setdefault(suggestion.code, suggestion)
        found = list(chosen.values())
        if system != ICD10CM:
            return found
        likely = [s.code for s in found if s.score >= part.threshold]
        clashes = conflicts(self.icd10cm, likely)
        return [
            msgspec.structs.replace(s, warnings=(*s.warnings, *clashes.get(s.code, ())))
            for s in found
        ]

    def _suggestion(
        self,
        system: str,
        part: SystemPart,
        sentences: Sentences,
        candidate: Candidate,
        score: float,
        on: dt.date,
    ) -> Suggestion:
        note = sentences.note
        supports = sorted(
            candidate.supports,
            key=lambda s: (s.assertion in NOT_THE_PATIENTS, not s.free, -s.strength, s.begin),
        )
        spans = list(dict.fromkeys((s.begin, s.end) for s in supports))[:MOST_EVIDENCE]
        evidence = tuple(Evidence(b, e, note.text[b:e]) for b, e in spans)
        best = supports[0]
        code, words = candidate.code, part.titles.get(candidate.code, "")
        gaps: tuple[str, ...] = ()
        found: list[CodeWarning] = []
        if system == ICD10CM:
            icd = self.icd10cm
            known = part.sources.history.code_number
            if code not in known:
                code = refined(icd, in_force(icd, code, on), sentences, spans, on=on)
                if icd.seventh_characters(code):
                    # What heals how may stand at another mention than the strongest.
                    places = dict.fromkeys(s.sentence for s in supports[:MOST_EVIDENCE])
                    sentence = " ".join(note.words(note.sentences[n]) for n in places)
                    visit = visit_words(note)
                    code = with_seventh(icd, code, sentence, visit)
                    if episode_open(icd, code, sentence, visit):
                        gaps = ("episode of care not documented",)
            words = icd.title(code) or words
            gaps = (*missing(icd, code), *gaps)
            found = code_warnings(icd, code, on)
        return Suggestion(
            system=system,
            code=code,
            words=words,
            score=score,
            assertion=best.assertion,
            evidence=evidence,
            missing=gaps,
            warnings=tuple(found),
            source=best.source,
        )


def only_not_the_patients(candidate: Candidate) -> bool:
    """Whether the note mentions it only in negation, or only of a relative."""
    return all(s.assertion in NOT_THE_PATIENTS for s in candidate.supports)


def ranked(collected: Candidates, ranker: Ranker) -> list[tuple[Candidate, float]]:
    """Candidates with probabilities, likeliest first.

    What the note mentions only in negation, or only of a relative, is capped.
    """
    scores = ranker.probabilities(collected.table).tolist()
    pairs = []
    for candidate, score in zip(collected.candidates, scores, strict=True):
        if only_not_the_patients(candidate):
            score = min(score, NEVER_ABOVE)
        pairs.append((candidate, score))
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0].code))
