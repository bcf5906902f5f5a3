"""One encounter's entries: charges as filed, answers as they come, and who owes the rest.

Each service has a few receivables (a payer each, the denied part, the patient). Amounts that a
remittance states are posted as stated; then the receivables are brought to where the rest
belongs: with the payer that has yet to answer, with the next payer while that is due, with the
patient, or denied.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from models.claims.common import ZERO, Source
from models.history.matching import PRIMARY
from models.revenue.answers import LineAnswer
from models.revenue.entries import RECEIVABLES, Account, Entry, Kind

_ACCOUNTS = {
    Kind.CONTRACTUAL: Account.CONTRACTUAL,
    Kind.REDUCTION: Account.CONTRACTUAL,
    Kind.NOT_BILLABLE: Account.CONTRACTUAL,
    Kind.PRIOR_PAYER: Account.PRIOR_PAYER,
    Kind.DENIAL: Account.DENIED,
    Kind.PATIENT_RESPONSIBILITY: Account.PATIENT,
}

_DUPLICATE = "-18"

Bucket = tuple[Account, str]


class Filing(msgspec.Struct, frozen=True, gc=False):
    """A submission as the ledger sees it: ``charges`` by position of the service billed.

    ``next_payer`` is the key of the payer that the claim names as coming after this one.
    """

    submission: int
    date: dt.date
    claim_id: str
    payer: str
    responsibility: str
    frequency: str
    charges: tuple[tuple[int, Decimal], ...]
    next_payer: str = ""
    source: Source = Source()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A remittance as the ledger sees it: ``lines`` by position of the service.

    ``forwarded``: the payer passed the claim on to the next one itself (CLP02 19 to 21).
    """

    submission: int
    date: dt.date
    claim_id: str
    payer: str
    responsibility: str
    reversal: bool
    forwarded: bool
    payment: str
    control: str
    lines: tuple[tuple[int, LineAnswer], ...]
    source: Source = Source()


class _Standing(msgspec.Struct):
    """An answer to one service that no reversal has taken back."""

    answer: Answer
    line: LineAnswer
    superseded: bool = False


class _Service(msgspec.Struct):
    """State of one service while its events are posted."""

    number: int
    charge: Decimal = ZERO
    payer: str = ""  # the primary payer that was last asked
    filed: list[int] = []  # primary submissions, in the order of filing
    answered: set[int] = set()
    buckets: dict[Bucket, Decimal] = {}
    primary: list[_Standing] = []
    later: list[_Standing] = []
    next_payer: str = ""
    later_due: bool = False
    touched: bool = False


class Poster:
    """Posts the events of one encounter, given in the order of their days."""

    def __init__(self, encounter: str, services: int, base: str = PRIMARY) -> None:
        """``base``: the first payer whose claims are known; P, or S where only those are."""
        self.encounter = encounter
        self.entries: list[Entry] = []
        self.base = base
        self._services = [_Service(i + 1) for i in range(services)]

    def file(self, filing: Filing) -> None:
        """A claim goes out."""
        base = filing.responsibility == self.base
        for position, charge in filing.charges:
            service = self._services[position]
            owner = service.payer or filing.payer
            if filing.frequency == "8":
                self._charge(service, ZERO, owner, Kind.CHARGE_VOIDED, filing)
            elif not service.filed and not service.touched:
                self._charge(service, charge, owner, Kind.CHARGE, filing)
            elif base and charge != service.charge:
                self._charge(service, charge, owner, Kind.CHARGE_CORRECTED, filing)
            service.touched = True
            if base:
                service.payer = filing.payer
                service.filed.append(filing.submission)
                service.next_payer = filing.next_payer or service.next_payer
            else:
                service.later_due = True
                service.next_payer = filing.payer
            self._settle(service, filing.date, filing, "")

    def answer(self, answer: Answer) -> None:
        """A payer answers, or takes an answer back."""
        base = answer.responsibility == self.base
        for position, line in answer.lines:
            service = self._services[position]
            if answer.reversal:
                self._reverse(service, answer, line, base)
            else:
                self._accept(service, answer, line, base)
            self._settle(service, answer.date, answer, answer.payment)

    def _charge(
        self, service: _Service, charge: Decimal, owner: str, kind: Kind, filing: Filing
    ) -> None:
        change = charge - service.charge
        service.charge = charge
        if change:
            self._post(
                service, filing.date, kind, Account.INSURANCE, owner, Account.CHARGES, "", change,
                filing, "",
            )  # fmt: skip

    def _accept(self, service: _Service, answer: Answer, line: LineAnswer, base: bool) -> None:
        if base:
            service.answered.add(answer.submission)
            if _repeats(service.primary, line):
                service.primary.append(_Standing(answer, line, superseded=True))
                return
            for before in service.primary:
                if not before.superseded:
                    before.superseded = True
                    self._cuts(
                        service, answer, before.line, -1, Kind.SUPERSEDED, base, before.answer.payer
                    )
            service.primary.append(_Standing(answer, line))
            if answer.forwarded:
                service.later_due = True
        else:
            service.later.append(_Standing(answer, line))
        self._cuts(service, answer, line, 1, None, base, answer.payer)
        self._pay(service, answer, line, Kind.PAYMENT)

    def _reverse(self, service: _Service, answer: Answer, line: LineAnswer, base: bool) -> None:
        standing = service.primary if base else service.later
        found = _reversed(standing, answer, line)
        if found is not None:
            standing.remove(found)
            if base and not any(x.answer.submission == found.answer.submission for x in standing):
                service.answered.discard(found.answer.submission)
        if found is None or not found.superseded:
            self._cuts(service, answer, line, 1, Kind.REVERSAL, base, answer.payer)
        self._pay(service, answer, line, Kind.TAKEBACK)

    def _cuts(
        self,
        service: _Service,
        answer: Answer,
        line: LineAnswer,
        sign: int,
        kind: Kind | None,
        base: bool,
        payer: str,
    ) -> None:
        for cut in line.cuts:
            if not base and cut.kind in (Kind.PRIOR_PAYER, Kind.PATIENT_RESPONSIBILITY):
                continue  # the earlier payer's part stands already; the rest goes by `_settle`
            account, amount = _ACCOUNTS[cut.kind], cut.amount * sign
            owner = payer if account is Account.DENIED else ""
            if account is Account.DENIED and amount < 0:
                # What was sent again is no longer there to be taken back.
                amount = -min(-amount, max(service.buckets.get((account, owner), ZERO), ZERO))
            self._post(
                service, answer.date, kind or cut.kind, account, owner, Account.INSURANCE,
                self._owner(service, answer, base), amount, answer, cut.reason,
            )  # fmt: skip

    def _pay(self, service: _Service, answer: Answer, line: LineAnswer, kind: Kind) -> None:
        if line.paid:
            base = answer.responsibility == self.base
            self._post(
                service, answer.date, kind, Account.CLEARING, answer.payment, Account.INSURANCE,
                self._owner(service, answer, base), line.paid, answer, "",
            )  # fmt: skip

    def _owner(self, service: _Service, answer: Answer, base: bool) -> str:
        return service.payer or answer.payer if base else service.next_payer or answer.payer

    def _post(
        self,
        service: _Service,
        date: dt.date,
        kind: Kind,
        debit: Account,
        debit_owner: str,
        credit: Account,
        credit_owner: str,
        amount: Decimal,
        event: Filing | Answer,
        reason: str,
    ) -> None:
        if not amount:
            return
        buckets = service.buckets
        if debit in RECEIVABLES:
            key = (debit, debit_owner)
            buckets[key] = buckets.get(key, ZERO) + amount
        if credit in RECEIVABLES:
            key = (credit, credit_owner)
            buckets[key] = buckets.get(key, ZERO) - amount
        payment, control = "", ""
        if isinstance(event, Answer):
            payment, control = event.payment, event.control
        if amount < 0:
            debit, debit_owner, credit, credit_owner = credit, credit_owner, debit, debit_owner
            amount = -amount
        # By position: this is the innermost step of posting.
        self.entries.append(
            Entry(
                date, kind, debit, credit, amount, debit_owner, credit_owner, self.encounter,
                service.number, event.payer, event.responsibility, event.claim_id, payment,
                control, reason, event.source,
            )
        )  # fmt: skip

    def _settle(
        self, service: _Service, date: dt.date, event: Filing | Answer, payment: str
    ) -> None:
        """Moves what is open to whom it is due from."""
        target = self._target(service)
        buckets = service.buckets
        gaps: dict[Bucket, Decimal] = {}
        for key, amount in buckets.items():
            if gap := target.pop(key, ZERO) - amount:
                gaps[key] = gap
        gaps.update((key, amount) for key, amount in target.items() if amount)
        if not gaps:
            return
        more = sorted((k for k, gap in gaps.items() if gap > 0))
        less = sorted((k for k, gap in gaps.items() if gap < 0))
        for to in more:
            for origin in less:
                amount = min(gaps[to], -gaps[origin])
                if amount <= 0:
                    continue
                gaps[to] -= amount
                gaps[origin] += amount
                kind = self._move(service, origin, to)
                self._post(
                    service, date, kind, to[0], to[1], origin[0], origin[1], amount, event, ""
                )

    def _target(self, service: _Service) -> dict[Bucket, Decimal]:
        """Where the open amount of a service belongs."""
        open_ = sum(service.buckets.values(), ZERO)
        last = next((x for x in reversed(service.primary) if not x.superseded), None)
        insurance = (Account.INSURANCE, service.payer or service.next_payer)
        if last is None and not service.later:
            return {insurance: open_}
        target: dict[Bucket, Decimal] = {}
        patient = denied = ZERO
        if last is not None:
            patient = last.line.total(Kind.PATIENT_RESPONSIBILITY)
            denied = last.line.total(Kind.DENIAL)
            if denied and self._sent_again(service, last.answer.submission):
                denied = ZERO
            if denied:
                target[(Account.DENIED, last.answer.payer)] = denied
        for x in service.later:
            refused = x.line.total(Kind.DENIAL)
            own = x.line.paid + x.line.total(Kind.CONTRACTUAL, Kind.REDUCTION, Kind.NOT_BILLABLE)
            patient -= own + refused
            if refused:
                key = (Account.DENIED, x.answer.payer)
                target[key] = target.get(key, ZERO) + refused
        waits = service.later_due or bool(service.next_payer)
        if last is not None and waits and not service.later and patient > 0:
            key = (Account.INSURANCE, service.next_payer)
        else:
            key = (Account.PATIENT, "")
        if patient:
            target[key] = target.get(key, ZERO) + patient
        rest = open_ - sum(target.values(), ZERO)
        if rest:
            target[insurance] = target.get(insurance, ZERO) + rest
        return target

    @staticmethod
    def _sent_again(service: _Service, submission: int) -> bool:
        """Whether a later submission of the service waits for its answer."""
        filed = service.filed
        after = filed[filed.index(submission) + 1 :] if submission in filed else []
        return any(i not in service.answered for i in after)

    @staticmethod
    def _move(service: _Service, origin: Bucket, to: Bucket) -> Kind:
        if to[0] is Account.PATIENT:
            if origin[0] is Account.INSURANCE and service.later and origin[1] == service.next_payer:
                return Kind.FROM_SECONDARY
            return Kind.PATIENT_RESPONSIBILITY
        if to[0] is Account.DENIED:
            return Kind.DENIAL
        if origin[0] is Account.DENIED:
            return Kind.REBILLED
        if origin[0] is Account.PATIENT:
            return Kind.TO_SECONDARY if to[1] == service.next_payer else Kind.REVERSAL
        return Kind.OTHER_PAYER


def _repeats(standing: Sequence[_Standing], line: LineAnswer) -> bool:
    """Whether this only refuses to answer again: the service was answered, and that stands.

    A payer that changes its mind reverses first; a denial beside a payment, or as a duplicate
    of what was adjudicated, takes nothing away.
    """
    refused = [c for c in line.cuts if c.kind is Kind.DENIAL]
    if line.paid or not refused:
        return False
    duplicate = all(c.reason.endswith(_DUPLICATE) for c in refused)
    return any(
        not x.superseded and (x.line.paid > 0 or (duplicate and not x.line.total(Kind.DENIAL)))
        for x in standing
    )


def _reversed(standing: Sequence[_Standing], answer: Answer, line: LineAnswer) -> _Standing | None:
    """The answer that a reversal takes back: its control number, then its amount, then latest."""
    best: tuple[bool, ...] = ()
    choice = None
    for x in standing:
        rank = (
            x.line.paid == -line.paid and x.line.charge == -line.charge,
            bool(answer.control) and x.answer.control == answer.control,
            x.answer.submission == answer.submission,
        )
        if rank >= best:
            best, choice = rank, x
    return choice


def post_encounter(
    encounter: str, services: int, events: Iterable[Filing | Answer], base: str = PRIMARY
) -> list[Entry]:
    """Entries of one encounter; ``events`` in the order of their days, filings first."""
    poster = Poster(encounter, services, base)
    for event in events:
        if isinstance(event, Filing):
            poster.file(event)
        else:
            poster.answer(event)
    return poster.entries
