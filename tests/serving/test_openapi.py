"""The published description is true: schemathesis sends what it allows and what it does not."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.api.examples import SCORE_BODIES
from serving.settings import Settings
from tests.serving.coding.fakes import register_coding
from tests.serving.fakes import register
from tests.serving.server import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = tmp_path_factory.mktemp("openapi")
    register(Settings(home=home), 1)
    register_coding(Settings(home=home), 1)
    with serving(home, FIRSTPASS_IDLE_SECONDS="5") as running:
        while httpx.get(f"{running.url}/readyz").json()["coding"] != "ok":
            time.sleep(0.05)
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return httpx.get(f"{server.url}/openapi.json").json()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda x: x.value)
def test_every_operation_answers_as_described(server: Server, mode: GenerationMode) -> None:
    """Positive: bodies that the schemas allow; negative: bodies that they do not."""
    api = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried = 0
    for result in api.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        def check(case: Any) -> None:
            case.call_and_validate(checks=CHECKS, timeout=30)

        with contextlib.suppress(Unsatisfiable):  # nothing is wrong where nothing is taken
            check()
            tried += 1
    assert tried >= 8


def test_the_description_is_openapi_3_1_and_refers_to_nothing_that_is_absent(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1")
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= set(document["components"]["schemas"])


def test_every_example_is_answered_well(server: Server, document: dict[str, Any]) -> None:
    content = document["paths"]["/v1/claims/score"]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]
    assert set(examples) == set(SCORE_BODIES)
    for example in examples.values():
        response = httpx.post(f"{server.url}/v1/claims/score", json=example["value"])
        assert response.status_code == 200


def test_docs_are_served(server: Server) -> None:
    assert httpx.get(f"{server.url}/docs").status_code == 200
