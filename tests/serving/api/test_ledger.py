"""The ledger and the figures over HTTP."""

from typing import Any

import httpx
import pytest

from serving.security import create_key
from serving.settings import Settings
from serving.store.store import open_store
from serving.store.working import work_in
from tests.models.history.x12_text import filed, remitted
from tests.serving.api.client import against
from tests.serving.store.ledgers import load_text

PAID = (
    "CLP*A1*1*140*60**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*20~CAS*PR*3*20~"
    "SVC*HC:85025*40*0~CAS*CO*197*40~"
)
FILES = (
    filed("A1", "20260105", "99213*100", "85025*40"),
    remitted("20260119", PAID, amount="60"),
    filed("B2", "20260105", "99212*50"),
    remitted("20260120", "CLP*B2*1*50*50**12*CN2~SVC*HC:99212*50*50~", amount="55"),
)


@pytest.fixture
def posted(settings: Settings) -> str:
    """The practice of a store with two answered claims, one of them held."""
    store = open_store(settings.state)
    practice = load_text(store.database, *FILES)
    work_in(store, practice)
    store.close()
    return practice


def key_of(settings: Settings, role: str, practice: str) -> dict[str, str]:
    """Headers of a new key."""
    made = create_key("test", role, practices=[practice], created_by="test")
    store = open_store(settings.state)
    store.keys.add(made.key)
    store.close()
    return {"authorization": f"Bearer {made.text}"}


def get(settings: Settings, path: str, **how: Any) -> Any:
    found: list[httpx.Response] = []

    async def work(client: httpx.AsyncClient) -> None:
        found.append(await client.get(path, **how))

    against(settings, work)
    return found[0]


def test_an_empty_ledger_answers(settings: Settings) -> None:
    assert get(settings, "/v1/ledger/balances").json() == {"balances": [], "stale": False}
    assert get(settings, "/v1/ledger/receivables").json()["receivables"] == []
    assert get(settings, "/v1/ledger/claims/A1").json()["entries"] == []
    assert get(settings, "/v1/kpis").json()["rows"] == []
    assert get(settings, "/v1/kpis/reasons").json()["reasons"] == []


def test_balances_receivables_claims_and_deposits(settings: Settings, posted: str) -> None:
    balances = get(settings, "/v1/ledger/balances").json()["balances"]
    assert sum(float(x["balance"]) for x in balances) == 0
    path = "/v1/ledger/receivables?as_of=2026-02-20&basis=service"
    owed = {x["account"]: x for x in get(settings, path).json()["receivables"]}
    assert float(owed["denied_receivable"]["buckets"]["31-60"]) == 40
    entries = get(settings, "/v1/ledger/claims/A1").json()["entries"]
    assert all(x["file"] and x["segment_number"] for x in entries)
    held = get(settings, "/v1/ledger/deposits?status=held").json()["deposits"]
    assert [float(x["difference"]) for x in held] == [-5]
    assert get(settings, "/v1/ledger/deposits?status=lost").status_code == 422


def test_a_biller_releases_and_others_may_not(settings: Settings, posted: str) -> None:
    biller = key_of(settings, "biller", posted)
    stranger = key_of(settings, "biller", "1:2")
    analyst = key_of(settings, "data_scientist", posted)

    async def work(client: httpx.AsyncClient) -> None:
        listed = await client.get("/v1/suspense", headers=biller)
        (item,) = listed.json()["items"]
        assert (await client.get("/v1/suspense", headers=stranger)).json()["items"] == []
        assert (await client.get("/v1/suspense", headers=analyst)).status_code == 403
        path, why = f"/v1/suspense/{item['key']}/release", {"reason": "confirmed"}
        assert (await client.post(path, json=why, headers=stranger)).status_code == 404
        assert (await client.post(path, json={"reason": " "}, headers=biller)).status_code == 422
        done = await client.post(path, json=why, headers=biller)
        assert (done.status_code, done.json()["status"]) == (200, "released")
        assert (await client.post(path, json=why, headers=biller)).status_code == 409
        claim = await client.get("/v1/ledger/claims/B2", headers=biller)
        assert float(claim.json()["services"][0]["paid_primary"]) == 50
        back = await client.post(f"/v1/suspense/{item['key']}/hold", json=why, headers=biller)
        assert back.json()["status"] == "held"

    against(settings, work)
    store = open_store(settings.state)
    with store.database.read() as connection:
        found = connection.exec_driver_sql("SELECT action FROM audit").all()
    actions = [x for (x,) in found]
    store.close()
    assert {"suspense.release", "suspense.hold"} <= set(actions)


def test_write_offs_payments_and_counter_entries(settings: Settings, posted: str) -> None:
    biller = key_of(settings, "biller", posted)
    manager = key_of(settings, "administrator", posted)
    order = {"claim_id": "A1", "line": 2, "kind": "denial", "reason": "no authorisation"}
    paid = {"claim_id": "A1", "line": 1, "amount": "20.00", "reference": "card"}

    async def work(client: httpx.AsyncClient) -> None:
        path = "/v1/ledger/write-offs"
        assert (await client.post(path, json=order, headers=biller)).status_code == 409
        done = await client.post(path, json=order, headers=manager)
        assert done.json()["debit"] == "denial_write_off"
        path = "/v1/ledger/patient-payments"
        done = await client.post(path, json=paid, headers=biller)
        assert done.status_code == 200, done.text
        wrong = await client.post(path, json={**paid, "amount": "1.234"}, headers=biller)
        assert wrong.status_code == 422
        missing = await client.post(path, json={**paid, "claim_id": "Z"}, headers=biller)
        assert missing.status_code == 404
        path = f"/v1/ledger/entries/{done.json()['id']}/counter"
        undone = await client.post(path, json={"reason": "bounced"}, headers=biller)
        assert undone.json()["reverses"] == done.json()["id"]

    against(settings, work)


def test_costs_that_lie_in_the_home_count_in_the_store(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTPASS_HOME", str(settings.home))
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "costs.csv").write_text("month,dollars\n2026-01,3\n", encoding="utf-8")
    store = open_store(settings.state, settings.database_url)
    work_in(store, load_text(store.database, *FILES))
    (row,) = store.kpis.figures(None, kpis=["cost_to_collect"])
    assert row.numerator == 3 and row.denominator > 0
    store.close()


def test_kpis_by_dimension(settings: Settings, posted: str) -> None:
    whole = get(settings, "/v1/kpis").json()
    rows = {x["kpi"]: x for x in whole["rows"]}
    rate = rows["initial_denial_rate"]
    assert (rate["numerator"], rate["denominator"], rate["value"]) == (1, 2, 0.5)
    assert {x["id"] for x in whole["kpis"]} >= set(rows)
    assert not whole["stale"]
    by = get(settings, "/v1/kpis?by=payer,month&kpis=initial_denial_rate").json()["rows"]
    assert by[0]["where"] == {"payer": "60054", "month": "2026-01"}
    assert get(settings, "/v1/kpis?by=moon").status_code == 422
    assert get(settings, "/v1/kpis?payer=other").json()["rows"] == []
    (reason,) = get(settings, "/v1/kpis/reasons").json()["reasons"]
    assert (reason["carc"], reason["claim_ids"]) == ("197", ["A1"])
    month = "since=2026-01&until=2026-01&payer=60054"
    (viewed,) = get(settings, f"/v1/kpis/reasons?{month}").json()["reasons"]
    assert viewed == {**reason, "claim_ids": []}
    assert get(settings, "/v1/kpis/reasons?payer=other").json()["reasons"] == []
    assert get(settings, "/v1/kpis/reasons?until=January").status_code == 422
