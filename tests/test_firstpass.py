"""The console command: help, exit codes, and what an error says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import firstpass
from models.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
VERBS = ["simulate", "train", "score", "evaluate", "backtest", "models", "promote", "rollback"]

HELPED = ["simulate", "train denial", "score", "evaluate denial", "backtest denial", "models"]
HELPED += ["promote", "rollback", "demo"]


def run(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "FIRSTPASS"))}
    return subprocess.run(
        [sys.executable, "-m", "firstpass", *arguments],
        cwd=home,
        env={**inherited, "FIRSTPASS_HOME": str(home), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_lists_the_verbs(tmp_path):
    done = run("--help", home=tmp_path)
    assert done.returncode == 0
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("module", ["mlflow", "pandas", "numpy", "lightgbm", "sklearn", "fastapi"])
def test_help_imports_nothing_heavy(module):
    code = f"import firstpass, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("verb", HELPED)
def test_every_verb_has_help_with_an_example(verb, tmp_path):
    done = run(*verb.split(), "--help", home=tmp_path)
    assert done.returncode == 0
    assert f"Example: firstpass {verb}" in done.stdout


def test_bad_usage_is_exit_code_2(tmp_path):
    for arguments in (["score"], ["models", "--nonsense"], ["nonsense"], ["train", "denial", "no"]):
        assert run(*arguments, home=tmp_path).returncode == 2, arguments


def test_failed_work_is_exit_code_1_with_one_line(tmp_path):
    done = run("models", home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("firstpass: there is no model store in")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where_an_error_came_from(tmp_path):
    for done in (
        run("--debug", "models", home=tmp_path),
        run("models", home=tmp_path, FIRSTPASS_DEBUG="1"),
    ):
        assert done.returncode == 1
        assert "Traceback" in done.stderr and "store.py" in done.stderr


@pytest.fixture
def failing(monkeypatch):
    def fail_with(error: Exception) -> None:
        def app(**_: object) -> None:
            raise error

        monkeypatch.setattr(firstpass, "app", app)

    monkeypatch.delenv("FIRSTPASS_DEBUG", raising=False)
    return fail_with


def test_an_expected_error_is_said_in_its_own_words(failing, capsys):
    failing(InputError("practice.837: no claim in it"))
    with pytest.raises(SystemExit) as raised:
        firstpass.main()
    assert raised.value.code == 1
    assert capsys.readouterr().err == "firstpass: practice.837: no claim in it\n"


def test_an_unforeseen_error_does_not_show_what_was_read(failing, capsys):
    failing(ValueError("could not convert 'DOE*JANE*19700101'"))
    with pytest.raises(SystemExit):
        firstpass.main()
    shown = capsys.readouterr().err
    assert shown.startswith("firstpass: unexpected ValueError at test_firstpass.py:")
    assert "JANE" not in shown


def test_the_version_is_printed(tmp_path):
    assert run("--version", home=tmp_path).stdout == "0.1.0\n"
