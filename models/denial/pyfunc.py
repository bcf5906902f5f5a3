"""The denial model behind ``mlflow.pyfunc.load_model``.

Input: a DataFrame with one column ``claim``, each a claim as JSON (``msgspec.json.encode`` of a
`Claim`). Output: the columns of `models.denial.score.COLUMNS`, one row a claim, in order. The
claims of one call see each other, as the claims of one file do.
"""

from pathlib import Path

import msgspec
import pandas as pd

from models.claims.claim import Claim
from models.denial.artifact import load_artifact
from models.denial.model import DenialModel
from models.denial.score import COLUMNS, row
from models.errors import InputError

INPUT_COLUMN = "claim"


class DenialPyfunc:
    """What MLflow calls."""

    def __init__(self, model: DenialModel) -> None:
        self.model = model
        self._decoder = msgspec.json.Decoder(Claim)

    def predict(self, table: pd.DataFrame, params: dict[str, object] | None = None) -> pd.DataFrame:
        """Score a table of claims.

        Raises:
            InputError: the column is absent, or a row is no claim; the row and JSON path are
                named, never the value.
        """
        if INPUT_COLUMN not in table.columns:
            raise InputError(
                f"the table needs a column '{INPUT_COLUMN}' with one claim as JSON a row"
            )
        claims = []
        for number, text in enumerate(table[INPUT_COLUMN], 1):
            try:
                claims.append(self._decoder.decode(text))
            except (msgspec.MsgspecError, TypeError) as error:
                path = str(error).rpartition(" - at ")[2]
                raise InputError(f"row {number} is no claim as JSON, at {path}") from error
        factors = not (params or {}).get("without_factors", False)
        rows = [row(r) for r in self.model.score(claims, factors=factors)]
        return pd.DataFrame(rows, columns=list(COLUMNS))


def _load_pyfunc(path: str) -> DenialPyfunc:
    return DenialPyfunc(load_artifact(Path(path)))
