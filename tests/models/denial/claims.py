"""Hand-made claims for the tests of features and scoring."""

import datetime as dt
from decimal import Decimal

from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.common import Reference

DAY = dt.date(2026, 3, 2)


def a_line(code: str = "99213", **changes: object) -> ServiceLine:
    """One service line of 2026-03-02."""
    fields: dict[str, object] = {
        "number": 1,
        "code": code,
        "charge": Decimal("120.00"),
        "pointers": (1,),
        "service_date": DAY,
    }
    return ServiceLine(**{**fields, **changes})  # type: ignore[arg-type]


def a_claim(claim_id: str = "A1", **changes: object) -> Claim:
    """A primary commercial claim with one visit, submitted four days later."""
    patient = Person("DOE", "JO", member_id="M1", birth_date=dt.date(1980, 5, 5), sex="F")
    fields: dict[str, object] = {
        "claim_id": claim_id,
        "charge": Decimal("120.00"),
        "submitted": DAY + dt.timedelta(days=4),
        "filing_indicator": "CI",
        "payer": Payer("SOME PLAN", "PI", "P1"),
        "subscriber": patient,
        "patient": patient,
        "billing": Provider("1234567893", tax_id="111111111"),
        "rendering": Provider("1234567893", "1"),
        "place_of_service": "11",
        "diagnoses": (Diagnosis("ABK", "M25561"),),
        "lines": (a_line(),),
    }
    return Claim(**{**fields, **changes})  # type: ignore[arg-type]


def authorized(claim_id: str = "A1", number: str = "AUTH123") -> Claim:
    """`a_claim` with a prior authorization number."""
    return a_claim(claim_id, references=(Reference("G1", number),))
