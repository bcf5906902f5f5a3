"""Making a folder of data files a registered version.

The registry knows no model. A model brings its own loader module (``models.denial.pyfunc``
with ``_load_pyfunc(path)``) and reads its own files; MLflow stores the module's name, never code.
"""

import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from models.registry import store
from models.registry.artifact import read_schema, require_data_only
from models.registry.files import MODEL_FOLDER
from models.registry.versions import METRIC_TAG, Version, checked, find

if TYPE_CHECKING:
    import pandas as pd

# What a loader may import; pinned in the saved model so that a stranger can rebuild it.
REQUIREMENTS = ("mlflow", "lightgbm", "numpy", "pandas", "msgspec")


class TableSignature(msgspec.Struct, frozen=True):
    """Columns in and out of a registered model, each with its MLflow type.

    Types are ``string``, ``double``, ``long``, ``boolean``, ``datetime``.
    """

    inputs: dict[str, str]
    outputs: dict[str, str]


def save_version(
    name: str,
    folder: Path,
    *,
    run_id: str,
    loader_module: str,
    signature: TableSignature,
    input_example: "pd.DataFrame",
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> Version:
    """Register the artifact in ``folder`` as the next version of ``name``.

    ``input_example`` must be synthetic; it is stored with the model. ``metrics`` are the few
    headline figures that `firstpass models` shows.

    Raises:
        RegistryError: The artifact holds more than data, or the store refuses it.
    """
    from mlflow import pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    require_data_only(folder)
    schema = read_schema(folder)
    client = store.open_client(create=True)
    columns = [
        Schema([ColSpec(kind, column) for column, kind in side.items()])
        for side in (signature.inputs, signature.outputs)
    ]
    with store.translated(f"register a version of '{name}'"), tempfile.TemporaryDirectory() as tmp:
        data = Path(tmp) / name
        shutil.copytree(folder, data)
        pyfunc.save_model(
            str(Path(tmp) / MODEL_FOLDER),
            loader_module=loader_module,
            data_path=str(data),
            signature=ModelSignature(inputs=columns[0], outputs=columns[1]),
            input_example=input_example,
            pip_requirements=[f"{package}=={package_version(package)}" for package in REQUIREMENTS],
        )
        client.log_artifacts(run_id, str(Path(tmp) / MODEL_FOLDER), MODEL_FOLDER)
        _create_model(client, name)
        entry = client.create_model_version(
            name,
            source=f"{client.get_run(run_id).info.artifact_uri}/{MODEL_FOLDER}",
            run_id=run_id,
            tags={
                "feature_schema": str(schema.feature_schema),
                "firstpass": schema.firstpass,
                **tags,
                **{f"{METRIC_TAG}{key}": f"{value:.6g}" for key, value in metrics.items()},
            },
        )
    return find(name, int(entry.version))


def _create_model(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(checked(name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
