"""Double entry: accounts, and entries that take an amount from one account to another.

An entry has one debit and one credit of the same amount, so that debits equal credits by its
form. Nothing is ever deleted: what must go is countered by an entry with the sides swapped.
"""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

import msgspec

from models.claims.common import ZERO, Source


class Account(StrEnum):
    """The chart of accounts. Receivables, `CLEARING`, `BANK` are assets; the others say why."""

    INSURANCE = "insurance_receivable"  # a payer has yet to answer; owner: payer key
    DENIED = "denied_receivable"  # denied, and not sent again or written off; owner: payer key
    PATIENT = "patient_receivable"  # negative: a credit of the patient's or a payer's
    CHARGES = "charges"
    CONTRACTUAL = "contractual_adjustment"
    PRIOR_PAYER = "prior_payer"  # paid or taken off by a payer whose claim is not ours to see
    DENIAL_WRITE_OFF = "denial_write_off"
    SMALL_BALANCE_WRITE_OFF = "small_balance_write_off"
    OTHER_WRITE_OFF = "other_write_off"
    CLEARING = "remittance_clearing"  # one check or transfer between bank and claims
    BANK = "bank"
    PATIENT_PAYMENT = "patient_payment"
    SUSPENSE = "suspense"  # money that nobody may post yet
    PAYER_BALANCE = "payer_balance"  # what a payer will hold back from later payments
    REFUND = "refund"
    INTEREST = "interest"
    TAX_WITHHELD = "tax_withheld"
    PROVIDER_ADJUSTMENT = "provider_level_adjustment"
    UNRECONCILED = "unreconciled"  # a payment that was released although it does not balance


RECEIVABLES = (Account.INSURANCE, Account.DENIED, Account.PATIENT)


class Kind(StrEnum):
    """What an entry stands for."""

    CHARGE = "charge"
    CHARGE_CORRECTED = "charge_corrected"  # a later submission bills the service differently
    CHARGE_VOIDED = "charge_voided"  # frequency 8
    PAYMENT = "payment"
    TAKEBACK = "takeback"  # a reversal's payment
    CONTRACTUAL = "contractual"
    REDUCTION = "reduction"  # part of a paid line cut for a denial reason
    NOT_BILLABLE = "share_not_billable"
    PRIOR_PAYER = "prior_payer"
    DENIAL = "denial"
    PATIENT_RESPONSIBILITY = "patient_responsibility"
    REVERSAL = "reversal"  # of contractual, denial or patient share
    SUPERSEDED = "superseded"  # an earlier answer gives way to a later one
    REBILLED = "rebilled"  # a denied amount was sent again
    OTHER_PAYER = "to_other_payer"  # the service now waits for another payer
    TO_SECONDARY = "to_secondary"  # the patient's share waits for the next payer
    FROM_SECONDARY = "from_secondary"  # the next payer has answered
    DEPOSIT = "deposit"  # BPR02
    PROVIDER_ADJUSTMENT = "provider_level_adjustment"  # PLB
    INTEREST = "interest"  # PLB L6
    SUSPENSE = "suspense"
    DIFFERENCE = "difference"  # between BPR02 and what was posted, after a release
    WRITE_OFF = "write_off"
    PATIENT_PAYMENT = "patient_payment"
    COUNTER = "counter"  # undoes one entry; see ``reverses`` in the store


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One amount, above zero dollars, from the credit to the debit account.

    ``encounter`` and ``line`` say of which service (``""`` and 0: of a payment as a whole),
    ``submission`` the claim number of the 837 concerned, ``payment`` and ``control`` the
    payment's identity and the payer's control number (CLP07), ``reason`` group and CARC
    (``CO-45``), PLB code, or a word, ``source`` the file and segment that it rests on.
    """

    date: dt.date
    kind: Kind
    debit: Account
    credit: Account
    amount: Decimal
    debit_owner: str = ""
    credit_owner: str = ""
    encounter: str = ""
    line: int = 0
    payer: str = ""
    responsibility: str = ""
    submission: str = ""
    payment: str = ""
    control: str = ""
    reason: str = ""
    source: Source = Source()

    def countered(self, kind: Kind = Kind.COUNTER, date: dt.date | None = None) -> "Entry":
        """The entry that undoes this one."""
        return msgspec.structs.replace(
            self,
            kind=kind,
            date=date or self.date,
            debit=self.credit,
            credit=self.debit,
            debit_owner=self.credit_owner,
            credit_owner=self.debit_owner,
        )


def entry(
    date: dt.date,
    kind: Kind,
    debit: Account,
    credit: Account,
    amount: Decimal,
    debit_owner: str = "",
    credit_owner: str = "",
    **more: object,
) -> Entry:
    """An `Entry` of any amount but zero: a negative one swaps the sides.

    >>> found = entry(dt.date(2026, 1, 2), Kind.PAYMENT, Account.CLEARING, Account.INSURANCE,
    ...               Decimal("-5.00"), "P1", "60054")
    >>> str(found.debit), found.debit_owner, found.amount
    ('insurance_receivable', '60054', Decimal('5.00'))
    """
    # ``more`` are the other fields of `Entry`, of several types: each is checked by the callers.
    if amount < 0:
        return Entry(
            date, kind, credit, debit, -amount, credit_owner, debit_owner, **more  # type: ignore[arg-type]
        )  # fmt: skip
    return Entry(date, kind, debit, credit, amount, debit_owner, credit_owner, **more)  # type: ignore[arg-type]


Balances = dict[tuple[Account, str], Decimal]
"""Debits less credits by account and owner, in dollars."""


def add_entry(balances: Balances, found: Entry) -> None:
    """Adds one entry to balances in place."""
    debit, credit = (found.debit, found.debit_owner), (found.credit, found.credit_owner)
    balances[debit] = balances.get(debit, ZERO) + found.amount
    balances[credit] = balances.get(credit, ZERO) - found.amount


@lru_cache(maxsize=1 << 16)
def _amount_text(amount: Decimal) -> str:
    return str(amount.normalize())


def entry_keys(entries: list[Entry]) -> list[bytes]:
    """Sixteen bytes for each entry that agree where the entry says the same.

    The place in files is left out: a copy of the same record in another file is no other entry.
    Equal entries are numbered.
    """
    seen: dict[bytes, int] = {}
    found = []
    for x in entries:
        text = "\x1f".join(
            (
                x.date.isoformat(), x.kind, x.debit, x.credit, _amount_text(x.amount),
                x.debit_owner, x.credit_owner, x.encounter, str(x.line), x.payer,
                x.responsibility, x.submission, x.payment, x.control, x.reason,
            )
        )  # fmt: skip
        plain = text.encode("utf-8", "surrogatepass")
        key = blake2b(plain, digest_size=16).digest()
        number = seen[key] = seen.get(key, 0) + 1
        if number > 1:
            key = blake2b(plain + str(number).encode(), digest_size=16).digest()
        found.append(key)
    return found
