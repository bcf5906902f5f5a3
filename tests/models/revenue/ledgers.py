"""Ledgers of hand-written files, and what stands in them."""

import re
from decimal import Decimal

from models.claims.common import ZERO
from models.revenue.entries import Account, Entry
from models.revenue.ledger import Ledger, PostingOptions, post_history
from models.revenue.services import ServiceBalance, service_balances
from tests.models.history.x12_text import history


def posted(*files: str, released: frozenset[str] = frozenset()) -> Ledger:
    """The ledger of these files, which always balances."""
    ledger = post_history(history(*files), PostingOptions(released=released))
    assert sum(ledger.balances().values(), ZERO) == 0
    return ledger


def paid(segments: str) -> str:
    """What BPR02 must be for these claims and PLB."""
    claims = re.findall(r"CLP\*[^*]*\*[^*]*\*[^*]*\*([^*~]*)", segments)
    adjustments = re.findall(r"PLB\*[^~]*?\*([-0-9.]+)~", segments)
    return str(sum(map(Decimal, claims), ZERO) - sum(map(Decimal, adjustments), ZERO))


def dollars(*amounts: int) -> tuple[Decimal, ...]:
    """Amounts to compare with."""
    return tuple(map(Decimal, amounts))


def services(ledger: Ledger) -> list[ServiceBalance]:
    """Every service, in order."""
    return [b for x in ledger.encounters for b in service_balances(x.entries)]


def totals(ledger: Ledger) -> dict[Account, Decimal | int]:
    """Balance of every account that is not zero, owners added up."""
    found: dict[Account, Decimal | int] = {}
    for (account, _), amount in ledger.balances().items():
        found[account] = found.get(account, ZERO) + amount
    return {account: amount for account, amount in found.items() if amount}


def entries(ledger: Ledger) -> list[Entry]:
    """Every entry."""
    return list(ledger.entries())
