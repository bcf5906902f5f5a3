"""Names, aliases, signatures, save and load: the only mlflow import outside training/tracking."""

from models.registry.artifact import (
    ArtifactSchema,
    firstpass_version,
    read_schema,
    require_schema,
    write_schema,
)
from models.registry.description import RunDescription, describe_run
from models.registry.files import LoadedArtifact, load
from models.registry.promotion import Promotion, promote, promotions, rollback
from models.registry.saving import TableSignature, save_version
from models.registry.store import home, store_folder, tracking_uri
from models.registry.versions import (
    CHALLENGER,
    CHAMPION,
    Version,
    find,
    model_names,
    set_alias,
    versions,
)

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "ArtifactSchema",
    "LoadedArtifact",
    "Promotion",
    "RunDescription",
    "TableSignature",
    "Version",
    "describe_run",
    "find",
    "firstpass_version",
    "home",
    "load",
    "model_names",
    "promote",
    "promotions",
    "read_schema",
    "require_schema",
    "rollback",
    "save_version",
    "set_alias",
    "store_folder",
    "tracking_uri",
    "versions",
    "write_schema",
]
