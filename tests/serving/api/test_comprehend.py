"""The drop-in for AWS Comprehend Medical's InferICD10CM, with AWS's own client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import httpx
import pytest

from serving.security.installation import installation_key
from serving.security.signature import key_pair
from serving.settings import Settings
from serving.store.store import open_store
from tests.serving.api.client import against
from tests.serving.api.test_access import key
from tests.serving.coding.fakes import register_coding
from tests.serving.fakes import register
from tests.serving.server import Server, serving

TEXT = (
    "Assessment: Essential hypertension, stable. Denies chest pain.\n"
    "Family history: mother with type 2 diabetes. Possible pneumonia 🫁. Acute right knee pain."
)
TARGET = {"x-amz-target": "ComprehendMedical_20181030.InferICD10CM"}


def client(server: Server, access: str = "any", secret: str = "any") -> Any:
    return boto3.client(
        "comprehendmedical",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=botocore.config.Config(retries={"max_attempts": 1}),
    )


@contextmanager
def started(settings: Settings) -> Iterator[Server]:
    register(settings, 1)
    register_coding(settings, 1)
    with serving(settings.home) as server:
        for _ in range(400):
            if httpx.get(server.url + "/readyz").json()["coding"] == "ok":
                break
        yield server


def test_boto3_works_unchanged(settings: Settings) -> None:
    with started(settings) as server:
        aws = client(server)
        answer = aws.infer_icd10_cm(Text=TEXT)
        assert answer["ModelVersion"]
        assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        entities = answer["Entities"]
        traits = {}
        for number, entity in enumerate(entities):
            assert entity["Id"] == number
            assert TEXT[entity["BeginOffset"] : entity["EndOffset"]] == entity["Text"]
            assert entity["Category"] == "MEDICAL_CONDITION" and entity["Type"] == "DX_NAME"
            assert 0 < entity["Score"] <= 1
            concepts = entity["ICD10CMConcepts"]
            assert 1 <= len(concepts) <= 5
            assert all(c["Code"] and c["Description"] for c in concepts)
            traits[concepts[0]["Code"][:3]] = {t["Name"] for t in entity["Traits"]}
        assert traits["I10"] == {"DIAGNOSIS"}
        assert traits["R07"] == {"NEGATION", "SYMPTOM"}
        assert "PERTAINS_TO_FAMILY" in traits["E11"]
        assert "LOW_CONFIDENCE" in traits["J18"]
        knee = next(e for e in entities if "knee" in e["Text"])
        assert {(a["Type"], a["Text"]) for a in knee["Attributes"]} == {
            ("ACUITY", "Acute"), ("DIRECTION", "right"),
        }  # fmt: skip
        with pytest.raises(aws.exceptions.TextSizeLimitExceededException):
            aws.infer_icd10_cm(Text="a " * 5_001)
        with pytest.raises(aws.exceptions.InvalidRequestException):
            aws.infer_icd10_cm(Text=" \n ")
        with pytest.raises(botocore.exceptions.ClientError, match="UnknownOperationException"):
            aws.detect_phi(Text="x")


def test_with_keys_the_derived_pair_signs(settings: Settings) -> None:
    coder, scoring, revoked = key(settings, "coder"), key(settings), key(settings, revoke=True)
    ids = [h["authorization"].split("_")[1] for h in (coder, scoring, revoked)]
    own = installation_key(settings.state)
    with started(settings) as server:
        pair = key_pair(own, ids[0])
        answer = client(server, pair.access_key_id, pair.secret_access_key).infer_icd10_cm(
            Text=TEXT
        )
        assert answer["Entities"]
        for access, secret, error in (
            (pair.access_key_id, "wrong", "InvalidSignatureException"),
            ("AKIAIOSFODNN7EXAMPLE", "any", "UnrecognizedClientException"),
            (key_pair(own, "0" * 12).access_key_id, "any", "UnrecognizedClientException"),
            (*_pair(own, ids[1]), "AccessDeniedException"),
            (*_pair(own, ids[2]), "UnrecognizedClientException"),
        ):
            with pytest.raises(botocore.exceptions.ClientError) as failed:
                client(server, access, secret).infer_icd10_cm(Text=TEXT)
            assert failed.value.response["Error"]["Code"] == error
        # our own form of a key works as well, and nothing does not
        for headers, status in ((coder, 200), ({}, 403)):
            response = httpx.post(
                server.url, json={"Text": TEXT}, headers={**headers, **TARGET}, timeout=20
            )
            assert response.status_code == status
        assert response.json()["__type"] == "MissingAuthenticationTokenException"
        assert "hypertension" not in server.log


def _pair(own: bytes, key_id: str) -> tuple[str, str]:
    pair = key_pair(own, key_id)
    return pair.access_key_id, pair.secret_access_key


def test_malformed_bodies_and_an_absent_model_are_errors_of_the_protocol(
    settings: Settings,
) -> None:
    async def work(own: httpx.AsyncClient) -> None:
        for body, status, kind in (
            (b"{", 400, "SerializationException"),
            (b"[]", 400, "InvalidRequestException"),
            (b'{"Text": ""}', 400, "InvalidRequestException"),
            (b'{"Text": "x"}', 503, "ServiceUnavailableException"),
            (json.dumps({"Text": "a" * 300_000}).encode(), 400, "TextSizeLimitExceededException"),
        ):
            response = await own.post("/", content=body, headers=TARGET)
            assert (response.status_code, response.json()["__type"]) == (status, kind)
            assert response.headers["content-type"] == "application/x-amz-json-1.1"

    against(settings, work)


def test_the_audit_entry_has_codes_and_offsets_only(settings: Settings) -> None:
    async def work(own: httpx.AsyncClient) -> None:
        headers = {**TARGET, "x-request-id": "inferred"}
        assert (await own.post("/", json={"Text": TEXT}, headers=headers)).status_code == 200

    against(settings, work, coding=1)
    store = open_store(settings.state)
    [sealed] = store.audit.entries(request_id="inferred")
    store.close()
    assert sealed.entry.action == "note.infer"
    assert "I10@12-34" in str(sealed.entry.detail["codes"])
    assert "hypertension" not in str(sealed.entry).lower()
