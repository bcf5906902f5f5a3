"""A note that a person has reviewed to the end, on its way from the store to training.

One line of JSON a note, in the form of the notes JSONL with more fields; `firstpass export
--reviewed` writes it, `firstpass retrain coding` reads it. It holds patient data.
"""

import datetime as dt
from pathlib import Path

import msgspec

from models.coding.notes_file import NoteRecord
from models.errors import InputError


class ReviewerDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision that stands: ``kind`` is accept, reject, replace or add.

    ``score`` is that of the suggestion as it was shown, ``None`` where there was none;
    ``replaces`` the code of the suggestion that a replacement stands for.
    """

    kind: str
    system: str
    code: str
    reviewer: str
    model_version: str
    score: float | None = None
    replaces: str = ""
    reason: str = ""


class ReviewedNote(NoteRecord, frozen=True, omit_defaults=True, kw_only=True):
    """A note with the codes that a reviewer submitted, each with the words that support it.

    ``age`` in years on the day of the note and ``sex`` are those of its claim, where it has one.
    """

    practice: str
    submitted: dt.datetime
    decisions: tuple[ReviewerDecision, ...]
    age: int | None = None
    sex: str = ""


_DECODER = msgspec.json.Decoder(ReviewedNote)


def read_reviewed(path: Path) -> list[ReviewedNote]:
    """Reviewed notes, in the file's order.

    Raises:
        InputError: the file cannot be read, or a line is no reviewed note; the text names it.
    """
    found: list[ReviewedNote] = []
    try:
        with path.open("rb") as file:
            found.extend(map(_DECODER.decode, file))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InputError(
            f"{path} line {len(found) + 1} is no reviewed note: export it again with"
            " 'firstpass export all FOLDER --reviewed FILE'"
        ) from None
    return found
