"""Denials, ledger and performance in a real browser: by keyboard, in light and dark."""

import pytest
from playwright.sync_api import sync_playwright

from serving.store.worklist import WorkFilter
from tests.serving.web.browsing import CHROMIUM, FLAGS, browsing, needs_browser, serious
from tests.serving.web.posted import post_practice

pytestmark = needs_browser


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    home = tmp_path_factory.mktemp("after")
    with browsing(browser, home, notes=0, drafts=1, prepare=post_practice) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_console_error(request):
    yield
    assert request.getfixturevalue("site").errors == []


def test_a_denial_is_worked_by_keyboard_alone(site):
    page = site.page()
    page.goto(f"{site.url}/denials?action=correct&hours=1")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-take]")
    key = page.url.rsplit("/", 1)[1]
    page.keyboard.press("n")
    page.keyboard.type("I write to them")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.wait_for_selector(".badge:text('in work')")
    page.wait_for_selector("main >> text=I write to them")
    page.keyboard.press("p")
    page.wait_for_selector("#letter")
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.classList.contains('value')")
    page.fill("#claim [id='f-group_number']", "GROUP7")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=1 field corrected")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    assert page.evaluate("document.activeElement.id") == "letter"
    page.keyboard.press("Escape")
    page.click("text=Keep as the next version")
    page.wait_for_selector("a[href$='/packets/2/corrected.837']")
    with page.expect_download() as found:
        page.click("a[href$='/packets/2/corrected.837']")
    assert b"GROUP7" in found.value.path().read_bytes()
    page.keyboard.press("o")
    page.keyboard.press("s")  # sent again
    page.click("button[value='close']")
    page.wait_for_selector(".badge.done:text('done')")
    assert site.store.worklist.get(key, None).outcome == "sent_again"
    page.keyboard.press("Escape")
    page.wait_for_url("**/denials")


def test_a_figure_is_opened_by_keyboard_and_leads_to_claims(site):
    page = site.page()
    page.goto(f"{site.url}/performance")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/performance/initial_denial_rate")
    page.select_option("[name=since]", index=2)
    page.click("text=Show")
    page.wait_for_url("**since=*")
    page.click(".crumb a")
    page.click("[aria-label='Why claims were denied'] table a")
    page.wait_for_selector("[data-list] .rowlink")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/filed/*")


def test_a_posting_is_undone_with_its_reason(site):
    page = site.page()
    claim = site.store.worklist.page(None, WorkFilter(state="all")).lines[-1].claim_id
    page.goto(f"{site.url}/ledger")
    page.keyboard.press("/")
    page.keyboard.type(claim)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ledger/claims/{claim}")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.fill("details[open] [name=reason]", "posted to the wrong claim")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=undoes")
    assert "posted to the wrong claim" in page.inner_text("main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_readable_by_everybody(site, scheme):
    page = site.page(scheme=scheme)
    line = site.store.worklist.page(None, WorkFilter(state="all")).lines[0]
    reason = site.store.kpis.reasons(None)[0]
    for path in (
        "/denials", f"/denials/{line.key}", "/ledger", f"/ledger/claims/{line.claim_id}",
        "/ledger/receivables", "/ledger/deposits", "/ledger/suspense",
        "/performance", "/performance/days_in_ar",
        f"/performance/reasons/{reason.carc}/{reason.category}",
    ):  # fmt: skip
        page.goto(f"{site.url}{path}")
        assert serious(page) == [], path
