"""A collector's day in a real browser: worklist, letter, stop, plan, payment; by keyboard."""

import re

import pytest
from playwright.sync_api import sync_playwright

from serving.store.working import work_in
from tests.models.history.x12_text import filed, read, remitted
from tests.serving.store.ledgers import load
from tests.serving.web.browsing import CHROMIUM, FLAGS, browsing, needs_browser, serious

pytestmark = needs_browser


def patient(number: int, share: int) -> tuple[str, str]:
    """A patient's claim and its answer."""
    claim = filed(
        f"B{number}", "20260105", "99213*100", member=f"M{number}", born=f"19{60 + number}0101"
    ).replace("DOE*JAN", f"DOE*J{'ABCDEFGHIJ'[number]}N")
    paid = 100 - share
    answer = f"CLP*B{number}*1*100*{paid}**12*CN{number}~SVC*HC:99213*100*{paid}~CAS*PR*3*{share}~"
    return claim, remitted("20260119", answer, amount=str(paid), trace=f"T{number}")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    def prepare(store):
        files = [x for i, share in enumerate((60, 90, 20, 3)) for x in patient(i, share)]
        late = filed("LATE1", "20251001", "99214*150", member="W9", born="19500101")
        for i, text in enumerate((*files, late)):
            load(store.database, read(text), f"file {i}")
        for name in store.outcomes.practices():
            work_in(store, name)

    home = tmp_path_factory.mktemp("balances")
    with browsing(browser, home, notes=1, drafts=1, prepare=prepare) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_console_error(site):
    yield
    assert site.errors == []


def opened(site, page, claim):
    """The account's page, by its claim number; no address holds that."""
    page.goto(f"{site.url}/balances")
    page.fill("input[name=claim]", claim)
    page.press("input[name=claim]", "Enter")
    page.wait_for_selector("section[aria-label=Letter]")
    assert claim not in page.url
    return page.url


def test_a_letter_is_written_finished_and_noted_as_sent_by_keyboard(site):
    page = site.page()
    page.goto(f"{site.url}/balances")
    assert page.inner_text(".figures").startswith("3 patients")  # the fourth is too small
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("section[aria-label=Letter]")
    address = page.url
    assert "You owe: $90.00" in page.inner_text("pre.letter")
    page.keyboard.press("w")
    page.wait_for_selector("#letter")
    assert "square brackets" in page.inner_text("section[aria-label=Letter]")
    page.click("button:has-text('Note as sent')")
    page.wait_for_selector("p.alert")
    assert "square brackets" in page.inner_text("p.alert")
    page.keyboard.press("l")
    text = page.input_value("#letter")
    page.fill("#letter", re.sub(r"\[[^\]]*\]", "Call us at 555-010-0000.", text))
    page.click("button:has-text('Keep as the next version')")
    page.wait_for_selector("text=version 2, not sent")
    page.keyboard.press("s")
    page.keyboard.type("by p")
    page.click("button:has-text('Note as sent')")
    page.wait_for_selector("text=by portal")
    assert page.url == address
    assert "by portal" in page.inner_text("section[aria-label=Letter]")
    assert "not before" in page.text_content("section[aria-label=Letter] details")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{site.url}/balances")
    assert page.inner_text(".figures").startswith("2 patients")


def test_a_stop_ends_letters_and_plans_until_it_is_lifted(site):
    page = site.page()
    opened(site, page, "B0")
    page.keyboard.press("x")
    page.select_option("#stop", "dispute")
    page.fill("#stopwhy", "says it was paid")
    page.click("button:text-is('Stop')")
    page.wait_for_selector("text=✕ stopped")
    assert page.query_selector("[data-write]") is None
    assert "disputes the bill" in page.inner_text("section[aria-label='Payment plan']")
    page.fill("section[aria-label=Stops] input[name=reason]", "receipt checked")
    page.click("button:has-text('Lift it')")
    page.wait_for_selector("[data-write]")
    assert "lifted" in page.inner_text("section[aria-label=Stops]")


def test_a_plan_and_a_payment(site):
    page = site.page()
    opened(site, page, "B0")
    page.keyboard.press("p")
    page.fill("#instalments", "9")
    page.fill("#planwhy", "by phone")
    page.click("button:has-text('Begin over')")
    page.wait_for_selector("p.alert")
    assert "allows no smaller ones" in page.inner_text("p.alert")
    page.fill("#instalments", "2")
    page.fill("#planwhy", "by phone")
    page.click("button:has-text('Begin over')")
    page.wait_for_selector("text=✓ kept")
    page.keyboard.press("y")
    page.fill("#amount", "30.00")
    page.fill("#reference", "receipt 7")
    page.click("button:text-is('Post')")
    page.wait_for_selector("text=still to pay $30.00")
    page.keyboard.press("n")
    page.keyboard.type("pays on Friday")
    page.keyboard.press("Enter")
    page.wait_for_selector("section[aria-label=Notes] >> text=pays on Friday")


def test_a_claim_number_that_nobody_has_is_said(site):
    page = site.page()
    page.goto(f"{site.url}/balances")
    page.fill("input[name=claim]", "NONE")
    page.press("input[name=claim]", "Enter")
    page.wait_for_selector("p.alert")
    assert "no patient's balance has" in page.inner_text("p.alert")


def test_claims_without_an_answer_have_their_own_list(site):
    page = site.page()
    page.goto(f"{site.url}/balances")
    page.keyboard.press("u")
    page.wait_for_url(f"{site.url}/balances/unanswered")
    assert "LATE1" in page.inner_text("table")
    assert "silent for too long" in page.inner_text("table")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.fill("input[name=note]", "payer has it in process")
    page.press("input[name=note]", "Enter")
    page.wait_for_selector("text=payer has it in process")
    page.goto(f"{site.url}/balances/unanswered?stage=pending")
    assert "No claim needs asking after" in page.inner_text("main")
    page.keyboard.press("b")
    page.wait_for_url(f"{site.url}/balances")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(site, scheme):
    page = site.page(scheme=scheme)
    page.goto(f"{site.url}/balances?step=all")
    assert serious(page) == []
    opened(site, page, "B2")
    assert serious(page) == []
    page.goto(f"{site.url}/balances/unanswered?stage=all")
    assert serious(page) == []
