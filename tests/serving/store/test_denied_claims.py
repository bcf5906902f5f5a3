"""The claims behind a reason of denials."""

import datetime as dt
from decimal import Decimal

from serving.store.denied_claims import DeniedClaims
from serving.store.outcomes import Outcomes
from tests.models.history.x12_text import filed, remitted
from tests.serving.store.ledgers import load_text

DENIED = (
    "CLP*{0}*1*140*60**12*C{0}~SVC*HC:99213*100*60~CAS*CO*45*40~SVC*HC:85025*{1}*0~CAS*CO*197*{1}~"
)


def test_claims_denied_for_a_reason_the_costliest_first(database):
    key = load_text(
        database,
        filed("A1", "20260105", "99213*100", "85025*40"),
        filed("A2", "20260205", "99213*80", "85025*60"),
        remitted("20260119", DENIED.format("A1", 40), amount="60"),
        remitted("20260219", DENIED.replace("99213*100", "99213*80").replace("45*40", "45*20").format("A2", 60), amount="60"),  # noqa: E501
    )  # fmt: skip
    Outcomes(database).refresh(key)
    claims = DeniedClaims(database)
    found = claims.denied_for([key], "197", "authorization")
    assert [(x.claim_id, x.denied_charge) for x in found] == [
        ("A2", Decimal(60)), ("A1", Decimal(40)),
    ]  # fmt: skip
    assert found[1].answered == dt.date(2026, 1, 19)
    month = claims.denied_for(None, "197", "authorization", since="2026-01", until="2026-01")
    assert [x.claim_id for x in month] == ["A1"]
    assert len(claims.denied_for([key], "197", "authorization", limit=1)) == 1
    for other in (("16", "authorization"), ("197", "eligibility")):
        assert claims.denied_for([key], *other) == []
    assert claims.denied_for(["1:2"], "197", "authorization") == []
    assert claims.denied_for(None, "197", "authorization", payer="nobody") == []
