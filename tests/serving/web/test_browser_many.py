"""The worklist with 5,000 claims in a real browser."""

import datetime as dt

from models.denial.risk import DenialRisk
from serving.store.draft_types import Assessment
from tests.serving.web.browsing import browsing, needs_browser
from tests.serving.web.site import draft_claim

pytestmark = needs_browser
CLAIMS = 5000


def assessment(claim, number):
    probability = (number * 37 % 96 + 2) / 100
    risk = DenialRisk(
        claim_id=claim.claim_id, denial_probability=probability, expected_loss=probability * 120,
        expected_allowed=120.0, base_rate=0.11, category="authorization",
        category_probability=probability, categories={"authorization": probability}, carcs=[],
        factors=[], lines=[], flags=[], model_version="1", history_version="h",
    )  # fmt: skip
    return Assessment("e", risk, [], [], round(probability * 120, 2), "a reason", None)


def fill(store):
    store.drafts.load([draft_claim(i) for i in range(CLAIMS)], "test", "test")
    waiting = store.drafts.to_score("none", CLAIMS)
    store.drafts.keep([(x, assessment(x.claim, i)) for i, x in enumerate(waiting)])


def test_five_thousand_claims_are_paged_narrowed_and_opened(browser, tmp_path):
    with browsing(browser, tmp_path, notes=0, drafts=0, prepare=fill, waits=False) as site:
        page = site.page()
        page.goto(f"{site.url}/worklist")
        assert "5,000" in page.inner_text("main")
        rows = page.locator(".rowlink")
        assert 20 <= rows.count() <= 200
        shown = page.eval_on_selector_all(".rowlink", "xs => xs.map(x => x.getAttribute('href'))")
        begun = dt.datetime.now()
        page.click("a >> text=next")
        page.wait_for_url("**page=2**")
        assert (dt.datetime.now() - begun).total_seconds() < 5
        later = page.eval_on_selector_all(".rowlink", "xs => xs.map(x => x.getAttribute('href'))")
        assert not set(shown) & set(later)
        # Back in the middle of the list, and a claim opened by keyboard alone.
        page.go_back()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector("#claim")
        page.reload()
        page.wait_for_selector("#claim")
        page.go_back()
        page.select_option("select[name=age]", "30")
        page.click("text=Show")
        page.wait_for_url("**age=30**")
        assert site.store.draft_list.counts(None) == {"open": CLAIMS}
        assert site.errors == []
