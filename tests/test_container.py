"""The container file: what it copies is there, what it installs serves, and nobody is root."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Containerfile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = (ROOT / ".dockerignore").read_text().split()
    copied = [x for line in re.findall(r"(?m)^COPY (?!--)(.+)$", TEXT) for x in line.split()[:-1]]
    assert len(copied) >= 8
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in allowed, name


def test_it_runs_as_nobody_special_and_binds_for_others() -> None:
    last = TEXT.rpartition("FROM ")[2]
    assert re.search(r"(?m)^USER [1-9]\d+$", last)
    assert "FIRSTPASS_HOST=0.0.0.0" in last  # and so refuses to start without a key
    assert 'ENTRYPOINT ["firstpass"]' in last


def test_its_packages_are_the_locks_without_tests_and_training_extras() -> None:
    script = str(ROOT / ".ci" / "runtime_lock.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    names = set(re.findall(r"(?m)^([\w.-]+)==", done.stdout))
    every = set(re.findall(r"(?m)^([\w.-]+)==", LOCK))
    assert names < every
    assert {"fastapi", "uvicorn", "mlflow", "lightgbm", "sqlalchemy", "setuptools"} <= names
    assert not names & {"torch", "transformers", "pytest", "playwright", "mypy", "schemathesis"}
    assert set(re.findall(r"--hash=\S+", done.stdout)) <= set(re.findall(r"--hash=\S+", LOCK))
