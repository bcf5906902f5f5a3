"""Bodies of a gigabyte and connections that drip: what the service answers, how much it holds.

No race against anybody: the figures are resident memory before and at most, seconds, and what a
single claim took meanwhile. The quick survival checks (kills, swaps, a lost store, a full disk,
a flood) are tests: `tests/serving/test_survival.py` and `test_server.py`.
"""

import contextlib
import http.client
import io
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import serve_lab as lab
from benchmarks.harness import arguments, report
from benchmarks.serve_bulk import body_of
from models.claims.x12 import write_837p

X12 = {"Content-Type": "application/edi-x12"}
PIECE = 1 << 18


class Watched(msgspec.Struct):
    """What a body did: status, last line or detail, seconds, MB gained by the worker."""

    status: int
    last: str
    seconds: float
    gained: float


def pieces_of(piece: bytes, size: int) -> Iterator[bytes]:
    """A body of ``size`` bytes, the same piece again and again."""
    sent = 0
    while sent < size:
        part = piece[: size - sent]
        sent += len(part)
        yield part


def send(
    server: lab.Server, path: str, body: Iterator[bytes], size: int | None, kind: dict[str, str]
) -> Watched:
    """Post a body (``size=None``: chunked, unannounced) and watch the worker's memory."""
    before = peak = server.memory()
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, server.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=600)
    headers = dict(kind)
    if size is not None:
        headers["Content-Length"] = str(size)
    began = time.perf_counter()
    last = b""
    try:
        # Refused before it was all sent: the answer is waiting.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                "POST", path, body=body, headers=headers, encode_chunked=size is None
            )
        answer = connection.getresponse()
        while piece := answer.read(PIECE):
            last = (last + piece)[-2000:]
        status = answer.status
    except (ConnectionResetError, http.client.HTTPException) as error:
        status, last = 0, str(error).encode()
    finally:
        ended.set()
        watcher.join()
        connection.close()
    text = last.splitlines()[-1].decode(errors="replace") if last else ""
    return Watched(status, text, time.perf_counter() - began, peak - before)


def drip(server: lab.Server, count: int, ask: Callable[[], float]) -> tuple[float, float]:
    """So many connections that send a byte a second: worst and median ms of single claims."""
    host, port = server.url.split("/")[2].split(":")
    heads = (
        b"POST /v1/claims/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100000\r\n\r\n",
        b"POST /v1/claims/score/x12 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/edi-x12\r\nContent-Length: 100000\r\n\r\nISA*00*",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    )
    sockets = []
    for i in range(count):
        sock = socket.create_connection((host, int(port)), timeout=10)
        sock.sendall(heads[i % len(heads)])
        sockets.append(sock)
    times = []
    try:
        for _ in range(5):
            for sock in sockets:
                try:
                    sock.sendall(b"a")
                except OSError:
                    continue  # refused meanwhile
            times += [ask() * 1000 for _ in range(20)]
            time.sleep(1.0)
    finally:
        for sock in sockets:
            sock.close()
    times.sort()
    return times[-1], times[len(times) // 2]


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--home", type=Path, help="a home with a champion and a practice")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the large bodies")
    parser.add_argument("--claims-megabytes", type=int, default=100, help="size of the 837P")
    given = parser.parse_args()
    home = lab.practice(given.home)
    claims = lab.future_claims(home)
    size = given.megabytes * 1_000_000
    one = msgspec.json.encode({"claim": claims[0], "factors": False})
    figures: dict[str, Any] = {}

    def note(name: str, seen: Watched) -> None:
        print(f"{name}: {seen.status} in {seen.seconds:.0f} s", file=sys.stderr, flush=True)
        figures[f"{name}: status"] = seen.status
        figures[f"{name}: seconds"] = seen.seconds
        figures[f"{name}: MB gained"] = seen.gained
        told = json.loads(seen.last) if seen.last.startswith("{") else {"detail": seen.last}
        figures[f"{name}: told"] = told.get("detail") or str(
            {k: told[k] for k in ("kind", "complete", "claims", "problems") if k in told}
        )

    # All that asks here is one caller, whose share of the places is not what is measured.
    places = {"FIRSTPASS_CONCURRENT_REQUESTS": "1000", "FIRSTPASS_CONCURRENT_FILES": "1000"}
    with lab.ours(home, **places) as server:
        lab.post(server, one)

        def ask() -> float:
            began = time.perf_counter()
            lab.post(server, one)
            return time.perf_counter() - began

        text = {"Content-Type": lab.JSON}
        noise = os.urandom(PIECE)
        endless = b"A" * PIECE
        x12 = "/v1/claims/score/x12"
        score = "/v1/claims/score"
        note("JSON, announced", send(server, score, pieces_of(noise, size), size, text))
        note("JSON, not announced", send(server, score, pieces_of(noise, size), None, text))
        note("noise as X12", send(server, x12, pieces_of(noise, size), size, X12))
        start = _file_837p(claims[:1])[:2000]
        endless_body = (x for y in ((start,), pieces_of(endless, size - len(start))) for x in y)
        note("one endless segment", send(server, x12, endless_body, size, X12))
        file = _file_837p(body_of(claims, 20_000))
        many = given.claims_megabytes * 1_000_000
        note("837P of claims", send(server, x12, pieces_of(file, many), many, X12))
        note("batch of claims", send(server, "/v1/batches", pieces_of(file, size), size, X12))
        for batch in json.loads(_get(server, "/v1/batches"))["batches"]:
            _request(server, "DELETE", f"/v1/batches/{batch['id']}")
        figures["a claim alone, ms"] = min(ask() for _ in range(20)) * 1000
        worst, median = drip(server, 300, ask)
        figures["a claim beside 300 dripping connections: worst, ms"] = worst
        figures["a claim beside 300 dripping connections: median, ms"] = median
        figures["worker resident in the end, MB"] = server.memory()
    report("serve_survival", given.json, figures, {}, {})


def _file_837p(claims: Any) -> bytes:
    out = io.BytesIO()
    write_837p(claims, out)
    return out.getvalue()


def _get(server: lab.Server, path: str) -> bytes:
    return _request(server, "GET", path)


def _request(server: lab.Server, method: str, path: str) -> bytes:
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=60)
    try:
        connection.request(method, path)
        return connection.getresponse().read()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
