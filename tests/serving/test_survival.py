"""The real server through kills, a lost store, a full disk and a flood; nothing lost or doubled."""

import contextlib
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from serving.security import create_key
from serving.settings import Settings
from serving.store.store import open_store
from tests.serving.fakes import register
from tests.serving.samples import claim_json, file_837p
from tests.serving.server import Server, serving
from tests.serving.store.disks import small_disk
from tests.serving.store.fixtures import postgres  # noqa: F401
from tests.serving.store.postgres import PostgresServer

X12 = {"content-type": "application/edi-x12"}


def kept(home: Path, query: str, url: str = "") -> list[Any]:
    store = open_store(Settings(home=home).state, url)
    try:
        with store.database.read() as connection:
            return list(connection.exec_driver_sql(query).all())
    finally:
        store.close()


def wait_for(condition: Any, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


@contextlib.contextmanager
def writers(server: Server, count: int, headers: dict[str, str]) -> Iterator[list[str]]:
    """Clients that score and load until the block ends; gives the claims that were answered."""
    stop = threading.Event()
    answered: list[str] = []

    def work(number: int) -> None:
        turn = 0
        with httpx.Client(headers=headers, timeout=60) as client:
            while not stop.is_set():
                turn += 1
                name = f"W{number}-{turn}"
                body = {"claim": claim_json(claim_id=name), "factors": False}
                try:
                    scored = client.post(f"{server.url}/v1/claims/score", json=body)
                    if scored.status_code == 200:
                        answered.append(name)
                except httpx.HTTPError:
                    return  # the server was killed

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_kill_under_writes_loses_no_answered_score_and_doubles_none(tmp_path: Path) -> None:
    register(Settings(home=tmp_path), 1)
    answered: list[str] = []
    loaded = 0
    for _ in range(2):
        with serving(tmp_path) as server, writers(server, 4, {}) as names:
            for _ in range(3):
                response = httpx.post(
                    f"{server.url}/v1/submissions",
                    content=file_837p(40, begin=loaded * 40),
                    headers=X12,
                    timeout=60,
                )
                assert response.status_code == 200
                loaded += 1
            wait_for(lambda names=names: len(names) > 40)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        # The second round's names begin anew: scored again, they are scores of their own.
        answered += names
    with serving(tmp_path) as server:
        # The last file once more, as who saw no answer would send it.
        again = file_837p(40, begin=(loaded - 1) * 40)
        response = httpx.post(f"{server.url}/v1/submissions", content=again, headers=X12)
        assert response.json()["status"] == "already"
        assert server.stop() == 0
    scores = kept(tmp_path, "SELECT claim_id, count(*) FROM scores GROUP BY claim_id")
    stored = dict(tuple(row) for row in scores)
    for name in set(answered):
        assert stored.get(name, 0) >= answered.count(name), name
    # A score may be kept whose answer the kill cut off, but each only once.
    assert kept(tmp_path, "SELECT count(*) - count(DISTINCT uid) FROM scores") == [(0,)]
    assert kept(tmp_path, "SELECT count(*) FROM submissions") == [(loaded * 40,)]
    verdict = open_store(Settings(home=tmp_path).state).audit.verify()
    assert verdict.broken is None and verdict.entries > len(answered)


def test_the_store_goes_and_comes_back_and_nothing_is_lost(
    tmp_path: Path,
    postgres: PostgresServer,  # noqa: F811
) -> None:
    url = postgres.new_database()
    register(Settings(home=tmp_path), 1)
    new = create_key("test", "biller")
    store = open_store(Settings(home=tmp_path).state, url)
    store.keys.add(new.key)
    store.close()
    headers = {"authorization": f"Bearer {new.text}"}
    with serving(tmp_path, FIRSTPASS_DATABASE_URL=url) as server:
        client = httpx.Client(base_url=server.url, headers=headers, timeout=60)

        def score(name: str) -> int:
            body = {"claim": claim_json(claim_id=name)}
            return client.post("/v1/claims/score", json=body).status_code

        assert score("before") == 200
        postgres.stop()
        try:
            assert [score(f"away-{i}") for i in range(20)] == [200] * 20
            unknown = {"authorization": f"Bearer {create_key('x', 'biller').text}"}
            stranger = httpx.get(f"{server.url}/v1/batches", headers=unknown, timeout=60)
            assert stranger.status_code == 503 and "later" in stranger.json()["detail"]
            spooled = client.post("/v1/submissions", content=file_837p(7), headers=X12)
            assert (spooled.status_code, spooled.json()["status"]) == (202, "spooled")
            assert client.get("/v1/scorecard").status_code == 503
            ready = client.get("/readyz")
            assert ready.status_code == 200 and ready.json()["store"] != "ok"
        finally:
            postgres.start()
        wait_for(lambda: client.get("/readyz").json()["store"] == "ok")
        assert score("after") == 200
        wait_for(lambda: kept(tmp_path, "SELECT count(*) FROM submissions", url) == [(7,)])
        wait_for(lambda: kept(tmp_path, "SELECT count(*) FROM scores", url) == [(22,)])
        client.close()
        assert server.stop() == 0
    names = "SELECT count(DISTINCT claim_id), count(*) FROM scores"
    assert kept(tmp_path, names, url) == [(22, 22)]
    loads = "SELECT count(*) FROM audit WHERE action = 'load'"
    assert kept(tmp_path, loads, url) == [(1,)]
    postgres.drop(url)


def test_a_full_disk_is_said_and_scoring_goes_on(tmp_path: Path) -> None:
    with small_disk(tmp_path, "8m") as disk:
        home = disk / "home"
        register(Settings(home=home), 1)
        with serving(tmp_path, FIRSTPASS_HOME=str(home)) as server:
            body = {"claim": claim_json(), "factors": False}
            assert httpx.post(f"{server.url}/v1/claims/score", json=body).status_code == 200
            with (disk / "filler").open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            large = file_837p(300)
            for path in ("/v1/batches", "/v1/submissions"):
                response = httpx.post(server.url + path, content=large, headers=X12, timeout=60)
                assert response.status_code == 507, response.text
                assert "disk" in response.json()["detail"]
            claims = {"claims": [claim_json(claim_id=f"C{i}") for i in range(200)]}
            for _ in range(40):  # the journal had room of its own, and what is kept waits
                scored = httpx.post(f"{server.url}/v1/claims/score", json=claims, timeout=60)
                assert scored.status_code == 200
                ready = httpx.get(f"{server.url}/readyz")
                assert ready.status_code == 200
                if ready.json()["keeping"] != "ok":
                    break
            assert "No space left" in ready.json()["keeping"]
            stream = httpx.post(
                f"{server.url}/v1/claims/score/x12", content=large, headers=X12, timeout=60
            )
            assert '"kind":"end"' in stream.text
            (disk / "filler").unlink()
            response = httpx.post(
                f"{server.url}/v1/submissions", content=large, headers=X12, timeout=60
            )
            assert response.json()["status"] == "stored", response.text


def test_one_keys_flood_does_not_starve_another(tmp_path: Path) -> None:
    """While one key sends large bodies as fast as it can, another's single claims pass."""
    register(Settings(home=tmp_path), 1)
    flood, small = create_key("flood", "scoring_system"), create_key("small", "scoring_system")
    store = open_store(Settings(home=tmp_path).state)
    for new in (flood, small):
        store.keys.add(new.key)
    store.close()
    large = {"claims": [claim_json(claim_id=f"F{i}") for i in range(1500)], "factors": False}
    with serving(tmp_path) as server:
        stop = threading.Event()
        seen: list[int] = []
        waits: list[float] = []

        def pour() -> None:
            headers = {"authorization": f"Bearer {flood.text}"}
            with httpx.Client(headers=headers, timeout=60) as client:
                while not stop.is_set():
                    began = time.monotonic()
                    answer = client.post(f"{server.url}/v1/claims/score", json=large)
                    seen.append(answer.status_code)
                    if answer.status_code == 200:
                        waits.append(time.monotonic() - began)

        threads = [threading.Thread(target=pour) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(1.0)
        times = []
        headers = {"authorization": f"Bearer {small.text}"}
        with httpx.Client(headers=headers, timeout=60) as client:
            for i in range(40):
                began = time.monotonic()
                body = {"claim": claim_json(claim_id=f"S{i}"), "factors": False}
                answer = client.post(f"{server.url}/v1/claims/score", json=body)
                times.append(time.monotonic() - began)
                assert answer.status_code == 200
        stop.set()
        for thread in threads:
            thread.join()
    assert set(seen) <= {200, 429} and 200 in seen
    # One claim must not wait for even one of eight bodies of 1,500 claims.
    assert statistics.median(times) < statistics.median(waits) / 4, (times, waits)
