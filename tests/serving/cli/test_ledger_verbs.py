"""``firstpass post`` and ``firstpass ledger`` as a user types them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from models.errors import FirstpassError
from serving.cli import ledger, ledger_decisions, load
from tests.models.history.x12_text import filed, remitted

app = typer.Typer()
app.command()(load.load)
app.command()(ledger.post)
app.add_typer(ledger_decisions.app, name="ledger")

PAID = (
    "CLP*A1*1*140*60**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"
    "SVC*HC:85025*40*0~CAS*CO*197*40~"
)


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
def history(tmp_path):
    folder = tmp_path / "history"
    folder.mkdir()
    (folder / "sent.837").write_text(filed("A1", "20260105", "99213*100", "85025*40"))
    (folder / "answered.835").write_text(remitted("20260119", PAID, amount="60"))
    held = "CLP*B9*1*50*50**12*CN2~SVC*HC:99212*50*50~"
    (folder / "other.835").write_text(remitted("20260120", held, amount="55"))
    return folder


def amounts(run):
    found = json.loads(run("ledger", "balances", "--json"))
    return {x["account"]: float(x["balance"]) for x in found}


def test_an_empty_store_says_so(run):
    assert "everything is posted" in run("post")
    assert "nothing is posted" in run("ledger", "balances")
    assert "nothing is open" in run("ledger", "receivable")
    assert "nothing is held" in run("ledger", "suspense")
    assert "no such claim" in run("ledger", "claim", "A1", code=1)
    assert "no submission needs" in run("ledger", "follow-up")
    assert "nothing was paid below" in run("ledger", "underpayments")
    assert "no credits" in run("ledger", "credits")


def test_load_posts_and_the_ledger_shows_it(run, history):
    run("load", history)
    assert amounts(run)["bank"] == 115
    assert sum(amounts(run).values()) == 0
    assert "everything is posted" in run("post")
    assert json.loads(run("post", "--force", "--json"))[0]["entries"] == 0
    assert "answered.835, segment" in run("ledger", "claim", "A1")
    table = run("ledger", "receivable", "--as-of", "2026-02-10", "--basis", "service")
    assert "ACME HEALTH" in table
    assert "40.00" in table
    assert "part_held" not in run("ledger", "deposits")
    run("ledger", "receivable", "--basis", "birthday", code=2)


def test_lists_of_what_is_to_be_done(run, history):
    (history / "late.837").write_text(filed("L1", "20251001", "99213*100"))
    (history / "over.835").write_text(
        remitted("20260125", PAID.replace("CN1", "CN3"), amount="60", trace="T9")
    )
    run("load", history)
    (late,) = json.loads(run("ledger", "follow-up", "--json"))
    assert (late["claim_id"], late["stage"]) == ("L1", "silent")
    assert "L1" in run("ledger", "follow-up")
    (credit,) = json.loads(run("ledger", "credits", "--json"))
    assert (credit["claim_id"], float(credit["credit"]["amount"])) == ("A1", 60)
    assert credit["due"] is None
    assert json.loads(run("ledger", "underpayments", "--json")) == []


def test_held_money_is_released_and_held_again(run, history):
    run("load", history)
    (item,) = json.loads(run("ledger", "suspense", "--json"))
    assert "5.00" in item["words"]
    assert "a reason is needed" in run("ledger", "release", item["key"], "--reason", " ")
    run("ledger", "release", item["key"], "--reason", "confirmed")
    assert amounts(run)["unreconciled"] == -5
    (waiting,) = json.loads(run("ledger", "suspense", "--json"))
    assert waiting["reason"] == "unmatched.no_such_account"
    run("ledger", "hold", item["key"], "--reason", "by mistake")
    assert "unreconciled" not in amounts(run)


def test_write_offs_patient_payments_and_counter_entries(run, history):
    run("load", history)
    run("ledger", "write-off", "A1", "2", "--kind", "denial", "--reason", "no authorisation")
    assert amounts(run)["denial_write_off"] == 40
    run("ledger", "write-off", "A1", "2", "--kind", "contractual", "--reason", "x", code=2)
    done = json.loads(
        run("ledger", "patient-payment", "A1", "1", "20", "--reference", "card", "--json")
    )
    assert "patient_receivable" not in amounts(run)
    assert "is no amount" in run("ledger", "patient-payment", "A1", "1", "2x", "--reference", "r")
    assert "no service has" in run("ledger", "patient-payment", "Z", "1", "2", "--reference", "r")
    run("ledger", "counter", done["id"], "--reason", "bounced")
    assert amounts(run)["patient_receivable"] == 20


def test_a_list_of_patient_payments_is_posted_once_and_its_faults_are_named(run, history, tmp_path):
    run("load", history)
    rows = [
        "claim_id,line,dollars,day,reference",
        "A1,1,15.00,2026-02-01,card 1",
        "A1,1,2.50,2026-02-02,cash",
        "A1,1,2.50,2026-02-02,cash",
        "A1,1,-1.00,2026-02-03,refund",
        "Z9,1,3.00,2026-02-03,card 2",
        "A1,1,three,2026-02-03,card 3",
        "A1,1,3.00,someday,card 4",
    ]
    listed = tmp_path / "paid.csv"
    listed.write_text("\n".join(rows[:3]), encoding="utf-8")
    assert "2 payments of 17.50 posted, 0 known" in run("ledger", "patient-payments", listed)
    listed.write_text("\n".join(rows), encoding="utf-8")
    done = json.loads(run("ledger", "patient-payments", listed, "--json"))
    assert (done["posted"], done["known"], float(done["dollars"])) == (2, 2, 1.5)
    assert [x.partition(":")[0] for x in done["problems"]] == [
        "paid.csv, line 7", "paid.csv, line 8", "paid.csv, line 6",
    ]  # fmt: skip
    assert amounts(run)["patient_payment"] == 19
    again = json.loads(run("ledger", "patient-payments", listed, "--json"))
    assert (again["posted"], again["known"]) == (0, 4)
    entries = json.loads(run("ledger", "claim", "A1", "--json"))["entries"]
    cash = next(x for x in entries if x["reason"] == "cash")
    run("ledger", "counter", cash["id"], "--reason", "bounced")
    again = json.loads(run("ledger", "patient-payments", listed, "--json"))
    assert (again["posted"], amounts(run)["patient_payment"]) == (0, 16.5)


def test_a_list_without_its_columns_or_services_is_refused(run, history, tmp_path):
    run("load", history)
    listed = tmp_path / "paid.csv"
    listed.write_text("claim,amount\nA1,5\n", encoding="utf-8")
    assert "column 'claim_id' is missing" in run("ledger", "patient-payments", listed)
    listed.write_text("claim_id,line,dollars,day,reference\nZ,1,5,2026-02-01,x\n", encoding="utf-8")
    assert "1 rows left out" in run("ledger", "patient-payments", listed, code=1)
    listed.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read as a UTF-8 CSV" in run("ledger", "patient-payments", listed)
