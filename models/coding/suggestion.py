"""What the coding assist answers: codes, each with the words of the note that support it."""

import msgspec

from models.coding.assertion import Assertion


class Evidence(msgspec.Struct, frozen=True):
    """Half-open span of the note in code points; ``note[begin:end] == text``."""

    begin: int
    end: int
    text: str


class CodeWarning(msgspec.Struct, frozen=True):
    """What a coder must look at before the code is sent.

    ``id`` is stable (``"excludes1"``, ``"code_first"``, ``"seventh_character"``,
    ``"not_billable"``, ...); ``severity`` is ``"error"`` (not to be sent so) or ``"warning"``.
    """

    id: str
    severity: str
    words: str


class Suggestion(msgspec.Struct, frozen=True):
    """One code for one note.

    ``score`` is a calibrated probability that a coder would assign the code to this note;
    ``assertion`` that of the best supporting mention; ``missing`` names what a more specific
    code would need and the note does not say; ``source`` is ``"history"`` (labelled notes),
    ``"names"`` (term list of clinical names), ``"terms"`` (the code system's own words) or
    ``"vectors"`` (nearest in meaning), ``"attention"`` (learnt for codes that were
    seen often).
    """

    system: str
    code: str
    words: str
    score: float
    assertion: Assertion
    evidence: tuple[Evidence, ...]
    missing: tuple[str, ...] = ()
    warnings: tuple[CodeWarning, ...] = ()
    source: str = ""
