"""The denials pages: the list for stated hours, one item worked to its end."""

import re

import httpx

from serving.settings import Settings
from serving.store.worklist import WorkFilter
from tests.serving.web.posted import post_practice
from tests.serving.web.site import HTML, add_user, csrf, filled, signed_in, visiting


def test_the_list_is_ordered_for_the_hours_and_filtered(settings: Settings) -> None:
    store = filled(settings, 1)

    async def work(client: httpx.AsyncClient) -> None:
        empty = (await client.get("/denials", headers=HTML)).text
        assert "No denied or cut line waits for work" in empty
        post_practice(store)
        page = (await client.get("/denials?hours=0.5", headers=HTML)).text
        assert "your 0.5 hours end here" in page and "at stake" in page
        assert client.cookies.get("firstpass_hours") == "0.5"
        ranked = store.worklist.page(None, WorkFilter(), hours=0.5).lines
        assert re.findall(r'href="/denials/([0-9a-f]{24})"', page) == [x.key for x in ranked]
        some = ranked[0]
        one = (await client.get(f"/denials?category={some.category}", headers=HTML)).text
        assert some.key in one and "clear filters" in one
        none = (await client.get("/denials?claim=nothing", headers=HTML)).text
        assert "No denial fits these filters" in none

    visiting(settings, work)
    store.close()


def test_an_item_is_taken_corrected_packed_and_closed(settings: Settings) -> None:
    store = filled(settings, 1)
    practice = post_practice(store)
    add_user(store, "bea", "biller")
    add_user(store, "cod", "coder")
    add_user(store, "eve", "biller", practices=["1:2"])
    lines = store.worklist.page([practice], WorkFilter(action="correct"), limit=1000).lines
    line = next(x for x in lines if x.route == "replacement" and x.kind == "denied")
    path = f"/denials/{line.key}"

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "cod")
        assert (await client.get("/denials", headers=HTML)).status_code == 403
        await signed_in(client, "eve")
        assert (await client.get(path, headers=HTML)).status_code == 404
        await signed_in(client, "bea")
        page = (await client.get(path, headers=HTML)).text
        assert line.claim_id in page and "next best" in page and "segment" in page
        form = {"csrf": csrf(page)}
        refused = await client.post(path, data={"do": "take"}, headers=HTML)
        assert refused.status_code == 403  # without the form's token
        await client.post(path, data={**form, "do": "take", "note": "I call them"}, headers=HTML)
        taken = store.worklist.get(line.key, None)
        assert (taken.state, taken.assigned_to) == ("in_work", "bea")
        nothing = await client.post(path, data={**form, "do": "note"}, headers=HTML)
        assert "nothing is changed" in nothing.text
        made = await client.post(f"{path}/packet", data={**form, "action": "correct"}, headers=HTML)
        assert made.status_code == 303
        bad = {**form, "pointer": "/group_number", "value": "x" * 99, "revision": ""}
        assert "at most 80" in (await client.post(f"{path}/field", data=bad, headers=HTML)).text
        change = {**form, "pointer": "/group_number", "value": "G1", "revision": ""}
        await client.post(f"{path}/field", data=change, headers=HTML)
        page = (await client.get(path, headers=HTML)).text
        assert "1 field corrected" in page and 'id="letter"' in page
        letter = re.search(r'name="letter"[^>]*>(.*?)</textarea>', page, re.S)
        assert letter is not None
        words = letter[1] + "\nWe spoke on the telephone.\n"
        keep = {**form, "action": "correct", "letter": words, "enclosures": "the note\n"}
        await client.post(f"{path}/packet", data=keep, headers=HTML)
        sent = await client.get(f"{path}/packets/2/corrected.837")
        assert b"G1" in sent.content and "attachment" in sent.headers["content-disposition"]
        text = (await client.get(f"{path}/packets/2/letter.txt")).text
        assert "on the telephone" in text
        assert (await client.get(f"{path}/packets/7/letter.txt", headers=HTML)).status_code == 404
        await client.post(f"{path}/as-sent", data=form, headers=HTML)
        assert store.worklist.get(line.key, None).draft is None
        off = await client.post(
            f"{path}/write-off", data={**form, "reason": "too small"}, headers=HTML
        )
        assert "may write off" in off.text  # a biller writes no denial off
        close = {**form, "do": "close", "outcome": "sent_again"}
        await client.post(path, data=close, headers=HTML)
        page = (await client.get(path, headers=HTML)).text
        assert "done: sent again" in page and "Open it again" in page
        listed = (await client.get("/denials?state=done", headers=HTML)).text
        assert line.key in listed
        gap = line.gap
        traced = (await client.get(f"/denials?state=all&gap={gap}", headers=HTML)).text
        assert line.key in traced
        figures = (await client.get("/performance", headers=HTML)).text
        assert f"/denials?state=all&gap={gap}" in figures.replace("&amp;", "&")

    visiting(settings, work)
    actions = {x.entry.action for x in store.audit.entries(action="denial.")}
    assert {"denial.take", "denial.packet", "denial.claim", "denial.close"} <= actions
    store.close()
