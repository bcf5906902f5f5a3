"""What tests of several folders share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("firstpass_home")


@pytest.fixture
def firstpass_home(_shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with an embedded MLflow store, shared by the session: making one takes seconds.

    Tests that use it take a model or experiment name of their own.
    """
    monkeypatch.setenv("FIRSTPASS_HOME", str(_shared_home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    return _shared_home
