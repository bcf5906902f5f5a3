"""The examples of docs/api.md are run against the service; its error example is what is said."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.settings import Settings
from tests.models.claims.x12 import remittances
from tests.serving.fakes import register
from tests.serving.samples import claim_json, file_837p
from tests.serving.server import ROOT, Server, serving

PAGE = (ROOT / "docs" / "api.md").read_text()
SCRIPTS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [x for script in SCRIPTS for x in re.split(r"(?m)^(?=curl)", script) if x.strip()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = tmp_path_factory.mktemp("page")
    register(Settings(home=home), 1)
    (home / "claims.837").write_bytes(file_837p(5))
    (home / "payments.835").write_bytes(remittances.bytes_835(remittances.full_payment()))
    with serving(home) as running:
        yield running


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda x: re.findall(r":8000(\S+?)['\s]", x)[0])
def test_an_example_is_answered_well(server: Server, tmp_path: Path, command: str) -> None:
    words = shlex.split(command.replace("http://127.0.0.1:8000", server.url))
    status = ["-w", "%{stderr}%{http_code}"]
    folder = Path(server._log.parent)
    done = subprocess.run([*words, *status], cwd=folder, capture_output=True, text=True)
    assert done.stderr.strip() in ("200", "202"), done.stdout
    assert done.stdout


def test_the_error_example_is_what_is_said(server: Server) -> None:
    [text] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    shown = json.loads(text)
    claim = claim_json()
    claim["lines"][0] = {**claim["lines"][0], "charge": "much"}
    said = httpx.post(f"{server.url}/v1/claims/score", json={"claim": claim}).json()
    assert {**said, "request_id": ""} == {**shown, "request_id": ""}


def test_every_published_address_is_on_the_page_or_on_that_of_notes(server: Server) -> None:
    pages = PAGE + (ROOT / "docs" / "api-coding.md").read_text()
    for path in httpx.get(f"{server.url}/openapi.json").json()["paths"]:
        named = path.replace("{batch_id}", "{id}")
        if path.startswith("/v1/"):
            assert named in pages or path.startswith("/v1/rules/"), path
