"""Bodies that were damaged on the way: never a 5xx, never a value in an error, always an end."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.settings import Settings
from tests.serving.api.client import running
from tests.serving.samples import claim_json, file_837p

X12 = {"content-type": "application/edi-x12"}
JSON = {"content-type": "application/json"}
FILE = file_837p(6)
SECRET = "ZAPHOD1952"
#: What a field may be replaced by, whatever stood there.
STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from([SECRET, "", "1e999", "NaN", "-1", "9" * 400, "\u0000", "2026-13-40"]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def client(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.AsyncClient]:
    home: Path = tmp_path_factory.mktemp("mutations")
    service = running(Settings(home=home, helpers="shared", log_level="error", concurrent_files=64))
    yield runner.run(service.__aenter__())
    runner.run(service.__aexit__(None, None, None))


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a claim."""
    found = [at] if at else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += paths(inner, (*at, number))
    return found


CLAIM = claim_json()
PATHS = paths(CLAIM)


@given(places=st.lists(st.sampled_from(PATHS), min_size=1, max_size=3), data=st.data())
@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_a_claim_with_other_things_in_its_fields(
    runner: asyncio.Runner, client: httpx.AsyncClient, places: list[tuple[Any, ...]], data: Any
) -> None:
    claim = json.loads(json.dumps(CLAIM))
    for place in places:
        target = claim
        try:
            for step in place[:-1]:
                target = target[step]
            target[place[-1]] = data.draw(STRANGE)
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    body = json.dumps({"claim": claim}).encode()
    response = runner.run(client.post("/v1/claims/score", content=body, headers=JSON))
    assert response.status_code in (200, 400, 422), response.text
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert SECRET not in response.text


@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(FILE) - 1),
            st.sampled_from(["cut", "put", "swap", "drop"]),
            st.binary(min_size=1, max_size=12),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_an_837p_that_was_damaged(
    runner: asyncio.Runner, client: httpx.AsyncClient, edits: list[tuple[int, str, bytes]]
) -> None:
    file = bytearray(FILE)
    for position, kind, junk in edits:
        at = position % max(len(file), 1)
        if kind == "cut":
            del file[at:]
        elif kind == "put":
            file[at:at] = junk
        elif kind == "swap":
            file[at : at + len(junk)] = junk
        else:
            del file[at : at + 40]
    for path in ("/v1/claims/score/x12", "/v1/submissions"):
        response = runner.run(client.post(path, content=bytes(file), headers=X12))
        assert response.status_code in (200, 400, 422), response.text
        if response.status_code == 200 and path.endswith("x12"):
            lines = [json.loads(x) for x in response.text.splitlines()]
            assert lines[-1]["kind"] == "end" and lines[-1]["complete"]
            assert {x["kind"] for x in lines[:-1]} <= {"score", "problem", "skipped"}
            assert lines[-1]["claims"] == sum(x["kind"] == "score" for x in lines)
