import json
import math
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from matplotlib.figure import Figure

from models import registry
from models.errors import NotEnoughDataError, RegistryError
from models.registry import store
from tests.models.registry import fake_model
from training.tracking import TrainingRun, training_run

pytestmark = pytest.mark.usefixtures("firstpass_home")


class Report(msgspec.Struct):
    matched: int
    denied_by_payer: dict[str, int]


def run_of(opened: TrainingRun):
    return store.open_client().get_run(opened.run_id)


def artifact(opened: TrainingRun, path: str) -> Path:
    return Path(run_of(opened).info.artifact_uri.removeprefix("file://")) / path


def test_a_run_holds_parameters_metrics_and_where_it_came_from():
    with training_run("tracked", {"trees": 300, "gap": None}, fingerprint="abc") as opened:
        opened.metrics({"roc_auc": 0.91, "capture@10%": 0.5})
        opened.tags({"cohort": "all"})
    run = run_of(opened)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"trees": "300", "gap": "None"}
    assert run.data.metrics == {"roc_auc": 0.91, "capture_10_": 0.5}
    assert run.data.tags["data_fingerprint"] == "abc"
    assert run.data.tags["cohort"] == "all"
    assert run.data.tags["code_version"].startswith(registry.firstpass_version())


def test_reports_tables_and_plots_are_files_of_the_run():
    figure = Figure()
    figure.subplots().plot([0, 1])
    with training_run("files", {}) as opened:
        opened.report(Report(3, {"payer": 1}), "cohort.json")
        opened.table(pd.DataFrame({"month": ["2026-01"], "auc": [0.9]}), "tables/months.csv")
        opened.figure(figure, "plots/roc.png")
        opened.figure(figure, "plots/roc.svg")
        opened.text("words", "notes.txt")
    report = json.loads(artifact(opened, "cohort.json").read_text())
    assert report == {"matched": 3, "denied_by_payer": {"payer": 1}}
    assert artifact(opened, "tables/months.csv").read_text() == "month,auc\n2026-01,0.9\n"
    assert artifact(opened, "plots/roc.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in artifact(opened, "plots/roc.svg").read_bytes()


def test_a_failed_run_says_so_without_words_that_may_be_a_patients():
    with pytest.raises(ValueError, match="Jane"), training_run("failed", {}) as opened:
        raise ValueError("Jane Doe 1970-01-01")
    run = run_of(opened)
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "ValueError")
    with pytest.raises(NotEnoughDataError), training_run("failed", {}) as opened:
        raise NotEnoughDataError("no denial in 12 claims")
    assert run_of(opened).data.tags["error"] == "NotEnoughDataError: no denial in 12 claims"


def test_an_interrupted_run_is_killed():
    with pytest.raises(KeyboardInterrupt), training_run("killed", {}) as opened:
        raise KeyboardInterrupt
    assert run_of(opened).info.status == "KILLED"


def test_a_registered_version_is_the_challenger_and_knows_its_run(tmp_path):
    with training_run("registered", {}) as opened:
        version = opened.register(
            fake_model.write_artifact(tmp_path / "artifact", 2.0),
            loader_module=fake_model.LOADER,
            signature=fake_model.SIGNATURE,
            input_example=pd.DataFrame({"claim": ["synthetic"]}),
            headline={"roc_auc": 0.875},
            tags={"claims": "20000"},
        )
    found = registry.find("registered", "challenger")
    assert found.version == version.version == 1
    assert found.run_id == opened.run_id
    assert found.metrics == {"roc_auc": 0.875}
    assert found.tags["claims"] == "20000"
    assert found.tags["code_version"]


def test_many_and_odd_values_are_taken():
    params = {f"p{i}": "x" * 7000 for i in range(150)}
    with training_run("many", params) as opened:
        opened.metrics({f"m{i}": float(i) for i in range(1200)} | {"nothing": math.nan})
    assert len(run_of(opened).data.params) == 150
    assert len(run_of(opened).data.metrics) == 1201


def test_a_store_that_cannot_be_opened_is_a_registry_error(tmp_path, monkeypatch):
    (tmp_path / "text.db").write_text("no database, " * 1000)
    for uri in (f"sqlite:///{tmp_path}/text.db", f"sqlite:///{tmp_path}/text.db/mlflow.db"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        with pytest.raises(RegistryError, match="cannot open"), training_run("lost", {}):
            pass
