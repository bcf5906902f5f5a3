import asyncio
import datetime as dt
from collections.abc import Iterable
from unittest.mock import Mock

import httpx
import pytest
from fastapi.routing import APIRoute

from models.errors import InputError
from serving.api.batches import batches_router
from serving.api.claims import claims_router
from serving.api.codes import codes_router
from serving.api.loads import loads_router
from serving.api.notes import notes_router
from serving.api.reports import reports_router
from serving.api.system import system_router
from serving.app import create_app
from serving.security import create_key
from serving.settings import Settings
from serving.store.store import open_store
from tests.serving.api.client import against, running
from tests.serving.fakes import load_fake, register
from tests.serving.samples import claim_json, file_837p

BODY = {"claim": claim_json()}
X12 = {"content-type": "application/edi-x12"}
OPEN = {"/healthz", "/readyz", "/metrics"}


def key(
    settings: Settings,
    role: str = "scoring_system",
    *,
    lifetime: dt.timedelta | None = None,
    practices: Iterable[str] | None = None,
    requests_per_minute: int | None = None,
    max_body_bytes: int | None = None,
    revoke: bool = False,
) -> dict[str, str]:
    """Headers with a new key."""
    new = create_key(
        "test",
        role,
        lifetime=lifetime,
        practices=practices,
        requests_per_minute=requests_per_minute,
        max_body_bytes=max_body_bytes,
    )
    store = open_store(settings.state)
    store.keys.add(new.key)
    if revoke:
        store.keys.revoke(new.key.id)
    store.database.close()
    return {"authorization": f"Bearer {new.text}"}


def test_with_a_key_made_everybody_needs_one(settings: Settings) -> None:
    good = key(settings)
    bad = {
        "none": {},
        "no key at all": {"authorization": "Bearer nonsense"},
        "wrong secret": {"authorization": good["authorization"][:-3] + "xyz"},
        "expired": key(settings, lifetime=dt.timedelta(microseconds=1)),
        "revoked": key(settings, revoke=True),
    }

    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/claims/score", json=BODY, headers=good)
        assert response.status_code == 200
        assert response.headers["x-firstpass-mode"] == "authenticated"
        secret = good["authorization"].removeprefix("Bearer ")
        response = await client.post("/v1/claims/score", json=BODY, headers={"x-api-key": secret})
        assert response.status_code == 200
        for name, headers in bad.items():
            response = await client.post("/v1/claims/score", json=BODY, headers=headers)
            assert response.status_code == 401, name
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert secret not in response.text

    against(settings, work)


def test_a_key_reaches_what_its_role_holds_and_nothing_else(settings: Settings) -> None:
    scoring, scientist = key(settings), key(settings, "data_scientist")

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/scorecard", headers=scientist)).status_code == 200
        assert (await client.get("/v1/models", headers=scientist)).status_code == 200
        for headers, method, path in (
            (scoring, "GET", "/v1/scorecard"),
            (scoring, "GET", "/v1/rules"),
            (scoring, "GET", "/v1/models"),
            (scientist, "POST", "/v1/claims/score"),
            (scientist, "POST", "/v1/submissions"),
            (scientist, "POST", "/v1/rules/1/decision"),
        ):
            response = await client.request(method, path, headers=headers, json=BODY)
            assert response.status_code == 403, path

    against(settings, work)


def test_every_route_but_health_asks_for_a_key(settings: Settings) -> None:
    key(settings)

    async def work(client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()
        tried = 0
        for path, operations in document["paths"].items():
            for method in operations:
                response = await client.request(method, path.replace("{rule_id}", "1"))
                if path in OPEN:
                    assert response.status_code in (200, 503)
                else:
                    assert response.status_code == 401, (method, path)
                    tried += 1
        assert tried >= 12

    against(settings, work)


def test_a_batch_belongs_to_the_key_that_sent_it(settings: Settings) -> None:
    one, other = key(settings), key(settings)

    async def work(client: httpx.AsyncClient) -> None:
        headers = {**one, **X12}
        created = await client.post("/v1/batches", content=file_837p(3), headers=headers)
        assert created.status_code == 202
        path = created.headers["location"]
        assert (await client.get(path, headers=one)).status_code == 200
        for attempt in (path, path + "/result"):
            assert (await client.get(attempt, headers=other)).status_code == 404
        assert (await client.get("/v1/batches", headers=other)).json() == {"batches": []}

    against(settings, work)


def test_a_key_bound_to_a_practice_scores_and_loads_only_its_claims(settings: Settings) -> None:
    own = key(settings, "biller", practices=["1999999984:999999999"])
    foreign = key(settings, "biller", practices=["1000000000:000000000"])

    async def work(client: httpx.AsyncClient) -> None:
        ok = await client.post("/v1/claims/score", json=BODY, headers=own)
        assert ok.status_code == 200
        refused = await client.post("/v1/claims/score", json=BODY, headers=foreign)
        assert refused.status_code == 403
        assert refused.json()["errors"][0]["pointer"] == "/claim/billing"
        stream = await client.post(
            "/v1/claims/score/x12", content=file_837p(2), headers={**foreign, **X12}
        )
        assert "score" not in [x.split('"')[3] for x in stream.text.splitlines()]
        load = await client.post(
            "/v1/submissions", content=file_837p(2), headers={**foreign, **X12}
        )
        assert load.json()["refused"] == 2
        assert load.json()["claims"] == {"read": 2, "new": 0}

    against(settings, work)


def test_a_key_has_its_own_rate_and_size(settings: Settings) -> None:
    slow, small = key(settings, requests_per_minute=60), key(settings, max_body_bytes=100)

    async def work(client: httpx.AsyncClient) -> None:
        statuses = [
            (await client.post("/v1/claims/score", json=BODY, headers=slow)).status_code
            for _ in range(8)
        ]
        assert statuses[:5] == [200] * 5 and statuses[-1] == 429
        response = await client.post("/v1/claims/score", json=BODY, headers=slow)
        assert int(response.headers["retry-after"]) >= 1
        response = await client.post("/v1/claims/score", json=BODY, headers=small)
        assert response.status_code == 413

    against(settings, work)


def test_the_single_user_mode_answers_no_foreign_page(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        for headers in (
            {"origin": "https://evil.example"},
            {"host": "evil.example"},
            {"origin": "null"},
        ):
            response = await client.post("/v1/claims/score", json=BODY, headers=headers)
            assert response.status_code == 403, headers
        own = {"origin": "http://localhost:8000"}
        assert (await client.post("/v1/claims/score", json=BODY, headers=own)).status_code == 200

    against(settings, work)


def test_the_first_key_ends_the_single_user_mode(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.api.access.LOOK_SECONDS", 0.05)

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.post("/v1/claims/score", json=BODY)).status_code == 200
        headers = await asyncio.to_thread(key, settings)
        for _ in range(100):
            response = await client.post("/v1/claims/score", json=BODY)
            if response.status_code == 401:
                break
            await asyncio.sleep(0.02)
        assert response.status_code == 401
        response = await client.post("/v1/claims/score", json=BODY, headers=headers)
        assert response.status_code == 200

    against(settings, work)


def test_other_addresses_than_loopback_need_a_key_to_start(settings: Settings) -> None:
    register(settings, 1)
    outside = settings.model_copy(update={"host": "0.0.0.0"})

    async def start() -> None:
        async with running(outside):
            pass

    with pytest.raises(InputError, match="no API key"):
        asyncio.run(start())
    key(settings)
    asyncio.run(start())


def test_no_route_was_forgotten_in_the_description(settings: Settings) -> None:
    app = create_app(settings, load=load_fake)
    service = app.state.service
    keeper, runner, coding = Mock(), Mock(), Mock()  # routes are only counted here
    routers = (
        claims_router(service, keeper),
        batches_router(service, runner),
        loads_router(service),
        reports_router(service, service.edits),
        notes_router(service, coding),
        codes_router(service, coding),
        system_router(service, keeper, coding),
    )
    routes = [x.path for router in routers for x in router.routes if isinstance(x, APIRoute)]
    assert len(routes) >= 15
    assert set(routes) <= set(app.openapi()["paths"])
