"""The registered denial model as the follower wants it: artifact and input example."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.errors import RegistryError
from serving.scoring.follower import Scorer

INPUT_COLUMN = "claim"


class _Table(msgspec.Struct):
    """MLflow's JSON of a table: ``split`` orientation, or one of its records."""

    columns: list[str]
    data: list[list[object]]


def load_denial(folder: Path, version: str) -> Scorer:
    """Read a denial artifact."""
    # LightGBM takes its time to import; requests to /healthz need not wait for it.
    from models.denial.artifact import load_artifact

    return load_artifact(folder, model_version=version)


def example_claims(path: Path) -> Iterable[Claim]:
    """Claims of the input example that was registered with a version.

    Raises:
        RegistryError: It is not the table of claims that a denial model is registered with.
    """
    try:
        table = msgspec.json.decode(path.read_bytes(), type=_Table)
        column = table.columns.index(INPUT_COLUMN)
        return [msgspec.json.decode(str(row[column]), type=Claim) for row in table.data]
    except (OSError, ValueError, IndexError, msgspec.MsgspecError) as error:
        raise RegistryError(
            f"its input example is not readable ({type(error).__name__})"
        ) from error
