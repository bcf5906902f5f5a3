"""Checks and transfers: what each paid, whether it balances, what is held in suspense.

A claim that does not balance is held alone; a payment whose claims and provider adjustments do
not add up to BPR02 is held whole. What is held is money in the suspense account, with the
reason, until a person releases it. The money of a claim that fits none of ours waits there too.
"""

import datetime as dt
from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b

import msgspec

from models.claims.balance import claim_balance_problems
from models.claims.common import ZERO, Source
from models.claims.remittance import Payment, ProviderAdjustment, Remittance
from models.codes.tables import read_rules
from models.errors import InputError
from models.history.payers import PayerCrosswalk
from models.revenue.entries import Account, Entry, Kind, entry

PLB_TABLE = "provider_adjustments.csv"


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """One remittance with its key: the payment's, the claim's numbers, status and amounts."""

    key: str
    payment: Payment
    remittance: Remittance


class Deposit(msgspec.Struct):
    """One check or transfer, read once however many files repeat it.

    ``amount`` is BPR02 (negative for a debit), ``claims`` the sum of CLP04, ``adjustments`` the
    sum of PLB (positive lowers the payment); ``difference`` is what does not add up.
    """

    key: str
    trace: str
    payer: str
    payer_name: str
    date: dt.date
    answered: dt.date
    amount: Decimal
    claims: Decimal = ZERO
    adjustments: Decimal = ZERO
    remittances: list[Claimed] = []
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    source: Source = Source()

    @property
    def difference(self) -> Decimal:
        """Claims less provider adjustments less BPR02; zero where the payment balances."""
        return self.claims - self.adjustments - self.amount


class Held(msgspec.Struct, frozen=True):
    """An item of the suspense queue.

    ``key`` is a remittance's, or a deposit's where it is held whole (``remittance`` is then
    empty). ``reason`` is a stable word, ``words`` says it to a person. ``releasable``: a person
    may have it posted as it stands; what fits no claim must be loaded or matched first.
    """

    key: str
    deposit: str
    reason: str
    words: str
    amount: Decimal
    date: dt.date
    payer: str
    payer_name: str
    trace: str
    claim_id: str = ""
    control: str = ""
    releasable: bool = True
    released: bool = False
    source: Source = Source()


UNMATCHED_WORDS = {
    "no_such_account": "no claim with this account number is loaded",
    "before_submission": "its claim was filed only after this answer",
    "other_date_and_charge": "the account number belongs to another date and charge",
    "other_practice": "its claim belongs to another practice",
    "other_responsibility": "its claim was not billed to this payer",
    "rejected_submission": "its claim was rejected before adjudication",
    "reversal_without_payment": "the payment that it takes back is not loaded",
    "line_without_service": "a service line with money fits no billed service",
    "information_with_money": "a forwarded claim or an estimate carries a payment",
}
"""Why a remittance's money is not posted to a claim."""


def deposits(payments: Iterable[Payment], crosswalk: PayerCrosswalk) -> list[Deposit]:
    """Payments by their identity: payer, trace, date, amount; each remittance once."""
    found: dict[str, Deposit] = {}
    for payment in payments:
        key = payment_key(payment)
        deposit = found.get(key)
        if deposit is None:
            deposit = found[key] = Deposit(
                key,
                payment.trace,
                crosswalk.remittance_key(payment),
                payment.payer_name,
                payment.date,
                payment.answered,
                payment.amount if payment.credit else -payment.amount,
                adjustments=sum((a.amount for a in payment.provider_adjustments), ZERO),
                provider_adjustments=payment.provider_adjustments,
                source=payment.source,
            )
        counts: dict[str, int] = {}
        for r in payment.remittances:
            plain = "\x1f".join(
                (key, r.payer_control_number, r.claim_id, r.status, str(r.charge), str(r.paid))
            )
            number = counts[plain] = counts.get(plain, 0) + 1
            own = _digest(plain if number == 1 else f"{plain}\x1f{number}")
            deposit.remittances.append(Claimed(own, payment, r))
            deposit.claims += r.paid
    return list(found.values())


def payment_key(payment: Payment) -> str:
    """Identity of a payment: payer, trace, date, direction and amount."""
    payer = payment.originator or payment.payer_id or payment.payer_name
    return _digest(
        "\x1f".join(
            (payer, payment.trace, payment.date.isoformat(), str(payment.credit),
             str(payment.amount.normalize()))
        )
    )  # fmt: skip


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def imbalance(deposit: Deposit, released: frozenset[str] = frozenset()) -> dict[str, Held]:
    """What of a deposit is held because it does not add up, by key; see `Held`."""
    held: dict[str, Held] = {}
    if deposit.difference:
        words = (
            "claim payments less provider adjustments (PLB) differ from the payment (BPR02) by "
            f"{deposit.difference:.2f}"
        )
        found = _held(deposit, None, "balance.payment", words, released)
        held[deposit.key] = found
        if not found.released:
            return held
    for claimed in deposit.remittances:
        problems = claim_balance_problems(claimed.remittance)
        if problems:
            words = "; ".join(p.message for p in problems[:3])
            held[claimed.key] = _held(deposit, claimed, problems[0].code, words, released)
    return held


def unmatched(deposit: Deposit, claimed: Claimed, reason: str) -> Held:
    """The suspense item of a remittance that cannot be posted to a claim."""
    words = UNMATCHED_WORDS.get(reason, reason)
    return _held(deposit, claimed, f"unmatched.{reason}", words, frozenset(), releasable=False)


def _held(
    deposit: Deposit,
    claimed: Claimed | None,
    reason: str,
    words: str,
    released: frozenset[str],
    releasable: bool = True,
) -> Held:
    remittance = claimed.remittance if claimed else None
    key = claimed.key if claimed else deposit.key
    return Held(
        key,
        deposit.key,
        reason,
        words,
        remittance.paid if remittance else deposit.amount,
        deposit.answered,
        deposit.payer,
        deposit.payer_name,
        deposit.trace,
        remittance.claim_id if remittance else "",
        remittance.payer_control_number if remittance else "",
        releasable,
        key in released,
        remittance.source if remittance else deposit.source,
    )


def _beyond_lines(remittance: Remittance) -> Decimal:
    """Dollars that the claim says were paid and its service lines do not."""
    if not remittance.lines:
        return ZERO  # then the claim's own sum is what is posted
    return remittance.paid - sum((x.paid for x in remittance.lines), ZERO)


def plb_accounts() -> dict[str, Account]:
    """Account of each PLB reason code (``provider_adjustments.csv``)."""
    found = {}
    name = f"models.revenue/{PLB_TABLE}"
    for line, cells in read_rules(
        PLB_TABLE, ("code", "account", "words"), ("code", "account"), package="models.revenue"
    ):
        try:
            found[cells["code"]] = Account(cells["account"])
        except ValueError:
            raise InputError(f"{name}, line {line}: unknown account {cells['account']!r}") from None
    return found


def deposit_entries(
    deposit: Deposit,
    held: dict[str, Held],
    waiting: Sequence[Held],
    accounts: dict[str, Account],
    posted: Container[str] = frozenset(),
) -> list[Entry]:
    """Entries of one payment as a whole; its clearing account ends at zero.

    ``held`` is what `imbalance` found, ``waiting`` the remittances that fit no claim, ``posted``
    the keys of those whose lines were posted to a claim.
    """
    found: list[Entry] = []

    def post(
        kind: Kind, debit: Account, credit: Account, amount: Decimal, reason: str,
        debit_owner: str = "", credit_owner: str = "", control: str = "",
        source: Source = deposit.source,
    ) -> None:  # fmt: skip
        if amount:
            found.append(
                entry(
                    deposit.answered,
                    kind,
                    debit,
                    credit,
                    amount,
                    debit_owner,
                    credit_owner,
                    payer=deposit.payer,
                    payment=deposit.key,
                    control=control,
                    reason=reason,
                    source=source,
                )
            )

    key = deposit.key
    post(
        Kind.DEPOSIT, Account.BANK, Account.CLEARING, deposit.amount, deposit.trace,
        credit_owner=key,
    )  # fmt: skip
    whole = held.get(key)
    if whole is not None and not whole.released:
        post(
            Kind.SUSPENSE, Account.CLEARING, Account.SUSPENSE, deposit.amount, whole.reason,
            key, key,
        )  # fmt: skip
        return found
    for a in deposit.provider_adjustments:
        account = accounts.get(a.reason, accounts["*"])
        kind = Kind.INTEREST if account is Account.INTEREST else Kind.PROVIDER_ADJUSTMENT
        # A positive PLB lowers the payment: the clearing account received that much less.
        post(
            kind, account, Account.CLEARING, a.amount, f"PLB-{a.reason}",
            deposit.payer, key, a.reference,
        )  # fmt: skip
    for x in (*(h for h in held.values() if h.key != key and not h.released), *waiting):
        post(
            Kind.SUSPENSE, Account.CLEARING, Account.SUSPENSE, x.amount, x.reason, key, x.key,
            x.control, x.source,
        )  # fmt: skip
    for claimed in deposit.remittances:
        own = held.get(claimed.key)
        if own is not None and claimed.key in posted:
            # Released as it stands: the lines were posted, and say another sum than the claim.
            post(
                Kind.DIFFERENCE, Account.CLEARING, Account.UNRECONCILED,
                _beyond_lines(claimed.remittance), own.reason, key, own.key, own.control,
                own.source,
            )  # fmt: skip
    if whole is not None:
        post(
            Kind.DIFFERENCE, Account.CLEARING, Account.UNRECONCILED, -deposit.difference,
            "balance.payment", key, key,
        )  # fmt: skip
    return found
