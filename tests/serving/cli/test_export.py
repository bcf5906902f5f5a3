"""`firstpass export`: one practice, or all with what was said of their claims."""

import csv

import pytest
from typer.testing import CliRunner

import firstpass
from serving.store.history import SCORED_COLUMNS
from training.simulate import simulate
from training.simulate.files import write_practice


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FIRSTPASS_DATABASE_URL", raising=False)
    write_practice(simulate("easy", 60, 2, seed=1), tmp_path / "p")
    done = CliRunner().invoke(firstpass.app, ["load", str(tmp_path / "p" / "history")])
    assert done.exit_code == 0, done.output
    return tmp_path


def test_every_practice_has_a_folder_and_the_table_its_columns(loaded):
    out, scored = loaded / "out", loaded / "scored.csv"
    arguments = ["export", "all", str(out), "--scored", str(scored)]
    done = CliRunner().invoke(firstpass.app, arguments)
    assert done.exit_code == 0, done.output
    (practice,) = out.iterdir()
    assert (practice / "claims.parquet").exists()
    with scored.open() as file:
        assert tuple(next(csv.reader(file))) == SCORED_COLUMNS


def test_an_unknown_practice_has_nothing(loaded):
    done = CliRunner().invoke(firstpass.app, ["export", "1:2", str(loaded / "out")])
    assert done.exit_code == 1
    assert "nothing of this practice" in done.output
