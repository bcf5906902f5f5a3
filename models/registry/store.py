"""Where tracking and registry live, and the one client that talks to them.

The embedded store is ``sqlite:///HOME/mlruns/mlflow.db`` with artifacts under ``HOME/mlruns``,
HOME being ``FIRSTPASS_HOME`` or the working directory. ``MLFLOW_TRACKING_URI`` (and, should
it differ, ``MLFLOW_REGISTRY_URI``) puts a server in its place; nothing else changes.

No global of MLflow is set: a process may open several stores one after the other.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.errors import RegistryError

STORE_FOLDER = "mlruns"
DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
# Creating the store takes two seconds; whoever waits longer than this waits for a dead process.
LOCK_SECONDS = 120.0

_clients: dict[tuple[str, str], Any] = {}
_opening = threading.Lock()


def home() -> Path:
    """The folder that holds ``mlruns``: ``FIRSTPASS_HOME``, or the working directory."""
    return Path(os.environ.get("FIRSTPASS_HOME") or ".").expanduser().resolve()


def store_folder() -> Path:
    """``mlruns`` of this home, whether it exists or not."""
    return home() / STORE_FOLDER


def is_embedded() -> bool:
    """Whether the local store is in use, rather than ``MLFLOW_TRACKING_URI``."""
    return not os.environ.get("MLFLOW_TRACKING_URI")


def tracking_uri() -> str:
    """What a plain script gives to ``mlflow.set_tracking_uri`` to see the same models."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store_folder() / DATABASE}"


def registry_uri() -> str:
    """The registry's address; the tracking store's unless ``MLFLOW_REGISTRY_URI`` is set."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or tracking_uri()


def artifact_location(experiment: str) -> str | None:
    """Where an experiment's files go; ``None`` lets a server decide."""
    return (store_folder() / ARTIFACTS / experiment).as_uri() if is_embedded() else None


def open_client(*, create: bool = False) -> Any:
    """The MLflow client of the current store.

    ``create`` makes the embedded store where there is none; a reader never does.

    Raises:
        RegistryError: There is no store yet, it cannot be reached, or it was made by an
            MLflow with another database schema.
    """
    key = (tracking_uri(), registry_uri())
    if is_embedded() and not (store_folder() / DATABASE).exists():
        _clients.pop(key, None)
        if not create:
            raise RegistryError(
                f"there is no model store in {store_folder()} yet: run"
                " 'firstpass train denial HISTORY --promote' or 'firstpass train coding --promote',"
                " or set FIRSTPASS_HOME to the folder that holds mlruns"
            )
        store_folder().mkdir(parents=True, exist_ok=True)
    with _opening:
        if key not in _clients:
            with store_lock(), translated("open the model store"):
                client = _quiet_mlflow().MlflowClient(*key)
                # The first query creates or checks the tables. Two processes that do so at
                # once corrupt the migration, therefore the lock.
                client.search_registered_models(max_results=1)
                _clients[key] = client
        return _clients[key]


@contextmanager
def store_lock() -> Iterator[None]:
    """Hold the embedded store for a change of several steps; does nothing with a server."""
    if not is_embedded():
        yield
        return
    # A singleton counts within one thread, so that a holder may open the client.
    lock: Any = FileLock(store_folder() / ".lock", timeout=LOCK_SECONDS, is_singleton=True)
    if not os.access(store_folder(), os.W_OK):
        lock = nullcontext()  # a read-only copy of the store has no writer to wait for
    try:
        lock.__enter__()
    except Timeout:
        raise RegistryError(
            f"the model store {store_folder()} has been locked for {LOCK_SECONDS:.0f} s by"
            " another process: end it, or wait for it"
        ) from None
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what MLflow raises into a `RegistryError` that says what could not be done."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise RegistryError(f"cannot {doing} ({tracking_uri()}): {first_line}") from error


def _quiet_mlflow() -> Any:
    """Import MLflow without telemetry and without its log on the user's terminal."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    for name in ("mlflow", "alembic"):
        logger = logging.getLogger(name)
        # An application that asked for more keeps what it asked for.
        with suppress(TypeError):
            if logger.level in (logging.NOTSET, logging.INFO):
                logger.setLevel(logging.WARNING)
    return mlflow
