"""Which version the followed alias means: one small file that all workers read.

A process of its own (`serving.scoring.resolver`) writes it, because asking MLflow costs three
seconds and 165 MB of imports. Workers look at the file's time only, and read it when it changes.
"""

import os
from pathlib import Path

import msgspec

from models.registry import store_folder
from models.registry.store import DATABASE, is_embedded


class ModelVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A registered version as `GET /v1/models` tells it. ``created`` is ISO 8601."""

    version: int
    created: str
    aliases: tuple[str, ...] = ()
    metrics: dict[str, float] = {}


class Resolution(msgspec.Struct, frozen=True):
    """What the registry said last.

    ``version`` is 0 where the alias names none, with the reason in ``error``; ``path`` is the
    artifact folder on this machine; ``signature`` the registered one, as MLflow stores it;
    ``example`` its input example; ``fingerprint`` the state of the embedded registry that was
    asked (empty: a server, which has none). ``error`` beside a version: the registry could not
    be asked since, and the version is the last one known. ``shadow_version`` and ``shadow_path``
    are those of the version that scores in shadow, 0 and empty where there is none.
    """

    model: str
    alias: str
    version: int = 0
    path: str = ""
    signature: str = ""
    example: str = ""
    fingerprint: str = ""
    error: str = ""
    versions: tuple[ModelVersion, ...] = ()
    shadow_version: int = 0
    shadow_path: str = ""


def resolution_file(state: Path, model: str) -> Path:
    """Where the resolution of a model is kept."""
    return state / f"resolved-{model}.json"


def read_resolution(path: Path) -> Resolution | None:
    """The last resolution, or ``None`` where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Resolution)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def write_resolution(path: Path, resolution: Resolution) -> None:
    """Replace the file at once, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_bytes(msgspec.json.encode(resolution))
    draft.replace(path)


def registry_fingerprint() -> str:
    """State of the embedded registry: changes with every write to it. Empty for a server."""
    if not is_embedded():
        return ""
    parts = []
    for name in (DATABASE, DATABASE + "-wal"):
        try:
            stat = (store_folder() / name).stat()
        except OSError:
            continue
        parts.append(f"{stat.st_ino}:{stat.st_mtime_ns}:{stat.st_size}")
    return "/".join(parts) or "none"


def is_current(resolution: Resolution) -> bool:
    """Whether the registry answered, and cannot have changed since."""
    current = resolution.fingerprint == registry_fingerprint()
    return bool(resolution.fingerprint) and not resolution.error and current


def is_outdated(resolution: Resolution) -> bool:
    """Whether the registry surely changed since; of a server nobody can tell."""
    return bool(resolution.fingerprint) and resolution.fingerprint != registry_fingerprint()
