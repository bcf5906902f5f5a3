"""A denial model that knows nothing, with the real one's columns."""

import json
from pathlib import Path

import pandas as pd

from models.registry import require_schema


class FakeDenial:
    def predict(self, rows: pd.DataFrame, params: object = None) -> pd.DataFrame:
        identifiers = [json.loads(claim)["claim_id"] for claim in rows["claim"]]
        return pd.DataFrame({"claim_id": identifiers, "denial_probability": 0.5})


def _load_pyfunc(path: str) -> FakeDenial:
    require_schema(Path(path), "fake", {1})
    return FakeDenial()
