"""Registering a tiny model; each test takes a model name of its own."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from models import registry
from models.registry import store
from tests.models.registry import fake_model


@pytest.fixture
def register(firstpass_home: Path, tmp_path: Path) -> Callable[..., registry.Version]:
    def save(name: str, offset: float = 0.0, schema: int = 1) -> registry.Version:
        client = store.open_client(create=True)
        found = client.get_experiment_by_name(name)
        experiment = (
            found.experiment_id
            if found
            else client.create_experiment(name, store.artifact_location(name))
        )
        run = client.create_run(experiment)
        folder = tmp_path / f"artifact-{run.info.run_id}"
        return registry.save_version(
            name,
            fake_model.write_artifact(folder, offset, schema),
            run_id=run.info.run_id,
            loader_module=fake_model.LOADER,
            signature=fake_model.SIGNATURE,
            input_example=pd.DataFrame({"claim": ["synthetic"]}),
            metrics={"roc_auc": 0.9},
            tags={"note": "made by a test"},
        )

    return save
