"""The same model for MLflow with ready-made features: how `serve_single` asks it.

MLflow imports this module as the loader of a model whose data is the registered artifact.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from models.claims.claim import Claim
from models.denial.artifact import load_artifact
from models.denial.attributes import ATTRIBUTES
from models.denial.features import FeatureBatch, FeatureEncoder, RowMaker
from models.denial.model import DenialModel

NAMES = [x.name for x in ATTRIBUTES]
OWNER, CHARGED, LAG = "claim_of_line", "charged", "lag_days"


def features_table(model: DenialModel, claims: Sequence[Claim]) -> bytes:
    """Claims as ready-made features, in MLflow's JSON."""
    rows_of = RowMaker(model.past.overlay(), model.filing_limits)
    batch = FeatureEncoder(rows_of, model.vocabulary).encode(claims)
    rows = [
        [*line, int(owner), bool(charged), int(batch.lag_days[owner])]
        for line, owner, charged in zip(
            batch.values.tolist(), batch.claim_of_line, batch.charged, strict=True
        )
    ]
    table = {"columns": [*NAMES, OWNER, CHARGED, LAG], "data": rows}
    return json.dumps({"dataframe_split": table}).encode()


class FeaturesModel:
    """What MLflow calls."""

    def __init__(self, model: DenialModel) -> None:
        self._model = model

    def predict(self, table: pd.DataFrame, params: dict[str, object] | None = None) -> pd.DataFrame:
        """Probability and categories of each claim."""
        owner = table[OWNER].to_numpy(np.int32)
        first = np.flatnonzero(np.diff(owner, prepend=-1)).astype(np.int32)
        batch = FeatureBatch(
            values=table[NAMES].to_numpy(np.int32),
            claim_of_line=owner,
            first_line=first,
            lag_days=table[LAG].to_numpy(np.int32)[first],
            charged=table[CHARGED].to_numpy(np.bool_),
        )
        found = self._model.predict(batch)
        result = pd.DataFrame({"denial_probability": found.probability})
        for i, name in enumerate(self._model.names):
            result[name] = found.hazards[:, i]
        return result


def _load_pyfunc(path: str) -> FeaturesModel:
    return FeaturesModel(load_artifact(Path(path)))


def save(artifact: Path, target: Path) -> None:
    """Save the artifact as an MLflow model that takes features."""
    from mlflow import pyfunc

    pyfunc.save_model(
        str(target),
        loader_module="benchmarks.serve_features",
        data_path=str(artifact),
        pip_requirements=["mlflow"],
    )
