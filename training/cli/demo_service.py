"""The last step of the demo: the service on the simulated practice, as a user would start it.

Training knows nothing of serving but its command and its addresses, so both are used from
outside here.
"""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import pandas as pd

    from models.claims.claim import Claim

HOST = "127.0.0.1"
#: A first start migrates the store and reads the model.
READY_SECONDS = 120.0
COMMAND = (sys.executable, "-m", "firstpass", "serve")


def port_is_taken(port: int) -> bool:
    """Whether something listens on the port already."""
    with socket.socket() as probe:
        # As servers do: a connection that was closed a moment ago does not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def write_example(folder: Path, scores: "pd.DataFrame") -> Path:
    """The claim of the month to come with the highest probability, as a body to send."""
    import msgspec

    from models.errors import InputError

    path = folder / "claim.json"
    riskiest = int(scores["denial_probability"].argmax())
    wanted = str(scores["claim_id"].iloc[riskiest])
    claim = next((x for x in _claims(folder) if x.claim_id == wanted), None)
    if claim is None:
        raise InputError(f"{folder}/future has no claim that {folder}/scores.csv names")
    path.write_bytes(msgspec.json.format(msgspec.json.encode({"claim": claim}), indent=2) + b"\n")
    return path


def score_files(files: Sequence[Path]) -> int:
    """Have a service score 837P files, one after the other; how many claims it scored.

    The service ends afterwards, so that every score is in the store.

    Raises:
        typer.Exit: the service did not start, or refused a file.
    """
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([*COMMAND, "--host", HOST, "--port", str(port)])
    count = 0
    try:
        if not _is_ready(process, port):
            raise typer.Exit(1)  # the service has said why
        for path in files:
            request = urllib.request.Request(
                f"http://{HOST}:{port}/v1/claims/score/x12",
                data=path.read_bytes(),
                headers={"Content-Type": "application/edi-x12"},
            )
            with urllib.request.urlopen(request, timeout=600.0) as answer:
                count += sum(b'"kind":"score"' in line for line in answer)
    except urllib.error.URLError as error:
        print(f"the service did not score {path.name}: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    finally:
        process.terminate()
        _ended(process)
    return count


def _claims(folder: Path) -> "Iterator[Claim]":
    from models.claims.claim import Claim
    from models.claims.x12 import read_x12

    for path in sorted((folder / "future").glob("*.837")):
        yield from (x for x in read_x12(path) if isinstance(x, Claim))


def serve(folder: Path, scores: "pd.DataFrame", port: int) -> None:
    """Run ``firstpass serve`` until Ctrl-C, after saying how to ask it."""
    example = write_example(folder, scores)
    if port_is_taken(port):
        program = Path(sys.argv[0]).name
        print(
            f"\nport {port} is taken: something else listens on {HOST}:{port}. Stop it and run"
            f" this again, or choose another port: {program} demo --port {port + 1}",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    print(f"\n$ firstpass serve --port {port}", flush=True)
    process = subprocess.Popen([*COMMAND, "--host", HOST, "--port", str(port)])
    # What stops this command stops the service, which then drains.
    previous = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        if _is_ready(process, port):
            print(_how_to_ask(folder, example, port), flush=True)
        code = process.wait()
    except KeyboardInterrupt:
        # The terminal has sent Ctrl-C to the service too.
        code = _ended(process)
    finally:
        signal.signal(signal.SIGTERM, previous)
    if code not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise typer.Exit(1)  # the service has said why
    print("the service has stopped")


def _is_ready(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"http://{HOST}:{port}/readyz", timeout=2.0) as answer,
        ):
            if answer.status == 200:
                return True
        time.sleep(0.1)
    return False


def _ended(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait(60.0)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        return process.wait()


def _how_to_ask(folder: Path, example: Path, port: int) -> str:
    url = f"http://{HOST}:{port}"
    kind = "'Content-Type: application/json'"
    month = min((folder / "future").glob("*.837"))
    return f"""
The service is up on {url}, for this machine only. Ctrl-C stops it.

Open {url} in a browser: notes to be reviewed, claims in the worklist, payer rules, models.

Score a claim:
  curl -s {url}/v1/claims/score -H {kind} -d @{example} | python3 -m json.tool
Score an 837P file, one line of JSON a claim:
  curl -s {url}/v1/claims/score/x12 -H 'Content-Type: application/edi-x12' --data-binary @{month}
Everything else that it answers: {url}/docs
"""
