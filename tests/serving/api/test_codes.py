"""`GET /v1/codes...`: as-you-type search and look-up over every loaded code system."""

import time

import httpx

from serving.settings import Settings
from tests.serving.api.client import against
from tests.serving.api.test_access import key


def test_codes_are_found_while_typing(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        listed = (await client.get("/v1/codes")).json()["systems"]
        icd = next(s for s in listed if s["system"] == "ICD-10-CM")
        assert icd["codes"] > 70_000 and icd["release"]
        for typed, code in (
            ("E11.4", "E11.4"), ("pain in left kn", "M25.562"), ("hypertens", "I10"),
        ):  # fmt: skip
            response = await client.get("/v1/codes/search", params={"q": typed, "limit": 5})
            body = response.json()
            assert code in [c["code"] for c in body["codes"]], typed
            assert len(body["codes"]) <= 5 and body["release"]
        none = await client.get("/v1/codes/search", params={"q": "zzzzqqq"})
        assert none.json()["codes"] == []

    against(settings, work)


def test_a_search_takes_under_20_ms(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        await client.get("/v1/codes/search", params={"q": "a"})  # loads
        typed = ["dia", "type 2 diab", "pain", "fracture of radius", "E1", "knee left", "hyper"]
        seconds = []
        for words in typed * 3:
            began = time.process_time()
            assert (await client.get("/v1/codes/search", params={"q": words})).status_code == 200
            seconds.append(time.process_time() - began)
        assert sorted(seconds)[len(seconds) // 2] < 0.02

    against(settings, work)


def test_one_code_with_all_that_is_known_of_it(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        found = (await client.get("/v1/codes/ICD-10-CM/E11.42?date=2026-03-01")).json()
        assert found["entry"]["status"] == "billable" and found["parent"] == "E11.4"
        assert found["excludes1"]
        bare = (await client.get("/v1/codes/icd-10-cm/e1142")).json()
        assert bare["entry"]["code"] == "E11.42"
        injury = (await client.get("/v1/codes/ICD-10-CM/S52.501")).json()
        assert "A" in injury["seventh_characters"]

    against(settings, work)


def test_what_is_not_there_or_not_allowed_is_said(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        for path, status in (
            ("/v1/codes/ICD-10-CM/X99.99Z", 404),
            ("/v1/codes/KLINGON/1", 404),
            ("/v1/codes/search?q=pain&system=KLINGON", 404),
            ("/v1/codes/search", 422),
            ("/v1/codes/search?q=", 422),
            ("/v1/codes/search?q=a&limit=1000", 422),
            ("/v1/codes/search?q=a&date=today", 422),
            ("/v1/codes/search?q=a&q=b", 422),
        ):
            response = await client.get(path)
            assert response.status_code == status, path
            assert response.headers["content-type"] == "application/problem+json"
        assert "ICD-10-CM" in (await client.get("/v1/codes/KLINGON/1")).json()["detail"]

    against(settings, work)


def test_codes_need_the_coding_scope(settings: Settings) -> None:
    coder, scoring = key(settings, "coder"), key(settings)

    async def work(client: httpx.AsyncClient) -> None:
        for headers, status in (({}, 401), (scoring, 403), (coder, 200)):
            response = await client.get("/v1/codes/ICD-10-CM/I10", headers=headers)
            assert response.status_code == status

    against(settings, work)
