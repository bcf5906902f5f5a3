"""Each page's main task in a real browser, by mouse and by keyboard only."""

import re

import pytest

from models.history.rules import encode_rule
from serving.settings import Settings
from serving.store.rules import LearntRule
from tests.serving.web.browsing import browsing, needs_browser, serious
from tests.serving.web.site import NOTE, add_user, note_record
from tests.serving.web.test_rules_and_models import describe, rule

pytestmark = needs_browser
EMOJI = "\N{WHITE HEAVY CHECK MARK}"


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    home = tmp_path_factory.mktemp("site")

    def prepare(store):
        learnt = LearntRule(rule().key, "60054", encode_rule(rule()), b"[]")
        store.rules.learn(rule().practice, [learnt])
        describe(Settings(home=home))
        long = "HISTORY OF PRESENT ILLNESS:\n" + "The patient feels well today and walks.\n" * 4500
        text = long + "ASSESSMENT:\n1. Essential hypertension.\n"
        store.notes.load([note_record(60, text=text, specialty="long", claim_id="")])

    with browsing(browser, home, notes=8, drafts=12, prepare=prepare) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_console_error(request):
    yield
    if "site" in request.fixturenames:
        found = request.getfixturevalue("site")
        assert found.errors == []


def settled(page):
    """Wait until htmx has nothing under way."""
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping')")


def statuses(page):
    return page.eval_on_selector_all(
        ".suggestion", "xs => Object.fromEntries(xs.map(x => [x.dataset.code, x.dataset.status]))"
    )


def wait_status(page, code, status):
    page.wait_for_selector(f".suggestion[data-code='{code}'][data-status='{status}']")


def open_note(site, page, specialty="family_medicine"):
    page.goto(f"{site.url}/review?specialty={specialty}&order=oldest")
    page.wait_for_selector(".suggestion")


def test_a_coder_reviews_a_note_by_keyboard_alone(site):
    page = site.page()
    open_note(site, page)
    first = page.url
    codes = list(statuses(page))
    assert {"E11.21", "I10"} <= set(codes)
    page.keyboard.press("j")
    chosen = page.get_attribute(".suggestion.chosen", "data-code")
    page.keyboard.press("a")
    wait_status(page, chosen, "accepted")
    # The next that is not decided is chosen by itself.
    second = page.get_attribute(".suggestion.chosen", "data-code")
    assert second != chosen
    page.keyboard.press("r")
    page.keyboard.press("2")
    wait_status(page, second, "rejected")
    assert "denied or ruled out" in page.inner_text(f".suggestion[data-code='{second}']")
    page.keyboard.press("u")
    wait_status(page, second, "pending")
    page.keyboard.press("e")
    page.keyboard.type("essential hyperten")
    page.wait_for_selector("#results [data-code='I10']")
    page.keyboard.press("Escape")
    assert page.is_hidden("#search")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    assert "undo" in page.inner_text("dialog").lower() or "back" in page.inner_text("dialog")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]", state="detached")
    page.keyboard.press("s")
    page.wait_for_selector("[data-next-note]")
    page.keyboard.press("g")
    page.wait_for_url(lambda url: url != first)


def test_a_coder_reviews_a_note_by_mouse(site):
    page = site.page()
    open_note(site, page)
    codes = list(statuses(page))
    page.click(f".suggestion[data-code='{codes[0]}']")
    page.click(f".suggestion[data-code='{codes[0]}'] [data-do=accept]")
    wait_status(page, codes[0], "accepted")
    page.hover(f".suggestion[data-code='{codes[1]}']")
    page.click(f".suggestion[data-code='{codes[1]}'] [data-do=reject]")
    page.click("#reasons [data-number='1']")
    wait_status(page, codes[1], "rejected")
    page.click("[data-undo]")
    wait_status(page, codes[1], "pending")
    page.hover(f".suggestion[data-code='{codes[1]}']")
    page.click(f".suggestion[data-code='{codes[1]}'] [data-do=replace]")
    page.fill("#q", "asthma")
    page.click("#results [data-code^='J45']:not(:has(.badge))")
    wait_status(page, codes[1], "replaced")
    page.click("[data-submit]")
    page.wait_for_selector("[data-next-note]")


def test_choosing_a_code_lights_its_words_and_choosing_words_their_code(site):
    page = site.page()
    open_note(site, page)
    page.click(".suggestion[data-code='I10'] .l1")
    lit = page.eval_on_selector_all("#note .lit", "xs => xs.map(x => x.textContent)")
    assert "hypertension" in " ".join(lit).lower()
    word = page.locator("#note mark", has_text=re.compile("diabetes", re.I)).first
    word.click()
    keys = word.get_attribute("data-keys").split()
    assert page.get_attribute(".suggestion.chosen", "id") in keys


def test_marked_words_are_the_same_characters_for_browser_and_store(site):
    page = site.page()
    open_note(site, page)
    token = page.url.rsplit("/", 1)[1]
    # Behind carriage returns and a character that JavaScript counts twice.
    for words, code in ((EMOJI, "R73.09"), ("breast cancer", "Z80.3"), ("chest pain.", "R07.9")):
        page.evaluate(
            """words => {
              const piece = [...document.querySelectorAll('#note .ln')]
                .find(x => x.textContent.includes(words.split(' ')[0]));
              const walker = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT);
              const at = piece.textContent.indexOf(words);
              let seen = 0, range = document.createRange(), node, begun = false;
              while ((node = walker.nextNode())) {
                const end = seen + node.data.length;
                if (!begun && at < end) { range.setStart(node, at - seen); begun = true; }
                if (begun && at + words.length <= end) {
                  range.setEnd(node, at + words.length - seen); break;
                }
                seen = end;
              }
              const selection = getSelection();
              selection.removeAllRanges();
              selection.addRange(range);
            }""",
            words,
        )
        page.keyboard.press("n")
        page.fill("#q", code)
        page.wait_for_selector(f"#results [aria-selected='true'][data-code='{code}']")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "code => [...document.querySelectorAll('.chosen li, .suggestion.accepted')]"
            ".some(x => x.textContent.includes(code))",
            arg=code,
        )
        settled(page)
    note = site.store.notes.get(token, None)
    added = [x for x in site.store.notes.decisions(note.id) if x.kind == "add"]
    found = [note.text[x.begin : x.end] for x in added]
    assert found == [EMOJI, "breast cancer", "chest pain."]
    marks = page.eval_on_selector_all(
        "#note mark", "xs => xs.map(x => [Number(x.dataset.begin), x.textContent])"
    )
    assert all(NOTE[at : at + len(words)] == words for at, words in marks)


def test_a_rule_is_accepted_by_keyboard_and_dismissed_by_mouse(site):
    page = site.page()
    page.goto(f"{site.url}/rules")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Evidence over time")
    page.keyboard.press("a")
    page.wait_for_selector(".badge.done >> text=accepted")
    number = int(page.url.rsplit("/", 1)[1])
    assert site.store.rules.get(number).status == "accepted"
    page.fill("#reason", "they changed their mind")
    page.click("[data-dismiss]")
    page.wait_for_selector(".badge.off >> text=dismissed")
    assert site.store.rules.get(number).reason == "they changed their mind"


def test_the_log_is_verified_by_keyboard_and_searched_by_mouse(site):
    page = site.page()
    page.goto(f"{site.url}/administration/audit")
    page.focus("text=Verify the whole log")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=entries hold")
    page.goto(f"{site.url}/administration/audit")
    page.fill("input[name=action]", "note.")
    page.click("text=Search")
    page.wait_for_url("**action=note.**")


def test_a_user_and_a_key_are_made_by_keyboard_alone(browser, tmp_path):
    with browsing(browser, tmp_path, notes=0, drafts=1) as site:
        page = site.page()
        page.goto(f"{site.url}/administration")
        tab_to(page, "name")
        page.keyboard.type("root@example.org")
        tab_to(page, "role")
        page.keyboard.type("administrator")
        tab_to(page, "practices")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=shown once")
        made = site.store.users.find("root@example.org")
        assert made.role == "administrator"
        # The first user ends the single-user mode: what comes next asks for the password.
        password = page.inner_text("[role=status] code")
        page.goto(f"{site.url}/administration/keys")
        page.wait_for_url("**/sign-in?**")
        page.keyboard.type("root@example.org")
        page.keyboard.press("Tab")
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/administration/keys")
        assert site.errors == []


def tab_to(page, identity):
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == identity:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {identity}")


def test_versions_are_compared_by_keyboard_and_by_mouse(site):
    page = site.page()
    page.goto(f"{site.url}/models/denial")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "this=2" in page.url
    page.locator("input[name=other]").nth(1).check()
    page.click("text=Compare")
    page.wait_for_selector("h2 >> text=beside version 1")


def test_nothing_is_lost_by_reload_or_back(site):
    page = site.page()
    open_note(site, page)
    note = page.url
    page.click(".suggestion[data-code='I10']")
    page.keyboard.press("a")
    wait_status(page, "I10", "accepted")
    page.reload()
    wait_status(page, "I10", "accepted")
    page.goto(f"{site.url}/worklist")
    page.go_back()
    assert page.url == note
    wait_status(page, "I10", "accepted")
    page.keyboard.press("u")
    wait_status(page, "I10", "pending")


def test_nothing_moves_while_one_types(site):
    page = site.page()
    open_note(site, page)
    page.keyboard.press("/")
    page.wait_for_selector("#q:focus")
    page.evaluate(
        """() => { window.shifts = 0; new PerformanceObserver(list => {
             for (const x of list.getEntries()) window.shifts += x.value;
           }).observe({ type: 'layout-shift', buffered: false }); }"""
    )
    before = page.evaluate("JSON.stringify(document.querySelector('#q').getBoundingClientRect())")
    for letter in "diabetes mellitus":
        page.keyboard.type(letter)
        page.wait_for_timeout(20)
    page.wait_for_selector("#results [data-code]")
    page.wait_for_timeout(200)
    after = page.evaluate("JSON.stringify(document.querySelector('#q').getBoundingClientRect())")
    assert before == after
    assert page.evaluate("window.shifts") < 0.01


def test_a_biller_corrects_a_claim_by_keyboard_alone(site):
    page = site.page()
    page.goto(f"{site.url}/worklist")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#claim")
    token = page.url.rsplit("/", 1)[1]
    page.keyboard.press("j")  # the first field
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "f-references-G1":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("AUTH1")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=authorization number changed")
    assert site.store.drafts.get(token, None).claim.prior_authorization == "AUTH1"
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    page.wait_for_selector("text=taken back")
    page.keyboard.press("Escape")
    page.wait_for_url("**/worklist")


def test_a_biller_corrects_and_exports_by_mouse(site):
    page = site.page()
    page.goto(f"{site.url}/worklist")
    page.select_option("select[name=age]", "7")
    page.click("text=Show")
    page.locator(".rowlink").nth(1).click()
    page.fill("#f-references-G1", "AUTH2")
    page.locator("#f-references-9F").click()
    page.wait_for_selector("text=authorization number changed")
    with page.expect_download() as download:
        page.click("[data-export]")
    assert download.value.suggested_filename.endswith(".837")
    page.goto(f"{site.url}/worklist")
    assert "1 exported" in page.inner_text(".below")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_accessibility_fault(site, scheme):
    page = site.page(scheme=scheme)
    page.goto(f"{site.url}/worklist")
    claim = page.get_attribute(".rowlink", "href")
    faults = {}
    paths = ["/worklist", claim, "/review", "/rules", "/models", "/administration"]
    paths += ["/administration/keys", "/administration/audit", "/administration/tables"]
    for path in [*paths, "/sign-in"]:
        page.goto(site.url + path)
        if found := serious(page):
            faults[path] = found
    page.goto(f"{site.url}/review")
    page.keyboard.press("/")
    page.wait_for_selector("#q:focus")
    if found := serious(page):
        faults["search"] = found
    assert faults == {}


def test_pages_fit_a_tablet(site):
    page = site.page(width=820)
    for path in ("/worklist", "/review", "/rules", "/administration"):
        page.goto(site.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 1, path


def test_a_note_of_sixty_pages_is_shown_and_its_code_found(site):
    page = site.page()
    page.goto(f"{site.url}/review?specialty=long")
    page.wait_for_selector(".suggestion")
    assert page.eval_on_selector("#note", "x => x.textContent.length") > 170_000
    page.click(".suggestion[data-code='I10']")
    lit = page.locator("#note .lit").first
    assert lit.evaluate("x => { const b = x.getBoundingClientRect(); return b.top > 0; }")
    box = lit.bounding_box()
    assert box is not None and 0 <= box["y"] <= 900


def test_two_reviewers_at_once_and_an_expired_session(browser, tmp_path):
    def prepare(store):
        add_user(store, "ann", "coder", full_name="Ann Lee")
        add_user(store, "bea", "coder", full_name="Bea Ray")

    with browsing(
        browser, tmp_path, notes=2, drafts=1, prepare=prepare, FIRSTPASS_SESSION_SECONDS="3600"
    ) as site:
        ann, bea = site.page("ann"), site.page("bea")
        ann.goto(f"{site.url}/review")
        ann.wait_for_selector(".suggestion")
        bea.goto(ann.url)
        bea.wait_for_selector("text=Ann Lee has this note open too")
        ann.click(".suggestion[data-code='I10']")
        ann.keyboard.press("a")
        wait_status(ann, "I10", "accepted")
        bea.click(".suggestion[data-code='I10']")
        bea.keyboard.press("r")
        bea.keyboard.press("1")
        bea.wait_for_selector("#conflict")
        assert "Ann Lee accepted I10" in bea.inner_text("#conflict")
        bea.click("text=Leave it as it is now")
        wait_status(bea, "I10", "accepted")
        # The session ends in the middle: what was decided stays, and signing in leads back.
        site.store.users.change(site.store.users.find("ann").id, role="coder")
        ann.click(".suggestion[data-code='E11.21']")
        ann.keyboard.press("a")
        ann.wait_for_url("**/sign-in?**")
        ann.fill("#name", "ann")
        ann.fill("#password", "correct horse battery")
        ann.press("#password", "Enter")
        ann.wait_for_url("**/review/*")
        wait_status(ann, "I10", "accepted")
        assert [e for e in site.errors if "401" not in e] == []
