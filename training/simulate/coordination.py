"""Secondary claims: the primary's answer as the loops 2320 and 2430 of the next claim."""

from decimal import Decimal

import msgspec

from models.claims.claim import Claim, LineAdjudication, OtherPayer, Person
from models.claims.common import Amount
from training.simulate.calendar import day_date
from training.simulate.draft import money
from training.simulate.patients import Coverage
from training.simulate.remit import LineMoney, adjustment


def _named(coverage: Coverage) -> Person:
    """The other subscriber without birth date and sex, for which loop 2330A has no place."""
    return msgspec.structs.replace(coverage.subscriber, birth_date=None, sex="")


def known_secondary(coverage: Coverage) -> OtherPayer:
    """The secondary payer, as a primary claim names it."""
    return OtherPayer(
        responsibility="S",
        relationship=coverage.relationship,
        group_number=coverage.group_number,
        filing_indicator=coverage.payer.filing_indicator,
        payer=coverage.payer.claim_payer,
        subscriber=_named(coverage),
        benefits_assigned="Y",
        release_of_information="Y",
    )


def answered_primary(coverage: Coverage, entries: list[LineMoney]) -> OtherPayer:
    """The primary payer and what it paid, as a secondary claim reports it."""
    return OtherPayer(
        responsibility="P",
        relationship=coverage.relationship,
        group_number=coverage.group_number,
        filing_indicator=coverage.payer.filing_indicator,
        payer=coverage.payer.claim_payer,
        subscriber=_named(coverage),
        amounts=(Amount("D", money(sum(e.paid for e in entries))),),
        benefits_assigned="Y",
        release_of_information="Y",
    )


def line_adjudications(
    claim: Claim, coverage: Coverage, entries: list[LineMoney], answered: int
) -> tuple[LineAdjudication, ...]:
    """One 2430 loop per line of the primary's answer."""
    return tuple(
        LineAdjudication(
            payer_id=coverage.payer.claim_payer.id,
            paid=money(e.paid),
            code=service.code,
            modifiers=service.modifiers,
            units=Decimal(e.line.units),
            adjustments=tuple(adjustment(g, c, a) for g, c, a in e.adjustments),
            date=day_date(answered),
        )
        for service, e in zip(claim.lines, entries, strict=True)
    )
