"""The verbs as a user types them, on a store of their own."""

import io
import json

import pytest
import typer
from typer.testing import CliRunner

from models.claims.x12 import write_835, write_837p
from models.errors import FirstpassError
from serving.cli import audit, export, keys, load, users
from serving.settings import read_settings
from serving.store.store import open_store
from tests.serving.store.samples import FIRST_DAY, PRACTICE, claim, payment, remittance

app = typer.Typer()
app.command()(load.load)
app.command()(export.export)
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(audit.app, name="audit")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command line; standard output, or the error."""
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
    claims = [claim(i, days=i) for i in range(10)]
    sent, answered = io.BytesIO(), io.BytesIO()
    write_837p(claims, sent)
    write_835([payment(tuple(map(remittance, claims)), trace="T1", day=FIRST_DAY)], answered)
    (folder / "sent.837").write_bytes(sent.getvalue())
    (folder / "answered.835").write_bytes(answered.getvalue())
    (folder / "notes.txt").write_text("nothing of ours")
    return folder


def open_own_store():
    settings = read_settings()
    return open_store(settings.state, settings.database_url)


def test_load_reads_each_file_once(run, history):
    first = run("load", history)
    assert "10 new of 10" in first
    assert "1 files hold no claim data" in first
    again = run("load", history)
    assert again.count("loaded before") == 2
    (history / "copy.837").write_bytes((history / "sent.837").read_bytes())
    report = json.loads(run("load", history, "--json"))
    assert [x["already"] for x in report["files"]] == [True] * 3
    assert report["passed_over"] == ["notes.txt"]


def test_load_works_out_the_outcomes_and_audits(run, history):
    run("load", history)
    store = open_own_store()
    assert store.outcomes.practices() == [PRACTICE]
    assert not store.outcomes.state(PRACTICE).stale
    store.close()
    listed = json.loads(run("audit", "list", "--action", "file.loaded", "--json"))
    assert len(listed) == 2
    assert {x["entry"]["detail"]["new"] for x in listed} == {10, 11}


def test_load_sums_up_many_files(run, history):
    lines = (history / "sent.837").read_bytes()
    for i in range(25):
        (history / f"more{i}.837").write_bytes(lines + b"\n" * (i + 1))
    text = run("load", history)
    assert "26 files" in text
    assert "10 new of 260" in text


def test_load_says_what_it_cannot_use(run, history):
    assert "problem: notes.txt" in run("load", history / "notes.txt", code=1)
    run("load", history / "absent.837", code=2)


def test_load_of_a_damaged_file_keeps_the_good_rest(run, history):
    whole = (history / "sent.837").read_bytes()
    (history / "cut.837").write_bytes(whole[: len(whole) // 2])
    report = json.loads(run("load", history / "cut.837", "--json"))
    (file,) = report["files"]
    assert 0 < file["claims"]["new"] < 10
    assert file["problems"]


def test_a_key_is_printed_once_and_never_listed(run):
    text = run("keys", "create", "billing", "--role", "biller", "--practice", PRACTICE).strip()
    assert text.startswith("fp_")
    listed = run("keys", "list")
    assert text[3:15] in listed
    assert text[16:] not in listed + run("keys", "list", "--json")
    assert "revoked" in run("keys", "revoke", text[3:15])
    (key,) = json.loads(run("keys", "list", "--json"))
    assert (key["status"], key["practices"]) == ("revoked", [PRACTICE])
    actions = [x["entry"]["action"] for x in json.loads(run("audit", "list", "--json"))]
    assert actions == ["key.revoke", "key.create"]


def test_keys_expire_by_default_and_never_on_demand(run):
    run("keys", "create", "a", "--role", "coder")
    run("keys", "create", "b", "--role", "coder", "--days", "0")
    first, second = json.loads(run("keys", "list", "--json"))
    assert first["expires"] > first["created"]
    assert second["expires"] is None


def test_keys_that_make_no_sense_are_refused(run):
    assert "role='boss' is unknown" in run("keys", "create", "x", "--role", "boss")
    assert "no API key has this id" in run("keys", "revoke", "nobody")
    assert run("keys", "list") == "no keys\n"


def test_audit_verify_names_the_first_broken_entry(run, history):
    run("load", history)
    assert "2 entries hold; head" in run("audit", "verify")
    head = json.loads(run("audit", "verify", "--json"))["head"]
    assert "hold" in run("audit", "verify", "--head", head)
    store = open_own_store()
    with store.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("UPDATE audit SET actor = 'x' WHERE sequence = 2")
    store.close()
    assert "BROKEN at entry 2: entry 2 was changed" in run("audit", "verify", code=1)


def test_audit_list_is_filtered_by_time(run, history):
    run("load", history)
    assert run("audit", "list", "--until", "2026-01-01") == "no entries\n"
    assert run("audit", "list", "--since", "2026-01-01").count("file.loaded") == 2


def test_export_gives_back_what_was_loaded(run, history, tmp_path):
    run("load", history)
    out = tmp_path / "out"
    assert "10 submissions, 1 payments" in run("export", PRACTICE, out)
    assert (out / "claims.parquet").exists()
    assert "nothing of this practice" in run("export", "1:2", out, code=1)


def test_users_are_made_listed_changed_and_locked_out(run):
    made = json.loads(run("users", "create", "Ann@Example.org", "--role", "coder", "--json"))
    assert made["name"] == "ann@example.org"
    assert len(made["password"]) >= 20
    assert "argon2" not in json.dumps(made)
    listed = run("users", "list")
    assert "ann@example.org" in listed and "coder" in listed and "active" in listed
    run("users", "role", "ann@example.org", "biller")
    run("users", "disable", "ann@example.org")
    assert "disabled" in run("users", "list")
    new = run("users", "reset", "ann@example.org").strip().splitlines()[-1]
    settings = read_settings()
    store = open_store(settings.state)
    assert store.users.check_password("ann@example.org", new).role == "biller"
    actions = [x.entry.action for x in store.audit.entries(action="user.")]
    assert actions == ["user.reset", "user.disable", "user.role", "user.create"]
    store.close()
    assert "error: no user has this name" in run("users", "disable", "bob", code=1)
    assert "is taken" in run("users", "create", "ann@example.org", "--role", "coder")


def test_claims_that_were_not_submitted_become_drafts(run, history, tmp_path):
    future = tmp_path / "future"
    future.mkdir()
    out = io.BytesIO()
    write_837p([claim(i, days=i) for i in range(20, 25)], out)
    (future / "next.837").write_bytes(out.getvalue())
    assert "5 new drafts of 5 claims" in run("load", "--drafts", future)
    again = json.loads(run("load", "--drafts", future, "--json"))
    assert (again["new"], again["passed_over"]) == (0, 5)
    # What was filed as it is, is no draft.
    run("load", history)
    assert "0 new drafts of 10 claims" in run("load", "--drafts", history / "sent.837")


def test_a_keys_aws_pair_is_derived_and_shown_again(run):
    made = json.loads(run("keys", "create", "notes", "--role", "coder", "--json"))
    pair = json.loads(run("keys", "aws", made["id"], "--json"))
    assert pair == json.loads(run("keys", "aws", made["id"], "--json"))
    assert pair["aws_access_key_id"] == "FPAK" + made["id"].upper()
    assert pair["aws_secret_access_key"] in run("keys", "aws", made["id"])
    store = open_own_store()
    actions = [x.entry.action for x in store.audit.entries()]
    store.close()
    assert actions.count("key.aws") == 3
    run("keys", "revoke", made["id"])
    assert "no active API key" in run("keys", "aws", made["id"])
