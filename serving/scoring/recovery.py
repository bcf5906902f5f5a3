"""The registered model ``recovery``, as the store's worklist uses it: the champion's artifact."""

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import RegistryError
from models.registry import CHAMPION, store_folder
from models.registry.store import DATABASE, is_embedded
from serving.scoring.resolution import is_outdated, read_resolution, resolution_file

if TYPE_CHECKING:
    from models.revenue.recovery import RecoveryModel

MODEL_NAME = "recovery"


def served_recovery(state: Path) -> "RecoveryModel | None":
    """The champion as it was last looked up; ``None`` where there is none that can be read."""
    found = read_resolution(resolution_file(state, MODEL_NAME))
    if found is None or not found.path:
        return None
    from models.revenue.recovery import load_artifact

    try:
        return load_artifact(Path(found.path), model_version=str(found.version))
    except RegistryError:
        return None  # rates of the practice's own attempts do as well


def look_up_recovery(state: Path) -> None:
    """Asks the registry which version is champion, where that may have changed.

    For commands: the running service has a process of its own for it.
    """
    if is_embedded() and not (store_folder() / DATABASE).exists():
        return
    path = resolution_file(state, MODEL_NAME)
    last = read_resolution(path)
    if last is not None and last.fingerprint and not is_outdated(last):
        return
    from serving.scoring.resolution import write_resolution
    from serving.scoring.resolver import resolve

    write_resolution(path, resolve(MODEL_NAME, CHAMPION, last))
