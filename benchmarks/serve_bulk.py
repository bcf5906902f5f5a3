"""Many claims over HTTP: bodies of 1,000 beside ``mlflow models serve``, and a streamed 837P.

Ours takes nested claims in JSON and an 837P as it comes, and answers probability, categories,
CARCs and edits, with and without factors, and keeps the scores; MLflow is given the same nested
claims, and once more ready-made features. The streamed file is many times larger than what a
worker may hold: its resident memory is read while it arrives.
"""

import http.client
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import serve_lab as lab
from benchmarks.harness import arguments, report
from benchmarks.serve_features import features_table, save
from models import registry
from models.claims.claim import Claim
from models.claims.x12 import write_837p
from models.denial.artifact import load_artifact

CLAIMS = 1000
STREAMED = 10_000


class Streamed(msgspec.Struct):
    """One streamed file: claims a second, MB of 10^6 bytes of the worker before and at most."""

    rate: float
    before: float
    peak: float


def body_of(claims: Sequence[Claim], count: int) -> list[Claim]:
    """So many claims; copies of one have numbers and patients of their own.

    The same patient's services once more would be duplicates, which real files seldom hold.
    """
    return [_copy(claims[i % len(claims)], i, i // len(claims)) for i in range(count)]


def _copy(claim: Claim, number: int, time_round: int) -> Claim:
    patient = claim.patient
    other = msgspec.structs.replace(
        patient,
        first_name=f"{patient.first_name}{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[time_round % 26]}",
        last_name=f"{patient.last_name}{time_round}",
    )
    return msgspec.structs.replace(claim, claim_id=f"BULK{number:07}", patient=other)


def file_837p(claims: Sequence[Claim]) -> bytes:
    """An 837P file."""
    out = io.BytesIO()
    write_837p(claims, out)
    return out.getvalue()


def stream(server: lab.Server, body: bytes, factors: bool) -> Streamed:
    """Post an 837P in pieces, read the answer as it comes, watch the worker's memory."""
    before = peak = server.memory()
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.2):
            peak = max(peak, server.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    host = server.url.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=300)
    began = time.perf_counter()
    try:
        connection.request(
            "POST",
            f"/v1/claims/score/x12?factors={str(factors).lower()}",
            body=_pieces(body),
            headers={"Content-Type": "application/edi-x12", "Content-Length": str(len(body))},
        )
        answer = connection.getresponse()
        last = b""
        while piece := answer.read(1 << 18):
            last = (last + piece)[-4096:]
        seconds = time.perf_counter() - began
    finally:
        ended.set()
        watcher.join()
        connection.close()
    end = msgspec.json.decode(last.splitlines()[-1])
    if not end["complete"]:
        raise RuntimeError(f"the stream broke off: {end['reason']}")
    return Streamed(end["claims"] / seconds, before, peak)


def _pieces(body: bytes) -> Iterator[bytes]:
    for begin in range(0, len(body), 1 << 16):
        yield body[begin : begin + (1 << 16)]


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--home", type=Path, help="a home with a champion and a practice")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a shot")
    parser.add_argument("--streamed", type=int, default=STREAMED, help="claims in the 837P")
    given = parser.parse_args()
    if not lab.wrk_is_there():
        return
    home = lab.practice(given.home)
    os.environ["FIRSTPASS_HOME"] = str(home)
    claims = lab.future_claims(home)
    thousand = body_of(claims, CLAIMS)
    artifact = registry.load("denial", "champion")
    uri = f"models:/denial/{artifact.version.version}"
    model = load_artifact(artifact.path)
    plain = [msgspec.json.encode({"claims": thousand, "factors": False})]
    explained = [msgspec.json.encode({"claims": thousand, "factors": True})]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        save(artifact.path, Path(folder) / "features")
        firstpass = stack.enter_context(lab.ours(home))
        ready = stack.enter_context(lab.mlflow(home, f"{folder}/features", "mlflow, features"))
        whole = stack.enter_context(lab.mlflow(home, uri, "mlflow, claims"))
        factors = msgspec.structs.replace(firstpass, name="firstpass, factors")
        shots = lab.rounds(
            [
                (firstpass, plain),
                (factors, explained),
                (ready, [features_table(model, thousand)]),
                (whole, [lab.claims_table(thousand)]),
            ],
            (1,),
            given.rounds,
            given.seconds,
        )
        file = file_837p(body_of(claims, given.streamed))
        # The whole file again and again: memory that a stream kept would show.
        streams = {
            with_factors: [stream(firstpass, file, with_factors) for _ in range(given.rounds)]
            for with_factors in (False, True)
        }
    figures: dict[str, Any] = {}
    baselines: dict[str, Any] = {}
    for (name, _), shot in sorted(shots.items()):
        side = baselines if name.startswith("mlflow") else figures
        side[f"{name}, claims/s"] = shot.rate * CLAIMS
        side[f"{name}, CPU us a claim"] = shot.cpu * 1000 / CLAIMS
        side[f"{name}, failed"] = shot.failed
    ours = shots["firstpass", 1]
    ratios = {}
    for base in ("mlflow, claims", "mlflow, features"):
        theirs = shots[base, 1]
        ratios[f"claims/s over {base}"] = ours.rate / theirs.rate
        ratios[f"CPU time over {base}"] = ours.cpu / theirs.cpu
    for with_factors, found in streams.items():
        name = "837P stream, factors" if with_factors else "837P stream"
        figures[f"{name}, claims/s"] = sorted(x.rate for x in found)[len(found) // 2]
        figures[f"{name}, MB gained in the last"] = found[-1].peak - found[-1].before
    figures["worker resident at most, MB"] = max(x.peak for f in streams.values() for x in f)
    figures["837P, MB"] = len(file) / 1e6
    report("serve_bulk", given.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
