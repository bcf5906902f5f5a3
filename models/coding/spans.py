"""What a read note consists of: spans, sections, sentences.

Every offset counts code points of the text as it was given (Python's ``str`` index, not bytes
and not UTF-16 units), half-open: ``text[begin:end]`` is what a span covers.
"""

from enum import StrEnum

import msgspec


class SectionKind(StrEnum):
    """What a section of a note tells; combined "assessment and plan" counts as assessment."""

    CHIEF_COMPLAINT = "chief_complaint"
    HISTORY_PRESENT_ILLNESS = "history_present_illness"
    PAST_HISTORY = "past_history"
    FAMILY_HISTORY = "family_history"
    SOCIAL_HISTORY = "social_history"
    REVIEW_OF_SYSTEMS = "review_of_systems"
    MEDICATIONS = "medications"
    ALLERGIES = "allergies"
    EXAM = "exam"
    RESULTS = "results"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    PROCEDURES = "procedures"
    PROBLEM_LIST = "problem_list"
    INSTRUCTIONS = "instructions"
    OTHER = "other"


class Span(msgspec.Struct, frozen=True, order=True, gc=False):
    """Characters ``begin`` up to but not including ``end`` of a note."""

    begin: int
    end: int


class Section(msgspec.Struct, frozen=True):
    """One section: the words of its heading, and what follows up to the next heading.

    ``body`` begins behind the heading's colon and has no white space at either end; it is
    empty where nothing follows.
    """

    kind: SectionKind
    heading: Span
    body: Span


class Sentence(msgspec.Struct, frozen=True, gc=False):
    """One sentence or list item; ``section``: its index in ``Note.sections``, or -1."""

    begin: int
    end: int
    section: int


class Note(msgspec.Struct, frozen=True):
    """A note as read: sections and sentences in the order of the text, none overlapping."""

    text: str
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]

    def words(self, span: Span | Sentence) -> str:
        """The text that a span or sentence covers."""
        return self.text[span.begin : span.end]
