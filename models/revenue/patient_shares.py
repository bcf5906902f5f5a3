"""Which services a patient owes something of, and what the files say about billing it.

What is open changes with every payment and is looked at anew (`holds.open_holds`); the codes of
the answers change with the files only, and are read here once.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from models.claims.claim import Claim, ServiceLine
from models.claims.common import ZERO
from models.claims.remittance import Remittance, RemittanceLine
from models.history import ClaimHistory, Submission
from models.history.lines import match_lines
from models.revenue.expected import FeeTables, Priced
from models.revenue.holds import MEDICARE, Hold, Standing, coded_holds
from models.revenue.law import law
from models.revenue.ledger import Ledger, PostedEncounter
from models.revenue.services import service_balances

_NOT_ASSIGNED = "C"  # CLM07
Answers = list[tuple[Remittance, RemittanceLine | None]]


class PatientShare(msgspec.Struct, frozen=True):
    """One service of which something is or was open with the patient.

    ``submission`` is the index of the encounter's last submission to a primary payer, whose
    claim names the patient; ``paid_at_visit`` what the claim says was paid then (AMT*F5),
    ``died`` the day of death that a claim names (PAT06).
    """

    encounter: str
    line: int
    submission: int
    holds: tuple[Hold, ...]
    paid_at_visit: Decimal
    died: dt.date | None


def patient_shares(
    history: ClaimHistory, ledger: Ledger, fees: FeeTables | None = None
) -> Iterator[PatientShare]:
    """Shares of all services that the ledger leaves open with a patient, credits among them.

    ``fees``: Medicare's imported fee schedule, which the limiting charge is held against.
    """
    for posted in ledger.encounters:
        owed = {x.line: x.patient for x in service_balances(posted.entries) if x.patient}
        if owed:
            yield from _of_encounter(history, posted, owed, fees or FeeTables())


def _of_encounter(
    history: ClaimHistory, posted: PostedEncounter, owed: dict[int, Decimal], fees: FeeTables
) -> Iterator[PatientShare]:
    encounter = posted.encounter
    submissions = [history.submissions[i] for i in encounter.submissions]
    primary = max(
        (i for i in encounter.submissions if _is_primary(history.submissions[i])),
        default=encounter.submissions[-1],
    )
    claim = history.submissions[primary].claim
    indicators = frozenset(
        x
        for s in submissions
        for x in (s.claim.filing_indicator, *(r.filing_indicator for _, r in s.answers))
        if x
    )
    answers, lines = _answers(submissions, encounter.positions)
    paid = max(
        (x.amount for s in submissions for x in s.claim.amounts if x.qualifier == "F5"),
        default=ZERO,
    )
    deaths = [s.claim.patient.death_date for s in submissions if s.claim.patient.death_date]
    for number, amount in owed.items():
        line = lines.get(number)
        if line is None:
            continue
        own = answers.get(number, [])
        standing = Standing(
            patient=amount,
            filing_indicators=indicators,
            stated_share=_stated_share(own),
            limiting_fee=_limiting_fee(claim, line, fees),
        )
        holds = tuple(coded_holds(standing, line, own)) if amount > 0 else ()
        yield PatientShare(encounter.key, number, primary, holds, paid, max(deaths, default=None))


def _is_primary(s: Submission) -> bool:
    return s.claim.responsibility == "P"


def _answers(
    submissions: list[Submission], positions: list[list[int]]
) -> tuple[dict[int, Answers], dict[int, ServiceLine]]:
    """By number of the service: what payers said of it, and how it was last billed."""
    found: dict[int, Answers] = {}
    lines: dict[int, ServiceLine] = {}
    for s, places in zip(submissions, positions, strict=True):
        for at, billed in zip(places, s.claim.lines, strict=True):
            lines[at + 1] = billed
        for _, r in s.answers:
            if not r.lines:
                for at in places:
                    found.setdefault(at + 1, []).append((r, None))
            for told, i in zip(r.lines, match_lines(s.claim, r.lines), strict=True):
                if i is not None:
                    found.setdefault(places[i] + 1, []).append((r, told))
    return found, lines


def _stated_share(answers: Answers) -> Decimal | None:
    """The cost share that the latest answer states: deductible, coinsurance, copay."""
    for r, x in reversed(answers):
        own = x.adjustments if x is not None else r.adjustments
        shares = [a.amount for a in own if a.group == "PR" and a.carc in ("1", "2", "3")]
        if shares:
            return sum(shares, ZERO)
    return None


def _limiting_fee(claim: Claim, line: ServiceLine, fees: FeeTables) -> Decimal | None:
    """Medicare's fee for a physician who does not participate, where assignment is not taken."""
    if claim.filing_indicator != MEDICARE or claim.assignment != _NOT_ASSIGNED:
        return None
    place = line.place_of_service or claim.place_of_service
    amount = fees.medicare_amount(
        Priced(
            "", line.code, line.modifiers, place, line.units, line.charge, line.service_date,
            medicare=True,
        )
    )  # fmt: skip
    share = law("nonparticipating_share", line.service_date or dt.date.max)
    return None if amount is None or share is None else amount * line.units * share
