import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import RegistryError
from models.registry import store

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)


def test_home_is_the_working_directory_unless_set(tmp_path, monkeypatch):
    monkeypatch.delenv("FIRSTPASS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert store.home() == tmp_path.resolve()
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "elsewhere"))
    assert store.tracking_uri() == f"sqlite:///{tmp_path.resolve()}/elsewhere/mlruns/mlflow.db"


def test_a_server_takes_the_place_of_the_embedded_store(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example:5000")
    assert store.tracking_uri() == store.registry_uri() == "http://mlflow.example:5000"
    assert store.artifact_location("denial") is None
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://registry.example")
    assert store.registry_uri() == "http://registry.example"


def test_reading_does_not_create_a_store(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))
    with pytest.raises(RegistryError, match="no model store in .* yet: run 'firstpass train"):
        store.open_client()
    assert list(tmp_path.iterdir()) == []


def test_processes_that_start_together_create_one_store_and_print_nothing(tmp_path):
    code = (
        "from models.registry import store;"
        "print(len(store.open_client(create=True).search_registered_models()))"
    )
    environment = {**os.environ, "FIRSTPASS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ends = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ends
    assert ends == [("0\n", "")] * 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mlruns"]


def test_what_mlflow_raises_becomes_a_registry_error(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))
    from mlflow.exceptions import MlflowException

    with (
        pytest.raises(RegistryError, match="cannot list .*: boom"),
        store.translated("list"),
    ):
        raise MlflowException("boom\nand a second line")


def test_the_lock_is_held_against_others_and_counted_for_its_holder(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))
    store.store_folder().mkdir()
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.2)
    with store.store_lock(), store.store_lock():
        from filelock import FileLock, Timeout

        with pytest.raises(Timeout):
            FileLock(store.store_folder() / ".lock", timeout=0.1).acquire()
