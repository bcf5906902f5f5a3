"""A real browser on the real server."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from serving.settings import Settings
from serving.store.store import Store
from tests.serving.fakes import register
from tests.serving.server import serving
from tests.serving.web.site import EVERY, PASSWORD, TODAY, with_notes

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
needs_browser = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium is installed: the pages are not looked at"
)


def _once_loaded(page: Any) -> Any:
    """`page.wait_for_selector`, which also waits for the scripts of a page that is just opening.

    Words may be there before the script that hears the keys.
    """
    seen = page.wait_for_selector

    def wait_for_selector(*args: Any, **kwargs: Any) -> Any:
        found = seen(*args, **kwargs)
        page.wait_for_load_state("load")
        return found

    return wait_for_selector


class Site:
    """A running service with its store, and pages of a browser that look at it."""

    def __init__(self, url: str, store: Store, browser: Any) -> None:
        self.url = url
        self.store = store
        self.errors: list[str] = []
        self._browser = browser

    def page(self, user: str = "", *, scheme: str = "light", width: int = 1280) -> Any:
        """A page in a browser of its own, signed in as ``user``; console errors are collected."""
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.wait_for_selector = _once_loaded(page)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on(
            "console",
            lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None,
        )
        if user:
            page.goto(f"{self.url}/sign-in")
            page.fill("#name", user)
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    def wait_scored(self, seconds: float = 60.0) -> None:
        """Wait until drafts and notes have their scores."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            drafts = self.store.draft_list.page(None, EVERY, today=TODAY, limit=10_000)
            if all(x.probability for x in drafts) and not self.store.notes.to_suggest("1", 1):
                return
            time.sleep(0.1)
        raise AssertionError("drafts or notes still wait for their score")


@contextlib.contextmanager
def browsing(
    browser: Any,
    home: Path,
    *,
    notes: int = 3,
    drafts: int = 5,
    prepare: Any = None,
    waits: bool = True,
    **environment: str,
) -> Iterator[Site]:
    """A site and a browser, for the time of the block; ``waits`` for model and scores."""
    settings = Settings(home=home, helpers="shared")
    register(settings, 1)
    store = with_notes(settings, notes, drafts)
    if prepare:
        prepare(store)
    try:
        with serving(
            home, module="tests.serving.web.real_run", ready=waits, **environment
        ) as server:
            site = Site(server.url, store, browser)
            if waits:
                site.wait_scored()
            else:
                server.wait_ready(path="/healthz")
            yield site
    finally:
        store.close()


def serious(page: Any) -> list[str]:
    """What axe-core finds that is serious or critical, in words."""
    found = Axe().run(page).response["violations"]
    return [
        f"{x['id']}: {node['html'][:160]}"
        for x in found
        if x["impact"] in ("serious", "critical")
        for node in x["nodes"]
    ]
