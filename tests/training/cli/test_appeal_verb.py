"""A packet as a user asks for it, and what is said of a claim that needs none."""

import json
from pathlib import Path

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


def run(*arguments: object) -> str:
    done = CliRunner().invoke(firstpass.app, [str(x) for x in ("appeal", *arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_packet_and_its_edited_letter(history, tmp_path):
    out = tmp_path / "packets"
    words = run("A1", history, "--out", out, "--enclose", "the visit note")
    assert "version 1" in words and "Nothing was sent" in words
    letter = tmp_path / "letter.txt"
    first = (out / "A1" / "v001" / "letter.txt").read_text()
    assert "the visit note" in first
    letter.write_text(first + "\nP.S. Thank you.\n")
    told = json.loads(run("A1", history, "--out", out, "--letter", letter, "--json"))
    assert told["version"] == 2
    assert (Path(told["folder"]) / "letter.txt").read_text().endswith("Thank you.\n")


def test_corrections_by_pointer(history, tmp_path):
    run("A1", history, "--out", tmp_path, "--set", '/lines/0/modifiers=["25"]')
    assert "HC:99213:25" in (tmp_path / "A1" / "v001" / "corrected.837").read_text()
    with pytest.raises(InputError, match="POINTER=VALUE"):
        run("A1", history, "--out", tmp_path, "--set", "modifiers")


def test_what_cannot_be_appealed_says_why(history, tmp_path):
    with pytest.raises(InputError, match="no claim of this history"):
        run("B2", history, "--out", tmp_path)
    with pytest.raises(InputError, match="--action 'plead' is unknown"):
        run("A1", history, "--out", tmp_path, "--action", "plead")
    paid = "CLP*A1*1*100*60**12*C2~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
    (history / "two.835").write_text(remitted("20260301", paid, amount="60", number=2))
    with pytest.raises(InputError, match="nothing is open"):
        run("A1", history, "--out", tmp_path)


def test_what_the_first_payer_left_goes_to_the_next(history, tmp_path):
    other = (
        "SBR*S*18*******CI~OI***Y***Y~NM1*IL*1*DOE*JAN****MI*S9~NM1*PR*2*SECOND PLAN*****PI*70002~"
    )
    paid = "CLP*C7*1*100*60*15*12*C9~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*25~CAS*PR*2*15~"
    (history / "two.837").write_text(
        filed("C7", "20260106", "99213*100", other_payer=other, number=2)
    )
    (history / "two.835").write_text(remitted("20260125", paid, amount="60", number=2))
    words = run("C7", history, "--out", tmp_path, "--action", "bill_other_payer")
    assert "secondary.837" in words
    text = (tmp_path / "C7" / "v001" / "secondary.837").read_text()
    assert "SVD*60054*60*HC:99213" in text and "CAS*PR*2*15" in text
