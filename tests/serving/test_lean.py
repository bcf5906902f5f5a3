"""A worker holds neither training nor what would make a request a DataFrame."""

import subprocess
import sys

import pytest

from serving.lean import ABSENT
from tests.serving.server import ROOT

PROGRAM = """
import sys
from serving.run import application
from serving.lean import ABSENT
import models.denial.artifact  # as the follower does for the first version
app = application()
app.openapi()
held = sorted(ABSENT & {name.partition(".")[0] for name in sys.modules})
assert not held, held
for name in ABSENT:
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        assert "not imported in a worker" in str(error), name
    else:
        raise AssertionError(name)
"""


def test_a_worker_imports_no_training_and_no_data_frames(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "FIRSTPASS_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["mlflow", "pandas", "sklearn", "torch", "training"])
def test_the_heavy_ones_are_listed(name: str) -> None:
    assert name in ABSENT
