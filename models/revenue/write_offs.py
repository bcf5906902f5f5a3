"""Who may write off how much: rules as data, the safe answer is no.

A denial is never written off as contractual; a small balance only if the whole of it is small.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from models.codes.tables import ANY, check_value, read_rules
from models.errors import InputError
from models.revenue.entries import Account

TABLE = "write_offs.csv"


class WriteOff(StrEnum):
    """Kinds of write-off, each with an account of its own."""

    SMALL_BALANCE = "small_balance"
    DENIAL = "denial"
    OTHER = "other"

    @property
    def account(self) -> Account:
        """Where it is posted."""
        return _ACCOUNTS[self]


_ACCOUNTS = {
    WriteOff.SMALL_BALANCE: Account.SMALL_BALANCE_WRITE_OFF,
    WriteOff.DENIAL: Account.DENIAL_WRITE_OFF,
    WriteOff.OTHER: Account.OTHER_WRITE_OFF,
}


class Authority:
    """What each role may write off; built by `load_authority`."""

    def __init__(self, limits: dict[tuple[WriteOff, str], Decimal | None]) -> None:
        """``limits``: dollars by kind and role, ``None``: without limit; absent: not at all."""
        self._limits = limits

    def limit(self, kind: WriteOff, roles: Iterable[str]) -> Decimal | None:
        """The most that somebody with these roles may write off at once; ``None``: no limit."""
        found = [self._limits[kind, r] for r in roles if (kind, r) in self._limits]
        if None in found:
            return None
        return max((x for x in found if x is not None), default=Decimal(0))

    def allows(self, kind: WriteOff, roles: Iterable[str], amount: Decimal) -> bool:
        """Whether they may write off this amount.

        >>> load_authority().allows(WriteOff.SMALL_BALANCE, ["biller"], Decimal("9.99"))
        True
        >>> load_authority().allows(WriteOff.DENIAL, ["biller"], Decimal("9.99"))
        False
        """
        most = self.limit(kind, roles)
        return most is None or amount <= most


@lru_cache(maxsize=8)
def load_authority(overrides: Path | None = None) -> Authority:
    """The limits, with the rows of the CSV file ``overrides`` over ours; an empty limit is none.

    Raises:
        InputError: unknown column or kind, or a limit that is no amount.
    """
    limits: dict[tuple[WriteOff, str], Decimal | None] = {}
    for source in (TABLE, overrides):
        if source is None:
            continue
        for line, cells in read_rules(
            source, ("kind", "role", "limit"), ("kind", "role"), package="models.revenue"
        ):
            kind = check_value(str(source), line, "kind", cells["kind"], list(WriteOff))
            text = cells["limit"]
            try:
                limit = None if text == ANY else Decimal(text)
            except InvalidOperation:
                raise InputError(
                    f"{source}, line {line}: limit={text!r} is no amount in dollars"
                ) from None
            limits[WriteOff(kind), cells["role"]] = limit
    return Authority(limits)
