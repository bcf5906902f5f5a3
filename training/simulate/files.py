"""A simulated practice as the files that a practice has, one of each kind per week."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import BinaryIO, TypeVar

from models.claims.claim import Claim
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12 import Envelope, write_277ca, write_835, write_837p, write_999
from models.claims.x12.write_837p import VERSION
from models.claims.x12.writer import DEFAULT_ENVELOPE
from models.errors import InputError
from training.simulate.notes import DEFAULT_NOTES
from training.simulate.notes_files import write_notes
from training.simulate.patients_pay import write_patient_payments
from training.simulate.practice import SimulatedPractice
from training.simulate.truth import write_truth

Record = TypeVar("Record")
Report = Callable[[str], None]


def check_folder(folder: Path) -> None:
    """Raise InputError where ``folder`` exists and is not an empty folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an empty folder: choose another one")


def write_practice(
    practice: SimulatedPractice,
    folder: Path,
    *,
    notes: int = DEFAULT_NOTES,
    report: Report | None = None,
) -> int:
    """Write ``history/``, ``future/``, visit notes, truth and patients' payments.

    Returns how many notes.

    ``notes`` is the most visit notes to write (0: none, and no files of them). ``report`` is told
    what is being written.

    Raises:
        InputError: ``folder`` exists and is not empty.
    """
    check_folder(folder)
    history, future = folder / "history", folder / "future"
    history.mkdir(parents=True)
    future.mkdir()
    tell = report or (lambda _text: None)
    rng = Random(practice.world.submitter)
    tell("837P claims")
    claims = practice.claims()
    _weekly(history, "claims", "837", claims, attrgetter("submitted"), _claims_of(practice, rng))
    _weekly(
        future, "claims", "837", practice.claims(future=True), attrgetter("submitted"),
        _claims_of(practice, rng),
    )  # fmt: skip
    tell("999 and 277CA acknowledgements")
    _weekly(
        history, "syntax", "999", practice.claims(), attrgetter("submitted"), _syntax_of(practice)
    )
    acknowledgements = sorted(practice.acknowledgements, key=attrgetter("date"))
    _weekly(
        history, "status", "277", acknowledgements, attrgetter("date"), _answers(write_277ca, rng)
    )
    tell("835 remittances")
    paths = _weekly(
        history, "remittances", "835", practice.payments, attrgetter("answered"),
        _answers(write_835, rng),
    )  # fmt: skip
    if len(paths) > 3:  # some file always arrives twice
        twice = paths[rng.randrange(len(paths))]
        shutil.copyfile(twice, twice.with_name(f"{twice.stem}-copy.835"))
    tell("truth, rules and ledger")
    write_truth(practice, folder)
    write_patient_payments(practice, folder)
    if not notes:
        return 0
    tell("visit notes")
    return write_notes(practice, folder, notes)


def _weekly(
    folder: Path,
    stem: str,
    suffix: str,
    records: Iterable[Record],
    day: Callable[[Record], dt.date],
    write: Callable[[Sequence[Record], BinaryIO, int], None],
) -> list[Path]:
    """One file per week (Monday to Sunday), named by its Monday."""
    paths = []

    def monday(record: Record) -> int:
        return (day(record).toordinal() - 1) // 7 * 7 + 1

    for number, (start, week) in enumerate(groupby(records, key=monday), 1):
        path = folder / f"{stem}-{dt.date.fromordinal(start):%Y%m%d}.{suffix}"
        with path.open("wb") as out:
            write(list(week), out, number)
        paths.append(path)
    return paths


def _line_end(rng: Random) -> str:
    """Some senders end each segment with a line, some do not."""
    return rng.choice(("\n", "\n", "\r\n", ""))


def _claims_of(
    practice: SimulatedPractice, rng: Random
) -> Callable[[Sequence[object], BinaryIO, int], None]:
    line_end = _line_end(rng)
    world = practice.world

    def write(week: Sequence[object], out: BinaryIO, number: int) -> None:
        envelope = Envelope(
            sender_id=world.submitter,
            receiver_id=world.receiver,
            submitter_name=world.billing.name,
            receiver_name="CLEARINGHOUSE",
            control_number=number,
            line_end=line_end,
        )
        write_837p(week, out, envelope=envelope)  # type: ignore[arg-type]

    return write


def set_responses(claims: Iterable[Claim]) -> list[SetAcknowledgement]:
    """What the clearinghouse answers (999) to an 837P file of these claims: all is well-formed.

    Sets are those that `write_837p` makes of the claims of one submitter.
    """
    responses: list[SetAcknowledgement] = []
    for day, members in groupby(claims, key=attrgetter("submitted")):
        for _ in range(0, len(list(members)), DEFAULT_ENVELOPE.per_transaction):
            response = SetAcknowledgement(
                group="1", code="A", accepted=True, date=day,
                transaction=f"{len(responses) + 1:04d}", functional="HC", kind="837",
                version=VERSION,
            )  # fmt: skip
            responses.append(response)
    return responses


def _syntax_of(
    practice: SimulatedPractice,
) -> Callable[[Sequence[Claim], BinaryIO, int], None]:
    def write(week: Sequence[Claim], out: BinaryIO, number: int) -> None:
        envelope = Envelope(
            sender_id=practice.world.receiver,
            receiver_id=practice.world.submitter,
            control_number=number,
        )
        write_999(set_responses(week), out, envelope=envelope)

    return write


def _answers(
    writer: Callable[..., object], rng: Random
) -> Callable[[Sequence[object], BinaryIO, int], None]:
    def write(week: Sequence[object], out: BinaryIO, number: int) -> None:
        writer(week, out, envelope=Envelope(control_number=number, line_end=_line_end(rng)))

    return write
