"""MLflow runs: open, log, register, close. Autologging is never on.

Nothing that identifies a patient goes in: parameters and tags are configuration, tables and
reports are aggregates, input examples are synthetic. Who adds a call keeps it so.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from models.errors import FirstpassError
from models.registry import CHALLENGER, TableSignature, Version, save_version, set_alias
from models.registry.store import artifact_location, open_client, translated
from training.tracking.provenance import code_version

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Parameter = str | int | float | bool | None
# MLflow refuses longer ones, with an error that would end a training at its start.
LONGEST_PARAMETER = 6000


class TrainingRun:
    """An open run. Made by `training_run`; every method logs at once."""

    def __init__(self, client: Any, run_id: str, name: str) -> None:
        self.run_id = run_id
        self.name = name
        self._client = client

    def metrics(self, values: Mapping[str, float], *, step: int = 0) -> None:
        """Log figures. Characters that MLflow forbids in names become ``_``."""
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        now = get_current_time_millis()
        entries = [Metric(_key(key), float(value), now, step) for key, value in values.items()]
        with translated("log metrics"):
            for begin in range(0, len(entries), 1000):
                self._client.log_batch(self.run_id, metrics=entries[begin : begin + 1000])

    def figure(self, figure: "Figure", path: str) -> None:
        """Log a plot under ``path``, whose suffix decides the format (``.png``, ``.svg``)."""
        with translated(f"log {path}"):
            self._client.log_figure(self.run_id, figure, path, save_kwargs={"dpi": 150})

    def table(self, table: "pd.DataFrame", path: str) -> None:
        """Log an aggregate table as CSV."""
        self.text(table.to_csv(index=False), path)

    def report(self, report: Any, path: str) -> None:
        """Log a report (msgspec struct, dataclass, mapping) as indented JSON."""
        self.text(msgspec.json.format(msgspec.json.encode(report), indent=2).decode(), path)

    def text(self, text: str, path: str) -> None:
        """Log a text file."""
        with translated(f"log {path}"):
            self._client.log_text(self.run_id, text, path)

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        with translated("set tags"):
            for key, value in values.items():
                self._client.set_tag(self.run_id, _key(key), value)

    def register(
        self,
        folder: Path,
        *,
        loader_module: str,
        signature: TableSignature,
        input_example: "pd.DataFrame",
        headline: Mapping[str, float],
        tags: Mapping[str, str] | None = None,
    ) -> Version:
        """Register the artifact in ``folder`` as the next version, and as the challenger.

        ``headline`` are the few figures that ``firstpass models`` shows beside the version.

        Raises:
            RegistryError: The artifact holds more than data, or the store refuses it.
        """
        version = save_version(
            self.name,
            folder,
            run_id=self.run_id,
            loader_module=loader_module,
            signature=signature,
            input_example=input_example,
            metrics=headline,
            tags={"code_version": code_version(), **(tags or {})},
        )
        set_alias(self.name, CHALLENGER, version.version)
        return version


@contextmanager
def training_run(
    name: str,
    params: Mapping[str, Parameter],
    *,
    fingerprint: str = "",
    tags: Mapping[str, str] | None = None,
) -> Iterator[TrainingRun]:
    """Open a run in the experiment ``name``; it ends FINISHED, FAILED or KILLED.

    ``fingerprint`` says which data was used (see `combined_fingerprint`). A failure leaves the
    kind of error in the run, its text only if it is one of ours: those hold no patient data.

    Raises:
        RegistryError: The store cannot be opened or refuses the run.
    """
    from mlflow.entities import Param

    client = open_client(create=True)
    entries = [Param(_key(key), str(value)[:LONGEST_PARAMETER]) for key, value in params.items()]
    about = {"code_version": code_version(), "data_fingerprint": fingerprint, **(tags or {})}
    with translated(f"open a run of '{name}'"):
        run_id = client.create_run(_experiment(client, name), tags=about).info.run_id
        for begin in range(0, len(entries), 100):
            client.log_batch(run_id, params=entries[begin : begin + 100])
    try:
        yield TrainingRun(client, run_id, name)
    except Exception as error:
        client.set_tag(run_id, "error", _described(error))
        client.set_terminated(run_id, "FAILED")
        raise
    except BaseException:
        client.set_terminated(run_id, "KILLED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _described(error: Exception) -> str:
    kind = type(error).__name__
    return f"{kind}: {error}"[:LONGEST_PARAMETER] if isinstance(error, FirstpassError) else kind


def _experiment(client: Any, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location(name)))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)  # another process was quicker
    return str(found.experiment_id)


def _key(key: str) -> str:
    return re.sub(r"[^\w\-./ ]", "_", key)
