"""What an artifact may hold, and which schema it was written with.

An artifact is a folder of data files and ``schema.json``. It never holds code or pickles, so
that two versions load side by side in one process and loading one runs nothing of its own.
"""

from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np

from models.errors import RegistryError

SCHEMA_FILE = "schema.json"
# Text boosters, arrays, tables, networks as ONNX graphs. Everything else is refused, most of all
# what unpickles.
DATA_SUFFIXES = frozenset(
    {".txt", ".json", ".npz", ".npy", ".msgpack", ".csv", ".parquet", ".onnx"}
)


class ArtifactSchema(msgspec.Struct, frozen=True):
    """``schema.json``: for whom the files are, and by which rules their numbers were made.

    ``feature_schema`` grows whenever the meaning or order of features or files changes.
    """

    model: str
    feature_schema: int
    firstpass: str = ""


def firstpass_version() -> str:
    """The installed version, ``"0"`` when run from a folder that was never installed."""
    try:
        return version("firstpass")
    except PackageNotFoundError:
        return "0"


def write_schema(folder: Path, model: str, feature_schema: int) -> None:
    """Write ``schema.json`` into an artifact."""
    schema = ArtifactSchema(model, feature_schema, firstpass_version())
    (folder / SCHEMA_FILE).write_bytes(msgspec.json.encode(schema))


def read_schema(folder: Path) -> ArtifactSchema:
    """Read ``schema.json``.

    Raises:
        RegistryError: It is absent or damaged.
    """
    path = folder / SCHEMA_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=ArtifactSchema)
    except FileNotFoundError:
        raise RegistryError(
            f"{folder} is no Firstpass artifact: {SCHEMA_FILE} is missing"
        ) from None
    except msgspec.MsgspecError as error:
        raise RegistryError(f"{path} is damaged: {error}") from error


def require_schema(folder: Path, model: str, readable: Collection[int]) -> ArtifactSchema:
    """`read_schema`, refusing other models and schemas outside ``readable``.

    Raises:
        RegistryError: The artifact is another model's or of a schema that this code cannot read.
    """
    schema = read_schema(folder)
    if schema.model != model:
        raise RegistryError(f"{folder} holds a model '{schema.model}', not '{model}'")
    if schema.feature_schema not in readable:
        known = ", ".join(map(str, sorted(readable)))
        raise RegistryError(
            f"this '{model}' version was written with feature schema {schema.feature_schema} by"
            f" Firstpass {schema.firstpass or 'of unknown version'}; this Firstpass"
            f" ({firstpass_version()}) reads schema {known}: update Firstpass, or promote a"
            " version that it reads (see 'firstpass models')"
        )
    return schema


def require_data_only(folder: Path) -> None:
    """Refuse an artifact with a file that is not plain data.

    Raises:
        RegistryError: A file has a suffix outside `DATA_SUFFIXES`, or an array file holds
            pickled objects.
    """
    read_schema(folder)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix not in DATA_SUFFIXES:
            allowed = ", ".join(sorted(DATA_SUFFIXES))
            raise RegistryError(f"an artifact holds data only: {path.name} is none of {allowed}")
        if path.suffix in {".npz", ".npy"}:
            _require_plain_arrays(path)


def _require_plain_arrays(path: Path) -> None:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                for name in loaded.files:
                    loaded[name]
    except ValueError as error:
        raise RegistryError(f"an artifact holds data only: {path.name}: {error}") from error
