"""`/docs` in a real browser: drawn from this machine alone, tried out, and readable by all."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.api.docs import FOLDER
from serving.settings import Settings
from tests.serving.fakes import register
from tests.serving.server import Server, serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = tmp_path_factory.mktemp("docs")
    register(Settings(home=home), 1)
    with serving(home) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no browser: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def test_the_page_names_no_other_machine(server: Server) -> None:
    for path in ("/docs", "/docs/docs.js", "/docs/docs.css"):
        response = httpx.get(server.url + path)
        assert response.status_code == 200
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "http://" not in response.text and "https://" not in response.text
    assert {x.name for x in FOLDER.iterdir()} == {"docs.html", "docs.js", "docs.css"}


def test_every_operation_is_shown_and_a_claim_can_be_scored_from_it(
    server: Server, browser: Any
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{server.url}/docs#post/v1/claims/score")
    operation = page.locator("[id='post/v1/claims/score']")
    operation.locator("summary", has_text="Try it").click()
    shown = set(page.locator("#operations section > details > summary code").all_inner_texts())
    assert shown == set(httpx.get(f"{server.url}/openapi.json").json()["paths"])
    operation.get_by_role("button", name="Send").click()
    answer = operation.locator("pre")
    page.wait_for_function(
        "node => node.textContent.startsWith('200')", arg=answer.element_handle()
    )
    assert "denial_probability" in answer.inner_text()
    operation.locator("summary", has_text="ScoreBody").click()
    operation.locator("ul.fields", has_text="precision").first.wait_for()
    assert errors == []
    assert all(url.startswith(server.url) for url in asked)


def test_the_page_can_be_used_by_everybody(server: Server, browser: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page()
    page.goto(f"{server.url}/docs")
    page.wait_for_selector("#operations section")
    for box in page.locator("#operations section > details").all()[:3]:
        box.locator("summary").first.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
