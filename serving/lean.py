"""Keeps heavy packages out of worker processes.

LightGBM imports pandas, scikit-learn and pyarrow where they are installed, which costs a second
and 125 MB in every worker and is used for nothing there: requests never become DataFrames. The
finder below makes them look absent, so that whatever should import one on the serving path
fails in the first test instead of slowing every request.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ABSENT = frozenset(
    {
        "dask",
        "graphviz",
        "matplotlib",
        "mlflow",
        "pandas",
        "sklearn",
        "torch",
        "training",
    }
)


class _Absent(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(
                f"{fullname} is not imported in a worker of the service", name=fullname
            )
        return None


def keep_lean() -> None:
    """Make the packages in `ABSENT` look absent in this process, from now on."""
    if not any(isinstance(x, _Absent) for x in sys.meta_path):
        sys.meta_path.insert(0, _Absent())
