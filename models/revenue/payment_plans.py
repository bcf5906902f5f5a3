"""Payment plans: equal instalments to the cent, and how a plan stands against what was paid."""

import calendar
import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

import msgspec

from models.claims.common import ZERO
from models.errors import InputError
from models.revenue.collection_policy import CollectionPolicy

_CENT = Decimal("0.01")


class Instalment(msgspec.Struct, frozen=True):
    """One instalment of a plan, in dollars."""

    number: int
    due: dt.date
    amount: Decimal


class PlanState(StrEnum):
    """How a plan stands."""

    KEPT = "kept"
    LATE = "late"  # an instalment is overdue, within the days of grace or missed
    BROKEN = "broken"  # as many were missed as the policy allows
    PAID = "paid"


class PlanStanding(msgspec.Struct, frozen=True):
    """A plan on a day: dollars paid, due by now, still to pay; the next instalment that is open."""

    state: PlanState
    paid: Decimal
    due: Decimal
    open: Decimal
    missed: int
    next: Instalment | None


def schedule(total: Decimal, count: int, first: dt.date) -> list[Instalment]:
    """Monthly instalments: equal ones, the last takes the cents that are left.

    Raises:
        InputError: a total that is no amount above zero, or fewer cents than instalments.

    >>> [str(x.amount) for x in schedule(Decimal("100.00"), 3, dt.date(2026, 1, 31))]
    ['33.33', '33.33', '33.34']
    >>> [x.due.isoformat() for x in schedule(Decimal("100.00"), 3, dt.date(2026, 1, 31))]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    if not total.is_finite() or total <= 0 or total != total.quantize(_CENT):
        raise InputError("a plan needs a total in dollars and cents above zero")
    if count < 1 or total < count * _CENT:
        raise InputError(f"count={count}: allowed is 1 to one cent each")
    each = (total / count).quantize(_CENT, ROUND_DOWN)
    last = total - each * (count - 1)
    return [
        Instalment(i + 1, _months_later(first, i), last if i == count - 1 else each)
        for i in range(count)
    ]


def check_plan(
    total: Decimal, count: int, first: dt.date, today: dt.date, policy: CollectionPolicy
) -> list[Instalment]:
    """The schedule of a plan that the practice's policy allows.

    Raises:
        InputError: too many or too small instalments, or a first day before today.
    """
    if first < today:
        raise InputError(f"the first instalment is due on {first}, before today")
    if count > policy.most_instalments:
        raise InputError(f"{count} instalments; the policy allows {policy.most_instalments}")
    made = schedule(total, count, first)
    if count > 1 and made[0].amount < policy.smallest_instalment:
        raise InputError(
            f"instalments of {made[0].amount}; the policy allows no smaller ones than "
            f"{policy.smallest_instalment}: choose fewer"
        )
    return made


def standing(
    instalments: Sequence[Instalment], paid: Decimal, today: dt.date, policy: CollectionPolicy
) -> PlanStanding:
    """How a plan stands; ``paid`` in dollars since it began, put to the oldest instalments.

    An instalment is missed once the days of grace after its due day are over and it is not paid
    in full. Money that comes later heals it.
    """
    total = sum((x.amount for x in instalments), ZERO)
    due = sum((x.amount for x in instalments if x.due <= today), ZERO)
    covered = ZERO
    missed = 0
    upcoming: Instalment | None = None
    for x in instalments:
        covered += x.amount
        if paid >= covered:
            continue
        upcoming = upcoming or x
        missed += (today - x.due).days > policy.grace_days
    if paid >= total:
        state = PlanState.PAID
    elif missed >= max(policy.missed_instalments, 1):
        state = PlanState.BROKEN
    else:
        overdue = sum((x.amount for x in instalments if x.due < today), ZERO)
        state = PlanState.LATE if paid < overdue else PlanState.KEPT
    return PlanStanding(state, paid, due, max(total - paid, ZERO), missed, upcoming)


def _months_later(first: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(first.day, last))
