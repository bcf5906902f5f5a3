"""``firstpass balances`` as a collector types it."""

import json

import pytest
import typer
from typer.testing import CliRunner

from models.claims.claim import Claim
from models.claims.x12 import read_x12
from models.errors import FirstpassError
from serving.cli import audit, balances, ledger, load
from tests.models.history.x12_text import filed, remitted
from tests.models.revenue.test_packet import OTHER

app = typer.Typer()
app.command()(load.load)
app.add_typer(ledger.app, name="ledger")
app.add_typer(balances.app, name="balances")
app.add_typer(audit.app, name="audit")

PAID = "CLP*A1*1*100*40**12*CN1~SVC*HC:99213*100*40~CAS*PR*3*60~"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command line on a store of its own; standard output, or the error."""
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FIRSTPASS_DATABASE_URL", raising=False)

    def call(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        if isinstance(result.exception, FirstpassError):
            return f"error: {result.exception}"
        assert result.exit_code == code, result.output
        return result.stdout

    return call


@pytest.fixture
def loaded(run, tmp_path):
    folder = tmp_path / "history"
    folder.mkdir()
    (folder / "sent.837").write_text(filed("A1", "20260105", "99213*100"))
    (folder / "answered.835").write_text(remitted("20260119", PAID, amount="40"))
    run("load", folder)
    return folder


def test_an_empty_store_says_so(run):
    assert "no patient owes anything" in run("balances", "list")
    assert "no patient's balance has" in run("balances", "show", "A1")


def test_from_the_list_to_a_letter_that_was_sent(run, loaded, tmp_path):
    table = run("balances", "list", "--step", "ready")
    assert "send a statement" in table
    assert "60.00 owed, 60.00 may be billed" in table
    account = json.loads(run("balances", "list", "--json"))["accounts"][0]["account"]
    assert account in run("balances", "show", "A1")
    out = tmp_path / "letters"
    assert "written:" in run("balances", "letter", "A1", "--out", out)
    text, pdf = out / f"{account}-letter01-v001.txt", out / f"{account}-letter01-v001.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    assert "square brackets" in run("balances", "sent", account, 1)
    own = tmp_path / "own.txt"
    own.write_text(text.read_text().replace("[", "").replace("]", ""))
    said = run("balances", "edit", "A1", 1, own, "--out", out)
    assert "version 2; reading level: grade" in said
    assert "was sent on" in run("balances", "sent", "A1", 1, "--way", "portal")
    assert "letter 1, version 2 (statement), 60.00: sent" in run("balances", "show", "A1")
    assert "not before" in run("balances", "letter", "A1", "--kind", "reminder")
    run("balances", "letter", "A1", "--kind", "threat", code=2)
    hard = tmp_path / "hard.txt"
    hard.write_text("Notwithstanding aforementioned correspondence, remittance is obligatory.")
    run("balances", "letter", "A1")
    assert "use shorter words" in run("balances", "edit", "A1", 2, hard)


def test_claims_to_the_next_payer_are_written(run, loaded, tmp_path):
    assert "no claim waits" in run("balances", "next-payer")
    two = filed("S1", "20260105", "99213*100", other_payer=OTHER, member="W5", born="19620101")
    (loaded / "two.837").write_text(two)
    answer = PAID.replace("A1", "S1").replace("CN1", "CN5")
    (loaded / "two.835").write_text(remitted("20260119", answer, amount="40", trace="T5"))
    run("load", loaded)
    out = tmp_path / "secondary.837"
    assert "1 claim written" in run("balances", "next-payer", "--out", out)
    (claim,) = [x for x in read_x12(out) if isinstance(x, Claim)]
    assert (claim.claim_id, claim.responsibility, claim.payer.name) == ("S1", "S", "SECOND PLAN")


def test_what_was_heard_of_a_claim_is_noted(run, loaded):
    (loaded / "late.837").write_text(filed("L1", "20250105", "99213*100"))
    run("load", loaded)
    assert "silent for too long" in run("ledger", "follow-up")
    assert "it stays in the list" in run("ledger", "heard", "L1", "--note", "in process")
    assert "in process" in run("ledger", "follow-up")
    run("ledger", "heard", "L1", "--note", "call again", "--again", "2199-01-01")
    assert "no submission needs" in run("ledger", "follow-up")
    assert "again 2199-01-01" in run("ledger", "follow-up", "--all")
    assert "no claim without an answer" in run("ledger", "heard", "Z1", "--note", "x")


def test_stops_plans_payments_and_write_offs(run, loaded):
    assert "stop 1" in run(
        "balances", "stop", "A1", "--kind", "dispute", "--reason", "paid, he says"
    )
    assert "the patient disputes the bill" in run("balances", "letter", "A1")
    assert "the patient disputes" in run("balances", "plan", "A1", 2, "--reason", "asked")
    assert "is lifted" in run("balances", "lift", "A1", 1, "--reason", "answered")
    assert "30.00" in run("balances", "plan", "A1", 2, "--reason", "asked")
    assert "payment plan runs" in run("balances", "letter", "A1")
    assert "2 entries" not in run("balances", "pay", "A1", "30.00", "--reference", "receipt 1")
    assert "30.00 paid" in run("balances", "show", "A1")
    assert "look again on 2199" in run(
        "balances", "note", "A1", "--note", "called", "--again", "2199-01-01"
    )
    assert "called" in run("balances", "show", "A1")
    assert "is ended" in run("balances", "end-plan", "A1", "--reason", "moved")
    assert "30.00 written off" in run("balances", "write-off", "A1", "--reason", "too small")
    assert "nothing may be billed" in run("balances", "write-off", "A1", "--reason", "again")
    assert "is no amount" in run("balances", "pay", "A1", "x", "--reference", "r")
    log = run("audit", "list", "--json")
    for action in ("stopped.dispute", "lifted.dispute", "plan_begun", "paid", "written_off"):
        assert f"balance.{action}" in log
    assert "he says" not in log
    assert "A1" not in log
