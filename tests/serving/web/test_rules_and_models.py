"""Payer rules, models and administration as pages."""

import datetime as dt
import re
from pathlib import Path

import httpx
import msgspec
import pytest

from models import registry
from models.denial.drift import DriftFinding, MonitorReport, PayerDrift, write_monitor
from models.history.rules import PayerRule, decode_rule, encode_rule
from serving.registry_desk import (
    FILE,
    FOLDER,
    DescribedModel,
    DescribedMove,
    DescribedVersion,
    Description,
)
from serving.scoring.resolution import registry_fingerprint
from serving.store.rules import LearntRule
from serving.web.registry import RegistryPages
from tests.models.registry.conftest import register
from tests.serving.web.site import HTML, PASSWORD, add_user, csrf, filled, signed_in, visiting

__all__ = ["register"]
ROOT = Path(__file__).resolve().parents[3]
PRACTICE = "1999999984:999999999"


def rule(**changes) -> PayerRule:
    given = {
        "practice": PRACTICE,
        "payer": "60054",
        "payer_name": "UNITED CHOICE",
        "payers": ("60054",),
        "kind": "authorization",
        "codes": ("73721",),
        "carc": "197",
        "category": "authorization",
        "denied": 41,
        "answered": 44,
        "confidence": 0.93,
        "low": 0.82,
        "high": 0.98,
        "control_denied": 1,
        "control_answered": 60,
        "first_seen": "2025-11",
        "last_seen": "2026-02",
    }
    return PayerRule(**{**given, **changes})


def with_rule(settings):
    """A store with one learnt rule and its evidence; the rule's number."""
    store = filled(settings, 2)
    found = rule()
    evidence = [
        {"claim_id": f"C{i}", "number": 1, "submitted": f"2026-0{1 + i % 2}-03", "denied": i < 8}
        for i in range(10)
    ]
    learnt = LearntRule(found.key, found.payer, encode_rule(found), msgspec.json.encode(evidence))
    store.rules.learn(PRACTICE, [learnt])
    return store, store.rules.list(None)[0].id


def test_a_rule_is_shown_with_its_evidence_accepted_edited_and_dismissed(settings):
    store, number = with_rule(settings)

    async def work(client: httpx.AsyncClient) -> None:
        page = (await client.get("/rules", headers=HTML)).text
        assert "UNITED CHOICE denies 73721 without an authorization number" in page
        assert "1 of 60 otherwise" in page
        page = (await client.get(f"/rules/{number}", headers=HTML)).text
        assert "41 of 44" in page and "<svg" in page and "2026-02" in page
        form = {"csrf": csrf(page), "revision": "0"}
        path = f"/rules/{number}"
        refused = await client.post(path, data={**form, "status": "dismissed"}, headers=HTML)
        assert "say why" in refused.text
        done = await client.post(path, data={**form, "status": "accepted"}, headers=HTML)
        assert done.status_code == 303
        assert store.rules.get(number).status == "accepted"
        late = {**form, "status": "dismissed", "reason": "no"}
        conflict = await client.post(path, data=late, headers=HTML)
        assert "somebody else decided" in conflict.text
        edit = {
            "status": "edited",
            "reason": "two more",
            "severity": "error",
            "codes": "73721, 73718",
            "advice": "Call first",
            "csrf": form["csrf"],
            "revision": "1",
        }
        await client.post(path, data=edit, headers=HTML)
        kept = store.rules.get(number)
        changed = decode_rule(kept.content)
        assert (kept.status, changed.severity) == ("edited", "error")
        assert (changed.codes, changed.advice) == (("73721", "73718"), "Call first")
        wrong = {**edit, "revision": "2", "codes": "nonsense"}
        assert "five letters or digits" in (await client.post(path, data=wrong, headers=HTML)).text
        assert (await client.get("/rules/99999", headers=HTML)).status_code == 404

    visiting(settings, work)
    assert store.audit.entries(action="rule.")[0].entry.record == f"rule:{number}"
    store.close()


def described(**more):
    given = {
        "version": 1,
        "created": "2026-03-01T10:00:00+00:00",
        "aliases": (),
        "tags": {},
        "headline": {"auc": 0.8},
        "params": {"trees": "300"},
        "metrics": {},
        "plots": (),
        "reports": {},
    }
    return DescribedVersion(**{**given, **more})


CARD = (
    '{"model": "denial", "attributes": [{"id": "output", "group": "Details", "source": "software",'
    ' "question": "What?", "value": "likely denials"}, {"id": "funding", "group": "Details",'
    ' "source": "owner", "question": "Who paid?", "value": ""}], "subgroups": []}'
)


def drift():
    """A report of the weekly watch with one finding."""
    day = dt.date(2026, 3, 2)
    found = DriftFinding(
        "denials_started", "P", "P has begun to deny for 73721", 5.0, 0.4, 9, 1e-6,
        "authorization", "73721", day, ("A17",),
    )  # fmt: skip
    return MonitorReport(
        "denial", "1", dt.datetime(2026, 3, 30, tzinfo=dt.UTC), day, day, 99, 12,
        (found,), (PayerDrift("P", 99, 5, 0.4, 0.1, 0.1),),
    )  # fmt: skip


def describe(settings):
    """A description of two versions with a plot each."""
    folder = settings.state / FOLDER
    for version in ("1", "2"):
        (folder / "denial" / version).mkdir(parents=True)
        (folder / "denial" / version / "ranking.png").write_bytes(b"\x89PNG" + version.encode())
    newer = described(
        version=2,
        headline={"auc": 0.9},
        params={"trees": "400"},
        plots=("ranking.png",),
        reports={"card.json": CARD},
    )
    older = described(aliases=("champion",), plots=("ranking.png",))
    move = DescribedMove("2026-03-01T10:00:00+00:00", "promote", 1, None, "Ann: first")
    found = Description("x", (DescribedModel("denial", (newer, older), (move,)),))
    (folder / FILE).write_bytes(msgspec.json.encode(found))


def test_versions_stand_side_by_side_and_only_their_own_plots_are_served(settings):
    store = filled(settings, 1)
    describe(settings)
    add_user(store, "ann", "data_scientist")
    add_user(store, "bob", "coder")

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "ann")
        page = (await client.get("/models/denial?this=2&other=1", headers=HTML)).text
        assert "/models/denial/2/ranking.png" in page and "/models/denial/1/ranking.png" in page
        assert re.search(r"auc</td><td class=\"num\">0.9</td><td class=\"num\">0.8", page)
        assert "≠" in page and "likely denials" in page and "Ann: first" in page
        assert "1 missing" in page and "Nobody has looked yet" in page
        write_monitor(drift(), settings.home)
        moved = (await client.get("/models/denial", headers=HTML)).text
        assert "P has begun to deny for 73721" in moved and "A17" in moved
        plot = await client.get("/models/denial/2/ranking.png")
        assert plot.content == b"\x89PNG2"
        for path in ("/models/denial/2/other.png", "/models/denial/9/ranking.png"):
            assert (await client.get(path, headers=HTML)).status_code == 404
        assert (await client.get("/models/nothing", headers=HTML)).status_code == 404
        form = {"csrf": csrf(page), "version": "2", "reason": ""}
        refused = await client.post("/models/denial/promote", data=form, headers=HTML)
        assert "say why" in refused.text
        none = await client.post(
            "/models/denial/promote", data={**form, "reason": "better"}, headers=HTML
        )
        assert "there is no model store" in none.text  # what the registry says reaches the page
        await signed_in(client, "bob")
        assert (await client.get("/models", headers=HTML)).status_code == 403

    visiting(settings, work)
    store.close()


@pytest.mark.slow
def test_promotion_and_rollback_move_the_champion_with_the_reason(register, tmp_path, monkeypatch):
    # the child that promotes loads the version, and the version's class is the tests' own
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    register("paged")
    register("paged")
    pages = RegistryPages(tmp_path)
    assert pages.promote("paged", 1, "Ann: first") == "version 1 of paged is the champion"
    pages.promote("paged", 2, "Ann: better")
    assert registry.find("paged").version == 2
    assert pages.rollback("paged", "Ann: worse after all").startswith("version 1 of paged")
    (model,) = [x for x in pages.description().models if x.name == "paged"]
    assert [x.reason for x in model.moves] == ["Ann: worse after all", "Ann: better", "Ann: first"]
    assert model.versions[0].headline == {"roc_auc": 0.9}
    with pytest.raises(Exception, match="no predecessor"):
        pages.rollback("paged", "again")
    assert pages.description().fingerprint == registry_fingerprint()


def test_users_are_made_and_locked_out_by_an_administrator_but_not_oneself(settings):
    store = filled(settings, 1)
    add_user(store, "root", "administrator")

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "root")
        page = (await client.get("/administration", headers=HTML)).text
        form = {"csrf": csrf(page), "name": "bea@example.org", "role": "coder"}
        made = await client.post("/administration/users", data=form, headers=HTML)
        password = re.search(r"shown once: <code>([^<]+)</code>", made.text)
        assert password
        assert store.users.check_password("bea@example.org", password[1]).role == "coder"
        twice = await client.post("/administration/users", data=form, headers=HTML)
        assert "is taken" in twice.text
        bea = store.users.find("bea@example.org")
        act = {"csrf": form["csrf"], "action": "role", "role": "biller"}
        await client.post(f"/administration/users/{bea.id}", data=act, headers=HTML)
        assert store.users.by_id(bea.id).role == "biller"
        await client.post(
            f"/administration/users/{bea.id}", data={**act, "action": "disable"}, headers=HTML
        )
        assert store.users.by_id(bea.id).status() == "disabled"
        own = store.users.find("root")
        refused = await client.post(
            f"/administration/users/{own.id}", data={**act, "action": "disable"}, headers=HTML
        )
        assert "another administrator" in refused.text
        assert store.users.check_password("root", PASSWORD).status() == "active"

    visiting(settings, work)
    store.close()


def test_keys_are_made_and_revoked_and_the_log_is_searched_and_verified(settings):
    store = filled(settings, 1)
    add_user(store, "root", "administrator")

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "root")
        page = (await client.get("/administration/keys", headers=HTML)).text
        token = csrf(page)
        form = {"csrf": token, "name": "our system", "role": "scoring_system", "days": "30"}
        made = await client.post("/administration/keys", data=form, headers=HTML)
        assert re.search(r"shown once: <code>fp_[0-9a-f]{12}_", made.text)
        key = store.keys.all()[0]
        await client.post(
            f"/administration/keys/{key.id}/revoke", data={"csrf": token}, headers=HTML
        )
        assert store.keys.all()[0].status() == "revoked"
        log = (await client.get("/administration/audit?action=key.", headers=HTML)).text
        assert "key.revoke" in log and "session.begin" not in log
        verified = await client.post(
            "/administration/audit/verify", data={"csrf": token}, headers=HTML
        )
        assert "entries hold" in verified.text
        wrong = {"csrf": token, "head": "nonsense"}
        answer = await client.post("/administration/audit/verify", data=wrong, headers=HTML)
        assert "64 hexadecimal digits" in answer.text
        tables = (await client.get("/administration/tables", headers=HTML)).text
        assert "ICD-10-CM" in tables and "Edits that keep silent" in tables

    visiting(settings, work)
    store.close()
