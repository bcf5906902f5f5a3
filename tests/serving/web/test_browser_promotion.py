"""A version is promoted and rolled back in a real browser, against a real registry."""

from pathlib import Path

import pytest

from models import registry
from serving.web.registry import RegistryPages
from tests.models.registry.conftest import register
from tests.serving.web.browsing import browsing, needs_browser

__all__ = ["register"]
pytestmark = needs_browser
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_a_version_is_promoted_by_keyboard_and_rolled_back_by_mouse(
    browser, register, firstpass_home, monkeypatch
):
    # The child that promotes loads the version, and the version's class is the tests' own.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    register("clicked")
    register("clicked")
    # The page reads what the last look at the registry wrote.
    RegistryPages(firstpass_home / "state").promote("clicked", 1, "Ann: first")
    with browsing(browser, firstpass_home, notes=0, drafts=1, waits=False) as site:
        page = site.page()
        page.goto(f"{site.url}/models/clicked?this=2")
        # By keyboard: no reason, no move.
        page.focus("#version")
        page.keyboard.type("version 2")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert registry.find("clicked").version == 1
        page.keyboard.type("better on March")
        with page.expect_navigation(timeout=150_000):
            page.keyboard.press("Enter")
        page.wait_for_selector("text=version 2 of clicked is the champion")
        assert registry.find("clicked").version == 2
        page.reload()
        assert registry.find("clicked").version == 2
        page.fill("#back", "worse after all")
        with page.expect_navigation(timeout=150_000):
            page.click("text=Roll back >> nth=-1", no_wait_after=True)
        assert registry.find("clicked").version == 1
        reasons = [x.reason for x in registry.promotions("clicked")]
        assert [x.rpartition(": ")[2] for x in reasons] == [
            "first", "better on March", "worse after all",
        ]  # fmt: skip
        found = [x.entry.action for x in site.store.audit.entries(action="model.")]
        assert sorted(found) == ["model.promote", "model.rollback"]
        assert site.errors == []
