"""Patients' balances and claims without an answer over HTTP."""

from typing import Any

import httpx
import pytest

from serving.settings import Settings
from serving.store.store import open_store
from serving.store.working import work_in
from tests.models.history.x12_text import filed, remitted
from tests.serving.api.client import against
from tests.serving.api.test_ledger import get, key_of
from tests.serving.store.ledgers import load_text

PAID = "CLP*A1*1*100*40**12*CN1~SVC*HC:99213*100*40~CAS*PR*3*60~"
FILES = (
    filed("A1", "20260105", "99213*100"),
    remitted("20260119", PAID, amount="40"),
    filed("L1", "20251001", "99214*150", member="W2", born="19600101"),
)


@pytest.fixture
def owing(settings: Settings) -> str:
    """The practice of a store with one patient who owes, and one claim that is silent."""
    store = open_store(settings.state)
    practice = load_text(store.database, *FILES)
    work_in(store, practice)
    store.close()
    return practice


def session(settings: Settings, calls: list[tuple[str, Any]], headers: Any = None) -> list[Any]:
    """Answers to POSTs, one after the other."""
    found: list[Any] = []

    async def work(client: httpx.AsyncClient) -> None:
        for path, body in calls:
            found.append(await client.post(path, json=body, headers=headers))

    against(settings, work)
    return found


def account_of(settings: Settings) -> str:
    (row,) = get(settings, "/v1/balances?step=ready").json()["accounts"]
    return str(row["account"])


def test_an_empty_store_answers(settings: Settings) -> None:
    assert get(settings, "/v1/balances").json()["count"] == 0
    assert get(settings, "/v1/follow-up").json()["claims"] == []
    assert get(settings, "/v1/balances/none").status_code == 404
    assert get(settings, "/v1/balances?step=dun").status_code == 422


def test_the_worklists_and_an_account(settings: Settings, owing: str) -> None:
    token = account_of(settings)
    view = get(settings, f"/v1/balances/{token}").json()
    assert (view["owed"], view["step"], view["refused"]["statement"]) == ("60.00", "statement", [])
    late = get(settings, "/v1/follow-up").json()
    assert [(x["claim_id"], x["stage"]) for x in late["claims"]] == [("L1", "silent")]
    assert get(settings, "/v1/follow-up?stage=accepted").json()["claims"] == []
    path = f"/v1/follow-up/{late['claims'][0]['number']}/notes"
    noted, past = session(
        settings,
        [
            (path, {"note": "in process", "again": "2199-01-01"}),
            (path, {"note": "x", "again": "2020-01-01"}),
        ],
    )
    assert (noted.json()["heard"], past.status_code) == ("in process", 422)
    assert get(settings, "/v1/follow-up").json()["claims"] == []
    (found, missing) = session(
        settings, [("/v1/balances/find", {"claim_id": x}) for x in ("A1", "Z9")]
    )
    assert (found.json()["account"], missing.status_code) == (token, 404)


def test_a_letter_from_the_data_to_the_day_it_was_sent(settings: Settings, owing: str) -> None:
    base = f"/v1/balances/{account_of(settings)}"
    made, edited, open_, sent, early = session(
        settings,
        [
            (f"{base}/letters", {"kind": "statement"}),
            (f"{base}/letters/1", {"text": "Dear Jan, you owe $60.00. Please call us."}),
            (f"{base}/letters/2/sent", {"way": "mail"}),
            (f"{base}/letters/1/sent", {"way": "mail", "date": "2026-03-01"}),
            (f"{base}/letters", {"kind": "last_reminder"}),
        ],
    )
    assert (made.json()["version"], edited.json()["version"]) == (1, 2)
    assert open_.status_code == 404
    assert sent.json()["sent"] == "2026-03-01"
    assert early.status_code == 422
    assert "no reminder was sent before" in early.json()["errors"][0]["detail"]
    pdf = get(settings, f"{base}/letters/1/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert get(settings, f"{base}/letters/9/pdf").status_code == 404


def test_stops_plans_payments_and_write_offs(settings: Settings, owing: str) -> None:
    base = f"/v1/balances/{account_of(settings)}"
    answers = session(
        settings,
        [
            (f"{base}/stops", {"kind": "dispute", "reason": "paid already"}),
            (f"{base}/plans", {"instalments": 2, "reason": "asked"}),
            (f"{base}/stops/1/lift", {"reason": "answered"}),
            (f"{base}/plans", {"instalments": 2, "reason": "asked"}),
            (f"{base}/payments", {"amount": "30.00", "reference": "card"}),
            (f"{base}/plans/end", {"reason": "done"}),
            (f"{base}/write-off", {"reason": "small"}),
            (f"{base}/payments", {"amount": "1.00", "reference": "card"}),
            (f"{base}/notes", {"note": "called", "again": "2199-01-01"}),
            (f"{base}/stops", {"kind": "whim", "reason": "x"}),
            (f"{base}/payments", {"amount": "0.001", "reference": "card"}),
        ],
    )
    codes = [x.status_code for x in answers]
    assert codes == [200, 409, 200, 200, 200, 200, 200, 409, 200, 422, 422]
    assert [x["amount"] for x in answers[3].json()["plans"][0]["instalments"]] == ["30.00"] * 2
    assert answers[6].json()["entries"][0]["amount"] == "30.00"
    store = open_store(settings.state)
    found = [x.entry for x in store.audit.entries(limit=100)]
    store.close()
    log = {x.action: x for x in found if x.action.startswith("balance.")}
    assert {"balance.stopped.dispute", "balance.lifted", "balance.paid"} <= set(log)
    assert all("A1" not in str(x) and "DOE" not in str(x) for x in log.values())


def test_only_billers_of_the_practice_may(settings: Settings, owing: str) -> None:
    token = account_of(settings)
    stranger = key_of(settings, "biller", "1:2")
    coder = key_of(settings, "coder", owing)
    biller = key_of(settings, "biller", owing)
    path, order = f"/v1/balances/{token}/write-off", {"reason": "small"}
    assert get(settings, f"/v1/balances/{token}", headers=stranger).status_code == 404
    assert get(settings, "/v1/balances", headers=coder).status_code == 403
    assert session(settings, [(path, order)], stranger)[0].status_code == 404
    assert session(settings, [(path, order)], coder)[0].status_code == 403
    (refused,) = session(settings, [(path, order)], biller)
    assert refused.status_code == 409
    assert "these roles may write off 10" in refused.json()["detail"]
