"""Hand-made claims and their answers, for the tests of payer rules."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.common import Adjustment, Reference
from models.claims.remittance import Payment, Remittance, RemittanceLine
from models.history import ClaimHistory, build_history

BEGIN = dt.date(2025, 9, 1)
CHARGE = Decimal(100)
AUTHORIZED = (Reference("G1", "AUTH1234"),)


def line(code: str = "73721", **changes: Any) -> ServiceLine:
    fields: dict[str, Any] = {"charge": CHARGE, "pointers": (1,), "service_date": BEGIN}
    return ServiceLine(changes.pop("number", 1), code, **(fields | changes))


def claim(number: int, day: int = 0, *, code: str = "73721", **changes: Any) -> Claim:
    """A claim of one line on its own patient, served ``day`` days after `BEGIN`."""
    served = BEGIN + dt.timedelta(day)
    person = Person("DOE", f"P{number}", member_id=f"M{number}", sex="F")
    fields: dict[str, Any] = {
        "submitted": served + dt.timedelta(3),
        "filing_indicator": "CI",
        "payer": Payer("UNITED CHOICE", "PI", "87726"),
        "subscriber": person,
        "patient": person,
        "billing": Provider("1234567893", "2", "CLINIC", tax_id="123456789"),
        "rendering": Provider("1003000126", "1", "ROE"),
        "place_of_service": "11",
        "diagnoses": (Diagnosis("ABK", "M25561"),),
        "lines": (line(code, service_date=served),),
    }
    fields |= changes
    return Claim(
        f"CLAIM{number:05}", sum((x.charge for x in fields["lines"]), Decimal(0)), **fields
    )


def answer(filed: Claim, carc: str = "", rarc: str = "") -> Payment:
    """A payment thirty days later that pays every line, or denies them with ``carc``."""
    lines = tuple(
        RemittanceLine(
            x.code,
            x.charge,
            Decimal(0) if carc else x.charge,
            modifiers=x.modifiers,
            service_date=x.service_date,
            adjustments=(Adjustment("CO", carc, x.charge),) if carc else (),
            remark_codes=(rarc,) if rarc else (),
        )
        for x in filed.lines
    )
    paid = sum((x.paid for x in lines), Decimal(0))
    remittance = Remittance(filed.claim_id, "1", filed.charge, paid, lines=lines)
    return Payment(
        paid,
        filed.submitted + dt.timedelta(30),
        trace=f"T{filed.claim_id}",
        originator="1123456789",
        payer_name="UNITED CHOICE",
        payee_npi=filed.billing.npi,
        remittances=(remittance,),
    )


def history(answered: Iterable[tuple[Claim, str, str]]) -> ClaimHistory:
    """A history of claims, each with the CARC and RARC that denied it (``""``: paid)."""
    items: list[Any] = []
    for filed, carc, rarc in answered:
        items += [filed, answer(filed, carc, rarc)]
    return build_history(items)


def authorization_history(denied: int = 41, of: int = 44) -> ClaimHistory:
    """73721 without an authorization number is denied; with one, and other codes, it is paid."""
    answered = []
    for number in range(of):
        day = number * 5
        carc = "197" if number >= of - denied else ""
        answered.append((claim(number, day), carc, ""))
        answered.append((claim(1000 + number, day, references=AUTHORIZED), "", ""))
        answered.append((claim(2000 + number, day, code="99213"), "", ""))
    return history(answered)
