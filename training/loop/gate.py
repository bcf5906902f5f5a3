"""The gate: written criteria, each answered yes, no or not yet, with its figures.

The criteria are a file that people can read and change (`gate.toml`), never an ``if`` here.
"""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import InputError

GATE_FILE = Path(__file__).with_name("gate.toml")

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


def read_gate(path: Path | None = None) -> Gate:
    """Read criteria; without ``path`` those that come with Firstpass.

    Raises:
        InputError: The file is not there, is no TOML, or has an unknown or missing name; the
            text says which.
    """
    path = path or GATE_FILE
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Gate)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"{path} is no gate: {error}. Its names are those of {GATE_FILE.name} (see"
            " 'firstpass retrain --help')"
        ) from error
