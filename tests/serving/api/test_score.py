import copy
import json
from typing import Any

import httpx
import pytest

from serving.api.examples import CLAIM, SCORE_BODIES
from serving.settings import Settings
from tests.serving.api.client import against
from tests.serving.fakes import probability


def claim(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(CLAIM), **changes}


def test_one_claim_is_scored_with_everything_about_it(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/claims/score", json={"claim": CLAIM})
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["request_id"] == response.headers["x-request-id"]
        assert response.headers["x-firstpass-mode"] == "single-user"
        assert answer["model_version"] == "1"
        [score] = answer["claims"]
        assert score["denial_probability"] == probability("EXAMPLE-1", "1")
        assert [x["number"] for x in score["lines"]] == [1, 2]
        assert score["factors"] and score["flags"] == ["never_seen:payer"]

    against(settings, work)


def test_a_claim_for_review_has_fixes_unless_they_are_not_wanted(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        risky = next(f"R{i}" for i in range(100) if probability(f"R{i}", "1") > 0.5)
        sound = next(f"S{i}" for i in range(100) if probability(f"S{i}", "1") < 0.3)
        for options, wanted in (
            ({}, True),
            ({"factors": False}, False),
            ({"factors": False, "fixes": True}, True),
            ({"fixes": False}, False),
        ):
            body = {"claims": [claim(claim_id=risky), claim(claim_id=sound)], **options}
            one, other = (await client.post("/v1/claims/score", json=body)).json()["claims"]
            assert [x["kind"] for x in one["fixes"]] == ["authorization_number"] * wanted
            assert other["fixes"] == []
            assert (one["decision"], one["lines"][0]["decision"]) == ("review", "review")

    against(settings, work)


def test_edits_of_a_line_are_named_on_the_line(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        lines = [*CLAIM["lines"], {**CLAIM["lines"][1], "number": 3, "units": "0"}]
        body = {"claim": claim(lines=lines)}
        [score] = (await client.post("/v1/claims/score", json=body)).json()["claims"]
        assert "units.zero" in score["lines"][2]["edits"]
        assert "edits" not in score["lines"][0]

    against(settings, work)


@pytest.mark.parametrize("name", SCORE_BODIES)
def test_published_examples_are_accepted(settings: Settings, name: str) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/claims/score", json=SCORE_BODIES[name])
        assert response.status_code == 200, response.text

    against(settings, work)


def test_many_claims_are_answered_in_order(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        claims = [claim(claim_id=f"C{i}") for i in range(1000)]
        body = {"claims": claims, "factors": False, "capacity": 0.1}
        answer = (await client.post("/v1/claims/score", json=body)).json()
        assert [x["claim_id"] for x in answer["claims"]] == [x["claim_id"] for x in claims]
        assert sum(x["decision"] == "review" for x in answer["claims"]) == pytest.approx(100, abs=2)
        assert answer["threshold"]["basis"] == "capacity"
        assert not answer["claims"][0]["factors"]

    against(settings, work)


def test_a_precision_is_that_of_the_calibration_window(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        body = {"claim": CLAIM, "precision": 0.9}
        answer = (await client.post("/v1/claims/score", json=body)).json()
        assert answer["threshold"] == {"probability": 0.8, "basis": "precision", "target": 0.95}
        response = await client.post("/v1/claims/score", json={"claim": CLAIM, "precision": 0.99})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/precision"

    against(settings, work)


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/claims/score/x12?precision=0.99", "precision"),
        ("/v1/batches?precision=0.99", "precision"),
        ("/v1/claims/score/x12?precision=0.9&capacity=0.1", "capacity"),
        ("/v1/claims/score/x12?capacity=Trillian", "capacity"),
        ("/v1/scorecard?group_by=Trillian", "group_by"),
        ("/v1/scorecard?since=Trillian", "since"),
    ],
)
def test_what_is_wrong_in_a_query_is_named_as_parameter_without_its_value(
    settings: Settings, path: str, parameter: str
) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        headers = {"content-type": "application/edi-x12"}
        method = "GET" if "scorecard" in path else "POST"
        response = await client.request(method, path, content=b"ISA", headers=headers)
        assert response.status_code == 422, response.text
        [error] = response.json()["errors"]
        assert error["parameter"] == parameter and "pointer" not in error
        assert "Trillian" not in response.text

    against(settings, work)


SECRET = "Zaphod-Beeblebrox-1952"
BAD: list[tuple[Any, str]] = [
    ({"claim": claim(charge=SECRET)}, "/claim/charge"),
    ({"claim": claim(charge="NaN")}, "/claim/charge"),
    ({"claim": claim(charge="1e999999")}, "/claim/charge"),
    ({"claim": claim(submitted=SECRET)}, "/claim/submitted"),
    ({"claim": claim(patient=SECRET)}, "/claim/patient"),
    ({"claim": claim(claim_id="")}, "/claim/claim_id"),
    ({"claim": claim(claim_id=SECRET + "\u0000")}, "/claim/claim_id"),
    ({"claim": claim(lines=[{"number": 1, "code": "99213"}])}, "/claim/lines/0/charge"),
    (
        {"claims": [CLAIM, claim(amounts=[{"qualifier": "F5", "amount": "sNaN"}])]},
        "/claims/1/amounts/0/amount",
    ),
    ({"claim": claim(surprise=SECRET)}, "/claim/surprise"),
    ({"claim": claim(**{f"{SECRET} !": 1})}, "/claim"),
    ({"claim": CLAIM, "claims": [CLAIM]}, ""),
    ({"claims": []}, "/claims"),
    ({}, ""),
    ({"claim": CLAIM, "precision": 0.9, "capacity": 0.1}, "/capacity"),
    ({"claim": CLAIM, "precision": 7}, "/precision"),
    ([SECRET], ""),
]


@pytest.mark.parametrize(("body", "pointer"), BAD)
def test_errors_name_the_field_and_never_the_value(
    settings: Settings, body: Any, pointer: str
) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/claims/score", json=body)
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        assert pointer in [x["pointer"] for x in response.json()["errors"]]
        assert SECRET not in response.text

    against(settings, work)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"claim": ' + b"[" * 100_000, "application/json", 400),
        (b'{"claim": {"claim_id": "\xff"}}', "application/json", 400),
        (b'{"claim": {"claim_id": "\\ud800"}}', "application/json", 400),
        (json.dumps({"claim": CLAIM}).encode(), "text/plain", 415),
    ],
)
def test_what_is_no_json_is_refused(
    settings: Settings, content: bytes, kind: str, status: int
) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        headers = {"content-type": kind}
        response = await client.post("/v1/claims/score", content=content, headers=headers)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"

    against(settings, work)


def test_without_a_model_the_answer_is_503_with_the_reason(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/claims/score", json={"claim": CLAIM})
        assert response.status_code == 503
        assert "looked up" in response.json()["detail"]
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503

    against(settings, work, version=None)


def test_unknown_addresses_and_methods_are_problem_details_too(settings: Settings) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        for method, path, status in (("GET", "/v1/nothing", 404), ("GET", "/v1/claims/score", 405)):
            response = await client.request(method, path)
            assert response.status_code == status
            assert response.json()["status"] == status
            assert response.headers["content-type"] == "application/problem+json"

    against(settings, work)
