"""Our 835 reading against oxedi's on the same bytes: real files and written ones."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import oxedi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.claims.balance import balance_problems
from models.claims.remittance import Payment
from models.claims.x12 import read_x12
from models.errors import Problem
from tests.models.claims.x12.remittances import bytes_835, full_payment, payment, remittance
from tests.models.claims.x12.test_remittance_properties import payments

REAL = Path(__file__).parents[5] / "shared" / "data" / "x12"
REAL_FILES = sorted(REAL.glob("*.835"))


def text(value: bytes | None) -> str:
    return (value or b"").decode()


def ours(data: bytes) -> list[dict[str, Any]]:
    """Payments with claims, services and adjustments, as plain values."""
    return [
        {
            "amount": p.amount,
            "trace": p.trace,
            "payer": p.payer_name,
            "payee": p.payee_name,
            "production": p.production_date,
            "plb": [(a.reason, a.reference, a.amount) for a in p.provider_adjustments],
            "claims": [
                {
                    "id": c.claim_id,
                    "status": c.status,
                    "charge": c.charge,
                    "paid": c.paid,
                    "owed": c.patient_responsibility,
                    "icn": c.payer_control_number,
                    "patient": (c.patient_last_name, c.patient_first_name, c.member_id),
                    "from": c.date("232"),
                    "adjustments": [(a.group, a.carc, a.amount, a.quantity) for a in c.adjustments],
                    "services": [
                        {
                            "charge": x.charge,
                            "paid": x.paid,
                            # oxedi has no column for the first day of a range (DTM*150).
                            "date": None if x.service_date_end else x.service_date,
                            "allowed": x.allowed,
                            "control": x.control_number,
                            "adjustments": [
                                (a.group, a.carc, a.amount, a.quantity) for a in x.adjustments
                            ],
                        }
                        for x in c.lines
                    ],
                }
                for c in p.remittances
            ],
        }
        for p in read_x12(data)
        if isinstance(p, Payment)
    ]


def theirs(data: bytes) -> list[dict[str, Any]]:
    """The same from oxedi's tables."""
    found = oxedi.parse(data).tables
    tables = {n: found[n].to_pandas() for n in found}
    rows = {
        n: t.astype(object).where(t.notna(), None).to_dict("records") for n, t in tables.items()
    }
    by_claim: defaultdict[int, list[Any]] = defaultdict(list)
    by_service: defaultdict[int, list[Any]] = defaultdict(list)
    for a in rows["adjustments"]:
        entry = (text(a["group_code"]), text(a["reason_code"]), a["amount"], a["quantity"])
        target = by_claim[a["claim"]] if a["service"] is None else by_service[a["service"]]
        target.append(entry)
    services = defaultdict(list)
    for s in rows["services"]:
        services[s["claim"]].append(
            {
                "charge": s["charge_amount"],
                "paid": s["payment_amount"],
                "date": s["service_date"],
                "allowed": s["allowed_amount"],
                "control": text(s["line_item_control_number"]),
                "adjustments": by_service[s["row"]],
            }
        )
    claims = defaultdict(list)
    for c in rows["claims"]:
        names = ("patient_last_name", "patient_first_name", "patient_id")
        claims[c["payment"]].append(
            {
                "id": text(c["claim_id"]),
                "status": text(c["claim_status"]),
                "charge": c["charge_amount"],
                "paid": c["payment_amount"],
                "owed": c["patient_responsibility"] or Decimal(0),
                "icn": text(c["payer_control_number"]),
                "patient": tuple(text(c[n]) for n in names),
                "from": c["statement_from"],
                "adjustments": by_claim[c["row"]],
                "services": services[c["row"]],
            }
        )
    return [
        {
            "amount": p["total_payment_amount"],
            "trace": text(p["trace_number"]),
            "payer": text(p["payer_name"]),
            "payee": text(p["payee_name"]),
            "production": p["production_date"],
            "plb": [
                (text(a["reason_code"]), text(a["reference_id"]), a["amount"])
                for a in rows["provider_adjustments"]
                if a["payment"] == p["row"]
            ],
            "claims": claims[p["row"]],
        }
        for p in rows["payments"]
    ]


@pytest.mark.skipif(not REAL_FILES, reason="the real example files are not here")
@pytest.mark.parametrize("file", REAL_FILES, ids=lambda f: f.name[-30:])
def test_real_files_agree(file):
    data = file.read_bytes()
    assert ours(data) == theirs(data)


def test_written_files_agree():
    data = bytes_835(
        full_payment(), payment(), payment(remittances=(remittance(), remittance(lines=())))
    )
    assert ours(data) == theirs(data)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(payments, min_size=1, max_size=2))
def test_made_up_files_agree(records):
    data = bytes_835(*records)
    assert ours(data) == theirs(data)


# What these senders did wrong: the payment date in BPR15 or impossible, another component
# separator than the ISA's, a service composite that was torn apart.
TOLD = {
    "demo": [],
    "cob-contractural-adjustment": ["835.date", "835.component"],
    "managed-care": ["835.date"],
    "secondary-payment": ["835.date", "835.component"],
    "tertiary-payment": ["835.date", "835.code"],
}


@pytest.mark.skipif(not REAL_FILES, reason="the real example files are not here")
def test_real_files_are_read_whole_and_their_faults_told():
    told, unbalanced = {}, {}
    for file in REAL_FILES:
        items = list(read_x12(file))
        (found,) = [x for x in items if isinstance(x, Payment)]
        name = file.stem.split("__")[-1]
        told[name] = [x.code for x in items if isinstance(x, Problem)]
        if problems := balance_problems(found):
            unbalanced[name] = [x.code for x in problems]
    assert told == TOLD
    assert unbalanced == {"tertiary-payment": ["balance.line", "balance.services"]}
