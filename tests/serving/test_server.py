"""The real server in its own process: streams, kills, swaps, drains, slow and large bodies."""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.settings import Settings
from serving.store.store import open_store
from tests.serving.fakes import register
from tests.serving.samples import claim_json, file_837p
from tests.serving.server import Server, serving

X12 = {"content-type": "application/edi-x12"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    register(Settings(home=folder), 1)
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving(
        home,
        FIRSTPASS_IDLE_SECONDS="1",
        FIRSTPASS_MIN_BYTES_PER_SECOND="200",
        FIRSTPASS_BODY_SECONDS="2",
    ) as running:
        yield running


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(x) for x in response.text.splitlines()]


def test_an_837p_is_answered_line_by_line(server: Server) -> None:
    response = httpx.post(
        f"{server.url}/v1/claims/score/x12", content=file_837p(300), headers=X12, timeout=30
    )
    assert response.headers["content-type"] == "application/x-ndjson"
    found = lines(response)
    assert [x["kind"] for x in found] == ["score"] * 300 + ["end"]
    assert [x["score"]["claim_id"] for x in found[:-1]] == [f"CLM{i:06}" for i in range(300)]
    assert found[0]["place"]["segment_number"] < found[1]["place"]["segment_number"]
    assert found[-1]["complete"] and found[-1]["claims"] == 300


def test_claims_come_back_while_the_file_is_still_being_sent(server: Server) -> None:
    body = file_837p(400)
    half = len(body) // 2
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(
            b"POST /v1/claims/score/x12 HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/edi-x12\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        sock.sendall(body[:half])
        received = b""
        while received.count(b'"kind":"score"') < 150:
            received += sock.recv(1 << 16)
        sock.sendall(body[half:])
        while b'"kind":"end"' not in received:
            received += sock.recv(1 << 16)
    assert received.count(b'"kind":"score"') == 400


def test_damaged_places_are_reported_in_line_and_the_rest_is_scored(server: Server) -> None:
    body = file_837p(30).replace(b"CLM*CLM000010*", b"CLM*CLM000010*x", 1)
    body = body.replace(b"SE*", b"SE*9", 1)
    response = httpx.post(
        f"{server.url}/v1/claims/score/x12", content=body, headers=X12, timeout=30
    )
    kinds = [x["kind"] for x in lines(response)]
    assert kinds.count("score") >= 29 and kinds.count("problem") >= 1 and kinds[-1] == "end"
    metrics = httpx.get(f"{server.url}/metrics").text
    assert re.search(r'firstpass_x12_problems_total\{code="x12\.\w+"\} [1-9]', metrics)
    assert re.search(r'firstpass_edits_hit_total\{edit="[\w.]+"\} [1-9]', metrics)


def test_what_is_no_x12_is_told_in_the_stream(server: Server) -> None:
    response = httpx.post(
        f"{server.url}/v1/claims/score/x12", content=b"%PDF-1.7 rubbish", headers=X12, timeout=30
    )
    problem, end = lines(response)
    assert "PDF" in problem["problem"]["message"]
    assert end["claims"] == 0


def test_a_client_that_reads_nothing_before_it_has_sent_all_is_served(server: Server) -> None:
    """httpx sends the whole body first; the answers, larger than any buffer, wait on disk."""
    body = file_837p(6000)
    response = httpx.post(
        f"{server.url}/v1/claims/score/x12", content=body, headers=X12, timeout=120
    )
    assert lines(response)[-1]["claims"] == 6000


def test_a_slow_stream_ends_with_a_reason(server: Server) -> None:
    body = file_837p(100)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(
            b"POST /v1/claims/score/x12 HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/edi-x12\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        sock.sendall(body[:20_000])
        began = time.monotonic()
        received = b""
        while b'"kind":"end"' not in received:
            received += sock.recv(1 << 16)
        assert time.monotonic() - began < 5
    assert b'"complete":false' in received and b"for 1 s" in received
    assert received.count(b'"kind":"score"') > 5


def test_a_slow_json_body_is_answered_408(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(
            b"POST /v1/claims/score HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 408")


def test_an_endless_request_head_is_refused(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        answer = b""
        try:
            for i in range(1000):
                sock.sendall(b"X-%d: %s\r\n" % (i, b"a" * 1000))
        except OSError:
            pass
        else:
            answer = sock.recv(100)
        # Too large, or on a busy machine too slow: refused either way.
        assert answer == b"" or b" 431 " in answer or b" 408 " in answer
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_body_above_the_limit_is_refused_before_it_is_read(home: Path, server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(
            b"POST /v1/claims/score HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 413")


def test_a_batch_is_done_once_for_its_key(server: Server) -> None:
    body = file_837p(500)
    headers = {**X12, "Idempotency-Key": "week-9"}
    url = f"{server.url}/v1/batches"
    first = httpx.post(url, content=body, headers=headers)
    assert first.status_code == 202, first.text
    again = httpx.post(url, content=body, headers=headers)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    other = httpx.post(url, content=file_837p(3), headers=headers)
    assert other.status_code == 409
    found = wait_done(server, first.json()["id"])
    assert found["claims_done"] == 500
    result = lines(httpx.get(server.url + found["result"]))
    assert [x["score"]["claim_id"] for x in result[:-1]] == [f"CLM{i:06}" for i in range(500)]


def wait_done(server: Server, batch_id: str, seconds: float = 120) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: dict[str, Any] = httpx.get(f"{server.url}/v1/batches/{batch_id}").json()
        if found["status"] in ("done", "failed", "cancelled"):
            assert found["status"] == "done", found
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_model_is_swapped_under_load_without_a_failed_or_mixed_answer(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path)
    register(settings, 1)
    body = {"claims": [claim_json(claim_id=f"C{i}") for i in range(20)]}
    with serving(tmp_path) as server:
        stop = threading.Event()
        seen: list[tuple[int, set[str]]] = []

        def load() -> None:
            with httpx.Client() as client:
                while not stop.is_set():
                    response = client.post(f"{server.url}/v1/claims/score", json=body, timeout=20)
                    versions = {x["model_version"] for x in response.json()["claims"]}
                    seen.append((response.status_code, versions))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for version in (2, 3, 4):
            time.sleep(0.6)
            register(settings, version)
        time.sleep(0.8)
        register(settings, 5, broken=True)
        time.sleep(0.8)
        register(settings, 6, signature="another")
        time.sleep(0.8)
        stop.set()
        for thread in threads:
            thread.join()
        assert {status for status, _ in seen} == {200}
        assert all(len(versions) == 1 for _, versions in seen)
        assert {x for _, versions in seen for x in versions} == {"1", "2", "3", "4"}
        models = httpx.get(f"{server.url}/v1/models").json()["models"][0]
        assert models["serving"] == 4
        assert models["refused"]["version"] == 6
        assert "signature" in models["refused"]["reason"]
        ready = httpx.get(f"{server.url}/readyz")
        assert ready.status_code == 200 and "refused" in ready.json()["reason"]


def test_a_kill_in_a_batch_loses_and_doubles_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    register(settings, 1)
    count = 4000
    with serving(tmp_path, FIRSTPASS_LEASE_SECONDS="2") as server:
        response = httpx.post(
            f"{server.url}/v1/batches",
            content=file_837p(count),
            headers={**X12, "Idempotency-Key": "once"},
        )
        batch_id = response.json()["id"]
        scored = httpx.post(f"{server.url}/v1/claims/score", json={"claim": claim_json()})
        assert scored.status_code == 200
        while httpx.get(f"{server.url}/v1/batches/{batch_id}").json()["status"] == "queued":
            time.sleep(0.02)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with serving(tmp_path) as server:
        found = wait_done(server, batch_id)
        result = lines(httpx.get(server.url + found["result"], timeout=30))
        assert [x["score"]["claim_id"] for x in result[:-1]] == [f"CLM{i:06}" for i in range(count)]
        assert server.stop() == 0
    with open_store(settings.state).database.read() as connection:
        kept = connection.exec_driver_sql(
            "SELECT count(*), count(DISTINCT claim_id) FROM scores"
        ).one()
    assert tuple(kept) == (count + 1, count + 1)


def test_sigterm_lets_running_requests_end(tmp_path: Path) -> None:
    register(Settings(home=tmp_path), 1)
    body = file_837p(200)
    with serving(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            sock.sendall(
                b"POST /v1/claims/score/x12 HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/edi-x12\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            sock.sendall(body[: len(body) // 2])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            sock.sendall(body[len(body) // 2 :])
            received = b""
            while b'"kind":"end"' not in received:
                data = sock.recv(1 << 16)
                assert data, received[-500:]
                received += data
        assert received.count(b'"kind":"score"') == 200
        assert server.stop() == 0


def test_old_results_of_batches_are_deleted_and_answered_410(tmp_path: Path) -> None:
    register(Settings(home=tmp_path), 1)
    with serving(tmp_path) as server:
        sent = httpx.post(f"{server.url}/v1/batches", content=file_837p(2), headers=X12)
        found = wait_done(server, sent.json()["id"])
        assert httpx.get(server.url + found["result"]).status_code == 200
    (result,) = Settings(home=tmp_path).state.glob("batches/*.ndjson")
    month_ago = time.time() - 31 * 86_400
    os.utime(result, (month_ago, month_ago))
    with serving(tmp_path) as server:
        deadline = time.monotonic() + 20
        while result.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert httpx.get(server.url + found["result"]).status_code == 410
        assert wait_done(server, sent.json()["id"])["claims_done"] == 2


def test_workers_share_port_model_and_metrics(tmp_path: Path) -> None:
    register(Settings(home=tmp_path), 1)
    with serving(tmp_path, FIRSTPASS_WORKERS="2") as server:
        for _ in range(40):
            response = httpx.post(f"{server.url}/v1/claims/score", json={"claim": claim_json()})
            assert response.status_code == 200
        metrics = httpx.get(f"{server.url}/metrics").text
        assert 'firstpass_claims_scored_total{way="json"} 40.0' in metrics
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_said_in_one_line(server: Server, tmp_path: Path, workers: str) -> None:
    taken = {"FIRSTPASS_PORT": str(server.port), "FIRSTPASS_WORKERS": workers}
    with serving(tmp_path, ready=False, **taken) as second:
        assert second.process.wait(90) == 1
        assert second.log.startswith(f"firstpass: port {server.port} is taken")
        assert second.log.count("\n") == 1


def test_others_than_loopback_are_not_served_without_keys(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, FIRSTPASS_HOST="0.0.0.0") as server:
        assert server.process.wait(90) == 1
        assert "no API key" in server.log


def test_logs_are_json_without_patient_data(server: Server) -> None:
    secret = "Trillian"
    person = {"last_name": secret, "first_name": secret, "member_id": secret}
    body = {"claim": claim_json(patient=person, charge=secret)}
    httpx.post(f"{server.url}/v1/claims/score?{secret}=1", json=body)
    httpx.post(f"{server.url}/v1/{secret}", json=body)
    httpx.post(
        f"{server.url}/v1/claims/score/x12",
        content=file_837p(2).replace(b"EXAMPLE", secret.encode()),
        headers=X12,
    )
    log = server.log
    assert secret not in log
    assert all(json.loads(line)["event"] for line in log.splitlines())
