"""Where one service stands: what was charged, taken off and paid, and who owes the rest."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from models.claims.common import ZERO
from models.history.matching import PRIMARY
from models.revenue.entries import RECEIVABLES, Account, Entry, Kind


class Open(msgspec.Struct, frozen=True, gc=False):
    """An open part of a service: with whom, how much, and since when it is theirs.

    A negative amount is a credit.
    """

    account: Account
    owner: str
    amount: Decimal
    since: dt.date


class ServiceBalance(msgspec.Struct):
    """Dollars of one service; ``line`` counts from 1 within the encounter.

    ``charge`` = contractual + prior_payer + written_off + paid_primary + paid_later +
    patient_paid + insurance + denied + patient, to the cent. ``taken_back`` is what primary
    payers reversed of earlier payments (already left out of ``paid_primary``).
    """

    encounter: str
    line: int
    charge: Decimal = ZERO
    contractual: Decimal = ZERO
    prior_payer: Decimal = ZERO
    written_off: Decimal = ZERO
    denial_written_off: Decimal = ZERO  # part of written_off
    paid_primary: Decimal = ZERO
    paid_later: Decimal = ZERO
    patient_paid: Decimal = ZERO
    insurance: Decimal = ZERO
    denied: Decimal = ZERO
    patient: Decimal = ZERO
    taken_back: Decimal = ZERO
    first_payment: dt.date | None = None
    open: list[Open] = []

    @property
    def balance(self) -> Decimal:
        """All that is open, credits subtracted."""
        return self.insurance + self.denied + self.patient


_FIELDS = {
    Account.CONTRACTUAL: "contractual",
    Account.PRIOR_PAYER: "prior_payer",
    Account.DENIAL_WRITE_OFF: "written_off",
    Account.SMALL_BALANCE_WRITE_OFF: "written_off",
    Account.OTHER_WRITE_OFF: "written_off",
    Account.PATIENT_PAYMENT: "patient_paid",
    Account.INSURANCE: "insurance",
    Account.DENIED: "denied",
    Account.PATIENT: "patient",
}


def service_balances(entries: Iterable[Entry]) -> list[ServiceBalance]:
    """Balances of every service that the entries name, in order of encounter and line.

    Entries of one encounter stand in the order of their posting.
    """
    found: dict[tuple[str, int], ServiceBalance] = {}
    parts: dict[tuple[str, int], dict[tuple[Account, str], tuple[Decimal, dt.date]]] = {}
    for x in entries:
        if not x.line:
            continue
        key = (x.encounter, x.line)
        balance = found.get(key)
        if balance is None:
            balance = found[key] = ServiceBalance(*key)
            parts[key] = {}
        for account, owner, amount in (
            (x.debit, x.debit_owner, x.amount),
            (x.credit, x.credit_owner, -x.amount),
        ):
            if account is Account.CHARGES:
                balance.charge -= amount
            elif account is Account.CLEARING:
                _pay(balance, x, amount)
            else:
                name = _FIELDS[account]
                setattr(balance, name, getattr(balance, name) + amount)
                if account is Account.DENIAL_WRITE_OFF:
                    balance.denial_written_off += amount
            if account in RECEIVABLES:
                own = parts[key]
                before, since = own.get((account, owner), (ZERO, x.date))
                after = before + amount
                # Theirs since it last rose from nothing; a part payment does not renew it.
                own[account, owner] = (after, since if before > 0 and after else x.date)
    for key, own in parts.items():
        found[key].open = [
            Open(account, owner, amount, since)
            for (account, owner), (amount, since) in sorted(own.items())
            if amount
        ]
    return list(found.values())


def _pay(balance: ServiceBalance, x: Entry, amount: Decimal) -> None:
    primary = x.responsibility == PRIMARY
    if primary:
        balance.paid_primary += amount
        if x.kind is Kind.TAKEBACK:
            balance.taken_back -= amount
    else:
        balance.paid_later += amount
    if amount > 0 and balance.first_payment is None:
        balance.first_payment = x.date
