"""The verbs of the Makefile, the lock and the set-up do what the README says."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def planned(*arguments: str) -> str:
    """What make would run, were nothing installed."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "-B", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("verb", ["install", "run", "test", "check", "bench"])
def test_every_verb_sets_itself_up_first(verb):
    first, *rest = planned(verb).splitlines()
    assert ".ci/environment.py .venv" in first
    assert bool(rest) == (verb != "install")


def test_check_is_lint_format_layers_and_types():
    plan = planned("check")
    for tool in ("ruff check", "ruff format --check", "lint-imports", "mypy"):
        assert tool in plan


def test_help_lists_the_verbs():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"(?m)^make (\w+)", done.stdout)
    assert {"run", "test", "check", "bench", "install", "clean"} <= set(listed)


def test_the_lock_names_versions_and_hashes_and_nowhere_to_get_them():
    assert not re.search(r"https?://|file://|--index-url|--find-links|--extra-index", LOCK)
    pinned = re.findall(r"(?m)^(\S+==\S+)(.*)$", LOCK)
    assert len(pinned) > 50
    for requirement, rest in pinned:
        assert rest.endswith("\\"), f"{requirement} has no hash"


def test_the_lock_is_within_the_ranges_of_pyproject():
    locked = dict(re.findall(r"(?m)^([\w.-]+)==([\w.]+)", LOCK))
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]:
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            name = re.sub(r"[-_.]+", "-", wanted.name).lower()
            assert name in locked, f"{line} is not locked: run 'make lock'"
            assert locked[name] in wanted.specifier, f"{line}: run 'make lock'"


def test_this_environment_is_the_locked_one():
    for name in ("lightgbm", "mlflow", "numpy", "pandas"):
        assert f"\n{name}=={version(name)} " in LOCK, f"{name}: run 'make install'"


def test_ranges_are_pinned_above_and_below():
    for line in PROJECT["dependencies"]:
        specifier = str(Requirement(line).specifier)
        assert "==" in specifier or (">=" in specifier and "<" in specifier), line


@pytest.fixture
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", ROOT / ".ci" / "environment.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_unchanged_environment_is_left_alone(environment, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(environment, "pip", lambda *arguments, **_: calls.append(arguments))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    environment.main(tmp_path)
    locked, ours, torch, encoder = (arguments[1] for arguments in calls)
    assert (locked[0], ours[0], encoder[0]) == ("--require-hashes", "--no-deps", "--no-deps")
    assert torch == [environment.TORCH]
    environment.main(tmp_path)
    assert len(calls) == 4
    (tmp_path / "installed.stamp").write_text("made from another lock")
    environment.main(tmp_path)
    assert len(calls) == 8


def test_a_failed_installation_says_so_and_leaves_no_stamp(environment, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    absent = tmp_path / "absent.lock"
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="pip failed"):
        environment.pip(tmp_path / "bin" / "python", ["-r", str(absent)], 1)
    assert not (tmp_path / "installed.stamp").exists()


def test_what_is_not_needed_may_fail_in_one_line(environment, tmp_path, monkeypatch, capsys):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    absent = tmp_path / "absent.lock"
    environment.pip(tmp_path / "bin" / "python", ["-r", str(absent)], 1, needed=False)
    assert "could not be installed" in capsys.readouterr().out


def test_an_old_python_is_refused(environment, tmp_path, monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed"):
        environment.main(tmp_path)


def test_shell_scripts_are_sound():
    for name, shell in (("run", "bash"), ("lock", "sh"), ("find-python", "sh")):
        subprocess.run([shell, "-n", str(ROOT / ".ci" / name)], check=True)
    run = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in run
    assert re.findall(r"(?m)^timed (\w+)", run) == ["install", "check", "test"]


def test_an_interpreter_is_found_or_its_absence_explained(tmp_path):
    script = str(ROOT / ".ci" / "find-python")
    wanted = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    found = subprocess.run([script], env=wanted, capture_output=True, text=True)
    assert found.stdout.strip() == sys.executable
    absent = subprocess.run(
        [script], env={**wanted, "PYTHON": str(tmp_path / "none")}, capture_output=True, text=True
    )
    assert absent.returncode == 1
    assert "Python 3.11 or newer" in absent.stderr
