"""Column types that mean the same on SQLite and on PostgreSQL."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, types

_CENT = Decimal("0.01")

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""Ascending row number: SQLite numbers rows by itself only where the type is INTEGER."""


class UtcTime(types.TypeDecorator[dt.datetime]):
    """A moment, aware and in UTC on the Python side, exact to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To the database; SQLite keeps no zone, so UTC is implied there."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(dt.UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Dollars(types.TypeDecorator[Decimal]):
    """An amount of money, kept as whole cents: exact, summable and ordered on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Dollars to cents, half up: payloads keep what was sent."""
        if value is None:
            return None
        return int(value.quantize(_CENT, ROUND_HALF_UP).scaleb(2))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Cents to dollars."""
        return None if value is None else Decimal(value).scaleb(-2)


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.UTC)
