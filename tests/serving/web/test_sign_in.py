"""Sign-in, sessions, and what protects the pages."""

import asyncio
import datetime as dt

import httpx
import pytest

import serving.web.sign_in
from serving.security.users import create_user, hash_password
from serving.store.columns import now
from serving.store.draft_list import DraftFilter
from tests.serving.api.test_access import key
from tests.serving.web.site import (
    HTML,
    PASSWORD,
    add_user,
    csrf,
    filled,
    signed_in,
    site,
    visiting,
)

NONE = DraftFilter()


def test_without_users_this_machine_needs_no_sign_in_and_the_page_says_so(settings):
    filled(settings, 1).close()

    async def work(client: httpx.AsyncClient) -> None:
        page = await client.get("/worklist", headers=HTML)
        assert page.status_code == 200
        assert "single-user mode" in page.text
        foreign = await client.get("/worklist", headers={**HTML, "host": "attacker.example"})
        assert foreign.status_code == 403

    visiting(settings, work)


def test_a_user_signs_in_and_out_and_both_are_audited(settings):
    store = filled(settings, 1)
    user = add_user(store, "ann@example.org", "biller", full_name="Ann Lee")

    async def work(client: httpx.AsyncClient) -> None:
        away = await client.get("/worklist", headers=HTML)
        assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=/worklist")
        await signed_in(client, "Ann@Example.org")
        page = await client.get("/worklist", headers=HTML)
        assert "Ann Lee" in page.text
        assert (await client.get("/models", headers=HTML)).status_code in (403, 404)
        assert (await client.post("/sign-out")).status_code == 303
        assert (await client.get("/worklist", headers=HTML)).status_code == 303

    visiting(settings, work)
    actions = [x.entry.action for x in store.audit.entries(actor=user.actor)]
    assert actions == ["session.end", "session.begin"]
    assert store.audit.verify().broken is None
    store.close()


def test_wrong_names_and_passwords_are_told_in_one_wording_and_cost_time(settings):
    store = filled(settings, 1)
    user = add_user(store, "ann", "biller")

    async def work(client: httpx.AsyncClient) -> None:
        answers = []
        for name in ("nobody", "ann", "ann", "ann", "ann", "ann"):
            form = {"name": name, "password": "wrong wrong wrong"}
            answers.append(await client.post("/sign-in", data=form))
        assert {x.status_code for x in answers} == {401}
        assert all("the name or the password is not right" in x.text for x in answers)
        locked = await client.post("/sign-in", data={"name": "ann", "password": PASSWORD})
        assert "too many wrong passwords" in locked.text
        store.users.change(user.id, locked_until=now() - dt.timedelta(seconds=1))
        await signed_in(client, "ann")

    visiting(settings, work)
    refused = store.audit.entries(action="session.refused")
    assert len(refused) == 7
    assert "ann" not in repr([x.entry.detail for x in refused])
    store.close()


def test_one_address_may_not_try_for_ever(settings, monkeypatch):
    monkeypatch.setattr(serving.web.sign_in, "ATTEMPTS", 3)
    store = filled(settings, 1)
    add_user(store, "ann", "biller")
    store.close()

    async def work(client: httpx.AsyncClient) -> None:
        for number in range(4):
            form = {"name": f"user{number}", "password": "wrong wrong wrong"}
            answer = await client.post("/sign-in", data=form)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0

    visiting(settings, work)


def test_a_session_ends_after_a_pause_and_what_comes_next_leads_back(settings):
    settings = settings.model_copy(update={"session_seconds": 0.2})
    store = filled(settings, 1)
    add_user(store, "ann", "biller")

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "ann")
        await asyncio.sleep(0.4)
        page = await client.get("/worklist", headers=HTML)
        assert page.headers["location"] == "/sign-in?next=/worklist&expired=1"
        again = await signed_in(client, "ann")
        await asyncio.sleep(0.4)
        asked = {"hx-request": "true", "hx-current-url": "http://127.0.0.1:8000/claims/abc"}
        part = await again.post("/claims/abc/undo", headers=asked)
        assert part.headers["hx-redirect"].startswith("/sign-in?next=/claims/abc")
        form = await client.get(page.headers["location"], headers=HTML)
        assert "signed out after a while" in form.text

    visiting(settings, work)
    store.close()


def test_forms_need_the_sessions_token_and_the_same_origin(settings):
    store = filled(settings, 1)
    add_user(store, "ann", "biller")
    token = store.draft_list.page(None, NONE, today=dt.date.today(), limit=1)[0].token

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "ann")
        page = await client.get(f"/claims/{token}", headers=HTML)
        good = csrf(page.text)
        for sent, headers, status in (
            ("", HTML, 403),
            ("x" * 43, HTML, 403),
            (good, {**HTML, "origin": "https://attacker.example"}, 403),
            (good, {**HTML, "sec-fetch-site": "cross-site"}, 403),
            (good, HTML, 200),  # the problem "nothing to take back" on the page itself
        ):
            form = {"csrf": sent, "revision": "0"}
            answer = await client.post(f"/claims/{token}/undo", data=form, headers=headers)
            assert answer.status_code == status, (sent, headers)

    visiting(settings, work)
    store.close()


def test_every_page_is_guarded_and_carries_the_headers(settings):
    store = filled(settings, 1)
    add_user(store, "ann", "administrator")
    store.close()

    async def work(client: httpx.AsyncClient) -> None:
        app = client.app  # type: ignore[attr-defined]
        tried = 0
        for method, path in app.state.pages:
            if method != "GET":
                continue
            answer = await client.get(path.replace("{", "").replace("}", ""), headers=HTML)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in")
            tried += 1
        assert tried >= 3
        await signed_in(client, "ann")
        page = await client.get("/worklist", headers=HTML)
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"

    visiting(settings, work)


def test_a_user_of_one_practice_does_not_see_anothers_claims(settings):
    store = filled(settings, 1)
    add_user(store, "own", "biller", practices=["1999999984:999999999"])
    add_user(store, "other", "biller", practices=["1000000000:000000000"])
    token = store.draft_list.page(None, NONE, today=dt.date.today(), limit=1)[0].token
    store.close()

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "other")
        page = await client.get(f"/claims/{token}", headers=HTML)
        assert page.status_code == 404
        assert "No claim waits here" in (await client.get("/worklist", headers=HTML)).text
        await signed_in(client, "own")
        assert (await client.get(f"/claims/{token}", headers=HTML)).status_code == 200

    visiting(settings, work)


def test_an_error_page_says_what_the_problem_details_say(settings):
    filled(settings, 1).close()

    async def work(client: httpx.AsyncClient) -> None:
        for path in ("/claims/nothing", "/nowhere"):
            page = await client.get(path, headers=HTML)
            assert page.status_code == 404
            assert "urn:firstpass:problem:not-found" in page.text
            assert page.headers["x-request-id"] in page.text
        plain = await client.get("/nowhere", headers={"accept": "application/json"})
        assert plain.json()["type"] == "urn:firstpass:problem:not-found"

    visiting(settings, work)


def test_a_key_opens_no_page_and_a_session_nothing_of_the_api(settings):
    store = filled(settings, 1)
    add_user(store, "ann", "administrator")
    store.close()
    bearer = key(settings, "administrator")

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.get("/worklist", headers={**HTML, **bearer})).status_code == 303
        await signed_in(client, "ann")
        assert (await client.get("/v1/models")).status_code == 401
        assert (await client.get("/v1/models", headers=bearer)).status_code == 200

    visiting(settings, work)


def test_the_first_user_ends_the_single_user_mode(settings):
    store = filled(settings, 1)

    async def work() -> None:
        async with site(settings) as client:
            assert (await client.get("/worklist", headers=HTML)).status_code == 200
            add_user(store, "ann", "biller")
            for _ in range(60):
                answer = await client.get("/worklist", headers=HTML)
                if answer.status_code == 303:
                    break
                await asyncio.sleep(0.1)
            assert answer.status_code == 303

    asyncio.run(work())
    store.close()


def test_passwords_are_long_and_kept_as_argon2_hashes():
    with pytest.raises(Exception, match="12 to 1024 characters"):
        hash_password("short")
    user = create_user("ann", "coder", password=PASSWORD)
    assert user.password.startswith("$argon2id$")
    with pytest.raises(Exception, match="role='nurse' is unknown"):
        create_user("ann", "nurse")
    with pytest.raises(Exception, match="is not allowed"):
        create_user("Ann Lee", "coder")
