"""`POST /v1/notes/suggest` and `/v1/notes/batch` over a model that really reads notes."""

import asyncio
from typing import Any

import httpx
import pytest

from serving.api.examples import NOTE, NOTE_BATCHES, NOTE_BODIES
from serving.scoring.resolution import Resolution, resolution_file, write_resolution
from serving.settings import Settings
from serving.store.store import open_store
from tests.serving.api.client import against, coding_ready, running
from tests.serving.api.test_access import key
from tests.serving.coding.fakes import register_coding
from tests.serving.fakes import register
from tests.serving.samples import claim_json

TEXT = str(NOTE["text"])


def spans(value: Any) -> list[dict[str, Any]]:
    """Every evidence of an answer, however deep."""
    if isinstance(value, dict):
        own = [value] if set(value) == {"begin", "end", "text"} else []
        return own + [s for x in value.values() for s in spans(x)]
    if isinstance(value, list):
        return [s for x in value for s in spans(x)]
    return []


def test_a_note_gets_ranked_codes_with_their_words(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/notes/suggest", json={"note": NOTE})
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["model_version"] == "1"
        assert body["code_sets"]["ICD-10-CM"]
        note = body["note"]
        assert note["id"] == NOTE["id"]
        scores = [s["score"] for s in note["suggestions"]]
        assert scores == sorted(scores, reverse=True)
        codes = {s["code"]: s for s in note["suggestions"]}
        assert codes["I10"]["assertion"] == "present"
        found = spans(body)
        assert found
        for span in found:
            assert TEXT[span["begin"] : span["end"]] == span["text"]
        assert (note["visit"]["code"], note["visit"]["basis"]) == ("99214", "time")
        assert "comparison" not in note

    against(settings, work, coding=1)


def test_a_draft_claim_is_held_against_the_note(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        body = NOTE_BODIES["a note and the draft claim"]
        response = await client.post("/v1/notes/suggest", json=body)
        comparison = response.json()["note"]["comparison"]
        kinds = {(f["kind"], f["billed"], f["documented"]) for f in comparison["findings"]}
        assert ("unsupported", "E11.9", "") in kinds  # the mother's
        assert ("unbilled", "99213", "99214") in kinds
        assert ("less_specific", "M25.569", "M25.561") in kinds
        assert {s["code"] for s in comparison["supported"]} >= {"I10"}
        family = next(f for f in comparison["findings"] if f["billed"] == "E11.9")
        assert "relative" in family["why"] or "family" in family["why"]

    against(settings, work, coding=1)


def test_published_examples_are_answered(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        for path, bodies in (
            ("/v1/notes/suggest", NOTE_BODIES),
            ("/v1/notes/batch", NOTE_BATCHES),
        ):
            for body in bodies.values():
                assert (await client.post(path, json=body)).status_code == 200
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert {"/v1/notes/suggest", "/v1/notes/batch"} <= set(paths)

    against(settings, work, coding=1)


def test_a_batch_answers_the_good_notes_and_says_what_the_others_have(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        notes = [NOTE, {"text": " ", "id": "B"}, {"text": "\x00\x01" * 9, "id": "C"}, NOTE]
        response = await client.post("/v1/notes/batch", json={"notes": notes})
        answered = response.json()["notes"]
        assert ["problem" in n for n in answered] == [False, True, True, False]
        assert "empty" in answered[1]["problem"]
        assert answered[0] == answered[3]

    against(settings, work, coding=1)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"note": {"text": ""}}, "/note/text"),
        ({"note": {"text": "x" * 1_000_001}}, "/note/text"),
        ({"note": NOTE, "systems": ["ICD-9-CM"]}, "/systems"),
        ({"note": NOTE, "limit": 0}, "/limit"),
        ({"note": {**NOTE, "date": "1 May"}}, "/note/date"),
        ({"note": {**NOTE, "claim": {"diagnoses": ["I1;0"]}}}, "/note/claim/diagnoses/0"),
        ({"note": NOTE, "more": 1}, "/more"),
        ({}, "/note"),
    ],
)
def test_what_cannot_be_used_is_named(
    settings: Settings, body: dict[str, Any], pointer: str
) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/notes/suggest", json=body)
        assert response.status_code == 422
        problem = response.json()
        assert problem["errors"][0]["pointer"] == pointer
        assert "hypertension" not in response.text

    against(settings, work, coding=1)


def test_without_a_coding_model_claims_are_scored_and_readyz_says_so(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["coding_version"] is None and ready.json()["coding"] != "ok"
        scored = await client.post("/v1/claims/score", json={"claim": claim_json()})
        assert scored.status_code == 200
        refused = await client.post("/v1/notes/suggest", json={"note": NOTE})
        assert refused.status_code == 503
        assert refused.json()["type"].endswith(":model")

    against(settings, work)


def test_what_the_registry_lacks_is_told(settings: Settings) -> None:
    register(settings, 0, error="no model 'denial' is registered yet")
    write_resolution(
        resolution_file(settings.state, settings.coding_model),
        Resolution(
            settings.coding_model, settings.alias, fingerprint="none", error="no model 'coding'"
        ),
    )

    async def work(client: httpx.AsyncClient) -> None:
        for _ in range(200):
            ready = (await client.get("/readyz")).json()
            if "looked up" not in ready["coding"] + ready["reason"]:
                break
            await asyncio.sleep(0.02)
        assert ready["coding"] == "no model 'coding'"
        assert "no model 'denial'" in ready["reason"]

    against(settings, work, version=None)


def test_a_new_version_is_taken_up_and_a_broken_one_refused(settings: Settings) -> None:
    async def whole() -> None:
        async with running(settings, coding=1) as client:
            await coding_ready(client)
            register_coding(settings, 2, broken=True)
            for _ in range(200):
                ready = (await client.get("/readyz")).json()
                if ready["coding"] != "ok":
                    break
                await asyncio.sleep(0.02)
            assert ready["coding_version"] == 1 and "version 2 was refused" in ready["coding"]
            register_coding(settings, 3)
            for _ in range(200):
                ready = (await client.get("/readyz")).json()
                if ready["coding_version"] == 3:
                    break
                await asyncio.sleep(0.02)
            assert ready["coding"] == "ok"

    asyncio.run(whole())


def test_the_audit_log_has_what_was_behind_each_code_and_no_words(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        body = NOTE_BODIES["a note and the draft claim"]
        headers = {"x-request-id": "audited"}
        response = await client.post("/v1/notes/suggest", json=body, headers=headers)
        assert response.status_code == 200

    against(settings, work, coding=1)
    store = open_store(settings.state)
    [sealed] = store.audit.entries(request_id="audited")
    store.close()
    entry = sealed.entry
    assert (entry.action, entry.detail["model"]) == ("note.suggest", "1")
    begin = TEXT.index("Essential hypertension")
    assert f"ICD-10-CM I10@{begin}-" in str(entry.detail["codes"])
    assert "99214@" in str(entry.detail["visit"]) and "2021-01-01" in str(entry.detail["visit"])
    assert "unsupported E11.9>-" in str(entry.detail["findings"])
    assert "ICD-10-CM" in str(entry.detail["code_set"])
    told = " ".join([entry.record, *map(str, entry.detail.values())]).lower()
    for word in ("hypertension", "knee", "mother", "lisinopril"):
        assert word not in told


def test_coding_needs_its_scope(settings: Settings) -> None:
    coder, scoring = key(settings, "coder"), key(settings)

    async def work(client: httpx.AsyncClient) -> None:
        for headers, status in (({}, 401), (scoring, 403), (coder, 200)):
            response = await client.post("/v1/notes/suggest", json={"note": NOTE}, headers=headers)
            assert response.status_code == status

    against(settings, work, coding=1)


def test_notes_count_towards_the_rate_of_a_key(settings: Settings) -> None:
    limited = settings.model_copy(update={"claims_per_minute": 60.0})

    async def work(client: httpx.AsyncClient) -> None:
        body = {"notes": [NOTE] * 5}
        assert (await client.post("/v1/notes/batch", json=body)).status_code == 200
        refused = await client.post("/v1/notes/batch", json=body)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1

    against(limited, work, coding=1)
