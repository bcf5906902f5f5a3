"""The coding model behind ``mlflow.pyfunc.load_model``.

Input: a DataFrame with one column ``text``, a note each. Output: one row a suggestion:
``note`` (row number of the note), ``system``, ``code``, ``score``, ``assertion``, ``evidence``
(JSON).
"""

from pathlib import Path

import msgspec
import pandas as pd

from models.coding.artifact import load_artifact
from models.coding.model import CodingModel
from models.errors import InputError

INPUT_COLUMN = "text"
COLUMNS = ("note", "system", "code", "score", "assertion", "evidence")


class CodingPyfunc:
    """What MLflow calls."""

    def __init__(self, model: CodingModel) -> None:
        self.model = model

    def predict(self, table: pd.DataFrame, params: dict[str, object] | None = None) -> pd.DataFrame:
        """Suggestions for a table of notes.

        Raises:
            InputError: the column is absent, or a note cannot be read; its row is named.
        """
        if INPUT_COLUMN not in table.columns:
            raise InputError(f"the table needs a column '{INPUT_COLUMN}' with one note a row")
        rows: list[tuple[object, ...]] = []
        for number, text in enumerate(table[INPUT_COLUMN], 1):
            try:
                found = self.model.suggest(str(text))
            except InputError as error:
                raise InputError(f"row {number}: {error}") from error
            rows += [
                (number, s.system, s.code, s.score, str(s.assertion),
                 msgspec.json.encode(s.evidence).decode())
                for s in found
            ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS))


def _load_pyfunc(path: str) -> CodingPyfunc:
    return CodingPyfunc(load_artifact(Path(path)))
