"""Payer rules over HTTP: listed, looked at, decided on, and acting on the next claim."""

from typing import Any

import httpx
import msgspec

from serving.settings import Settings
from serving.store.intake import Transmission
from serving.store.store import open_store
from tests.models.history.rules.samples import AUTHORIZED, answer, claim
from tests.serving.api.client import against

PRACTICE = "1234567893:123456789"


def learnt(settings: Settings) -> None:
    """A store that has learnt one rule: 73721 needs an authorization number."""
    store = open_store(settings.state)
    items: list[Any] = []
    for n in range(12):
        filed, authorized = claim(n, n * 5), claim(1000 + n, n * 5, references=AUTHORIZED)
        items += [filed, answer(filed, "197"), authorized, answer(authorized)]
    store.intake.load(items, Transmission("history", bytes(32), 1))
    store.rule_learning.learn(PRACTICE)
    store.close()


async def edits_of(client: httpx.AsyncClient) -> list[str]:
    body = msgspec.json.encode({"claim": claim(5000)})
    headers = {"content-type": "application/json"}
    response = await client.post("/v1/claims/score", content=body, headers=headers)
    assert response.status_code == 200, response.text
    return [x["id"] for x in response.json()["claims"][0]["edits"]]


def test_an_accepted_rule_acts_on_the_next_claim_until_it_is_taken_back(settings: Settings) -> None:
    learnt(settings)

    async def work(client: httpx.AsyncClient) -> None:
        [rule] = (await client.get("/v1/rules")).json()["rules"]
        assert rule["status"] == "proposed" and not rule["active"]
        assert "73721 without an authorization number (CARC 197): 12 of 12" in rule["words"]
        own = f"payer_rule.{rule['id']}"
        assert own not in await edits_of(client)
        decision = f"/v1/rules/{rule['id']}/decision"
        done = await client.post(decision, json={"status": "accepted", "revision": 0})
        assert done.status_code == 200 and done.json()["active"], done.text
        assert own in await edits_of(client)
        await client.post(decision, json={"status": "dismissed"})
        assert own not in await edits_of(client)

    against(settings, work)


def test_one_rule_shows_the_claims_behind_it(settings: Settings) -> None:
    learnt(settings)

    async def work(client: httpx.AsyncClient) -> None:
        [rule] = (await client.get("/v1/rules")).json()["rules"]
        assert "CLAIM0" not in (await client.get("/v1/rules")).text
        one = (await client.get(f"/v1/rules/{rule['id']}")).json()
        assert len(one["claims"]) == 12 and one["claims"][0]["denied"]
        assert (await client.get("/v1/rules/999")).status_code == 404
        assert (await client.get("/v1/rules/none")).status_code == 422

    against(settings, work)


def test_an_edited_rule_must_be_a_rule_of_the_same_payer(settings: Settings) -> None:
    learnt(settings)

    async def work(client: httpx.AsyncClient) -> None:
        [rule] = (await client.get("/v1/rules")).json()["rules"]
        decision = f"/v1/rules/{rule['id']}/decision"
        for changes in ({"payer": "60054"}, {"kind": "units"}, {"codes": "73721"}):
            body = {"status": "edited", "rule": rule["rule"] | changes}
            response = await client.post(decision, json=body)
            assert response.status_code == 422
            assert response.json()["errors"][0]["pointer"] == "/rule"
        body = {"status": "edited", "rule": rule["rule"] | {"codes": ["73721", "73722"]}}
        done = (await client.post(decision, json=body)).json()
        assert done["rule"]["codes"] == ["73721", "73722"]
        assert done["learnt"]["codes"] == ["73721"]

    against(settings, work)
