"""The recovery model behind ``mlflow.pyfunc.load_model``.

Input: a DataFrame with a column ``facts``, each a `RecoveryFacts` as JSON. Output: a column
``recovery_probability``, in order.
"""

from pathlib import Path

import msgspec
import pandas as pd

from models.errors import InputError
from models.revenue.recovery import RecoveryFacts, RecoveryModel, load_artifact

INPUT_COLUMN, OUTPUT_COLUMN = "facts", "recovery_probability"


class RecoveryPyfunc:
    """What MLflow calls."""

    def __init__(self, model: RecoveryModel) -> None:
        self.model = model

    def predict(self, table: pd.DataFrame, params: dict[str, object] | None = None) -> pd.DataFrame:
        """Probabilities of a table of denied lines.

        Raises:
            InputError: the column is absent, or a row cannot be read; the row is named.
        """
        if INPUT_COLUMN not in table.columns:
            raise InputError(f"the table needs a column '{INPUT_COLUMN}'")
        facts = []
        for number, text in enumerate(table[INPUT_COLUMN], 1):
            try:
                facts.append(msgspec.json.decode(text, type=RecoveryFacts))
                self.model.estimate(facts[-1:])
            except (msgspec.MsgspecError, TypeError, ValueError) as error:
                raise InputError(f"row {number} is no denied line as JSON") from error
        return pd.DataFrame({OUTPUT_COLUMN: self.model.estimate(facts)})


def _load_pyfunc(path: str) -> RecoveryPyfunc:
    return RecoveryPyfunc(load_artifact(Path(path)))
