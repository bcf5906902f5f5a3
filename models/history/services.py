"""A patient's services on other claims, as edits and payer rules look at them."""

import datetime as dt
from decimal import Decimal

import msgspec

from models.claims.claim import Claim


class EarlierService(msgspec.Struct, frozen=True, gc=False):
    """One service of the same patient on another claim.

    ``group`` is the billing provider's NPI, ``provider`` the rendering provider's (the billing
    one's where none is named). ``outcome``: ``paid``, ``denied``, ``rejected``, or ``""`` while
    it is not known.
    """

    claim_id: str
    date: dt.date
    code: str
    modifiers: tuple[str, ...] = ()
    units: Decimal = Decimal(1)
    provider: str = ""
    group: str = ""
    taxonomy: str = ""
    responsibility: str = "P"
    outcome: str = ""


def services_of(claim: Claim, outcome: str = "") -> tuple[EarlierService, ...]:
    """A claim's dated lines as other claims of the patient see them."""
    return tuple(
        EarlierService(
            claim.claim_id,
            line.service_date,
            line.code,
            line.modifiers,
            line.units,
            ((line.rendering or claim.rendering) or claim.billing).npi,
            claim.billing.npi,
            ((line.rendering or claim.rendering) or claim.billing).taxonomy,
            claim.responsibility,
            outcome,
        )
        for line in claim.lines
        if line.service_date is not None
    )
