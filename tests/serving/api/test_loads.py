import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.settings import Settings
from serving.store.database import Database
from serving.store.errors import StoreUnavailableError
from serving.store.store import Store, open_store
from tests.serving.api.client import against
from tests.serving.samples import claim_json, file_837p

X12 = {"content-type": "application/edi-x12"}


def rows(settings: Settings, query: str) -> Any:
    store = open_store(settings.state)
    with store.database.read() as connection:
        found = connection.exec_driver_sql(query).all()
    store.database.close()
    return found


def test_a_file_is_stored_once_however_often_it_is_sent(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        first = await client.post("/v1/submissions", content=file_837p(5), headers=X12)
        assert first.status_code == 200, first.text
        assert first.json()["status"] == "stored"
        assert first.json()["claims"] == {"read": 5, "new": 5}
        again = await client.post("/v1/submissions", content=file_837p(5), headers=X12)
        assert again.json()["status"] == "already"
        more = await client.post("/v1/submissions", content=file_837p(7), headers=X12)
        assert more.json()["claims"] == {"read": 7, "new": 2}

    against(settings, work)
    assert rows(settings, "SELECT count(*) FROM submissions") == [(7,)]
    actions = [x for (x,) in rows(settings, "SELECT action FROM audit ORDER BY sequence")]
    assert actions == ["load"] * 3
    assert not list((settings.state / "incoming").iterdir())


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"ISA*00*", b"\x00" * 5000])
def test_what_cannot_be_read_is_refused_with_the_reason(settings: Settings, content: bytes) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/remittances", content=content, headers=X12)
        assert response.status_code in (400, 422)
        assert response.json()["detail"]

    against(settings, work)


def test_a_form_upload_is_told_what_to_send(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/submissions", files={"file": b"ISA"})
        assert response.status_code == 415
        assert "--data-binary" in response.json()["detail"]

    against(settings, work)


def test_while_the_store_is_away_scores_and_loads_are_spooled_and_nothing_is_lost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = False
    real = Database.transact

    def transact(self: Database, work: Any) -> Any:
        if away:
            raise StoreUnavailableError("the store is away (test)")
        return real(self, work)

    monkeypatch.setattr(Database, "transact", transact)

    async def work(client: httpx.AsyncClient) -> None:
        nonlocal away
        away = True
        response = await client.post("/v1/submissions", content=file_837p(4), headers=X12)
        assert (response.status_code, response.json()["status"]) == (202, "spooled")
        scored = await client.post("/v1/claims/score", json={"claim": claim_json()})
        assert scored.status_code == 200
        away = False
        for _ in range(200):
            done = await asyncio.to_thread(rows, settings, "SELECT count(*) FROM submissions")
            if done == [(4,)]:
                break
            await asyncio.sleep(0.05)
        assert done == [(4,)]

    against(settings, work)
    journal = list((settings.state / "journal").glob("*.spool"))
    assert sum(x.read_text().count('"type":"score"') for x in journal) == 1


def test_a_full_disk_is_said_clearly(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.api.files._finish", full)

    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/submissions", content=file_837p(1), headers=X12)
        assert response.status_code == 507
        assert "full" in response.json()["detail"]
        assert not list((settings.state / "incoming").iterdir())

    against(settings, work)


def test_scores_that_cannot_be_kept_do_not_stop_scoring(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    async def work(client: httpx.AsyncClient) -> None:
        monkeypatch.setattr("serving.api.keeping.os.write", full)
        response = await client.post("/v1/claims/score", json={"claim": claim_json()})
        monkeypatch.undo()
        assert response.status_code == 200
        metrics = (await client.get("/metrics")).text
        assert "firstpass_requests_not_kept_total 1.0" in metrics
        assert "No space left" in (await client.get("/readyz")).json()["keeping"]

    against(settings, work)


def test_kept_scores_reach_the_store_with_their_claim(settings: Settings) -> None:
    from serving.mover import move
    from serving.store.spool import Spool

    async def work(client: httpx.AsyncClient) -> None:
        for i in range(3):
            body = {"claim": claim_json(claim_id=f"C{i}"), "factors": False}
            await client.post("/v1/claims/score", json=body)

    against(settings, work)
    store: Store = open_store(settings.state)
    assert move(store, Spool(settings.state / "journal")) == 6  # a score and an audit entry each
    store.database.close()
    assert rows(settings, "SELECT claim_id FROM scores ORDER BY id") == [("C0",), ("C1",), ("C2",)]
    assert rows(settings, "SELECT action, actor FROM audit") == [("score", "single-user")] * 3


def test_the_scorecard_and_lists_answer_on_an_empty_store(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        card = (await client.get("/v1/scorecard?group_by=payer")).json()
        assert card == {"rows": [], "reliability": [], "stale": False}
        assert (await client.get("/v1/scorecard?group_by=wrong")).status_code == 422
        assert (await client.get("/v1/scorecard?nonsense=1")).status_code == 422
        edits = (await client.get("/v1/edits")).json()
        assert "npi.check_digit" in [x["id"] for x in edits["edits"]]
        assert (await client.get("/v1/rules")).json() == {"rules": []}

    against(settings, work)


def test_batches_take_ndjson_claims_too(settings: Settings) -> None:
    lines = [json.dumps(claim_json(claim_id=f"C{i}")) for i in range(3)]
    body = "\n".join([lines[0], "{broken", '{"claim_id": 1}', lines[1], lines[2]])

    async def work(client: httpx.AsyncClient) -> None:
        created = await client.post(
            "/v1/batches", content=body, headers={"content-type": "application/x-ndjson"}
        )
        path = created.headers["location"]
        for _ in range(200):
            status = (await client.get(path)).json()
            if status["status"] != "queued" and status["status"] != "running":
                break
            await asyncio.sleep(0.05)
        assert status["status"] == "done", status
        result = [json.loads(x) for x in (await client.get(status["result"])).text.splitlines()]
        assert [x["kind"] for x in result] == [
            "score",
            "problem",
            "problem",
            "score",
            "score",
            "end",
        ]
        assert result[1]["problem"]["place"]["row"] == 2

    against(settings, work)
    assert not list(Path(settings.state / "batches").glob("*.body"))
