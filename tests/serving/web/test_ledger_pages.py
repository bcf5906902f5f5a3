"""The ledger's pages: a claim's postings and their undoing, deposits, the suspense queue."""

import asyncio
import datetime as dt
import re

import httpx

from serving.settings import Settings
from serving.store.working import work_in
from tests.serving.api.test_ledger import FILES
from tests.serving.store.ledgers import load_text
from tests.serving.web.site import HTML, add_user, csrf, filled, signed_in, visiting


def test_a_claims_postings_name_file_and_segment_and_are_undone(settings: Settings) -> None:
    store = filled(settings, 0)

    async def work(client: httpx.AsyncClient) -> None:
        assert "Nothing is posted yet" in (await client.get("/ledger", headers=HTML)).text
        practice = load_text(store.database, *FILES)
        work_in(store, practice)
        add_user(store, "bea", "biller")
        add_user(store, "dan", "data_scientist")
        await signed_in(client, "dan")
        for _ in range(200):  # users made behind its back end the single-user mode at a look
            refused = await client.get("/ledger", headers=HTML)
            if refused.status_code == 403:
                break
            await asyncio.sleep(0.05)
        assert refused.status_code == 403
        await signed_in(client, "bea")
        page = (await client.get("/ledger", headers=HTML)).text
        assert "denied receivable" in page and "all together" in page
        assert re.search(r"all together</b></td><td class=\"num\"><b>0.00", page)
        found = await client.get("/ledger?claim=A1", headers=HTML)
        assert found.headers["location"] == "/ledger/claims/A1"
        page = (await client.get("/ledger/claims/A1", headers=HTML)).text
        entries = store.ledger_reports.claim([practice], "A1").entries
        for x in entries:
            assert f"{x.file}, segment {x.segment_number}" in page
        first = entries[0].id
        form = {"csrf": csrf(page), "claim": "A1"}
        path = f"/ledger/entries/{first}/counter"
        assert "a reason is needed" in (await client.post(path, data=form, headers=HTML)).text
        done = await client.post(path, data={**form, "reason": "wrong claim"}, headers=HTML)
        assert done.status_code == 303
        page = (await client.get("/ledger/claims/A1", headers=HTML)).text
        assert "undone" in page and f"undoes {first}" in page and "wrong claim" in page
        again = await client.post(path, data={**form, "reason": "again"}, headers=HTML)
        assert "has been countered already" in again.text
        none = (await client.get("/ledger/claims/ZZ", headers=HTML)).text
        assert "No claim of this number is posted" in none

    visiting(settings, work)
    assert {x.entry.action for x in store.audit.entries(action="ledger.")} == {"ledger.countered"}
    store.close()


def test_receivables_by_payer_and_age(settings: Settings) -> None:
    store = filled(settings, 0)

    async def work(client: httpx.AsyncClient) -> None:
        assert "Nothing is open" in (await client.get("/ledger/receivables", headers=HTML)).text
        practice = load_text(store.database, *FILES)
        work_in(store, practice)
        page = (await client.get("/ledger/receivables", headers=HTML)).text
        assert "the last day of the files" in page and "denied, still open" in page
        (owed,) = {
            re.search(r"together</b>.*?<b>([0-9.,]+)</b>", page, re.S)[1]  # type: ignore[index]
        }
        kept = store.ledger_reports.receivables([practice], as_of=dt.date(2026, 3, 1))
        assert owed == f"{sum(x.total for x in kept):,.2f}"
        old = await client.get("/ledger/receivables?basis=service&as_of=2027-01-01", headers=HTML)
        assert "100.0 %" in old.text and "the last day of the files" not in old.text
        odd = await client.get("/ledger/receivables?basis=moon&as_of=soon", headers=HTML)
        assert odd.status_code == 200 and "the last day of the files" in odd.text

    visiting(settings, work)
    store.close()


def test_deposits_and_the_suspense_queue(settings: Settings) -> None:
    store = filled(settings, 0)
    practice = load_text(store.database, *FILES)
    work_in(store, practice)

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get("/ledger/deposits", headers=HTML)).text
        assert "✓ reconciled" in page and "! held" in page and "-5.00" in page
        some = (await client.get("/ledger/deposits?status=held", headers=HTML)).text
        assert "✓ reconciled" not in some
        none = (await client.get("/ledger/deposits?trace=nothing", headers=HTML)).text
        assert "No check or transfer fits" in none
        page = (await client.get("/ledger/suspense", headers=HTML)).text
        key = re.search(r"/ledger/suspense/([0-9a-f]+)/release", page)
        assert key is not None
        form = {"csrf": csrf(page), "reason": "the payer confirmed"}
        path = f"/ledger/suspense/{key[1]}"
        wrong = await client.post(f"{path}/lose", data=form, headers=HTML)
        assert wrong.status_code == 404
        bare = await client.post(f"{path}/release", data={**form, "reason": " "}, headers=HTML)
        assert "a reason is needed" in bare.text
        await client.post(f"{path}/release", data=form, headers=HTML)
        work_in(store, practice)
        page = (await client.get("/ledger/suspense?status=released", headers=HTML)).text
        assert "the payer confirmed" in page and "hold it again" in page
        await client.post(f"{path}/hold", data=form, headers=HTML)
        work_in(store, practice)
        again = (await client.get("/ledger/suspense", headers=HTML)).text
        assert "post it as it stands" in again

    visiting(settings, work)
    store.close()
