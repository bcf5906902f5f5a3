"""Claims that go out after an answer: corrected by the payer's route, or to the next payer.

A draft repeats what was sent; what a person corrected is given as ``changes``. Nothing is sent.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from models.claims.claim import Claim, LineAdjudication, OtherPayer, Person
from models.claims.common import ZERO, Adjustment, Amount, Reference, Source
from models.errors import InputError
from models.history.lines import match_lines
from models.history.outcomes import Adjudication, Submission
from models.revenue.routes import Route

_FREQUENCIES = {Route.NEW_CLAIM: "1", Route.REPLACEMENT: "7", Route.VOID: "8"}


def corrected_claim(
    submission: Submission,
    route: Route,
    *,
    today: dt.date,
    lines: Sequence[int] = (),
    changes: Mapping[str, Any] | None = None,
) -> Claim:
    """The claim as it goes out again by ``route``.

    A replacement or void names the payer's latest number (REF*F8 = CLP07); a new claim names
    none and keeps only ``lines`` (indices; none: all). ``changes`` maps JSON pointers into the
    claim (``/lines/0/modifiers``) to values.

    Raises:
        InputError: the route is no claim, the payer's number is not known, or a change does not
            fit the claim.
    """
    if route not in _FREQUENCIES:
        raise InputError(f"a {route.value} goes by letter, not as a claim")
    claim = changed(submission.claim, changes or {})
    references = tuple(r for r in claim.references if r.qualifier != "F8")
    if route is not Route.NEW_CLAIM:
        number = latest_control_number(submission)
        if not number:
            raise InputError(
                f"claim {claim.claim_id}: no remittance names the payer's claim number (CLP07),"
                f" without which it takes no {route.value}: ask the payer for it"
            )
        references = (*references, Reference("F8", number))
    elif lines:
        kept = tuple(claim.lines[i] for i in lines)
        claim = msgspec.structs.replace(claim, lines=kept)
    charge = sum((x.charge for x in claim.lines), ZERO)
    return msgspec.structs.replace(
        claim,
        frequency=_FREQUENCIES[route],
        references=references,
        submitted=today,
        charge=charge,
        source=Source(),
    )


def latest_control_number(submission: Submission) -> str:
    """CLP07 of the latest remittance that has one."""
    numbers = [r.payer_control_number for _, r in submission.answers if r.payer_control_number]
    return numbers[-1] if numbers else ""


def changed(claim: Claim, changes: Mapping[str, Any]) -> Claim:
    """``claim`` with values set at JSON pointers.

    Raises:
        InputError: a pointer leads nowhere, or the value does not fit; the pointer is named.
    """
    if not changes:
        return claim
    # As JSON and back, where empty fields are left out: a new one may be set.
    tree: Any = msgspec.json.decode(msgspec.json.encode(claim))
    for pointer, value in changes.items():
        steps = [s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:]]
        place: Any = tree
        try:
            for step in steps[:-1]:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if isinstance(place, list):
                place[int(steps[-1])] = value
            else:
                place[steps[-1]] = value
        except (KeyError, IndexError, ValueError, TypeError):
            raise InputError(f"{pointer!r} leads nowhere in the claim") from None
    try:
        return msgspec.convert(tree, Claim, strict=False)
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at ")[2].strip("`")
        raise InputError(f"a change does not fit the claim, at {place}") from None


def next_payer(claim: Claim) -> OtherPayer | None:
    """The payer that comes after the claim's own, where the claim names it."""
    order = "PST"
    own = order.find(claim.responsibility)
    later = [
        x for x in claim.other_payers
        if x.payer is not None and order.find(x.responsibility) > own >= 0
    ]  # fmt: skip
    return min(later, key=lambda x: order.find(x.responsibility), default=None)


def next_claim(submission: Submission, adjudication: Adjudication, *, today: dt.date) -> Claim:
    """The claim to the next payer, with what the claim's own payer decided (loops 2320, 2430).

    Raises:
        InputError: the claim names no further payer.
    """
    claim = submission.claim
    other = next_payer(claim)
    if other is None or other.payer is None:
        raise InputError(f"claim {claim.claim_id} names no payer after its own (loop 2320)")
    payer_id = claim.payer.id or submission.payer
    decided = _decisions(claim, payer_id, adjudication)
    lines = tuple(
        msgspec.structs.replace(x, adjudications=(*x.adjudications, d) if d else x.adjudications)
        for x, d in zip(claim.lines, decided, strict=True)
    )
    subscriber = _subscriber(claim, other)
    own = relationship_is_self(other)
    rest = tuple(x for x in claim.other_payers if x is not other)
    return msgspec.structs.replace(
        claim,
        submitted=today,
        frequency="1",
        responsibility=other.responsibility,
        relationship=other.relationship or "18",
        group_number=other.group_number,
        group_name=other.group_name,
        insurance_type=other.insurance_type,
        filing_indicator=other.filing_indicator,
        payer=other.payer,
        subscriber=subscriber,
        patient=subscriber if own else claim.patient,
        references=tuple(r for r in claim.references if r.qualifier not in ("F8", "G1")),
        other_payers=(_as_other(claim, adjudication), *rest),
        lines=lines,
        source=Source(),
    )


def relationship_is_self(other: OtherPayer) -> bool:
    """Whether the patient is the other plan's subscriber."""
    return other.relationship in ("18", "")


def _subscriber(claim: Claim, other: OtherPayer) -> Person:
    """Loop 2330A states no birth date; that of the patient holds where they are one."""
    found = other.subscriber or claim.subscriber
    if not relationship_is_self(other):
        return found
    patient = claim.patient if claim.patient != Person() else claim.subscriber
    return msgspec.structs.replace(
        found,
        birth_date=found.birth_date or patient.birth_date,
        sex=found.sex or patient.sex,
        address=found.address or patient.address,
    )


def _as_other(claim: Claim, adjudication: Adjudication) -> OtherPayer:
    adjustments = tuple(a for r in adjudication.remittances for a in r.adjustments)
    paid = sum((r.paid for r in adjudication.remittances), ZERO)
    number = adjudication.remittances[-1].payer_control_number
    subscriber = msgspec.structs.replace(claim.subscriber, birth_date=None, sex="")
    return OtherPayer(
        responsibility=claim.responsibility,
        relationship=claim.relationship,
        group_number=claim.group_number,
        group_name=claim.group_name,
        insurance_type=claim.insurance_type,
        filing_indicator=claim.filing_indicator,
        payer=claim.payer,
        subscriber=subscriber,
        adjustments=adjustments,
        amounts=(Amount("D", paid),),
        benefits_assigned=claim.benefits_assigned,
        release_of_information=claim.release_of_information,
        date=None if any(r.lines for r in adjudication.remittances) else adjudication.answered,
        references=(Reference("F8", number),) if number else (),
    )


def _decisions(
    claim: Claim, payer_id: str, adjudication: Adjudication
) -> list[LineAdjudication | None]:
    paid: dict[int, Decimal] = {}
    adjustments: dict[int, list[Adjustment]] = {}
    for r in adjudication.remittances:
        for line, i in zip(r.lines, match_lines(claim, r.lines), strict=True):
            if i is not None:
                paid[i] = paid.get(i, ZERO) + line.paid
                adjustments.setdefault(i, []).extend(line.adjustments)
    return [
        LineAdjudication(
            payer_id=payer_id, paid=paid[i], code_qualifier=x.code_qualifier, code=x.code,
            modifiers=x.modifiers, units=x.units, adjustments=tuple(adjustments[i]),
            date=adjudication.answered,
        )
        if i in paid
        else None
        for i, x in enumerate(claim.lines)
    ]  # fmt: skip
