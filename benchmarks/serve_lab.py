"""What the serving benchmarks share: a practice's model, servers side by side, wrk as the load.

Ours and ``mlflow models serve`` have the same registered version, one worker each. MLflow is
measured twice: given the same nested claims, and given ready-made features (which somebody would
first have to make).
"""

import contextlib
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from models.claims.claim import Claim
from models.claims.x12 import read_x12
from models.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "benchmarks" / "results" / "serve_home"
JSON = "application/json"


class Shot(msgspec.Struct):
    """One round of wrk.

    Requests a second; latency percentiles and the CPU time of the server's busiest process for
    each request in ms (which a busy machine does not change); answers other than 2xx.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int


class Server(msgspec.Struct):
    """A running server: where to post, seconds from start to ready, and its main process.

    ``is_worker``: the main process is the one that answers; else the largest of its family is.
    """

    name: str
    url: str
    ready: float
    pid: int
    is_worker: bool = False

    def memory(self) -> float:
        """Resident memory of the worker, MB of 10^6 bytes."""
        if self.is_worker:
            return resident(self.pid)
        return max(resident(pid) for pid in family(self.pid))

    def cpu(self) -> dict[int, float]:
        """CPU seconds that each of its processes has used."""
        return {pid: _cpu(pid) for pid in family(self.pid)}

    def helpers(self) -> float:
        """Resident memory of all its other processes."""
        return sum(resident(pid) for pid in family(self.pid)) - self.memory()


def wrk_is_there() -> bool:
    """Whether the load generator is installed; says what to do where it is not."""
    found = shutil.which("wrk") is not None
    if not found:
        print("skipped: wrk is the load generator, and is not here: apt-get install wrk")
    return found


def practice(home: Path | None) -> Path:
    """A home with a trained champion: ``home``, or one that is simulated once and kept."""
    if home is not None:
        return home
    if not (HOME / "mlruns" / "mlflow.db").exists():
        HOME.mkdir(parents=True, exist_ok=True)
        print("simulating a practice and training its model (two minutes, once)", file=sys.stderr)
        folder = str(HOME / "practice")
        _firstpass(HOME, "simulate", folder, "--claims", "6000", "--months", "14", "--seed", "3")
        _firstpass(HOME, "train", "denial", folder + "/history", "--promote")
    return HOME


def future_claims(home: Path) -> list[Claim]:
    """Claims that the model has not seen."""
    found = [
        item
        for path in sorted((home / "practice" / "future").glob("*.837"))
        for item in read_x12(path)
        if isinstance(item, Claim)
    ]
    if not found:
        raise InputError(f"{home}/practice/future holds no claims: firstpass simulate makes them")
    return found


def _firstpass(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "firstpass", *arguments]
    subprocess.run(command, check=True, env=environment(home), stdout=subprocess.DEVNULL)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Environment of a server: this checkout, that home, nothing else of Firstpass."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FIRSTPASS", "MLFLOW"))}
    # MLflow starts uvicorn by its name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    home_and_code = {"FIRSTPASS_HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": path}
    return {**kept, **home_and_code, **more}


@contextlib.contextmanager
def started(
    name: str, command: Sequence[str], env: Mapping[str, str], port: int, probe: str, target: str
) -> Iterator[Server]:
    """A server process, once its ``probe`` path answers 200."""
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(env), stdout=log, stderr=log, start_new_session=True
        )
        try:
            while True:
                if process.poll() is not None or time.perf_counter() - began > 120:
                    log.seek(0)
                    raise InputError(f"{name} did not start:\n{log.read().decode()[-3000:]}")
                if _ok(f"http://127.0.0.1:{port}{probe}"):
                    break
                time.sleep(0.02)
            ready = time.perf_counter() - began
            yield Server(name, f"http://127.0.0.1:{port}{target}", ready, process.pid)
        finally:
            # Only the process that was started here; servers end their own children.
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def ours(home: Path, name: str = "firstpass", **settings: str) -> Iterator[Server]:
    """``firstpass serve`` with one worker."""
    port = free_port()
    env = environment(home, FIRSTPASS_PORT=str(port), FIRSTPASS_LOG_LEVEL="info", **settings)
    command = [sys.executable, "-P", "-m", "serving.run"]
    with started(name, command, env, port, "/readyz", "/v1/claims/score") as server:
        server.is_worker = True
        yield server


@contextlib.contextmanager
def mlflow(home: Path, model: str, name: str) -> Iterator[Server]:
    """``mlflow models serve`` with one worker."""
    port = free_port()
    uri = f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
    env = environment(home, MLFLOW_TRACKING_URI=uri, MLFLOW_DISABLE_TELEMETRY="true")
    command = [
        *(sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model),
        *("--env-manager", "local", "--port", str(port), "--workers", "1"),
    ]
    with started(name, command, env, port, "/ping", "/invocations") as server:
        yield server


def post(server: Server, body: bytes) -> bytes:
    """One answer."""
    request = urllib.request.Request(server.url, body, {"Content-Type": JSON})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return bytes(answer.read())


def shoot(server: Server, bodies: Sequence[bytes], connections: int, seconds: float) -> Shot:
    """Run wrk on one server, going round over the bodies."""
    with tempfile.TemporaryDirectory() as folder:
        for i, body in enumerate(bodies):
            (Path(folder) / str(i)).write_bytes(body)
        script = Path(folder) / "load.lua"
        script.write_text(_LUA.replace("FOLDER", folder).replace("COUNT", str(len(bodies))))
        command = [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s"),
            *("-s", str(script), server.url),
        ]
        before = server.cpu()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used = max(seconds - before.get(pid, 0.0) for pid, seconds in server.cpu().items())
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\S+)", done.stdout)
    if found is None:
        raise InputError(f"wrk said: {done.stdout}{done.stderr}")
    requests, microseconds, p50, p99, failed = map(float, found.groups())
    rate = requests / microseconds * 1e6
    return Shot(rate, p50 / 1000, p99 / 1000, used / max(requests, 1) * 1000, int(failed))


# wrk knows the host header from `init` on.
_LUA = """
local requests, at = {}, 0
function init()
  for i = 0, COUNT - 1 do
    local file = io.open("FOLDER/" .. i, "rb")
    local headers = {["Content-Type"] = "application/json"}
    requests[i] = wrk.format("POST", nil, headers, file:read("*a"))
    file:close()
  end
end
function request()
  at = (at + 1) % COUNT
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.status + e.connect + e.read + e.write + e.timeout))
end
"""


def rounds(
    servers: Sequence[tuple[Server, Sequence[bytes]]],
    connections: Sequence[int],
    count: int,
    seconds: float,
) -> dict[tuple[str, int], Shot]:
    """Medians over interleaved rounds, by server and connections; the order changes."""
    shots: dict[tuple[str, int], list[Shot]] = {}
    order = list(servers)
    shuffler = random.Random(7)
    for _ in range(count):
        for number in connections:
            shuffler.shuffle(order)
            for server, bodies in order:
                shot = shoot(server, bodies, number, seconds)
                shots.setdefault((server.name, number), []).append(shot)
    return {key: _median(found) for key, found in shots.items()}


def _median(found: Sequence[Shot]) -> Shot:
    return Shot(
        statistics.median(x.rate for x in found),
        statistics.median(x.p50 for x in found),
        statistics.median(x.p99 for x in found),
        statistics.median(x.cpu for x in found),
        sum(x.failed for x in found),
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for other in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((other / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found += family(int(other.name))
    return found


def _cpu(pid: int) -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def resident(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def claims_table(claims: Sequence[Claim]) -> bytes:
    """Nested claims as the registered model takes them from MLflow."""
    rows = [[msgspec.json.encode(x).decode()] for x in claims]
    return json.dumps({"dataframe_split": {"columns": ["claim"], "data": rows}}).encode()


def plain(value: Any) -> Any:
    """A `Shot` for the figures."""
    return {k: round(v, 3) for k, v in msgspec.structs.asdict(value).items()}
