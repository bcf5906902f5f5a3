"""`firstpass rules` as a user types it."""

import csv
import json

import pytest
from typer.testing import CliRunner

from firstpass import app
from models.claims.x12 import write_835, write_837p
from models.errors import InputError
from tests.models.history.rules.samples import AUTHORIZED, answer, claim


@pytest.fixture
def history(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "history"
    folder.mkdir()
    filed = [claim(n, n * 5) for n in range(12)]
    authorized = [claim(1000 + n, n * 5, references=AUTHORIZED) for n in range(12)]
    answers = [answer(x, "197") for x in filed] + [answer(x) for x in authorized]
    with (folder / "claims.837").open("wb") as out:
        write_837p(filed + authorized, out)
    with (folder / "answers.835").open("wb") as out:
        write_835(answers, out)
    return folder


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["rules", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout


WORDS = "UNITED CHOICE denies 73721 without an authorization number (CARC 197): 12 of 12"


def test_rules_of_a_history_are_printed_and_written(history, tmp_path):
    out = run(history, "--out", tmp_path / "rules.csv")
    assert WORDS in out and "without it 0 of 12" in out
    with (tmp_path / "rules.csv").open() as file:
        [row] = csv.DictReader(file)
    assert (row["kind"], row["codes"], row["denied"]) == ("authorization", "73721", "12")
    assert "CLAIM" not in (tmp_path / "rules.csv").read_text()


def test_claims_behind_a_rule_are_shown_on_request(history):
    assert "CLAIM" not in run(history) and "CLAIM00001 line 1" in run(history, "--claims")
    [rule] = json.loads(run(history, "--claims", "--json"))
    assert len(rule["claims"]) == 12
    assert "claims" not in json.loads(run(history, "--json"))[0]


def test_a_history_without_rules_says_what_it_takes(history):
    (history / "answers.835").unlink()
    assert "no payer rule shows" in run(history)


def test_loading_learns_and_a_person_decides(history, tmp_path):
    assert CliRunner().invoke(app, ["load", str(history)]).exit_code == 0
    [rule] = json.loads(run("--json"))
    assert rule["status"] == "proposed"
    number = rule["id"]
    book = tmp_path / "home" / "tables" / "payer_rules.json"
    assert not book.exists()
    assert "accepted" in run("--accept", number, "--reason", "seen")
    assert json.loads(book.read_text())[0]["id"] == number
    (tmp_path / "mine.json").write_text(json.dumps(rule | {"codes": ["73721", "73722"]}))
    assert "73721, 73722" in run("--edit", number, tmp_path / "mine.json")
    assert json.loads(book.read_text())[0]["rule"]["codes"] == ["73721", "73722"]
    run("--dismiss", number)
    assert json.loads(book.read_text()) == []
    assert "proposed" in run("--undo", number)


def test_usage_that_makes_no_sense_is_refused(history, tmp_path):
    assert CliRunner().invoke(app, ["rules", str(history), "--accept", "1"]).exit_code == 2
    assert CliRunner().invoke(app, ["rules", "--accept", "1", "--dismiss", "2"]).exit_code == 2
    result = CliRunner().invoke(app, ["rules", "--accept", "1"])
    assert isinstance(result.exception, Exception) and "no payer rule" in str(result.exception)
    (tmp_path / "bad.json").write_text("{}")
    CliRunner().invoke(app, ["load", str(history)])
    result = CliRunner().invoke(app, ["rules", "--edit", "1", str(tmp_path / "bad.json")])
    assert isinstance(result.exception, InputError)
