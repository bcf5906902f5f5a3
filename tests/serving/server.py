"""A server in a process of its own, as `firstpass serve` starts it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A running service; `log` is what it wrote to stderr."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_ready(self, seconds: float = 120.0, path: str = "/readyz") -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(self.url + path, timeout=5.0).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not ready within {seconds} s:\n{self.log[-3000:]}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(90.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    home: Path, *, module: str = "tests.serving.fake_run", ready: bool = True, **environment: str
) -> Iterator[Server]:
    """Start it, and stop it in the end however the test went."""
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FIRSTPASS", "MLFLOW"))}
    settings = {
        "FIRSTPASS_HOME": str(home),
        "FIRSTPASS_PORT": str(port),
        "FIRSTPASS_POLL_SECONDS": "0.1",
        "PYTHONPATH": str(ROOT),
    }
    log = home / f"server-{port}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env={**inherited, **settings, **environment},
            stderr=stream,
            cwd=home,
        )
    server = Server(process, port, log)
    try:
        if ready:
            server.wait_ready()
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10.0)
