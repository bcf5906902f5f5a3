"""Bodies and answers of the notes API."""

import datetime as dt
from typing import Annotated

import msgspec

from models.coding.compare import Comparison
from models.coding.draft import MOST_DIAGNOSES, MOST_POINTERS, DraftClaim, DraftLine, draft_claim
from models.coding.em import VisitLevel
from models.coding.suggestion import Suggestion

MOST_NOTES = 100
"""Notes of one batch."""

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=12, pattern=r"^[A-Za-z0-9.]+$")]
Modifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{2}$")]
System = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Pointer = Annotated[int, msgspec.Meta(ge=1, le=MOST_DIAGNOSES)]


class DraftLineBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service line that somebody means to bill; ``pointers`` count diagnoses from 1."""

    code: Code
    modifiers: Annotated[list[Modifier], msgspec.Meta(max_length=4)] = []
    pointers: Annotated[list[Pointer], msgspec.Meta(max_length=MOST_POINTERS)] = []


class DraftBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft claim: ICD-10-CM codes, with or without their dot, and service lines."""

    diagnoses: Annotated[list[Code], msgspec.Meta(max_length=MOST_DIAGNOSES)] = []
    lines: Annotated[list[DraftLineBody], msgspec.Meta(max_length=50)] = []

    def draft(self) -> DraftClaim:
        """The draft as the models take it; lines are numbered from 1."""
        return draft_claim(
            self.diagnoses,
            (
                DraftLine(number, x.code, tuple(x.modifiers), tuple(x.pointers))
                for number, x in enumerate(self.lines, 1)
            ),
        )


class NoteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A note to be coded: text, date of service (default: today), specialty, draft claim.

    ``specialty``: taxonomy code, or the name that the practice's notes use.
    """

    text: str
    id: Annotated[str, msgspec.Meta(max_length=80)] = ""
    date: dt.date | None = None
    specialty: Annotated[str, msgspec.Meta(max_length=80)] = ""
    claim: DraftBody | None = None


class SuggestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Code systems to suggest from (default: all that the model knows), and how many of each."""

    systems: Annotated[list[System], msgspec.Meta(min_length=1, max_length=10)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class SuggestBody(SuggestOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/notes/suggest`."""

    note: NoteBody


class SuggestBatchBody(SuggestOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/notes/batch`."""

    notes: Annotated[list[NoteBody], msgspec.Meta(min_length=1, max_length=MOST_NOTES)]


class CodedNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of one note.

    ``suggestions`` are ranked by support in the note, each with the words that support it;
    ``visit`` is the office visit level by rule; ``comparison`` holds the draft claim against the
    note; ``problem`` says why the note could not be read (the others are answered).
    """

    id: str = ""
    suggestions: list[Suggestion] = []
    visit: VisitLevel | None = None
    comparison: Comparison | None = None
    problem: str = ""


class SuggestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer for one note; ``code_sets``: release of each code system that was asked."""

    request_id: str
    model_version: str
    code_sets: dict[str, str]
    note: CodedNote


class SuggestBatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer for several notes, in their order."""

    request_id: str
    model_version: str
    code_sets: dict[str, str]
    notes: list[CodedNote]
