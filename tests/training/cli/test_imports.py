"""``firstpass import``: what it says, exit codes, JSON."""

import json

import pytest
import typer
from typer.testing import CliRunner

from models.edits import EditTables
from tests.models.edits import publishers as made
from tests.models.edits.publishers import archive, put, workbook
from training.cli.imports import Kind, import_tables

runner = CliRunner()


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    typed = typer.Typer()
    typed.command("import")(import_tables)
    return typed


def test_it_says_what_it_took_and_what_it_left_out_and_why(app, tmp_path):
    path = put(tmp_path, "f1.zip", archive({"ccipra-v310r0-f1.txt": made.NCCI_TXT, "a.pdf": "x"}))
    result = runner.invoke(app, ["ncci", str(path)])
    assert result.exit_code == 0
    assert "NCCI PTP practitioner v31.0 medicare: took 3 rows, 3 rows held" in result.stdout
    assert "took ccipra-v310r0-f1.txt" in result.stdout
    assert "left out a.pdf: not a table" in result.stdout
    assert "left out 1 rows: a date or modifier indicator cannot be read" in result.stdout
    again = runner.invoke(app, ["ncci", str(path)])
    assert again.exit_code == 0
    assert "nothing to do, this file is in already (3 rows held)" in again.stdout
    assert EditTables.load().ncci["medicare"]


def test_several_files_one_of_them_bad(app, tmp_path):
    good = put(tmp_path, "mue_Eff_01-01-2026.csv", made.MUE_CSV)
    bad = put(tmp_path, "bad.csv", "hello,world\n1,2\n")
    result = runner.invoke(app, ["mue", str(bad), str(good), "--json"])
    assert result.exit_code == 1
    (report,) = json.loads(result.stdout)
    assert report["rows"] == 3
    assert report["effective"] == "2026-01-01"
    assert "bad.csv: no row of MUE practitioner in it" in " ".join(result.stderr.split())


def test_replace_clears_before_the_first_file_only(app, tmp_path):
    first = put(tmp_path, "1.txt", made.NCCI_TXT)
    second = put(tmp_path, "2.xlsx", workbook(made.NCCI_SHEET))
    runner.invoke(app, ["ncci", str(first)])
    third = put(tmp_path, "3.txt", made.NCCI_TXT.replace("36000", "36005"))
    result = runner.invoke(app, ["ncci", str(third), str(second), "--replace", "--json"])
    assert [r["total"] for r in json.loads(result.stdout)] == [3, 5]


def test_the_effective_date_and_the_program_may_be_given(app, tmp_path):
    path = put(tmp_path, "mue.csv", made.MUE_CSV)
    options = ["--effective", "2026-07-01", "--program", "medicaid", "--json"]
    result = runner.invoke(app, ["mue", str(path), *options])
    (report,) = json.loads(result.stdout)
    assert (report["effective"], report["program"]) == ("2026-07-01", "medicaid")


def test_bad_usage(app, tmp_path):
    path = put(tmp_path, "mue.csv", made.MUE_CSV)
    for arguments in (["nothing", str(path)], ["mue", str(tmp_path / "gone.csv")],
                      ["mue", str(path), "--effective", "soon"]):  # fmt: skip
        assert runner.invoke(app, arguments).exit_code == 2


def test_kinds_are_those_of_the_importer():
    from models.edits.importing import TITLES

    assert [k.value for k in Kind] == list(TITLES)
