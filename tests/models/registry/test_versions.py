import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from models import registry
from models.errors import RegistryError
from models.registry.versions import checked

ROOT = Path(__file__).resolve().parents[3]


def test_versions_are_listed_newest_first_with_their_headline_figures(register):
    register("listed")
    register("listed")
    found = registry.versions("listed")
    assert [v.version for v in found] == [2, 1]
    assert found[0].metrics == {"roc_auc": 0.9}
    assert found[0].tags["note"] == "made by a test"
    assert "listed" in registry.model_names()


def test_a_version_is_found_by_number_and_by_alias(register):
    register("found")
    register("found")
    registry.set_alias("found", registry.CHALLENGER, 2)
    registry.set_alias("found", registry.CHAMPION, 1)
    assert registry.find("found").version == 1
    assert registry.find("found", "@challenger").version == 2
    assert registry.find("found", 2) == registry.find("found", "2")


def test_what_is_absent_is_said_with_the_way_out(register):
    register("absent")
    with pytest.raises(RegistryError, match="no model 'never' is registered yet: run 'firstpass"):
        registry.find("never")
    with pytest.raises(RegistryError, match="no version 5; there are: 1"):
        registry.find("absent", 5)
    with pytest.raises(RegistryError, match="alias 'champion'; there are versions 1: run 'fir"):
        registry.load("absent")
    with pytest.raises(RegistryError, match="is no model name"):
        checked("a'b")


def test_load_gives_the_folder_that_was_saved(register):
    register("loaded", offset=3.0)
    loaded = registry.load("loaded", 1)
    assert sorted(p.name for p in loaded.path.iterdir()) == ["schema.json", "table.json"]
    assert loaded.schema.feature_schema == 1
    assert loaded.version.version == 1


def test_files_that_went_missing_are_named(register):
    version = register("missing")
    shutil.rmtree(version.source.removeprefix("file://"))
    with pytest.raises(RegistryError, match="files of version 1 of 'missing' are not in"):
        registry.load("missing", 1)


def test_two_versions_load_side_by_side_in_plain_mlflow(register):
    for offset in (1.0, 100.0):
        register("pair", offset=offset)
    registry.promote("pair", 2)
    claims = pd.DataFrame({"claim": ["abc", "de"]})
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(registry.tracking_uri())
    try:
        first = mlflow.pyfunc.load_model("models:/pair/1")
        second = mlflow.pyfunc.load_model("models:/pair@champion")
    finally:
        mlflow.set_tracking_uri(before)
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    assert first.predict(claims)["score"].tolist() == [4.0, 3.0]
    assert second.predict(claims)["score"].tolist() == [103.0, 102.0]
    assert first.metadata.signature.inputs.input_names() == ["claim"]


def test_a_plain_script_in_an_empty_folder_loads_the_champion(register, tmp_path):
    register("script", offset=7.0)
    registry.promote("script", 1)
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        "import mlflow, pandas as pd;"
        "m = mlflow.pyfunc.load_model('models:/script@champion');"
        "print(m.predict(pd.DataFrame({'claim': ['x']}))['score'][0])"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": registry.tracking_uri()}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": str(ROOT)},
        cwd=empty,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "8.0\n", done.stderr
    assert list(empty.iterdir()) == []


def test_saving_refuses_code(firstpass_home, tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    registry.write_schema(folder, "fake", 1)
    (folder / "model.pkl").write_bytes(b"")
    with pytest.raises(RegistryError, match="holds data only"):
        registry.save_version(
            "refused",
            folder,
            run_id="none",
            loader_module="nothing",
            signature=registry.TableSignature({}, {}),
            input_example=pd.DataFrame(),
            metrics={},
            tags={},
        )
