"""Which submission a remittance answers (BILLING.md, "First adjudication and chains").

The unit is submission x payer x responsibility. Keys are tried in this order: CLM01 = CLP01;
the plain account number with service date and charge; REF*D9 and REF*EA; the payer's control
number. A remittance belongs to the latest submission before it that it fits.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from models.claims.claim import Claim
from models.claims.common import ZERO
from models.claims.remittance import Payment, Remittance
from models.history.keys import alike, plain_account
from models.history.outcomes import Submission
from models.history.payers import PayerCrosswalk, PayerFit, Token, payment_tokens

PRIMARY, SECONDARY, TERTIARY = "P", "S", "T"
ROLES = dict(zip(("1", "2", "3", "19", "20", "21"), "PSTPST", strict=True))
"""CLP02 -> responsibility; other statuses (4 denied, 22, 23, 25) go with any."""

REVERSAL, FORWARDED, PREDETERMINED = "22", "23", "25"

# Two filings this close were both under way: the payer answers them one by one.
_BOTH_PENDING = dt.timedelta(days=30)


class Match(msgspec.Struct, frozen=True, gc=False):
    """``index`` of the submission, or ``None`` with the ``reason``; ``key``: what matched."""

    index: int | None
    key: str = ""
    reason: str = ""


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """What of a remittance decides its submission."""

    remittance: Remittance
    answered: dt.date
    tokens: tuple[Token, ...]
    payee: str
    role: str | None
    charge: Decimal
    days: tuple[dt.date, ...]


def role_of(claim: Claim) -> str:
    """P, S, or T for tertiary and later payers."""
    return claim.responsibility if claim.responsibility in (PRIMARY, SECONDARY) else TERTIARY


def service_days(remittance: Remittance) -> tuple[dt.date, ...]:
    """Service dates of the lines, else the statement's first day (DTM*232); may be empty."""
    days = {x.service_date for x in remittance.lines if x.service_date}
    if not days and (day := remittance.date("232")):
        days = {day}
    return tuple(sorted(days))


class Matcher:
    """Finds submissions for remittances that are given in the order of their days."""

    def __init__(self, submissions: Sequence[Submission], crosswalk: PayerCrosswalk) -> None:
        """``submissions`` are ordered by submission day; rejected ones are never found."""
        self._all = submissions
        self._crosswalk = crosswalk
        self._exact: dict[str, list[int]] = {}
        self._plain: dict[str, list[int]] = {}
        self._day_charge: dict[tuple[dt.date | None, Decimal], list[int]] = {}
        self._references: dict[tuple[str, str], list[int]] = {}
        self._rejected: set[str] = set()
        self._control: dict[str, int] = {}  # CLP07 seen -> submission
        self._answered_charge: dict[int, Decimal] = {}
        self._pending: Counter[tuple[str, str]] = Counter()
        for i, s in enumerate(submissions):
            claim = s.claim
            if not s.accepted:
                self._rejected.add(claim.claim_id)
                continue
            self._exact.setdefault(claim.claim_id, []).append(i)
            self._plain.setdefault(plain_account(claim.claim_id), []).append(i)
            self._day_charge.setdefault((claim.service_date, claim.charge), []).append(i)
            for qualifier in ("D9", "EA", "F8"):
                if value := claim.reference(qualifier):
                    self._references.setdefault((qualifier, value), []).append(i)

    def learn_payers(self, payments: Iterable[Payment]) -> None:
        """Teaches the crosswalk from the first answer to each claim that is beyond doubt."""
        done: set[int] = set()
        for payment in payments:
            for r in payment.remittances:
                if r.status in (REVERSAL, FORWARDED, PREDETERMINED):
                    continue
                asked = self._asked(payment, r)
                sure = [
                    i
                    for i in self._exact.get(r.claim_id, ())
                    if role_of(self._all[i].claim) == (asked.role or PRIMARY)
                    and self._all[i].claim.submitted <= asked.answered
                    and self._fit(i, asked) == 2
                ]
                payers = {self._crosswalk.key(self._all[i].claim.payer) for i in sure}
                # A later answer to the same claim may be another payer's (crossover).
                if len(payers) == 1 and not done & set(sure):
                    done.update(sure)
                    self._crosswalk.learn(payment, self._all[sure[-1]].claim)

    def expect(self, payments: Iterable[Payment]) -> None:
        """Counts the answers still to come for each account number."""
        self._pending.update(
            (r.claim_id, ROLES.get(r.status, PRIMARY))
            for p in payments
            for r in p.remittances
            if r.status not in (REVERSAL, FORWARDED, PREDETERMINED)
        )

    def match(self, payment: Payment, remittance: Remittance) -> Match:
        """The submission that this remittance answers, or why there is none."""
        asked = self._asked(payment, remittance)
        if remittance.status == REVERSAL:
            found = self._reversed(asked)
        else:
            found = self._answered(asked)
            self._pending[remittance.claim_id, asked.role or PRIMARY] -= 1
        if found.index is not None and remittance.status not in (FORWARDED, PREDETERMINED):
            self._answered_charge[found.index] = (
                self._answered_charge.get(found.index, ZERO) + remittance.charge
            )
            if remittance.payer_control_number:
                self._control[remittance.payer_control_number] = found.index
        return found

    def _asked(self, payment: Payment, r: Remittance) -> _Asked:
        return _Asked(
            r, payment.answered, payment_tokens(payment), payment.payee_npi, ROLES.get(r.status),
            abs(r.charge), service_days(r),
        )  # fmt: skip

    def _candidates(self, asked: _Asked) -> Iterator[tuple[str, list[int], int]]:
        """Key, submissions, and how many of date and charge must agree (0: either or unknown)."""
        r = asked.remittance
        yield "account", self._exact.get(r.claim_id, []), 0
        plain = plain_account(r.claim_id)
        yield "account_normalised", self._plain.get(plain, []), 2
        near = [
            i
            for day in asked.days[:1]
            for i in self._day_charge.get((day, asked.charge), ())
            if alike(plain, plain_account(self._all[i].claim.claim_id))
        ]
        yield "account_normalised", near, 2
        for qualifier, need in (("D9", 0), ("EA", 2)):
            if value := r.reference(qualifier):
                key = "clearinghouse_number" if qualifier == "D9" else "record_number"
                yield key, self._references.get((qualifier, value), []), need
        known = self._known(r)
        replaced = self._references.get(("F8", r.payer_control_number), [])
        both = sorted({*replaced, *(() if known is None else (known,))})
        yield "payer_control_number", both, 0

    def _known(self, r: Remittance) -> int | None:
        """The submission answered before under this CLP07, or under the one that REF*F8 names."""
        numbers = (r.payer_control_number, r.reference("F8"))
        return next((self._control[n] for n in numbers if n in self._control), None)

    def _answered(self, asked: _Asked) -> Match:
        reason = ""
        for key, indices, need in self._candidates(asked):
            index, why = self._choose(asked, indices, need)
            if index is not None:
                return Match(index, key)
            reason = reason or why
            if why == "other_responsibility":
                break
        if not reason and asked.remittance.claim_id in self._rejected:
            reason = "rejected_submission"
        return Match(None, reason=reason or "no_such_account")

    def _fit(self, i: int, asked: _Asked) -> int | None:
        """How many of service date and charge agree; ``None``: both known, neither does."""
        claim = self._all[i].claim
        billed = {x.service_date for x in claim.lines if x.service_date}
        unknown = not asked.days or not billed
        same_day = not unknown and not billed.isdisjoint(asked.days)
        same_charge = asked.charge == claim.charge or _is_part(asked.remittance, claim)
        if not same_charge and not same_day and not unknown:
            return None
        return (same_day or unknown) + same_charge

    def _choose(self, asked: _Asked, indices: Sequence[int], need: int) -> tuple[int | None, str]:
        best: tuple[int, ...] = ()
        fitting: list[int] = []
        reason = ""
        for i in indices:
            claim = self._all[i].claim
            if claim.submitted > asked.answered:
                reason = reason or "before_submission"
                continue
            fit = self._fit(i, asked)
            if fit is None or fit < need:
                reason = reason or "other_date_and_charge"
                continue
            npis = _practice_npis(claim)
            same_practice = not asked.payee or not npis or asked.payee in npis
            if not same_practice and fit < 2:
                reason = reason or "other_practice"
                continue
            role = asked.role is None or asked.role == role_of(claim)
            payer = self._crosswalk.fit(asked.tokens, claim)
            if self._is_other_unit(i, asked, role, payer):
                reason = "other_responsibility"
                continue
            # A void asks for no answer, and gets one only where nothing else is there to answer.
            rank = (role, claim.frequency != "8", same_practice, payer, fit)
            if rank > best:
                best, fitting = rank, [i]
            elif rank == best:
                fitting.append(i)
        if not fitting:
            return None, reason
        return self._latest(asked, fitting), ""

    def _is_other_unit(self, i: int, asked: _Asked, role: bool, payer: PayerFit) -> bool:
        """Whether the remittance is another payer's or responsibility's than this submission."""
        if not role:
            return payer is not PayerFit.SAME
        if payer is not PayerFit.OTHER:
            return False
        # A payer under a name not seen with this one before may still be the first to answer.
        return asked.role in (SECONDARY, TERTIARY) or i in self._answered_charge

    def _latest(self, asked: _Asked, fitting: Sequence[int]) -> int:
        r = asked.remittance
        if r.frequency in ("7", "8"):
            same = [i for i in fitting if self._all[i].claim.frequency == r.frequency]
            fitting = same or fitting
        begun = [i for i in fitting if self._is_rest(i, asked.charge)]
        if begun:
            return begun[-1]
        open_ = [i for i in fitting if i not in self._answered_charge]
        to_come = self._pending[r.claim_id, asked.role or PRIMARY]  # this one included
        known = self._known(r)
        if known is not None and known in fitting and (not open_ or to_come > len(open_)):
            return known  # a further word on what was answered; the open ones get theirs
        if len(open_) > 1 and to_come >= len(open_):
            first, last = (self._all[i].claim.submitted for i in (open_[0], open_[-1]))
            if last - first <= _BOTH_PENDING:
                return open_[0]
        return fitting[-1]

    def _is_rest(self, i: int, charge: Decimal) -> bool:
        """Whether a submission was answered in part, and this charge is of what was left."""
        before = self._answered_charge.get(i, ZERO)
        return before > 0 and before + charge <= self._all[i].claim.charge

    def _reversed(self, asked: _Asked) -> Match:
        """The submission whose adjudication a reversal takes back."""
        known = self._known(asked.remittance)
        if known is not None and self._fit(known, asked) is not None:
            return Match(known, "payer_control_number")
        for key, indices, need in self._candidates(asked):
            answered = [i for i in indices if i in self._answered_charge]
            index, _ = self._choose(asked, answered, need)
            if index is not None:
                return Match(index, key)
        return Match(None, reason="reversal_without_payment")


def _practice_npis(claim: Claim) -> tuple[str, ...]:
    pay_to = claim.pay_to.npi if claim.pay_to else ""
    return tuple(x for x in (claim.billing.npi, pay_to) if x)


def _is_part(remittance: Remittance, claim: Claim) -> bool:
    """Whether the remittance answers some of the claim's lines: the payer split the claim."""
    if not remittance.lines or len(remittance.lines) >= len(claim.lines):
        return False
    billed = Counter((x.code, x.charge) for x in claim.lines)
    billed.subtract((x.submitted_code or x.code, abs(x.charge)) for x in remittance.lines)
    return min(billed.values()) >= 0
