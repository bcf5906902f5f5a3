"""The ledger of a claim history: every posting, every balance, everything that is held.

The same files in any order, once or twice, give the same entries: they are a function of the
history alone, which has an order of its own and knows copies.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.claims.remittance import Payment, Remittance
from models.codes.adjustments import ClassTable, load_classes
from models.history import ClaimHistory
from models.history.keys import alike, plain_account
from models.history.matching import PREDETERMINED, PRIMARY, REVERSAL, ROLES, role_of, service_days
from models.history.outcomes import Submission
from models.revenue.answers import line_answers
from models.revenue.deposits import (
    Claimed,
    Deposit,
    Held,
    deposit_entries,
    deposits,
    imbalance,
    plb_accounts,
    unmatched,
)
from models.revenue.encounters import Encounter, group_encounters
from models.revenue.entries import Balances, Entry, add_entry
from models.revenue.posting import Answer, Filing, post_encounter

_RANK = {"P": 0, "S": 1, "T": 2}
_NO_DECISION = ("23", PREDETERMINED)


class PostedEncounter(msgspec.Struct):
    """An encounter with its entries, in the order of posting."""

    encounter: Encounter
    entries: list[Entry]


class PostedDeposit(msgspec.Struct):
    """A payment with the entries that are not one claim's, and what of it is held."""

    deposit: Deposit
    entries: list[Entry]
    held: list[Held] = []


class Ledger(msgspec.Struct):
    """All postings of a history."""

    encounters: list[PostedEncounter]
    deposits: list[PostedDeposit]
    as_of: dt.date | None

    def entries(self) -> Iterable[Entry]:
        """Every entry: encounters first, then payments."""
        for x in self.encounters:
            yield from x.entries
        for d in self.deposits:
            yield from d.entries

    @property
    def held(self) -> list[Held]:
        """The suspense queue, oldest first."""
        found = [h for d in self.deposits for h in d.held]
        return sorted(found, key=lambda h: (h.date, h.deposit, h.key))

    def balances(self) -> Balances:
        """Debits less credits of every account and owner; zero balances left out."""
        found: Balances = {}
        for x in self.entries():
            add_entry(found, x)
        return {key: amount for key, amount in found.items() if amount}


class PostingOptions(msgspec.Struct, frozen=True):
    """``classes``: a user's adjustment classes; ``released``: keys of released suspense items."""

    classes: Path | None = None
    released: frozenset[str] = frozenset()


class _Part(msgspec.Struct, frozen=True, gc=False):
    """One remittance with the submission that it answers and the responsibility it has."""

    claimed: Claimed
    deposit: Deposit
    submission: int
    responsibility: str


def post_history(history: ClaimHistory, options: PostingOptions | None = None) -> Ledger:
    """Posts a whole history.

    Raises:
        InputError: the classes file is faulty.
    """
    options = options or PostingOptions()
    classes = load_classes(options.classes)
    accounts = plb_accounts()
    found = deposits(history.payments, history.crosswalk)
    parts, reasons = _match(history, found)
    held = {d.key: imbalance(d, options.released) for d in found}
    answers: dict[int, list[tuple[_Part, Answer]]] = {}
    waiting: dict[str, list[Held]] = {}
    landed: set[str] = set()  # remittances whose lines are posted to a claim
    for d in found:
        own = held[d.key]
        whole = own.get(d.key)
        if whole is not None and not whole.released:
            continue
        for claimed in d.remittances:
            kept = own.get(claimed.key)
            if kept is not None and not kept.released:
                continue
            part = parts.get(claimed.key)
            if part is None:
                reason = reasons.get(claimed.key, "no_such_account")
                if _informational(claimed.remittance):
                    reason = "information_with_money" if claimed.remittance.paid else ""
                if reason:
                    waiting.setdefault(d.key, []).append(unmatched(d, claimed, reason))
                continue
            answer = _answer(history, part, classes)
            if answer is None:
                waiting.setdefault(d.key, []).append(unmatched(d, claimed, "line_without_service"))
            else:
                answers.setdefault(part.submission, []).append((part, answer))
                landed.add(claimed.key)
    encounters = [
        _post(history, encounter, answers) for encounter in group_encounters(history.submissions)
    ]
    posted = [
        PostedDeposit(
            d,
            deposit_entries(d, held[d.key], waiting.get(d.key, ()), accounts, landed),
            [*held[d.key].values(), *waiting.get(d.key, ())],
        )
        for d in found
    ]
    return Ledger(encounters, posted, history.as_of)


def _informational(remittance: Remittance) -> bool:
    return remittance.status in _NO_DECISION


def _match(
    history: ClaimHistory, found: Sequence[Deposit]
) -> tuple[dict[str, _Part], dict[str, str]]:
    """By key of the remittance: the submission that it is posted to, or the reason for none."""
    claimed = {id(c.remittance): (d, c) for d in found for c in d.remittances}
    parts: dict[str, _Part] = {}
    controls: dict[str, int] = {}
    for i, s in enumerate(history.submissions):
        own = role_of(s.claim)
        roles: dict[str, str] = {}
        for _, r in s.answers:
            if _informational(r):
                continue
            # A payer that was billed as the first may answer as the second.
            role = max(own, ROLES.get(r.status, own), key=_RANK.__getitem__)
            if r.status == REVERSAL:
                role = roles.get(r.payer_control_number, own)
            roles[r.payer_control_number] = role
            d, c = claimed[id(r)]
            parts[c.key] = _Part(c, d, i, role)
    reasons: dict[str, str] = {}
    accounts = _Accounts(history.submissions)
    strays = sorted(
        history.unmatched, key=lambda u: (u.payment.answered, u.remittance.status == REVERSAL)
    )
    for u in strays:
        r = u.remittance
        d, c = claimed[id(r)]
        if _informational(r):
            continue
        # A payer that was sent the claim by the one before it: there is no 837 of ours to it.
        target = accounts.forwarded(u.payment, r, controls)
        if target is None:
            reasons[c.key] = u.reason
            continue
        if r.payer_control_number:
            controls[r.payer_control_number] = target
        role = ROLES.get(r.status, "S")
        parts[c.key] = _Part(c, d, target, role if role != PRIMARY else "S")
    return parts, reasons


class _Accounts:
    """Primary submissions by account number, for answers of payers that we did not bill."""

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self._all = submissions
        self._by_account: dict[str, list[int]] = {}
        self._by_day: dict[tuple[dt.date | None, Decimal], list[int]] = {}
        for i, s in enumerate(submissions):
            if s.accepted and role_of(s.claim) == PRIMARY:
                self._by_account.setdefault(plain_account(s.claim.claim_id), []).append(i)
                self._by_day.setdefault((s.claim.service_date, s.claim.charge), []).append(i)

    def forwarded(self, payment: Payment, r: Remittance, controls: Mapping[str, int]) -> int | None:
        """The primary submission that a later payer's remittance is about, or ``None``."""
        if r.status == REVERSAL:
            return controls.get(r.payer_control_number)
        if ROLES.get(r.status, PRIMARY) == PRIMARY:
            return None
        days, charge = service_days(r), abs(r.charge)
        plain = plain_account(r.claim_id)
        candidates = self._by_account.get(plain, [])
        if not candidates and days:
            candidates = [
                i
                for i in self._by_day.get((days[0], charge), ())
                if alike(plain, plain_account(self._all[i].claim.claim_id))
            ]
        fitting = [i for i in candidates if self._fits(i, payment, days, charge)]
        answered = [i for i in fitting if self._all[i].first is not None]
        crossed = [
            i for i in answered if any(x.status in ("19", "20") for _, x in self._all[i].answers)
        ]
        return next(iter((crossed or answered or fitting)[-1:]), None)

    def _fits(self, i: int, payment: Payment, days: Sequence[dt.date], charge: Decimal) -> bool:
        claim = self._all[i].claim
        if claim.submitted > payment.answered:
            return False
        billed = {x.service_date for x in claim.lines}
        return claim.charge == charge or not days or bool(billed & set(days))


def _answer(history: ClaimHistory, part: _Part, classes: ClassTable) -> Answer | None:
    s = history.submissions[part.submission]
    r = part.claimed.remittance
    # A payer that we did not bill answers the same claim lines under its own key.
    own = part.responsibility == role_of(s.claim)
    payer = s.payer if own else part.deposit.payer
    lines = line_answers(s.claim, payer, r, classes)
    if lines is None:
        return None
    return Answer(
        part.submission,
        part.claimed.payment.answered,
        s.claim.claim_id,
        payer,
        part.responsibility,
        r.status == REVERSAL,
        r.status in ("19", "20", "21"),
        part.deposit.key,
        r.payer_control_number,
        tuple((i, x) for i, x in enumerate(lines) if x is not None),
        r.source,
    )


def _post(
    history: ClaimHistory,
    encounter: Encounter,
    answers: Mapping[int, Sequence[tuple[_Part, Answer]]],
) -> PostedEncounter:
    events: list[tuple[tuple[object, ...], Filing | Answer]] = []
    base = ""
    for order, (i, positions) in enumerate(
        zip(encounter.submissions, encounter.positions, strict=True)
    ):
        s = history.submissions[i]
        role = role_of(s.claim)
        base = min(base or role, role)
        filing = _filing(history, s, i, role, positions)
        events.append(((filing.date, 0, order, ""), filing))
        for part, answer in answers.get(i, ()):
            placed = tuple((positions[at], line) for at, line in answer.lines)
            moved = msgspec.structs.replace(answer, lines=placed)
            rank = 1 if answer.reversal else 2
            # Same day: what is reversed first, then the answers in the order of filing.
            events.append(((answer.date, rank, order, part.claimed.key), moved))
    events.sort(key=lambda x: x[0])
    entries = post_encounter(
        encounter.key, len(encounter.lines), (event for _, event in events), base or PRIMARY
    )
    return PostedEncounter(encounter, entries)


def _filing(
    history: ClaimHistory, s: Submission, index: int, role: str, positions: Sequence[int]
) -> Filing:
    claim = s.claim
    return Filing(
        index,
        claim.submitted,
        claim.claim_id,
        s.payer,
        role,
        claim.frequency,
        tuple((at, x.charge) for at, x in zip(positions, claim.lines, strict=True)),
        _next_payer(history, claim) if role == PRIMARY else "",
        claim.source,
    )


def _next_payer(history: ClaimHistory, claim: Claim) -> str:
    """Key of the payer that the claim names as the one after it."""
    for other in claim.other_payers:
        if other.responsibility == "S" and other.payer is not None:
            return history.crosswalk.key(other.payer)
    return ""
