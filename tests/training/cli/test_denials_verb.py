"""The worklist as a user runs it: words, JSON, CSV, and what it says of bad input."""

import csv
import json

import pytest
from typer.testing import CliRunner

import firstpass
from models.errors import InputError
from tests.models.history.x12_text import filed, remitted

DENIED = "CLP*A1*4*100*0**12*C1~SVC*HC:99213*100*0~DTM*472*20260102~CAS*CO*16*100~LQ*HE*N265~"


@pytest.fixture
def history(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "history"
    folder.mkdir()
    (folder / "one.837").write_text(filed("A1", "20260105", "99213*100"))
    (folder / "one.835").write_text(remitted("20260120", DENIED))
    return folder


def run(*arguments: object, verb: tuple[str, ...] = ("denials",)) -> str:
    done = CliRunner().invoke(firstpass.app, [*verb, *(str(x) for x in arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_worklist_in_words_json_and_csv(history, tmp_path):
    words = run(history)
    assert "A1" in words and "missing_information" in words and "replacement" in words
    assert "1 of 1 open lines" in words
    out = tmp_path / "lists" / "work.csv"
    told = json.loads(run(history, "--json", "--out", out, "--hours", "1"))
    (item,) = told["items"]
    assert (item["action"], item["deadline"]) == ("correct", "2026-03-21")
    assert [o["action"] for o in item["options"]][-1] == "write_off"
    with out.open() as file:
        (row,) = csv.DictReader(file)
    assert row["deadline_source"].startswith("safe default")
    assert row["warned"] == ""


def test_hours_that_hold_nothing(history):
    assert "nothing of it fits" in run(history, "--hours", "0")


def test_nothing_open(history):
    paid = "CLP*A1*1*100*60**12*C2~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
    (history / "two.835").write_text(remitted("20260301", paid, amount="60", number=2))
    assert "nothing is open" in run(history)


def test_scores_told_before_submission(history, tmp_path):
    scores = tmp_path / "scores.csv"
    scores.write_text("claim_id,denial_probability\nA1,0.9\n")
    (item,) = json.loads(run(history, "--json", "--scores", scores))["items"]
    assert item["warned"] is True
    scores.write_text("claim,risk\nA1,0.9\n")
    with pytest.raises(InputError, match="claim_id and denial_probability"):
        run(history, "--scores", scores)


def test_routes_of_the_practice(history, tmp_path):
    routes = tmp_path / "routes.csv"
    routes.write_text("payer,purpose,route,days\n60054,correct,replacement,180\n")
    (item,) = json.loads(run(history, "--json", "--routes", routes))["items"]
    assert item["deadline"] == "2026-07-19"


def test_the_champion_says_the_chance(history):
    """One attempt is too little for a model: rates are registered, and it says why."""
    paid = "CLP*B1*1*100*60**12*C3~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
    (history / "two.837").write_text(
        filed("B1", "20260106", "99213*100", born="19800101", number=2)
    )
    (history / "two.835").write_text(
        remitted("20260121", DENIED.replace("A1", "B1").replace("*C1", "*C2"), trace="2", number=2)
    )
    (history / "three.837").write_text(
        filed(
            "B1",
            "20260125",
            "99213*100",
            born="19800101",
            frequency="7",
            claim_segments="REF*F8*C2~",
            number=3,
        )
    )
    (history / "three.835").write_text(remitted("20260210", paid, amount="60", trace="3", number=3))
    words = run(history, "--promote", verb=("train", "recovery"))
    assert "1 denied lines were tried again" in words
    assert "60 are the least" in words and "It is the champion" in words
    told = json.loads(run(history, "--json"))
    assert told["probabilities"] == "recovery version 1"
    assert [x["claim_id"] for x in told["items"]] == ["A1"]
    assert told["items"][0]["probability_from"] == "rate"
