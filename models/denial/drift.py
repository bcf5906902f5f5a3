"""What the watch over a denial model found: written by `firstpass monitor`, read by the service.

One JSON file a model under ``FIRSTPASS_HOME/state/monitor``. It names payers, codes, providers'
NPIs and counts; claim numbers are in it too, since a person wants to see them: it lies where the
store lies, and goes neither to MLflow nor into metrics.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import InputError

DriftKind = Literal["denials_started", "denials_stopped", "inputs", "scores", "outcomes"]


class DriftFinding(msgspec.Struct, frozen=True):
    """Something that moved by more than chance.

    ``observed`` and ``expected`` are denials in the window for denials and outcomes, mean
    probabilities for scores, and the stability index beside its customary mark for inputs.
    ``p_value`` is before the correction for many looks; ``since`` is the first answer that
    shows it. ``payer`` is the payer's name, ``subject`` what it is about: a procedure code, a
    provider's NPI, an attribute. ``claims`` are account numbers, most recent first; ``answer`` is
    the CARC, or CARC+RARC, that they were all denied with.
    """

    kind: DriftKind
    payer: str
    words: str
    observed: float
    expected: float
    count: int
    p_value: float
    category: str = ""
    subject: str = ""
    since: dt.date | None = None
    claims: tuple[str, ...] = ()
    answer: str = ""


class PayerDrift(msgspec.Struct, frozen=True):
    """One payer in the window: claims answered, denied, and denied as the model expected."""

    payer: str
    answered: int
    denied: int
    expected: float
    mean_score: float
    mean_score_before: float


class MonitorReport(msgspec.Struct, frozen=True):
    """One run: the answers of ``begin`` to ``end`` against what model ``version`` expected."""

    model: str
    version: str
    at: dt.datetime
    begin: dt.date
    end: dt.date
    answered: int
    tests: int
    findings: tuple[DriftFinding, ...]
    payers: tuple[PayerDrift, ...]


def monitor_file(home: Path, model: str) -> Path:
    """Where the last report of a model lies."""
    return home / "state" / "monitor" / f"{model}.json"


def write_monitor(report: MonitorReport, home: Path) -> Path:
    """Keep a report as the last one; it appears whole or not at all.

    Raises:
        InputError: The folder cannot be written.
    """
    path = monitor_file(home, report.model)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(msgspec.json.encode(report))
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror})") from error
    return path


def read_monitor(home: Path, model: str) -> MonitorReport | None:
    """The last report of a model, or ``None`` where nobody has run `firstpass monitor` yet.

    Raises:
        InputError: The file is damaged.
    """
    path = monitor_file(home, model)
    try:
        return msgspec.json.decode(path.read_bytes(), type=MonitorReport)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{path} is damaged: run 'firstpass monitor' again") from error
