"""Days of a simulated practice: plain ordinals inside, dates where a claim needs one."""

import datetime as dt
from dataclasses import dataclass

HISTORY_END = dt.date(2026, 6, 30)
"""Last day of every simulated history, so that code sets and yearly limits are those of 2025/26."""

FUTURE_SHARE = 0.065
"""Length of the window after the history, as a share of the history's length."""

_DATES: dict[int, dt.date] = {}
_FROM = dt.date.fromordinal


def day_date(day: int) -> dt.date:
    """The (shared) date object of an ordinal."""
    found = _DATES.get(day)
    if found is None:
        found = _DATES[day] = _FROM(day)
    return found


@dataclass(frozen=True, slots=True)
class Calendar:
    """First day of the history, its last day, and the last day of future submissions."""

    start: int
    end: int
    future_end: int

    @classmethod
    def of(cls, months: int) -> "Calendar":
        """Calendar of a history of so many whole months."""
        end = HISTORY_END.toordinal()
        year, month = divmod(HISTORY_END.year * 12 + HISTORY_END.month - months, 12)
        start = dt.date(year, month + 1, 1).toordinal()
        return cls(start, end, end + max(7, round((end - start + 1) * FUTURE_SHARE)))
