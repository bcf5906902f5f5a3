"""Performance: tiles, one figure told apart, reasons down to the claims, downloads."""

import csv
import io
import re

import httpx
import pyarrow.parquet as pq
import pytest
from markupsafe import escape
from pypdf import PdfReader

from models.revenue.kpis import load_kpis
from serving.settings import Settings
from tests.serving.web.posted import post_practice
from tests.serving.web.site import HTML, add_user, filled, signed_in, visiting


def test_the_dashboard_shows_every_figure_with_what_it_is_made_of(settings: Settings) -> None:
    store = filled(settings, 1)

    async def work(client: httpx.AsyncClient) -> None:
        empty = (await client.get("/performance", headers=HTML)).text
        assert "No figures yet" in empty
        practice = post_practice(store)
        page = (await client.get("/performance", headers=HTML)).text
        for kpi in load_kpis().values():
            assert f"/performance/{kpi.id}" in page and str(escape(kpi.formula)) in page
        whole = {x.kpi: x for x in store.kpis.figures([practice])}
        rate = whole["initial_denial_rate"]
        assert f"{rate.numerator:,.0f} / {rate.denominator:,.0f}" in page
        assert "at least 95 %" in page and "<svg" in page
        one = (await client.get("/performance/initial_denial_rate", headers=HTML)).text
        assert "first adjudications with a denied line" in one
        for dimension in ("payer", "provider", "location", "specialty"):
            assert f"By {dimension}" in one
        payer = re.search(r"payer=([^\"&]+)\"", one)
        assert payer is not None
        path = f"/performance/initial_denial_rate?payer={payer[1]}&since=2026-01"
        some = (await client.get(path, headers=HTML)).text
        assert "By payer" not in some and "clear filters" in some
        assert (await client.get("/performance/joy", headers=HTML)).status_code == 404

    visiting(settings, work)
    store.close()


def test_a_reason_leads_to_its_claims(settings: Settings) -> None:
    store = filled(settings, 1)
    practice = post_practice(store)
    add_user(store, "bea", "biller")
    add_user(store, "eve", "biller", practices=["1:2"])
    add_user(store, "cod", "coder")
    reasons = store.kpis.reasons([practice])
    assert reasons[0].cumulative == pytest.approx(reasons[0].share)
    assert reasons[-1].cumulative == pytest.approx(1.0)
    detail, _ = store.kpis.detail([practice])
    assert [(x.carc, x.lines) for x in reasons] == [(x.carc, x.lines) for x in detail.reasons]
    first = reasons[0]

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "cod")
        assert (await client.get("/performance", headers=HTML)).status_code == 403
        await signed_in(client, "bea")
        path = f"/performance/reasons/{first.carc}/{first.category}"
        page = (await client.get(path, headers=HTML)).text
        kept = next(x for x in detail.reasons if x.carc == first.carc)
        found = re.findall(r"/claims/filed/(\d+)", page)
        assert 0 < len(found) <= kept.claims + 5
        assert (await client.get(f"/claims/filed/{found[0]}", headers=HTML)).status_code == 200
        none = (await client.get(f"{path}?since=2031-01", headers=HTML)).text
        assert "No claim was denied for it in this view" in none
        assert (await client.get("/performance/reasons/0/other", headers=HTML)).status_code == 404
        await signed_in(client, "eve")
        assert (await client.get(path, headers=HTML)).status_code == 404

    visiting(settings, work)
    store.close()


def test_figures_are_downloaded_in_each_form(settings: Settings) -> None:
    store = filled(settings, 1)
    practice = post_practice(store)
    rate = next(
        x for x in store.kpis.figures([practice], kpis=["initial_denial_rate"])
    )  # fmt: skip

    async def work(client: httpx.AsyncClient) -> None:
        async def get(name: str) -> bytes:
            answer = await client.get(f"/performance/report/{name}")
            assert answer.status_code == 200 and name in answer.headers["content-disposition"]
            return answer.content

        rows = list(csv.DictReader(io.StringIO((await get("kpis.csv")).decode())))
        own = next(x for x in rows if x["kpi"] == "initial_denial_rate" and not x["month"])
        assert float(own["numerator"]) == rate.numerator
        table = pq.read_table(io.BytesIO(await get("kpis.parquet")))
        assert table.num_rows == len(rows)
        assert b"initial_denial_rate" in await get("kpis.json")
        assert (await get("denial_reasons.csv")).startswith(b"carc,")
        text = "".join(
            x.extract_text() for x in PdfReader(io.BytesIO(await get("report.pdf"))).pages
        )
        assert "Revenue cycle report" in text and "Trends" in text and "Payers" in text
        assert (await client.get("/performance/report/other", headers=HTML)).status_code == 404

    visiting(settings, work)
    store.close()
