"""A model as small as can be, for the registry's tests: one table, added to a number."""

import json
from pathlib import Path

import pandas as pd

from models.registry import TableSignature, require_schema, write_schema

SIGNATURE = TableSignature(inputs={"claim": "string"}, outputs={"score": "double"})
LOADER = "tests.models.registry.fake_model"


def write_artifact(folder: Path, offset: float, schema: int = 1) -> Path:
    folder.mkdir(parents=True)
    (folder / "table.json").write_text(json.dumps({"offset": offset}))
    write_schema(folder, "fake", schema)
    return folder


class Fake:
    def __init__(self, path: Path) -> None:
        require_schema(path, "fake", {1})
        self.offset = json.loads((path / "table.json").read_text())["offset"]

    def predict(self, rows: pd.DataFrame, params: object = None) -> pd.DataFrame:
        return pd.DataFrame({"score": rows["claim"].str.len().astype(float) + self.offset})


def _load_pyfunc(path: str) -> Fake:
    return Fake(Path(path))
