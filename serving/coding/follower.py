"""Follows the champion of the coding model, aside: without one, claims are scored all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from models.errors import RegistryError
from serving.scoring.following import Follower, now
from serving.scoring.resolution import Resolution

if TYPE_CHECKING:
    from models.coding.model import CodingModel

TRIAL = "Assessment: 1. Essential hypertension, at goal. 2. Type 2 diabetes. Denies chest pain."
"""A note that a new version must answer before it is taken up."""


class ServedCoding(msgspec.Struct, frozen=True):
    """The version that answers."""

    version: int
    model: "CodingModel"
    loaded: str


Load = Callable[[Path, str], "CodingModel"]
"""Reads an artifact folder; the text is the version's number for answers."""


def load_coding(folder: Path, version: str) -> "CodingModel":
    """Read a coding artifact."""
    # Its packages take their time to import; scoring claims need not wait for them.
    from models.coding.artifact import load_artifact

    return load_artifact(folder, model_version=version)


class CodingFollower(Follower[ServedCoding]):
    """Watches the resolution file of the coding model."""

    events = "coding"
    called = "coding"
    does = "answer"
    retry_seconds = 5

    def __init__(self, path: Path, load: Load, poll_seconds: float) -> None:
        super().__init__(path, poll_seconds)
        self._load = load

    def prepare(self, resolution: Resolution) -> ServedCoding:
        """A model that answered a short note, the same twice."""
        model = self._load(Path(resolution.path), str(resolution.version))
        one, two = (model.suggest(TRIAL) for _ in range(2))
        if one != two:
            raise RegistryError("it gives two answers to the same note")
        if not all(0.0 <= s.score <= 1.0 for s in one):
            raise RegistryError("it answers what is no probability")
        return ServedCoding(resolution.version, model, now())
