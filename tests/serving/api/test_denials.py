"""Denials as work over HTTP."""

import datetime as dt

import httpx
import pytest

from serving.settings import Settings
from serving.store.store import open_store
from serving.store.working import work_in
from tests.serving.api.client import against
from tests.serving.api.test_ledger import FILES, get, key_of
from tests.serving.store.ledgers import load_text


@pytest.fixture
def posted(settings: Settings) -> str:
    """The practice of a store with one denied line."""
    store = open_store(settings.state)
    practice = load_text(store.database, *FILES)
    work_in(store, practice)
    store.close()
    return practice


def test_an_empty_worklist_answers(settings: Settings) -> None:
    found = get(settings, "/v1/denials").json()
    assert (found["items"]["lines"], found["as_of"], found["stale"]) == ([], None, False)
    assert get(settings, "/v1/denials/0").status_code == 404
    assert get(settings, "/v1/denials?state=lost").status_code == 422


def test_a_denial_is_listed_taken_and_closed(settings: Settings, posted: str) -> None:
    biller = key_of(settings, "biller", posted)
    stranger = key_of(settings, "biller", "1:2")
    coder = key_of(settings, "coder", posted)

    async def work(client: httpx.AsyncClient) -> None:
        listed = (await client.get("/v1/denials?hours=8", headers=biller)).json()
        (line,) = listed["items"]["lines"]
        assert (line["claim_id"], line["carc"], line["state"]) == ("A1", "197", "open")
        assert listed["as_of"] == "2026-01-20" and listed["probabilities"] == "rates"
        none = (await client.get("/v1/denials", headers=stranger)).json()
        assert none["items"]["lines"] == []
        assert (await client.get("/v1/denials", headers=coder)).status_code == 403
        path = f"/v1/denials/{line['key']}"
        item = (await client.get(path, headers=biller)).json()
        assert item["item"]["options"] and item["item"]["cause"]["gap"]
        assert (await client.get(path, headers=stranger)).status_code == 404
        order = {"state": "in_work", "assigned_to": "Ann", "note": "called", "revision": 0}
        taken = await client.post(path, json=order, headers=biller)
        assert (taken.json()["state"], taken.json()["assigned_to"]) == ("in_work", "Ann")
        assert (await client.post(path, json=order, headers=biller)).status_code == 409
        bare = await client.post(path, json={"state": "done"}, headers=biller)
        assert bare.status_code == 422 and "outcome" in bare.text
        done = {"state": "done", "outcome": "not_worth_it"}
        assert (await client.post(path, json=done, headers=stranger)).status_code == 404
        closed = await client.post(path, json=done, headers=biller)
        assert closed.json()["outcome"] == "not_worth_it"

    against(settings, work)
    store = open_store(settings.state)
    actions = {x.entry.action for x in store.audit.entries(action="denial.")}
    store.close()
    assert actions == {"denial.in_work", "denial.done"}


def test_a_packet_is_made_and_its_files_are_read(settings: Settings, posted: str) -> None:
    biller = key_of(settings, "biller", posted)

    async def work(client: httpx.AsyncClient) -> None:
        (line,) = (await client.get("/v1/denials", headers=biller)).json()["items"]["lines"]
        path = f"/v1/denials/{line['key']}/packets"
        assert (await client.get(path, headers=biller)).json() == {"packets": []}
        wish = {"action": "appeal", "enclosures": ["the visit note"]}
        made = (await client.post(path, json=wish, headers=biller)).json()
        assert (made["version"], made["packet"]["action"]) == (1, "appeal")
        letter = await client.get(f"{path}/1/letter.txt", headers=biller)
        assert "the visit note" in letter.text
        assert dt.datetime.now(dt.UTC).strftime("%Y") in letter.text
        pdf = await client.get(f"{path}/1/letter.pdf", headers=biller)
        assert pdf.headers["content-type"] == "application/pdf"
        for wrong in (f"{path}/9/letter.txt", f"{path}/x/letter.txt", f"{path}/1/nothing"):
            assert (await client.get(wrong, headers=biller)).status_code == 404
        other = await client.post(path, json={"action": "bill_other_payer"}, headers=biller)
        assert other.status_code == 422 and "not open to it" in other.text

    against(settings, work)
