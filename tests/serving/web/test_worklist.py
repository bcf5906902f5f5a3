"""The claims worklist and a claim's page."""

import datetime as dt
import io
import re

import httpx
import pytest

from models.claims.claim import Claim
from models.claims.x12 import read_x12
from models.errors import InputError
from serving.store.draft_list import DraftFilter
from serving.web.claim_fields import read_field, write_field
from tests.serving.samples import claim
from tests.serving.web.site import HTML, add_user, csrf, draft_claim, filled, signed_in, visiting

EVERY = DraftFilter()


def lines(store, **wanted):
    return store.draft_list.page(None, DraftFilter(**wanted), today=dt.date(2026, 3, 1), limit=1000)


def test_claims_are_listed_by_what_can_still_be_prevented_with_the_capacity_drawn_in(settings):
    store = filled(settings, 7)

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get("/worklist?capacity=3", headers=HTML)).text
        accounts = re.findall(r"<code>(CLM\d+)</code>", page)
        dollars = [x.preventable for x in lines(store)]
        assert accounts == [x.claim_id for x in lines(store)]
        assert dollars == sorted(dollars, reverse=True)
        before, after = page.split("your 3 for today end here")
        assert len(re.findall(r"<code>CLM", before)) == 3
        assert len(re.findall(r"<code>CLM", after)) == 4
        # The capacity stays what the user set.
        assert "your 3 for today" in (await client.get("/worklist", headers=HTML)).text

    visiting(settings, work)
    store.close()


def test_filters_narrow_and_no_claim_number_stands_in_an_address(settings):
    store = filled(settings, 4)

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get("/worklist", headers=HTML)).text
        assert not re.search(r'(href|action)="[^"]*CLM\d', page)
        none = (await client.get("/worklist?payer=UNKNOWN", headers=HTML)).text
        assert "No claim fits these filters" in none
        wrong = await client.get("/worklist?page=99999&age=x&capacity=-1", headers=HTML)
        assert wrong.status_code == 200

    visiting(settings, work)
    old = [x.claim_id for x in lines(store, older_than=2)]
    assert old == [f"CLM{i:06}" for i in (2, 3)] or set(old) == {"CLM000002", "CLM000003"}
    store.close()


def test_a_change_rescores_and_says_who_made_it_and_can_be_taken_back(settings):
    store = filled(settings, 1)
    add_user(store, "ann", "biller", full_name="Ann Lee")
    token = lines(store)[0].token

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "ann")
        page = (await client.get(f"/claims/{token}", headers=HTML)).text
        form = {"csrf": csrf(page), "revision": "0", "pointer": "/references/G1", "value": "A1"}
        part = await client.post(
            f"/claims/{token}/field", data=form, headers={"hx-request": "true"}
        )
        assert "authorization number changed" in part.text
        assert "<html" not in part.text
        draft = store.drafts.get(token, None)
        assert draft.claim.prior_authorization == "A1"
        assert (draft.revision, draft.scored_revision) == (1, 1)
        changes = store.drafts.changes(draft.id)
        assert [(x.kind, x.who) for x in changes] == [("field", "Ann Lee")]
        assert store.audit.entries(action="draft.field")[0].entry.record == f"draft:{token}"
        # Without a script the same form leads back to the page.
        form |= {"revision": "1"}
        undone = await client.post(f"/claims/{token}/undo", data=form, headers=HTML)
        assert undone.status_code == 303
        assert store.drafts.get(token, None).claim == draft.loaded
        nothing = await client.post(
            f"/claims/{token}/undo", data={**form, "revision": "2"}, headers=HTML
        )
        assert "there is no change to take back" in nothing.text

    visiting(settings, work)
    store.close()


def test_the_later_of_two_writers_sees_what_changed_and_overwrites_nothing(settings):
    store = filled(settings, 1)
    token = lines(store)[0].token

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get(f"/claims/{token}", headers=HTML)).text
        form = {"csrf": csrf(page), "revision": "0", "pointer": "/references/G1"}
        path = f"/claims/{token}/field"
        await client.post(path, data={**form, "value": "FIRST"}, headers=HTML)
        late = await client.post(path, data={**form, "value": "LATE"}, headers=HTML)
        assert "somebody else changed this claim since you opened it" in late.text
        assert "FIRST" in late.text
        assert store.drafts.get(token, None).claim.prior_authorization == "FIRST"

    visiting(settings, work)
    store.close()


def test_a_content_that_a_field_cannot_have_is_refused_in_words(settings):
    store = filled(settings, 1)
    token = lines(store)[0].token

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get(f"/claims/{token}", headers=HTML)).text
        form = {"csrf": csrf(page), "revision": "0", "pointer": "/lines/0/modifiers"}
        answer = await client.post(
            f"/claims/{token}/field", data={**form, "value": "TOOLONG"}, headers=HTML
        )
        assert "up to 4 modifiers" in answer.text
        form["pointer"] = "/charge"
        answer = await client.post(
            f"/claims/{token}/field", data={**form, "value": "1"}, headers=HTML
        )
        assert "cannot be changed here" in answer.text

    visiting(settings, work)
    store.close()


def test_corrected_claims_are_written_as_837p_and_leave_the_list(settings):
    store = filled(settings, 2)
    token = lines(store)[0].token

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get(f"/claims/{token}", headers=HTML)).text
        sent = csrf(page)
        empty = await client.post("/worklist/export", data={"csrf": sent}, headers=HTML)
        assert empty.status_code == 422
        form = {"csrf": sent, "revision": "0", "pointer": "/references/G1", "value": "AUTH7"}
        await client.post(f"/claims/{token}/field", data=form, headers=HTML)
        file = await client.post("/worklist/export", data={"csrf": sent}, headers=HTML)
        assert file.headers["content-type"] == "application/edi-x12"
        claims = [x for x in read_x12(io.BytesIO(file.content)) if isinstance(x, Claim)]
        assert [x.prior_authorization for x in claims] == ["AUTH7"]
        assert token not in (await client.get("/worklist", headers=HTML)).text

    visiting(settings, work)
    assert store.draft_list.counts(None) == {"open": 1, "exported": 1}
    store.close()


def test_a_draft_that_is_filed_is_a_draft_no_more(settings):
    store = filled(settings, 2)
    from serving.store.intake import Transmission

    store.intake.load([draft_claim(0)], Transmission("x", b"1" * 32, 1))
    assert store.draft_list.counts(None) == {"open": 1, "submitted": 1}
    # Loaded again it stays submitted; another content under its number is a draft again.
    assert store.drafts.load([draft_claim(0)], "test", "test") == (0, 0, 1)
    store.close()


def test_a_claim_that_comes_again_keeps_a_persons_change_unless_it_differs(settings):
    store = filled(settings, 1)
    draft = store.drafts.get(lines(store)[0].token, None)
    changed = write_field(draft.claim, "/references/G1", "MINE")
    store.drafts.change(
        draft, changed, None, actor="a", who="a", kind="field", field="x", words="changed"
    )
    assert store.drafts.load([draft_claim(0)], "test", "test") == (0, 0, 1)
    assert store.drafts.get(draft.token, None).claim.prior_authorization == "MINE"
    other = draft_claim(0, group_number="G7")
    assert store.drafts.load([other], "test", "test") == (0, 1, 0)
    again = store.drafts.get(draft.token, None)
    assert (again.claim.group_number, again.claim.prior_authorization) == ("G7", "")
    assert [x.kind for x in store.drafts.changes(draft.id)] == ["field", "loaded"]
    store.close()


@pytest.mark.parametrize(
    ("pointer", "value", "shown"),
    [
        ("/references/G1", "X-1", "X-1"),
        ("/lines/0/modifiers", "25, 59", "25 59"),
        ("/lines/0/units", "2", "2"),
        ("/lines/0/place_of_service", "11", "11"),
        ("/lines/0/code", "99214", "99214"),
        ("/diagnoses/0", "e11.22", "E11.22"),
        ("/subscriber/member_id", "W123", "W123"),
        ("/rendering/npi", "1999999984", "1999999984"),
        ("/frequency", "7", "7"),
    ],
)
def test_a_field_reads_what_was_written(pointer, value, shown):
    assert read_field(write_field(draft_claim(1), pointer, value), pointer) == shown


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/lines/9/units", "1"),
        ("/lines/0/units", "-1"),
        ("/lines/0/units", "NaN"),
        ("/lines/0/charge", "1"),
        ("/lines/0/pointers", "9"),
        ("/diagnoses/0", "nonsense"),
        ("/rendering/npi", "12"),
        ("/claim_id", "X"),
        ("/subscriber/member_id", "a\x00b"),
        ("", "x"),
    ],
)
def test_a_field_refuses_what_it_cannot_hold(pointer, value):
    with pytest.raises(InputError):
        write_field(claim(1), pointer, value)


def test_a_fix_edits_the_draft_rescores_it_and_says_who_did_it(settings):
    store = filled(settings, 5)

    async def work(client: httpx.AsyncClient) -> None:
        risky = next(x.token for x in lines(store) if x.protects)
        page = (await client.get(f"/claims/{risky}", headers=HTML)).text
        assert "protects $9.00" in page
        form = {"csrf": csrf(page), "revision": "0", "fix": "authorization_number-0"}
        path = f"/claims/{risky}/fix"
        without = await client.post(path, data=form, headers=HTML)
        assert "enter the authorization number first" in without.text
        done = await client.post(path, data={**form, "value": "A77"}, headers=HTML)
        assert done.status_code == 303
        draft = store.drafts.get(risky, None)
        assert draft.claim.prior_authorization == "A77"
        (change,) = store.drafts.changes(draft.id)
        assert (change.kind, change.words, change.who) == ("fix", "Enter it", "single-user")
        assert change.probability_after is not None
        gone = {**form, "revision": "1", "fix": "nothing"}
        answer = await client.post(path, data=gone, headers=HTML)
        assert "does not apply to the claim any more" in answer.text

    visiting(settings, work)
    store.close()
