"""The files of a registered version: bring them here, load them."""

import shutil
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlparse

import msgspec

from models.errors import RegistryError
from models.registry import store
from models.registry.artifact import ArtifactSchema, read_schema
from models.registry.versions import CHAMPION, Version, find

MODEL_FOLDER = "model"


class LoadedArtifact(msgspec.Struct, frozen=True):
    """A version whose files are on this machine: ``path`` is the artifact folder."""

    path: Path
    version: Version
    schema: ArtifactSchema


def load(name: str, which: str | int = CHAMPION) -> LoadedArtifact:
    """Find a version and bring its files to this machine.

    Files of the embedded store are used where they lie; those of a server are fetched once
    into ``mlruns/cache``.

    Raises:
        RegistryError: No such version, or its files are missing or damaged.
    """
    version = find(name, which)
    folder = _data_folder(_model_folder(version))
    return LoadedArtifact(folder, version, read_schema(folder))


def check_loads(version: Version) -> None:
    """Load a version as any user of it would, and drop it.

    Raises:
        RegistryError: It does not load in this environment.
    """
    from mlflow import pyfunc
    from mlflow.exceptions import MlflowException

    folder = _model_folder(version)
    try:
        pyfunc.load_model(str(folder))
    except RegistryError:
        raise
    except (MlflowException, ImportError, OSError, ValueError) as error:
        raise RegistryError(
            f"version {version.version} of '{version.name}' does not load here: {error}"
        ) from error


def _model_folder(version: Version) -> Path:
    parsed = urlparse(version.source)
    local = parsed.scheme in {"", "file"}
    folder = Path(unquote(parsed.path)) if local else _fetched(version)
    if not folder.is_dir():
        raise RegistryError(
            f"the files of version {version.version} of '{version.name}' are not in {folder}:"
            " was the folder moved or deleted? Train again, or put it back"
        )
    return folder


def _fetched(version: Version) -> Path:
    """Fetch a version from a server, once: a version never changes."""
    client = store.open_client()
    # The run id tells apart versions of the same number on different servers.
    target = store.store_folder() / "cache" / version.name / f"{version.version}-{version.run_id}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with store.translated(f"fetch version {version.version} of '{version.name}'"):
        fetched = client.download_artifacts(
            version.run_id, MODEL_FOLDER, tempfile.mkdtemp(dir=target.parent)
        )
    try:
        Path(fetched).rename(target)
    except OSError:  # another process was quicker
        shutil.rmtree(fetched, ignore_errors=True)
    return target


def _data_folder(model_folder: Path) -> Path:
    from mlflow.models import Model

    with store.translated(f"read {model_folder}"):
        flavors = Model.load(str(model_folder)).flavors
    data = flavors.get("python_function", {}).get("data")
    if not data:
        raise RegistryError(f"{model_folder} holds no Firstpass model")
    return model_folder / str(data)
