"""Fixtures of the tests in a real browser."""

import pytest
from playwright.sync_api import sync_playwright

from tests.serving.web.browsing import CHROMIUM, FLAGS


@pytest.fixture(scope="module")
def browser():
    """A Chromium."""
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
