import json

import pandas as pd
import pytest

from models import registry
from models.errors import RegistryError
from tests.models.registry import fake_model
from training.cli import registry as verbs
from training.tracking import training_run


@pytest.fixture
def two_versions(firstpass_home, tmp_path, request) -> str:
    name = f"cli-{request.node.name}".replace("_", "-")
    for number in (1, 2):
        with training_run(name, {}) as run:
            run.register(
                fake_model.write_artifact(tmp_path / str(number), number),
                loader_module=fake_model.LOADER,
                signature=fake_model.SIGNATURE,
                input_example=pd.DataFrame({"claim": ["synthetic"]}),
                headline={"roc_auc": 0.9 + number / 100},
            )
    return name


def test_models_lists_versions_figures_and_moves(two_versions, capsys):
    verbs.promote(two_versions, "1", reason="first")
    verbs.models(two_versions)
    out = capsys.readouterr().out
    assert "version 1 is the champion" in out
    first, second, *_ = out.split("registered", 1)[1].splitlines()[1:]
    assert "challenger" in first and "roc_auc 0.920" in first
    assert "champion" in second and "roc_auc 0.910" in second
    assert f"store: {registry.tracking_uri()}" in out
    assert "promote to version 1 (first)" in out


def test_models_as_json(two_versions, capsys):
    verbs.promote(two_versions, "@challenger")
    capsys.readouterr()
    verbs.models(None, json=True)
    result = json.loads(capsys.readouterr().out)
    mine = [entry for entry in result["versions"] if entry["name"] == two_versions]
    assert [(entry["version"], entry["aliases"]) for entry in mine] == [(2, ["champion"]), (1, [])]
    assert mine[0]["metrics"] == {"roc_auc": 0.92}
    assert result["promotions"][two_versions][0]["version"] == 2


def test_rollback_says_who_is_champion_again(two_versions, capsys):
    verbs.promote(two_versions, "1")
    verbs.promote(two_versions, "2")
    verbs.rollback(two_versions, json=False)
    assert "version 1 is the champion again" in capsys.readouterr().out
    assert registry.find(two_versions).version == 1


def test_a_model_that_is_not_there(firstpass_home, two_versions):
    with pytest.raises(RegistryError, match="no model 'nowhere' is registered yet"):
        verbs.models("nowhere")
