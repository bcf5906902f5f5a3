"""``firstpass kpis`` as a user types it."""

import csv
import json

import pyarrow.parquet as pq
import pytest
import typer
from pypdf import PdfReader
from typer.testing import CliRunner

from models.errors import FirstpassError
from models.revenue.kpis import load_kpis
from serving.cli import kpis
from training.simulate import simulate
from training.simulate.files import write_practice

app = typer.Typer()
app.command()(kpis.kpis)


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kpis") / "practice"
    write_practice(simulate("typical", claims=250, months=6, seed=2), folder)
    return folder / "history"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))

    def call(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        if isinstance(result.exception, FirstpassError):
            return f"error: {result.exception}"
        assert result.exit_code == code, result.output
        return result.stdout

    return call


def test_json_has_value_numerator_and_denominator_of_every_kpi(run, practice):
    found = json.loads(run(practice, "--json"))
    assert set(found) == set(load_kpis())
    assert all(set(x) == {"value", "numerator", "denominator"} for x in found.values())
    rate = found["initial_denial_rate"]
    assert rate["value"] == pytest.approx(rate["numerator"] / rate["denominator"])


def test_it_writes_tables_and_a_report(run, practice, tmp_path):
    out = tmp_path / "report"
    words = run(practice, "--out", out)
    assert "initial denial rate" in words
    assert "at least 95 %" in words
    with (out / "kpis.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["kpi"] == "initial_denial_rate"
    assert rows[0]["formula"]
    assert pq.read_table(out / "kpis.parquet").num_rows == len(rows)
    text = "".join(page.extract_text() for page in PdfReader(out / "report.pdf").pages)
    assert "Revenue cycle report" in text
    assert "net collection rate" in text
    assert "Why claims were denied" in text
    assert json.loads((out / "kpis.json").read_text()) == json.loads(run(practice, "--json"))
    assert (out / "denial_reasons.csv").read_text().startswith("carc,category")


def test_kpis_by_payer_and_with_costs(run, practice, tmp_path):
    by_payer = json.loads(run(practice, "--by", "payer", "--json"))
    assert len(by_payer) > 2
    costs = tmp_path / "costs.csv"
    costs.write_text("month,dollars\n2026-05,250\n")
    found = json.loads(run(practice, "--costs", costs, "--json"))["cost_to_collect"]
    assert found["numerator"] == 250
    costs.write_text("month,dollars\nMay,250\n")
    assert "allowed: 2026-03" in run(practice, "--costs", costs)
    run(practice, "--by", "moon", code=2)


def test_a_history_without_claims_is_told(run, tmp_path):
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "a.txt").write_text("nothing")
    assert "error: none of the 1 files" in run(tmp_path / "answers")
