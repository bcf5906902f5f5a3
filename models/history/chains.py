"""Claim chains, and new claims that seem to repeat an old one.

A chain is a submission with its resubmissions, replacements and voids under one responsibility.
The same CLM01 with another date and another charge is a reused account number, no chain.
"""

import datetime as dt
from collections.abc import Hashable, Sequence

from models.claims.claim import Claim, Person
from models.history.matching import role_of
from models.history.outcomes import Submission


def link_chains(submissions: Sequence[Submission]) -> None:
    """Sets ``chain``, ``position`` and ``first_accepted`` (``submissions`` in order of days)."""
    members: dict[int, list[int]] = {}
    accounts: dict[Hashable, list[int]] = {}  # (practice, CLM01, responsibility) -> chains
    controls: dict[tuple[str, str], int] = {}  # (practice, CLP07) -> chain
    for i, s in enumerate(submissions):
        claim = s.claim
        account = (s.practice, claim.claim_id, role_of(claim))
        chain = _replaced(s, controls)
        if chain is None:
            chain = next(
                (
                    c
                    for c in reversed(accounts.get(account, []))
                    if _continues(submissions[members[c][-1]], claim)
                ),
                None,
            )
        if chain is None:
            chain = i
            members[chain] = []
        s.chain, s.position = chain, len(members[chain])
        members[chain].append(i)
        if chain not in accounts.setdefault(account, []):
            accounts[account].append(chain)
        for a in s.adjudications:
            for r in a.remittances:
                if r.payer_control_number:
                    controls[s.practice, r.payer_control_number] = chain
    for indices in members.values():
        accepted = [i for i in indices if submissions[i].accepted]
        for i in accepted[:1]:
            submissions[i].first_accepted = True


def _replaced(submission: Submission, controls: dict[tuple[str, str], int]) -> int | None:
    number = submission.claim.payer_control_number
    return controls.get((submission.practice, number)) if number else None


def _continues(earlier: Submission, claim: Claim) -> bool:
    """Whether ``claim`` carries on the chain whose last member is ``earlier``."""
    before = earlier.claim
    if claim.frequency in ("7", "8"):
        return True
    if _patient(before) != _patient(claim):
        return False
    if _days(before) & _days(claim):
        return True
    # Another date at the same charge is a weekly visit, unless the first filing had failed.
    failed = not earlier.accepted or (earlier.first is not None and earlier.first.denied)
    return failed and before.charge == claim.charge


def flag_duplicates(submissions: Sequence[Submission]) -> None:
    """Sets ``duplicate_of``: same patient, days, provider and codes under a new CLM01.

    Codes are the same also where the new claim repeats only some of the old one's lines, as a
    practice does that bills the denied lines anew.
    """
    seen: dict[Hashable, list[tuple[int, frozenset[str]]]] = {}
    for i, s in enumerate(submissions):
        claim = s.claim
        days = _days(claim)
        if not days or claim.frequency == "8":
            continue
        provider = claim.rendering.npi if claim.rendering else claim.billing.npi
        codes = frozenset(x.code for x in claim.lines)
        key = (s.practice, _patient(claim), min(days), max(days), provider, role_of(claim))
        earlier = seen.setdefault(key, [])
        s.duplicate_of = next(
            (
                j
                for j, before in earlier
                if codes <= before
                and submissions[j].claim.claim_id != claim.claim_id
                and submissions[j].chain != s.chain
            ),
            None,
        )
        earlier.append((i, codes))


def _days(claim: Claim) -> set[dt.date]:
    return {x.service_date for x in claim.lines if x.service_date}


def _patient(claim: Claim) -> Hashable:
    """The patient: birth date, sex and given name hold even where the plan numbers change."""
    who: Person = claim.patient if claim.patient != Person() else claim.subscriber
    if who.birth_date is None:
        return (who.member_id or claim.subscriber.member_id, who.first_name.upper())
    return (who.birth_date, who.sex, who.first_name.upper())
