import numpy as np
import pytest

from models.errors import RegistryError
from models.registry import artifact
from tests.models.registry.fake_model import write_artifact


def test_a_schema_is_read_as_it_was_written(tmp_path):
    folder = write_artifact(tmp_path / "a", 1.0, schema=7)
    found = artifact.require_schema(folder, "fake", {6, 7})
    assert (found.model, found.feature_schema) == ("fake", 7)
    assert found.firstpass == artifact.firstpass_version()


def test_an_unknown_schema_is_refused_with_what_can_be_done(tmp_path):
    folder = write_artifact(tmp_path / "a", 1.0, schema=9)
    with pytest.raises(RegistryError, match=r"schema 9 .* reads schema 1, 2: update Firstpass"):
        artifact.require_schema(folder, "fake", {1, 2})


def test_another_model_is_refused(tmp_path):
    folder = write_artifact(tmp_path / "a", 1.0)
    with pytest.raises(RegistryError, match="holds a model 'fake', not 'denial'"):
        artifact.require_schema(folder, "denial", {1})


def test_a_folder_without_schema_and_a_damaged_one_are_named(tmp_path):
    with pytest.raises(RegistryError, match="schema.json is missing"):
        artifact.read_schema(tmp_path)
    (tmp_path / "schema.json").write_text('{"model": 3}')
    with pytest.raises(RegistryError, match="is damaged"):
        artifact.read_schema(tmp_path)


@pytest.mark.parametrize("name", ["model.pkl", "loader.py", "weights.joblib", "model"])
def test_an_artifact_with_more_than_data_is_refused(tmp_path, name):
    folder = write_artifact(tmp_path / "a", 1.0)
    (folder / name).write_bytes(b"x")
    with pytest.raises(RegistryError, match="holds data only: " + name):
        artifact.require_data_only(folder)


def test_arrays_that_hide_pickles_are_refused(tmp_path):
    folder = write_artifact(tmp_path / "a", 1.0)
    np.savez(folder / "plain.npz", numbers=np.arange(3.0), words=np.array(["a", "b"]))
    artifact.require_data_only(folder)
    np.savez(folder / "objects.npz", anything=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RegistryError, match="objects.npz"):
        artifact.require_data_only(folder)
