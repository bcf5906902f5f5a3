"""The demo's last step, with the real command on a real port."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import typer

from models.claims.x12 import write_837p
from serving.settings import Settings
from tests.serving.fakes import register
from tests.serving.samples import claim
from tests.serving.server import ROOT, free_port
from training.cli import demo_service


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    folder = tmp_path / "practice"
    (folder / "future").mkdir(parents=True)
    with (folder / "future" / "202603.837").open("wb") as file:
        write_837p([claim(i) for i in range(5)], file)
    return folder


SCORES = pd.DataFrame(
    {"claim_id": [f"CLM{i:06}" for i in range(5)], "denial_probability": [0.1, 0.2, 0.9, 0.3, 0.0]}
)


@contextlib.contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((demo_service.HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_the_example_is_the_riskiest_claim_as_a_body(practice):
    path = demo_service.write_example(practice, SCORES)
    body = json.loads(path.read_text())
    assert set(body) == {"claim"}
    assert body["claim"]["claim_id"] == "CLM000002"


def test_a_taken_port_is_said_with_what_to_do(practice, capsys):
    with listening() as port, pytest.raises(typer.Exit) as raised:
        demo_service.serve(practice, SCORES, port)
    assert raised.value.exit_code == 1
    words = capsys.readouterr().err
    assert f"port {port} is taken" in words and f"--port {port + 1}" in words


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_service_comes_up_answers_what_was_printed_and_stops(practice, tmp_path):
    """The printed command is run; Ctrl-C goes to the whole group, as from a terminal."""
    home = tmp_path / "home"
    register(Settings(home=home), 1)
    port = free_port()
    SCORES.to_csv(tmp_path / "scores.csv", index=False)
    program = (
        "import sys, pandas; from pathlib import Path; from training.cli import demo_service;"
        "demo_service.COMMAND = (sys.executable, '-m', 'tests.serving.fake_run');"
        "demo_service.serve(Path(sys.argv[1]), pandas.read_csv(sys.argv[2]), int(sys.argv[3]))"
    )
    settings = {"FIRSTPASS_HOME": str(home), "FIRSTPASS_PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(practice), str(tmp_path / "scores.csv"), str(port)],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "Everything else" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1] or process.poll() is None, lines
        [command] = [x for x in lines if "curl" in x and "claim.json" in x]
        curl = command.partition(" | ")[0]
        done = subprocess.run(shlex.split(curl), capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["claims"][0]["claim_id"] == "CLM000002"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
        assert demo_service.port_is_taken(port) is False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
