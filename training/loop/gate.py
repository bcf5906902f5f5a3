"""The gate: written criteria, each answered yes, no or not yet, with its figures.

The criteria are files that people can read and change (`gate.toml`, for the coding model
`gate_coding.toml`), never an ``if`` here.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from models.errors import InputError

GATE_FILE = Path(__file__).with_name("gate.toml")
CODING_GATE_FILE = Path(__file__).with_name("gate_coding.toml")

Verdict = Literal["passed", "failed", "undecided"]
Attribute = Literal["payer", "specialty", "age", "sex"]


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Claims without which nothing is decided."""

    least_claims: int
    least_denials: int


class Better(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Standard errors by which the challenger's log-loss must be lower."""

    least_z: float


class Calibrated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calibration error, and share by which predicted and observed denials may differ."""

    most_error: float
    most_ratio_off: float


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Standard errors by which a group may look worse, and how large it must be to be asked."""

    by: tuple[Attribute, ...]
    least_claims: int
    least_denials: int
    most_z: float


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether every field of the model card must be filled."""

    every_field: bool


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All criteria; see ``gate.toml`` for what each means."""

    period: Period
    better: Better
    calibrated: Calibrated
    groups: Groups
    card: Card


class NotesPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notes and codes without which nothing is decided."""

    least_notes: int
    least_codes: int


class NoteGroups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Standard errors by which a group may look worse, and how large it must be to be asked."""

    by: tuple[Literal["specialty", "age", "sex"], ...]
    least_notes: int
    most_z: float


class CodingGate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All criteria of the coding model; see ``gate_coding.toml`` for what each means."""

    period: NotesPeriod
    better: Better
    calibrated: Calibrated
    groups: NoteGroups
    card: Card


AnyGate = TypeVar("AnyGate", Gate, CodingGate)


class Criterion(msgspec.Struct, frozen=True):
    """One answer: ``words`` hold the figures and what was asked."""

    name: str
    verdict: Verdict
    words: str


class GateResult(msgspec.Struct, frozen=True):
    """All answers. Failed if one failed, passed if all passed, else undecided."""

    criteria: tuple[Criterion, ...]

    @property
    def verdict(self) -> Verdict:
        """The answer to all questions together."""
        verdicts = {c.verdict for c in self.criteria}
        if "failed" in verdicts:
            return "failed"
        return "undecided" if "undecided" in verdicts or not verdicts else "passed"


def card_criterion(missing: Sequence[str]) -> Criterion:
    """Whether every field of the model card is filled; ``missing`` are those that are not."""
    return Criterion(
        "card",
        "failed" if missing else "passed",
        f"{len(missing)} fields of the model card are missing: {', '.join(missing)}"
        if missing
        else "every field of the model card is filled",
    )


def read_gate(path: Path | None = None) -> Gate:
    """Read the denial model's criteria; without ``path`` those that come with Firstpass.

    Raises:
        InputError: see `read_coding_gate`.
    """
    return _read(path or GATE_FILE, Gate, GATE_FILE)


def read_coding_gate(path: Path | None = None) -> CodingGate:
    """Read the coding model's criteria; without ``path`` those that come with Firstpass.

    Raises:
        InputError: The file is not there, is no TOML, or has an unknown or missing name; the
            text says which.
    """
    return _read(path or CODING_GATE_FILE, CodingGate, CODING_GATE_FILE)


def _read(path: Path, kind: type[AnyGate], example: Path) -> AnyGate:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"{path} is no gate: {error}. Its names are those of {example.name} (see"
            " 'firstpass retrain --help')"
        ) from error
